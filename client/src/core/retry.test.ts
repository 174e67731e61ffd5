import { expect, test } from 'vitest'
import { pauseBefore, readRetryAfter } from './retry.ts'

const most = () => 1

test('the longest pause doubles up to eight seconds, and a pause is anything from nothing to the longest', () => {
  expect([0, 1, 2, 3, 4, 5].map((attempt) => pauseBefore(attempt, 500, 0, most))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000,
  ])
  expect(pauseBefore(3, 500, 0, () => 0)).toBe(0)
})

test('a pause adds to the time the server asks for and never shortens it', () => {
  expect(pauseBefore(0, 500, 3000, () => 0)).toBe(3000)
  expect(pauseBefore(0, 500, 3000, most)).toBe(3500)
})

test.each([
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': 'Thu, 15 Jan 2026 10:30:05 GMT' }, 5000],
  [{ 'retry-after': 'Thu, 15 Jan 2026 10:00:00 GMT' }, 0],
  [{ 'x-ratelimit-reset': '1.5' }, 1500],
  [{ 'retry-after': '1', 'x-ratelimit-reset': '9' }, 1000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{}, undefined],
])('the headers %j ask for a pause of %s ms', (headers, expected) => {
  const now = Date.parse('2026-01-15T10:30:00.000Z')
  expect(readRetryAfter(new Headers(headers as Record<string, string>), now)).toBe(expected)
})
