import { createHmac } from 'node:crypto'
import type { Random } from '../../base/ids.ts'

/** The signed bytes, which are the bytes that are sent. */
export interface SignedMessage {
  /** The same for every attempt. */
  id: string
  body: string
  /** The time of this attempt. */
  now: Date
}

/** Headers of a Paystack webhook: the lower-case hex HMAC-SHA512 of the body, keyed with the secret API key. */
export function signAsPaystack(secret: string, { body }: SignedMessage): Record<string, string> {
  return { 'x-paystack-signature': createHmac('sha512', secret).update(body).digest('hex') }
}

/**
 * Headers by the Standard Webhooks convention: HMAC-SHA256 of `id.timestamp.body`, once for each secret.
 *
 * @param secrets each `whsec_` and base64
 * @see https://www.standardwebhooks.com
 */
export function signAsStandard(secrets: readonly string[], { id, body, now }: SignedMessage): Record<string, string> {
  const timestamp = Math.floor(now.getTime() / 1000)
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') }
}

const secretBytes = 24

/** `whsec_` and 32 characters of base64. */
export function newWebhookSecret(random: Random): string {
  return `whsec_${random.bytes(secretBytes).toString('base64')}`
}
