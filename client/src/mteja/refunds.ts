import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { listSteps, type MtejaStep } from './api.ts'

const refund = { id: 'text', transactionId: 'text', amount: 'whole', currency: 'text' } as const
const made = { ...refund, 'state?': 'text' } as const
const stored = { ...refund, kind: 'text', state: 'text' } as const

/** `client.refunds`: give money back to its payer, never more than the rest of the movement. */
export class Refunds {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Newest first, with reversals: all, those of a transaction or payment, or those of a customer. */
  list(
    query: Mteja.ListRefundsQuery = {},
    options?: CallOptions,
  ): List<Mteja.StoredRefund, MtejaStep<Mteja.StoredRefund>> {
    return listSteps(this.#send, path`/v1/refunds`, query, stored, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.StoredRefund> {
    return this.#send({ method: 'GET', path: path`/v1/refunds/${id}`, shape: stored }, options)
  }

  /**
   * Gives back a pay-in, a purchase or a capture, in whole or in part. A payment can be named by its reference or any other
   * name. With a `state` in the answer a processor gives the money back, and nothing has moved yet. Throws ConflictError for
   * more than the rest.
   */
  create(body: Mteja.RefundBody, options?: CallOptions): Promise<Mteja.Refund> {
    return this.#send({ method: 'POST', path: path`/v1/refunds`, body: withAmount(body), shape: made }, options)
  }

  /**
   * Says how a refund has ended whose processor cannot say it: one that is `unknown` or `needsAttention`. Where anything waits for a
   * second person, this does too: the answer then has `settlementApprovalId`, and the same state as before.
   */
  settle(id: string, body: Mteja.SettleRefundBody, options?: CallOptions): Promise<Mteja.StoredRefund> {
    return this.#send({ method: 'POST', path: path`/v1/refunds/${id}/settle`, body, shape: stored }, options)
  }

  /** Gives back the whole rest of a transaction, of a transfer too. */
  reverse(body: Mteja.ReverseBody, options?: CallOptions): Promise<Mteja.Refund> {
    return this.#send({ method: 'POST', path: path`/v1/reversals`, body, shape: made }, options)
  }
}
