import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { listSteps, type MtejaStep } from './api.ts'

const purchase = { id: 'text', amount: 'whole', refundedAmount: 'whole', currency: 'text' } as const

/** `client.purchases`: what customers have bought from their cash. Cashful's API makes purchases. */
export class Purchases {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first: all, those of a customer, in a currency, in a period. */
  list(query: Mteja.ListPurchasesQuery = {}, options?: CallOptions): List<Mteja.Purchase, MtejaStep<Mteja.Purchase>> {
    return listSteps(this.#send, path`/v1/purchases`, query, purchase, options)
  }
}
