import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { type Confirmation, confirmationOf, envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const row = { id: 'whole', recipient_code: 'text', type: 'text', currency: 'text', active: 'flag' } as const
const recipient = envelope(row)
const added = envelope({ success: [row], errors: [{ message: 'text' }] })

/** A page of recipients and its place: by number with the total, or by cursor. */
export interface TransferRecipientPage {
  data: Paystack.TransferRecipient[]
  meta: Paystack.PageMeta | Paystack.CursorMeta
}

/** `client.transferRecipients`: the accounts to which transfers go. */
export class TransferRecipients {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Creates a recipient, or answers the one that has the account, unchanged. */
  create(body: Paystack.TransferrecipientCreateBody, options?: CallOptions): Promise<Paystack.TransferRecipient> {
    return this.#data({ method: 'POST', path: path`/transferrecipient`, body, shape: recipient }, options)
  }

  /** Creates up to 1,000 recipients. A line that is refused does not affect the others. */
  createBulk(body: Paystack.TransferrecipientBulkBody, options?: CallOptions): Promise<Paystack.AddedRecipients> {
    return this.#data({ method: 'POST', path: path`/transferrecipient/bulk`, body, shape: added }, options)
  }

  /** Newest first, with those that are not active: by pages with their total, or with `use_cursor: true` by cursors. */
  list(
    query: Paystack.TransferrecipientListQuery = {},
    options?: CallOptions,
  ): List<Paystack.TransferRecipient, TransferRecipientPage> {
    const shape = envelope([row], 'object')
    return createList(query, {
      fetch: async (query) => {
        const call = { method: 'GET', path: path`/transferrecipient`, query, shape } as const
        const { data, meta } = await this.#send<TransferRecipientPage>(call, options)
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  /** Reads a recipient by its code or its numeric id. */
  fetch(idOrCode: string | number, options?: CallOptions): Promise<Paystack.TransferRecipient> {
    return this.#data({ method: 'GET', path: path`/transferrecipient/${idOrCode}`, shape: recipient }, options)
  }

  /** Changes the name or the e-mail. The account stays. */
  update(
    idOrCode: string | number,
    body: Paystack.TransferrecipientUpdateBody,
    options?: CallOptions,
  ): Promise<Paystack.TransferRecipient> {
    return this.#data({ method: 'PUT', path: path`/transferrecipient/${idOrCode}`, body, shape: recipient }, options)
  }

  /** Deactivates a recipient: no new transfer goes to it. */
  async delete(idOrCode: string | number, options?: CallOptions): Promise<Confirmation> {
    const call = { method: 'DELETE', path: path`/transferrecipient/${idOrCode}`, shape: envelope() } as const
    return confirmationOf(await this.#send(call, options))
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }
}
