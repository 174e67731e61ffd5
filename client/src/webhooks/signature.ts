import { SignatureError } from '../core/errors.ts'

/** A webhook request as received. */
export interface WebhookRequest {
  /** The exact body, as text or bytes. Do not parse it and write it again. */
  body: string | Uint8Array
  /** Fetch's `Headers`, or an object as in Node, with names in any case. */
  headers: Headers | Record<string, string | string[] | undefined>
  /** The secret, or several secrets during a rotation. */
  secrets: string | readonly string[]
}

export function headerOf({ headers }: WebhookRequest, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1]
  if (value === undefined || value === null) throw new SignatureError(`The webhook has no header ${name}`)
  return [value].flat().join(' ')
}

export function bytesOf(text: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof text === 'string' ? new TextEncoder().encode(text) : new Uint8Array(text)
}

/** Throws SignatureError unless one of the keys made one of the signatures. WebCrypto compares in constant time. */
export async function checkSignature(
  hash: 'SHA-256' | 'SHA-512',
  keys: readonly Uint8Array<ArrayBuffer>[],
  signatures: readonly Uint8Array<ArrayBuffer>[],
  signed: Uint8Array<ArrayBuffer>,
): Promise<void> {
  for (const bytes of keys) {
    if (bytes.length === 0) throw new TypeError('A webhook secret is empty')
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['verify'])
    for (const signature of signatures) if (await crypto.subtle.verify('HMAC', key, signature, signed)) return
  }
  throw new SignatureError(
    'The webhook is not signed with the secret: it is not from the sender, or its body was changed',
  )
}

/** Undefined for a text that is no hexadecimal. */
export function readHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^([0-9a-f]{2})+$/i.test(text)) return undefined
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Undefined for a text that is no base64. */
export function readBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** Reads the event of a verified body. Throws SignatureError for a body that is no event. */
export function readEvent(body: string | Uint8Array, name: 'event' | 'type'): never {
  try {
    const event = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body))
    if (typeof event[name] === 'string' && typeof event.data === 'object') return event as never
  } catch {
    // The error is thrown below.
  }
  throw new SignatureError('The webhook is signed, but its body is no event')
}
