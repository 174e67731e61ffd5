import { createCipheriv, createDecipheriv, createHash, createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import type { Random } from './ids.ts'

/** Encrypts values that must not be readable in the database. Recognises a secret value again without storing it. */
export interface Vault {
  /** AES-256-GCM. `context` is bound to the text: it opens only under the same one. */
  seal(plaintext: string, context: string): Buffer
  /** Throws when the text was sealed with another key or context, or was altered. */
  open(sealed: Buffer, context: string): string
  /** The sealed text as base64url, for an address. */
  sealText(plaintext: string, context: string): string
  /** Throws as `open` does, and for another spelling of the same bytes. */
  openText(sealed: string, context: string): string
  /** HMAC-SHA256. Equal values of one purpose give equal digests, and only the holder of the key can try values. */
  fingerprint(value: string, purpose: string): Buffer
  /** A row's number as a text of 32 characters that says nothing about the number. `kind` is bound to the text. */
  conceal(id: bigint, kind: string): string
  /** The number that was concealed as the text, or null for any other text. */
  reveal(text: string, kind: string): bigint | null
  /** Tells two keys apart without revealing either. */
  readonly keyFingerprint: Buffer
}

const nonceBytes = 12
const tagBytes = 16

/** `key` is 32 random bytes. The keys for encrypting and for recognising are derived from it. */
export function createVault(key: Buffer, random: Random): Vault {
  if (key.length !== 32) throw new Error('the encryption key must be 32 bytes')
  // Key objects are made once: every call with a key as bytes makes one, which takes four times as long as an HMAC.
  const sealing = createSecretKey(derive(key, 'seal'))
  const recognising = createSecretKey(derive(key, 'fingerprint'))
  // The text is one block and no two numbers give the same block, so the plain cipher is right.
  const concealing = createSecretKey(derive(key, 'conceal').subarray(0, 16))
  const recognisedKind = (kind: string) => createHash('sha256').update(kind).digest().subarray(0, 8)
  function seal(plaintext: string, context: string): Buffer {
    const nonce = random.bytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(context))
    const text = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), text])
  }
  function open(sealed: Buffer, context: string): string {
    const decipher = createDecipheriv('aes-256-gcm', sealing, sealed.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
  }
  return {
    seal,
    open,
    sealText: (plaintext, context) => seal(plaintext, context).toString('base64url'),
    openText(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.toString('base64url') !== sealed) throw new Error('the sealed text is not spelled as it was sealed')
      return open(bytes, context)
    },
    fingerprint: (value, purpose) => createHmac('sha256', recognising).update(`${purpose}\0${value}`).digest(),
    conceal: (id, kind) => {
      const block = Buffer.concat([Buffer.alloc(8), recognisedKind(kind)])
      block.writeBigUInt64BE(id)
      const cipher = createCipheriv('aes-128-ecb', concealing, null).setAutoPadding(false)
      return Buffer.concat([cipher.update(block), cipher.final()]).toString('hex')
    },
    reveal: (text, kind) => {
      if (!/^[0-9a-f]{32}$/.test(text)) return null
      const decipher = createDecipheriv('aes-128-ecb', concealing, null).setAutoPadding(false)
      const block = Buffer.concat([decipher.update(Buffer.from(text, 'hex')), decipher.final()])
      return block.subarray(8).equals(recognisedKind(kind)) ? block.readBigUInt64BE() : null
    },
    keyFingerprint: createHash('sha256').update(derive(key, 'identify')).digest().subarray(0, 8),
  }
}

function derive(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `mteja ${purpose}`, 32))
}
