import type { List } from '../core/list.ts'
import type { CallOptions } from '../core/options.ts'
import { path } from '../core/path.ts'
import { newKey, type Send } from '../core/transport.ts'
import type { AnyMetadata, Cashful } from '../generated/types.ts'
import { withAmount } from '../money.ts'
import { type CashfulPage, listPages } from './api.ts'

const intent = { id: 'text', amount: 'whole', currency: 'text', status: 'text', 'customerId?': 'text' } as const

/** `client.paymentIntents`: payments asked for from outside, for a customer's cash balance or for the merchant. */
export class PaymentIntents {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * Creates an intent. With a payment method it is charged at once. Two creations with one `idempotencyKey` in the body
   * are one intent at Cashful too, so this write is retried safely everywhere. A new key is made if none is given.
   */
  create(body: Cashful.CreatePaymentIntentBody, options: CallOptions = {}): Promise<Cashful.PaymentIntent> {
    const whole = withAmount({ ...body, idempotencyKey: body.idempotencyKey ?? options.idempotencyKey ?? newKey() })
    const at = path`/api/canary/payment-intents`
    return this.#send({ method: 'POST', path: at, body: whole, shape: intent, isOnce: true }, options)
  }

  list(
    query: Cashful.ListPaymentIntentsQuery = {},
    options?: CallOptions,
  ): List<Cashful.PaymentIntent, CashfulPage<Cashful.PaymentIntent>> {
    return listPages(this.#send, path`/api/canary/payment-intents`, query, intent, options)
  }

  retrieve(id: string, options?: CallOptions): Promise<Cashful.PaymentIntent> {
    return this.#send({ method: 'GET', path: path`/api/canary/payment-intents/${id}`, shape: intent }, options)
  }

  /**
   * Pays by the given card, otherwise by the intent's payment method. A declined payment is answered with the status
   * `failed`. With any member in the body, the answer has the outcome of the payment beside the intent; without, it is the
   * intent.
   */
  confirm(id: string, body?: undefined, options?: CallOptions): Promise<Cashful.PaymentIntent>
  confirm(
    id: string,
    body: Cashful.ConfirmPaymentIntentBody,
    options?: CallOptions,
  ): Promise<Cashful.Confirmation<AnyMetadata>>
  confirm(id: string, body: Cashful.ConfirmPaymentIntentBody = {}, options?: CallOptions): Promise<never> {
    const isEmpty = Object.values(body).every((member) => member === undefined)
    const shape = isEmpty ? intent : { paymentIntent: intent }
    return this.#send({ method: 'POST', path: path`/api/canary/payment-intents/${id}/confirm`, body, shape }, options)
  }

  /** Cancels an intent that has not succeeded. */
  cancel(id: string, options?: CallOptions): Promise<Cashful.PaymentIntent> {
    return this.#send({ method: 'POST', path: path`/api/canary/payment-intents/${id}/cancel`, shape: intent }, options)
  }
}
