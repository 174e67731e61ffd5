import { SignatureError } from '../core/errors.ts'
import type { AnyMetadata, Cashful } from '../generated/types.ts'
import { bytesOf, checkSignature, headerOf, readBase64, readEvent, type WebhookRequest } from './signature.ts'

/** An event with its name, for `switch (event.type)`. */
export interface CashfulEventOf<Name extends string, Data> {
  /** The same each time it is sent; also the header `webhook-id`. */
  id?: string
  type: Name
  /** When it happened. */
  timestamp?: string
  data: Data
}

/** What Mteja tells of a purchase, all that does not depend on when it is asked. */
export type PurchaseTold = Omit<Cashful.Purchase, 'customerBalanceBefore' | 'customerBalanceAfter'> & {
  quantity?: number
}

/** What Mteja tells of a payment intent that was paid. */
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

/** What Mteja tells of a checkout session that was paid. */
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
 * The events that Cashful documents by name, for `switch (event.type)`; Cashful does not say what they carry, so that is
 * as Mteja sends them. Others come too: have a `default` that does nothing.
 */
export type CashfulEvent =
  | CashfulEventOf<'purchase.succeeded', PurchaseTold>
  | CashfulEventOf<'transfer.completed', Omit<Cashful.Transfer, 'description'>>
  | CashfulEventOf<'payment_intent.succeeded', PaymentIntentTold>
  | CashfulEventOf<'checkout.session.completed', CheckoutSessionTold>
  | CashfulEventOf<'checkout.loaded' | 'payout.failed', AnyMetadata>

/** A webhook by the Standard Webhooks convention. */
export interface CashfulWebhookRequest extends WebhookRequest {
  /** How far the sender's clock and yours may be apart, in milliseconds; default five minutes. */
  toleranceMs?: number
  /** The time to compare with, in milliseconds since 1970; default now. */
  now?: number
}

/**
 * The event of a webhook that is signed by the Standard Webhooks convention (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature`), as Mteja signs what it sends in Cashful's words. `webhook-id` is the same each time an event is
 * sent: do what it says once per id.
 *
 * @param request `secrets`: as shown once when the endpoint was made, `whsec_…`
 * @throws SignatureError for any other request, and for one outside the tolerance
 */
export async function verifyCashfulWebhook(request: CashfulWebhookRequest): Promise<CashfulEvent> {
  const { body, secrets, toleranceMs = 300_000, now = Date.now() } = request
  const id = headerOf(request, 'webhook-id')
  const timestamp = headerOf(request, 'webhook-timestamp')
  // Texts that are no number of seconds are never within the tolerance.
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
