import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const basics = { id: 'whole', status: 'text', amount: 'whole', currency: 'text' } as const
const made = envelope({ ...basics, transaction: 'object' })
const row = { ...basics, transaction: 'whole' } as const

/** A page of refunds and its place. */
export interface RefundPage {
  data: Paystack.Refund[]
  meta: Paystack.RefundPageMeta
}

/** `client.refunds`: payments that go back to their payers. */
export class Refunds {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Gives back a transaction, named by its reference or its numeric id. Without an amount the whole transaction is meant, also
   * after a part of it was given back.
   */
  create(body: Paystack.RefundCreateBody, options?: CallOptions): Promise<Paystack.MadeRefund> {
    return this.#data({ method: 'POST', path: path`/refund`, body, shape: made }, options)
  }

  /** Newest first: all, or those of a transaction, by its numeric id. */
  list(query: Paystack.RefundListQuery = {}, options?: CallOptions): List<Paystack.Refund, RefundPage> {
    const shape = envelope([row], 'object')
    return createList(query as Paystack.RefundListQuery & { next?: string }, {
      fetch: async (query) => {
        const { data, meta } = await this.#send<RefundPage>(
          { method: 'GET', path: path`/refund`, query, shape },
          options,
        )
        return { data, meta }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  fetch(id: number, options?: CallOptions): Promise<Paystack.Refund> {
    return this.#data({ method: 'GET', path: path`/refund/${id}`, shape: envelope(row) }, options)
  }

  /** Sends a refund that needs attention to a bank account of the payer. */
  retry(id: number, body: Paystack.RefundRetryBody, options?: CallOptions): Promise<Paystack.Refund> {
    const call = {
      method: 'POST',
      path: path`/refund/retry_with_customer_details/${id}`,
      body,
      shape: envelope(row),
    } as const
    return this.#data(call, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    const { data } = await this.#send<{ data: Data }>(call, options)
    return data
  }
}
