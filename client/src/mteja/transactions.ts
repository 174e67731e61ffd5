import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const entry = { account: 'text', number: 'whole', amount: 'whole', balanceAfter: 'whole' } as const
const transaction = { id: 'text', kind: 'text', amount: 'whole', currency: 'text', entries: [entry] } as const

/** `client.transactions`: transactions of the ledger, each with both sides. */
export class Transactions {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Everything that moved under a reference, newest first: the payment, its refunds and reversals. */
  list(
    query: Mteja.ListTransactionsQuery,
    options?: CallOptions,
  ): List<Mteja.Transaction, MtejaStep<Mteja.Transaction>> {
    return listSteps(this.#send, path`/v1/transactions`, query, transaction, options)
  }

  /** By its id in the form of any API, or by a name of the payment that it is. */
  retrieve(id: string, options?: CallOptions): Promise<Mteja.Transaction> {
    return this.#send({ method: 'GET', path: path`/v1/transactions/${id}`, shape: transaction }, options)
  }
}
