import { createHmac, timingSafeEqual } from 'node:crypto'

/** Whether the raw body of a webhook was signed with the key: HMAC-SHA512 in hexadecimal, compared in constant time. */
export function isSignedBy(secretKey: string, rawBody: Buffer, signature: string): boolean {
  const expected = createHmac('sha512', secretKey).update(rawBody).digest()
  const given = Buffer.from(signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
