import { describe, expect, test } from 'vitest'
import { systemRandom } from './ids.ts'
import { createVault } from './vault.ts'

const key = Buffer.alloc(32, 1)
const vault = createVault(key, systemRandom)

test('what was sealed opens again, any text', () => {
  for (const text of ['', '0123456789', 'größe 🚀\n', 'x'.repeat(100_000)]) {
    expect(vault.open(vault.seal(text, 'account'), 'account')).toBe(text)
  }
})

test('the same text is sealed differently each time', () => {
  expect(vault.seal('secret', 'account')).not.toEqual(vault.seal('secret', 'account'))
})

test('another vault with the same key opens it: keys are derived, not made', () => {
  expect(createVault(Buffer.alloc(32, 1), systemRandom).open(vault.seal('secret', 'account'), 'account')).toBe('secret')
})

describe('it does not open', () => {
  test('under another context', () => {
    expect(() => vault.open(vault.seal('secret', 'account'), 'answer')).toThrow()
  })

  test('with another key', () => {
    const other = createVault(Buffer.alloc(32, 2), systemRandom)
    expect(() => other.open(vault.seal('secret', 'account'), 'account')).toThrow()
  })

  test('with any one bit changed', () => {
    const sealed = vault.seal('secret', 'account')
    for (let i = 0; i < sealed.length; i++) {
      const altered = Buffer.from(sealed)
      altered[i] = (altered[i] as number) ^ 1
      expect(() => vault.open(altered, 'account')).toThrow()
    }
  })

  test('cut short', () => {
    const sealed = vault.seal('secret', 'account')
    for (const length of [0, 11, 12, 27, sealed.length - 1]) {
      expect(() => vault.open(sealed.subarray(0, length), 'account')).toThrow()
    }
  })
})

test('fingerprints are equal for equal values of one purpose and key only', () => {
  const print = vault.fingerprint('4242', 'card')
  expect(vault.fingerprint('4242', 'card')).toEqual(print)
  expect(vault.fingerprint('4243', 'card')).not.toEqual(print)
  expect(vault.fingerprint('4242', 'bvn')).not.toEqual(print)
  expect(createVault(Buffer.alloc(32, 2), systemRandom).fingerprint('4242', 'card')).not.toEqual(print)
  // The purpose is kept apart from the value.
  expect(vault.fingerprint('b', 'a')).not.toEqual(vault.fingerprint('', 'ab'))
})

test('a key is told from another by its fingerprint, which does not show it', () => {
  expect(vault.keyFingerprint).toEqual(createVault(key, systemRandom).keyFingerprint)
  expect(vault.keyFingerprint).not.toEqual(createVault(Buffer.alloc(32, 2), systemRandom).keyFingerprint)
  expect(key.includes(vault.keyFingerprint)).toBe(false)
})

test('a key of another length is refused', () => {
  for (const length of [0, 16, 31, 33])
    expect(() => createVault(Buffer.alloc(length), systemRandom)).toThrow('32 bytes')
})
