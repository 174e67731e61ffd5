import { describe, expect, test } from 'vitest'
import { systemRandom } from './ids.ts'
import { createVault } from './vault.ts'

const key = Buffer.alloc(32, 1)
const vault = createVault(key, systemRandom)

test('a sealed text opens again, whatever its characters', () => {
  for (const text of ['', '0123456789', 'größe 🚀\n', 'x'.repeat(100_000)]) {
    expect(vault.open(vault.seal(text, 'account'), 'account')).toBe(text)
  }
})

test('the same text is sealed differently each time', () => {
  expect(vault.seal('secret', 'account')).not.toEqual(vault.seal('secret', 'account'))
})

test('a sealed text opens in another vault with the same key', () => {
  expect(createVault(Buffer.alloc(32, 1), systemRandom).open(vault.seal('secret', 'account'), 'account')).toBe('secret')
})

describe('a sealed text that does not open', () => {
  test('a sealed text does not open under another context', () => {
    expect(() => vault.open(vault.seal('secret', 'account'), 'answer')).toThrow()
  })

  test('a sealed text does not open with another key', () => {
    const other = createVault(Buffer.alloc(32, 2), systemRandom)
    expect(() => other.open(vault.seal('secret', 'account'), 'account')).toThrow()
  })

  test('a sealed text does not open with any one bit changed', () => {
    const sealed = vault.seal('secret', 'account')
    for (let i = 0; i < sealed.length; i++) {
      const altered = Buffer.from(sealed)
      altered[i] = (altered[i] as number) ^ 1
      expect(() => vault.open(altered, 'account')).toThrow()
    }
  })

  test('a sealed text does not open when it is cut short', () => {
    const sealed = vault.seal('secret', 'account')
    for (const length of [0, 11, 12, 27, sealed.length - 1]) {
      expect(() => vault.open(sealed.subarray(0, length), 'account')).toThrow()
    }
  })
})

test('a sealed text in an address opens in one spelling only', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const text of ['', 'a', 'ab', 'abc']) {
    const sealed = vault.sealText(text, 'link')
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(vault.openText(sealed, 'link')).toBe(text)
    for (const last of alphabet.replace(sealed.slice(-1), '')) {
      expect(() => vault.openText(sealed.slice(0, -1) + last, 'link')).toThrow()
    }
    for (const other of [`${sealed}=`, `${sealed} `, ` ${sealed}`, `${sealed}A`, sealed.slice(0, -1)]) {
      expect(() => vault.openText(other, 'link')).toThrow()
    }
    expect(() => vault.openText(sealed, 'other')).toThrow()
  }
})

test('fingerprints are equal only for equal values of one purpose and one key', () => {
  const print = vault.fingerprint('4242', 'card')
  expect(vault.fingerprint('4242', 'card')).toEqual(print)
  expect(vault.fingerprint('4243', 'card')).not.toEqual(print)
  expect(vault.fingerprint('4242', 'bvn')).not.toEqual(print)
  expect(createVault(Buffer.alloc(32, 2), systemRandom).fingerprint('4242', 'card')).not.toEqual(print)
  // The purpose is kept apart from the value.
  expect(vault.fingerprint('b', 'a')).not.toEqual(vault.fingerprint('', 'ab'))
})

test('a key’s fingerprint differs from another key’s and does not show the key', () => {
  expect(vault.keyFingerprint).toEqual(createVault(key, systemRandom).keyFingerprint)
  expect(vault.keyFingerprint).not.toEqual(createVault(Buffer.alloc(32, 2), systemRandom).keyFingerprint)
  expect(key.includes(vault.keyFingerprint)).toBe(false)
})

test('a vault refuses a key of another length', () => {
  for (const length of [0, 16, 31, 33])
    expect(() => createVault(Buffer.alloc(length), systemRandom)).toThrow('32 bytes')
})
