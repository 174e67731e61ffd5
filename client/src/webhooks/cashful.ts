import { SignatureError } from '../core/errors.ts'
import type { AnyMetadata, Cashful } from '../generated/types.ts'
import { bytesOf, checkSignature, headerOf, readBase64, readEvent, type WebhookRequest } from './signature.ts'

/** An event with its name, for `switch (event.type)`. */
export interface CashfulEventOf<Name extends string, Data> {
  /** The same each time the event is sent. Equal to the header `webhook-id`. */
  id?: string
  type: Name
  /** The time of the event. */
  timestamp?: string
  data: Data
}

/** A purchase in a webhook of Mteja's: without the balances, which depend on the time of reading. */
export type PurchaseTold = Omit<Cashful.Purchase, 'customerBalanceBefore' | 'customerBalanceAfter'> & {
  quantity?: number
}

/** A paid payment intent in a webhook of Mteja's. */
export interface PaymentIntentTold {
  id: string
  merchantId: string
  customerId?: string
  /** Minor units. */
  amount: number
  currency: string
  status: 'succeeded'
  transactionId: string
  checkoutSessionId?: string
}

/** A paid checkout session in a webhook of Mteja's. */
export interface CheckoutSessionTold {
  id: string
  merchantId: string
  customerId?: string
  paymentIntentId: string
  /** Minor units. */
  totalAmount: number
  currency: string
  status: 'complete'
}

/**
 * The events that Cashful documents by name, for `switch (event.type)`. Cashful does not document their data, so the
 * types are the data that Mteja sends. Other events are sent too: have a `default` that does nothing.
 */
export type CashfulEvent =
  | CashfulEventOf<'purchase.succeeded', PurchaseTold>
  | CashfulEventOf<'transfer.completed', Omit<Cashful.Transfer, 'description'>>
  | CashfulEventOf<'payment_intent.succeeded', PaymentIntentTold>
  | CashfulEventOf<'checkout.session.completed', CheckoutSessionTold>
  | CashfulEventOf<'checkout.loaded' | 'payout.failed', AnyMetadata>

/** A webhook by the Standard Webhooks convention. */
export interface CashfulWebhookRequest extends WebhookRequest {
  /** The largest difference between the sender's clock and yours, in milliseconds. Default five minutes. */
  toleranceMs?: number
  /** The time to compare with, in milliseconds since 1970. Default now. */
  now?: number
}

/**
 * Reads the event of a webhook that is signed by the Standard Webhooks convention (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature`). Mteja signs its webhooks in Cashful's words that way. `webhook-id` is the same each time an
 * event is sent, so handle each id once.
 *
 * @param request `secrets`: the secret shown when the endpoint was created, `whsec_…`
 * @throws SignatureError for any other request, and for a time outside the tolerance
 */
export async function verifyCashfulWebhook(request: CashfulWebhookRequest): Promise<CashfulEvent> {
  const { body, secrets, toleranceMs = 300_000, now = Date.now() } = request
  const id = headerOf(request, 'webhook-id')
  const timestamp = headerOf(request, 'webhook-timestamp')
  // A text that is no number of seconds is never within the tolerance.
  if (!(Math.abs(now - Number(timestamp) * 1000) <= toleranceMs)) {
    throw new SignatureError(`The webhook was signed at ${timestamp}, which is too far from now`)
  }
  const signatures = headerOf(request, 'webhook-signature')
    .split(' ')
    .filter((each) => each.startsWith('v1,'))
    .flatMap((each) => readBase64(each.slice(3)) ?? [])
  const head = bytesOf(`${id}.${timestamp}.`)
  const payload = bytesOf(body)
  const signed = new Uint8Array(head.length + payload.length)
  signed.set(head)
  signed.set(payload, head.length)
  await checkSignature('SHA-256', [secrets].flat().map(readSecret), signatures, signed)
  return readEvent(body, 'type')
}

function readSecret(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = readBase64(secret.replace(/^whsec_/, ''))
  if (bytes === undefined) throw new TypeError('A webhook secret must be whsec_ followed by base64')
  return bytes
}
