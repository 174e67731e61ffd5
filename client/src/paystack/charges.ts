import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import type { Send } from '../core/transport.ts'
import type { Paystack } from '../generated/types.ts'
import { chargeShape } from './transactions.ts'

/** A charge as a transaction, or the next step of its payer, which has no `id`. */
export type ChargeAnswer = Paystack.Transaction | Paystack.ChargeStep

/** `client.charges`: charges an instrument from its typed details, and gives the answers of its payer. */
export class Charges {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /** Resolves for a declined charge too: check `status`. */
  create(body: Paystack.ChargeCreateBody, options?: CallOptions): Promise<ChargeAnswer> {
    return this.#post(path`/charge`, body, options)
  }

  /** The status of a charge that was pending. */
  async check(reference: string, options?: CallOptions): Promise<Paystack.Charge | Paystack.ChargeStep> {
    const call = { method: 'GET', path: path`/charge/${reference}`, shape: chargeShape } as const
    return (await this.#send<{ data: Paystack.Charge | Paystack.ChargeStep }>(call, options)).data
  }

  /** Like every step: after a wrong answer the call rejects, and the charge has failed for good. */
  submitPin(body: Paystack.ChargeSubmitPinBody, options?: CallOptions): Promise<ChargeAnswer> {
    return this.#post(path`/charge/submit_pin`, body, options)
  }

  submitOtp(body: Paystack.ChargeSubmitOtpBody, options?: CallOptions): Promise<ChargeAnswer> {
    return this.#post(path`/charge/submit_otp`, body, options)
  }

  submitPhone(body: Paystack.ChargeSubmitPhoneBody, options?: CallOptions): Promise<ChargeAnswer> {
    return this.#post(path`/charge/submit_phone`, body, options)
  }

  submitBirthday(body: Paystack.ChargeSubmitBirthdayBody, options?: CallOptions): Promise<ChargeAnswer> {
    return this.#post(path`/charge/submit_birthday`, body, options)
  }

  submitAddress(body: Paystack.ChargeSubmitAddressBody, options?: CallOptions): Promise<ChargeAnswer> {
    return this.#post(path`/charge/submit_address`, body, options)
  }

  async #post(to: ReturnType<typeof path>, body: object, options?: CallOptions): Promise<ChargeAnswer> {
    const call = { method: 'POST', path: to, body, shape: chargeShape } as const
    return (await this.#send<{ data: ChargeAnswer }>(call, options)).data
  }
}
