import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { type Path, path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { type Confirmation, confirmationOf, envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const basics = { id: 'whole', transfer_code: 'text', reference: 'text', status: 'text', amount: 'whole' } as const
const made = envelope({ ...basics, currency: 'text', recipient: 'whole' })
const row = { ...basics, currency: 'text', recipient: 'object' } as const
const queued = envelope([{ reference: 'text', 'transfer_code?': 'text', 'amount?': 'whole', status: 'text' }])
const exported = envelope({ path: 'text', expiresAt: 'text' })

/** A page of transfers and its place: by number with the total, or by cursor. */
export interface TransferPage {
  data: Paystack.Transfer[]
  meta: Paystack.PageMeta | Paystack.CursorMeta
}

/** `client.transfers`: money that goes out to recipients. Only `status: 'success'` is paid. */
export class Transfers {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Sends money to a recipient. A reference names one transfer for ever. After an unknown outcome `verify` it. A transfer in the
   * status `otp` waits for `finalize`.
   */
  initiate(body: Paystack.TransferInitiateBody, options?: CallOptions): Promise<Paystack.MadeTransfer> {
    return this.#data({ method: 'POST', path: path`/transfer`, body: withAmount(body), shape: made }, options)
  }

  /** Up to 1,000 transfers. A line that is refused does not affect the others. A reference that is taken refuses all. */
  initiateBulk(body: Paystack.TransferBulkBody, options?: CallOptions): Promise<Paystack.QueuedTransfer[]> {
    body.transfers.forEach(withAmount)
    return this.#data({ method: 'POST', path: path`/transfer/bulk`, body, shape: queued }, options)
  }

  /** Gives the one-time password that a transfer waits for. A wrong one ends the transfer. */
  finalize(body: Paystack.TransferFinalizeBody, options?: CallOptions): Promise<Paystack.MadeTransfer> {
    return this.#data({ method: 'POST', path: path`/transfer/finalize_transfer`, body, shape: made }, options)
  }

  /** Newest first: by pages with their total, or with `use_cursor: true` by cursors. */
  list(query: Paystack.TransferListQuery = {}, options?: CallOptions): List<Paystack.Transfer, TransferPage> {
    const shape = envelope([row], 'object')
    return createList(query, {
      fetch: async (query) => {
        const call = { method: 'GET', path: path`/transfer`, query, shape } as const
        const { data, meta } = await this.#send<TransferPage>(call, options)
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  /** Reads a transfer by its code or its numeric id. */
  fetch(idOrCode: string | number, options?: CallOptions): Promise<Paystack.Transfer> {
    return this.#data({ method: 'GET', path: path`/transfer/${idOrCode}`, shape: envelope(row) }, options)
  }

  /** The outcome of a transfer, by its reference. */
  verify(reference: string, options?: CallOptions): Promise<Paystack.Transfer> {
    return this.#data({ method: 'GET', path: path`/transfer/verify/${reference}`, shape: envelope(row) }, options)
  }

  /** A link to a CSV file, good for 60 seconds. Throws NotFoundError where there is nothing to export. */
  export(query: Paystack.TransferDownloadQuery = {}, options?: CallOptions): Promise<Paystack.TransactionExport> {
    return this.#data({ method: 'GET', path: path`/transfer/export`, query, shape: exported }, options)
  }

  /** Asks for the one-time password of a transfer again. */
  resendOtp(body: Paystack.TransferResendOtpBody, options?: CallOptions): Promise<Confirmation> {
    return this.#confirm(path`/transfer/resend_otp`, body, options)
  }

  /** Has each new transfer wait for a one-time password. */
  enableOtp(options?: CallOptions): Promise<Confirmation> {
    return this.#confirm(path`/transfer/enable_otp`, undefined, options)
  }

  /** Begins to turn one-time passwords off. Goes on with `finalizeDisableOtp`. */
  disableOtp(options?: CallOptions): Promise<Confirmation> {
    return this.#confirm(path`/transfer/disable_otp`, undefined, options)
  }

  /** Turns one-time passwords off, with the password that `disableOtp` had sent. */
  finalizeDisableOtp(body: Paystack.TransferDisableOtpFinalizeBody, options?: CallOptions): Promise<Confirmation> {
    return this.#confirm(path`/transfer/disable_otp_finalize`, body, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }

  async #confirm(at: Path, body: object | undefined, options: CallOptions | undefined): Promise<Confirmation> {
    return confirmationOf(await this.#send({ method: 'POST', path: at, body, shape: envelope() }, options))
  }
}
