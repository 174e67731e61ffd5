import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { listPages, type MtejaPage } from './api.ts'

const hold = {
  id: 'text',
  customerId: 'text',
  amount: 'whole',
  captured: 'whole',
  remaining: 'whole',
  currency: 'text',
  status: 'text',
} as const
const capture = { id: 'text', holdId: 'text', amount: 'whole', currency: 'text', balanceAfter: 'whole' } as const

/** `client.holds`: reserve a customer's cash, capture it in one or several parts, or release it. */
export class Holds {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Throws InsufficientFundsError when the available balance does not cover the amount. */
  place(body: Mteja.PlaceHoldBody, options?: CallOptions): Promise<Mteja.Hold> {
    return this.#send({ method: 'POST', path: path`/v1/holds`, body: withAmount(body), shape: hold }, options)
  }

  /** A customer's holds, newest first. */
  list(query: Mteja.ListHoldsQuery, options?: CallOptions): List<Mteja.Hold, MtejaPage<Mteja.Hold>> {
    return listPages(this.#send, path`/v1/holds`, query, hold, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.Hold> {
    return this.#send({ method: 'GET', path: path`/v1/holds/${id}`, shape: hold }, options)
  }

  /** Takes an amount, or the whole rest without an amount. Throws ConflictError when the amount exceeds the rest. */
  capture(id: string, body: Mteja.CaptureHoldBody = {}, options?: CallOptions): Promise<Mteja.Capture> {
    const call = {
      method: 'POST',
      path: path`/v1/holds/${id}/capture`,
      body: withAmount(body),
      shape: capture,
    } as const
    return this.#send(call, options)
  }

  /** Releases the rest of a hold. */
  release(id: string, options?: CallOptions): Promise<Mteja.ReleasedHold> {
    const shape = { id: 'text', status: 'text', releasedAt: 'text' } as const
    return this.#send({ method: 'POST', path: path`/v1/holds/${id}/release`, shape }, options)
  }
}
