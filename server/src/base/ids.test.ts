import { describe, expect, test } from 'vitest'
import { codeOfBytes, type Random, randomCode, randomMixedCode, systemRandom, uuidV7 } from './ids.ts'

/** Gives the bytes 0, 1, 2 … 255, 0, 1 … */
function countingRandom(): Random {
  let next = 0
  return { bytes: (length) => Buffer.from(Array.from({ length }, () => next++ % 256)) }
}

describe('a random code', () => {
  test('a random code has the length asked for and only characters of its alphabet', () => {
    expect(randomCode(systemRandom, 15)).toMatch(/^[0-9a-z]{15}$/)
    expect(randomMixedCode(systemRandom, 40)).toMatch(/^[0-9a-zA-Z]{40}$/)
    expect(randomCode(systemRandom, 0)).toBe('')
  })

  test.each([
    ['randomCode', randomCode, 36],
    ['randomMixedCode', randomMixedCode, 62],
  ])('%s favours no character', (_name, make, letters) => {
    // All 256 bytes come equally often, so all characters must.
    const rounds = 100
    const fair = Math.floor(256 / letters) * rounds
    const text = make(countingRandom(), letters * fair)
    const counts = new Map<string, number>()
    for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(letters)
    for (const count of counts.values()) expect(Math.abs(count - fair)).toBeLessThan(10)
  })
})

test('the code of bytes is the same for the same bytes', () => {
  expect(codeOfBytes(Buffer.from([0, 9, 10, 35, 36, 61, 62, 255]), 8)).toBe('09azAZ07')
  expect(codeOfBytes(Buffer.alloc(32, 7), 5)).toBe('77777')
})

describe('a UUID', () => {
  const now = new Date('2026-01-15T10:30:00.123Z')

  test('a UUID is of version 7 and variant 10', () => {
    for (let i = 0; i < 100; i++) {
      expect(uuidV7(systemRandom, now)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })

  test('a UUID begins with its time in milliseconds', () => {
    const id = uuidV7(systemRandom, now).replaceAll('-', '')
    expect(Number.parseInt(id.slice(0, 12), 16)).toBe(now.getTime())
  })

  test('UUIDs sort by their time', () => {
    const ids = [0, 1, 1000, 86_400_000].map((ms) => uuidV7(systemRandom, new Date(now.getTime() + ms)))
    expect([...ids].sort()).toEqual(ids)
  })

  test('no UUID is made twice within a millisecond', () => {
    expect(new Set(Array.from({ length: 1000 }, () => uuidV7(systemRandom, now))).size).toBe(1000)
  })
})
