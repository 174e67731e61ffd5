import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'

const refund = { id: 'text', transactionId: 'text', amount: 'whole', currency: 'text' } as const

/** `client.refunds`: give money back to its payer, never more than the rest of the movement. */
export class Refunds {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Gives back a pay-in, a purchase or a capture, in whole or in part. Throws ConflictError for more than the rest. */
  create(body: Mteja.RefundBody, options?: CallOptions): Promise<Mteja.Refund> {
    return this.#send({ method: 'POST', path: path`/v1/refunds`, body: withAmount(body), shape: refund }, options)
  }

  /** Gives back the whole rest of a transaction, of a transfer too. */
  reverse(body: Mteja.ReverseBody, options?: CallOptions): Promise<Mteja.Refund> {
    return this.#send({ method: 'POST', path: path`/v1/reversals`, body, shape: refund }, options)
  }
}
