import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { listSteps, type MtejaStep } from './api.ts'

const adjustment = { id: 'text', reference: 'text', customerId: 'text', amount: 'whole', status: 'text' } as const

/** `client.adjustments`: a customer's balance changed by hand, with a reason. */
export class Adjustments {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Adds to a balance or takes from it, once for its reference. Throws InsufficientFundsError for more than is available, and
   * ConflictError for another content under a reference that has one.
   */
  make(body: Mteja.MakeAdjustmentBody, options?: CallOptions): Promise<Mteja.Adjustment> {
    return this.#send(
      { method: 'POST', path: path`/v1/adjustments`, body: withAmount(body), shape: adjustment },
      options,
    )
  }

  /** Newest first: all, those of a customer, of a reference or of a period. */
  list(
    query: Mteja.ListAdjustmentsQuery = {},
    options?: CallOptions,
  ): List<Mteja.Adjustment, MtejaStep<Mteja.Adjustment>> {
    return listSteps(this.#send, path`/v1/adjustments`, query, adjustment, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Adjustment> {
    return this.#send({ method: 'GET', path: path`/v1/adjustments/${id}`, shape: adjustment }, options)
  }
}
