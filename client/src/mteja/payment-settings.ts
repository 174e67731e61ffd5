import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Mteja } from '../generated/types.ts'
import { changeOf } from './settings.ts'

export const paymentSettings = { knownCustomers: 'text', feesBorneBy: 'text' } as const

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

  /**
   * Changes the given settings, for payments that begin from now on. Settings as they were read can be sent back, with changes. Throws
   * ConflictError if somebody has changed them meanwhile.
   */
  update(
    body: Mteja.UpdatePaymentSettingsBody | Mteja.RetrievePaymentSettingsResult,
    options?: CallOptions,
  ): Promise<Mteja.RetrievePaymentSettingsResult> {
    const [change, condition] = changeOf(body, options)
    const at = path`/v1/payment-settings`
    return this.#send({ method: 'PATCH', path: at, body: change, shape: paymentSettings }, condition)
  }
}
