import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { listSteps, type MtejaStep } from './api.ts'

const payIn = { id: 'text', reference: 'text', amount: 'whole', currency: 'text', status: 'text' } as const

/** `client.payIns`: money that came outside any API, recorded by hand, in test and in live mode. */
export class PayIns {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Records money that has come, once for its reference. The same content again answers the first pay-in. Throws ConflictError
   * for another content.
   */
  record(body: Mteja.RecordPayInBody, options?: CallOptions): Promise<Mteja.RecordedPayIn> {
    return this.#send({ method: 'POST', path: path`/v1/pay-ins`, body: withAmount(body), shape: payIn }, options)
  }

  /** Newest first: all, those of a customer, of a reference or of a period. */
  list(
    query: Mteja.ListPayInsQuery = {},
    options?: CallOptions,
  ): List<Mteja.RecordedPayIn, MtejaStep<Mteja.RecordedPayIn>> {
    return listSteps(this.#send, path`/v1/pay-ins`, query, payIn, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Mteja.RecordedPayIn> {
    return this.#send({ method: 'GET', path: path`/v1/pay-ins/${id}`, shape: payIn }, options)
  }
}
