import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'

export const paymentSettings = { knownCustomers: 'text' } as const

/** `client.paymentSettings`: what the merchant wants of payments, in the mode of the key. */
export class PaymentSettings {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** The settings as they are. */
  retrieve(options?: CallOptions): Promise<Mteja.RetrievePaymentSettingsResult> {
    return this.#send({ method: 'GET', path: path`/v1/payment-settings`, shape: paymentSettings }, options)
  }

  /** Changes the given settings, for payments that begin from now on. */
  update(body: Mteja.UpdatePaymentSettingsBody, options?: CallOptions): Promise<Mteja.RetrievePaymentSettingsResult> {
    return this.#send({ method: 'PATCH', path: path`/v1/payment-settings`, body, shape: paymentSettings }, options)
  }
}
