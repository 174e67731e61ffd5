import { createList, type List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { envelope } from './api.ts'
import { nextPage } from './pagination.ts'

const row = { id: 'whole', reference: 'text', status: 'text', amount: 'whole', currency: 'text' } as const
/** The answer to a charge. A charge that Paystack pauses, to ask the customer for more, has no status. */
export const chargeShape = envelope({ reference: 'text', 'status?': 'text' })
const transaction = envelope(row)
const opened = envelope({ authorization_url: 'text', access_code: 'text', reference: 'text' })
const timeline = envelope({ attempts: 'whole', history: [{ type: 'text', message: 'text' }] })
const exported = envelope({ path: 'text', expiresAt: 'text' })
const totals = envelope({ total_transactions: 'whole', total_volume: 'whole' })

type PageQuery = Omit<Paystack.TransactionListQuery, 'use_cursor' | 'next' | 'previous' | 'per_page'> & {
  use_cursor?: false | undefined
}
type CursorQuery = Omit<Paystack.TransactionListQuery, 'use_cursor' | 'page' | 'per_page'> & { use_cursor: true }

/** A page of transactions and its place: by number with the totals, or by cursor. */
export interface TransactionPage<Meta = Paystack.TransactionPageMeta | Paystack.CursorMeta> {
  data: Paystack.TransactionRow[]
  meta: Meta
}

/** `client.transactions`: payments under your own reference. */
export class Transactions {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Asks a customer for a payment. Send them to `authorization_url`. */
  initialize(body: Paystack.TransactionInitializeBody, options?: CallOptions): Promise<Paystack.OpenedTransaction> {
    return this.#data({ method: 'POST', path: path`/transaction/initialize`, body, shape: opened }, options)
  }

  /** The outcome of a transaction, by its reference. Only `status: 'success'` is paid. */
  verify(reference: string, options?: CallOptions): Promise<Paystack.Transaction> {
    return this.#data({ method: 'GET', path: path`/transaction/verify/${reference}`, shape: transaction }, options)
  }

  /**
   * Newest first: by pages with their totals, or with `use_cursor: true` by cursors, which new transactions do not
   * shift.
   */
  list(query: CursorQuery, options?: CallOptions): TransactionList<Paystack.CursorMeta>
  list(query?: PageQuery, options?: CallOptions): TransactionList<Paystack.TransactionPageMeta>
  list(query: PageQuery | CursorQuery = {}, options?: CallOptions): TransactionList<never> {
    const shape = envelope([row], query.use_cursor ? { 'next?': 'text' } : 'object')
    return createList(query as Paystack.TransactionListQuery, {
      fetch: async (query) => {
        const call = { method: 'GET', path: path`/transaction`, query, shape } as const
        const { data, meta } = await this.#send<TransactionPage>(call, options)
        return { data, meta: meta as never }
      },
      itemsOf: (page) => page.data,
      next: ({ meta }, query) => nextPage(meta, query),
    })
  }

  /** Reads a transaction by its numeric id. */
  fetch(id: number, options?: CallOptions): Promise<Paystack.Transaction> {
    return this.#data({ method: 'GET', path: path`/transaction/${id}`, shape: transaction }, options)
  }

  /** The sums of the successful transactions. */
  totals(query: Paystack.TransactionTotalsQuery = {}, options?: CallOptions): Promise<Paystack.TransactionTotals> {
    return this.#data({ method: 'GET', path: path`/transaction/totals`, query, shape: totals }, options)
  }

  /** The steps of a transaction, by its numeric id or its reference. */
  timeline(idOrReference: string | number, options?: CallOptions): Promise<Paystack.Timeline> {
    const call = { method: 'GET', path: path`/transaction/timeline/${idOrReference}`, shape: timeline } as const
    return this.#data(call, options)
  }

  /** A link to a CSV file of transactions. Anybody who has it can follow it, for 60 seconds. */
  export(query: Paystack.TransactionExportQuery = {}, options?: CallOptions): Promise<Paystack.TransactionExport> {
    return this.#data({ method: 'GET', path: path`/transaction/export`, query, shape: exported }, options)
  }

  /** Charges a saved authorization. Resolves for a declined charge too: check `status`. */
  chargeAuthorization(
    body: Paystack.TransactionChargeAuthorizationBody,
    options?: CallOptions,
  ): Promise<Paystack.Transaction> {
    const call = { method: 'POST', path: path`/transaction/charge_authorization`, body, shape: chargeShape } as const
    return this.#data(call, options)
  }

  async #data<Data>(call: Parameters<Send>[0], options: CallOptions | undefined): Promise<Data> {
    return (await this.#send<{ data: Data }>(call, options)).data
  }
}

type TransactionList<Meta> = List<Paystack.TransactionRow, TransactionPage<Meta>>
