import { randomBytes } from 'node:crypto'

/** Where randomness comes from. Passed in, so that a test or a simulation can choose it. */
export interface Random {
  /** `length` unpredictable bytes. */
  bytes(length: number): Buffer
}

export const systemRandom: Random = createPooledRandom(4096)

/**
 * Asks the system for many bytes at once, because a call for 16 bytes costs as much as a call for thousands. No byte is
 * given twice.
 */
function createPooledRandom(poolSize: number): Random {
  let pool = Buffer.alloc(0)
  return {
    bytes(length) {
      if (length > poolSize) return randomBytes(length)
      if (length > pool.length) pool = randomBytes(poolSize)
      const bytes = pool.subarray(0, length)
      pool = pool.subarray(length)
      return bytes
    },
  }
}

/** Gives the bytes of a digest each time: what is made of them is the same for the same digest. At most its length at once. */
export function randomOfDigest(digest: Buffer): Random {
  return { bytes: (length) => Buffer.from(digest.subarray(0, length)) }
}

const base36 = '0123456789abcdefghijklmnopqrstuvwxyz'
const base62 = `${base36}ABCDEFGHIJKLMNOPQRSTUVWXYZ`

/** `length` characters 0-9a-z, each equally likely. */
export function randomCode(random: Random, length: number): string {
  return pick(random, base36, length)
}

/** `length` characters 0-9a-zA-Z, each equally likely. */
export function randomMixedCode(random: Random, length: number): string {
  return pick(random, base62, length)
}

/** The same 0-9a-zA-Z text for the same bytes. For identifiers that recognise a thing without naming it. */
export function codeOfBytes(bytes: Buffer, length: number): string {
  return Array.from(bytes.subarray(0, length), (byte) => base62[byte % base62.length]).join('')
}

/** A UUID of version 7: its first 48 bits are the time, so that new rows land next to each other in an index. */
export function uuidV7(random: Random, now: Date): string {
  const bytes = random.bytes(16)
  bytes.writeUIntBE(now.getTime(), 0, 6)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** The time in a UUID of version 7; null for any other text. */
export function timeOfUuidV7(text: string): Date | null {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text)) return null
  return new Date(Number.parseInt(text.slice(0, 8) + text.slice(9, 13), 16))
}

/** The lowest UUID of version 7 that can be made at a time: a period of times is a range of ids. */
export function lowestUuidV7(time: Date): string {
  const hex = Math.max(time.getTime(), 0).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

/** Whether a text is a UUID as we write one: lower case, of any version. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
}

/** Bytes at or above the largest multiple of the alphabet are thrown away, so that no character is favoured. */
function pick(random: Random, alphabet: string, length: number): string {
  const limit = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length]
    }
  }
  return text
}
