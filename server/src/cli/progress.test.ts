import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { showBar, showCount } from './progress.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** A stream that says that it is a terminal or not, and the text that was written to it since the last look. */
function pretendStream(isTTY: boolean) {
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 200 })
  return { stream, look: () => String(stream.read() ?? '') }
}

test('the first frame of a progress bar shows nothing done of all rows, and foretells no time', () => {
  const { stream, look } = pretendStream(true)
  const progress = showBar('Verifying', 'rows', stream)
  progress.show(0, 5000)
  const first = look()
  expect(first).toContain(' 0% | 0 of 5000 rows')
  expect(first).not.toContain('left')
  progress.end()
})

test('a progress bar foretells the time that is left by the rows so far, once there are some seconds of them', () => {
  const { stream, look } = pretendStream(true)
  const progress = showBar('Verifying', 'rows', stream)
  progress.show(0, 5000)
  vi.advanceTimersByTime(1000)
  progress.show(1000, 5000)
  vi.advanceTimersByTime(200)
  expect(look()).not.toContain('left')
  vi.advanceTimersByTime(8800)
  progress.show(2500, 5000)
  vi.advanceTimersByTime(200)
  expect(look()).toContain(' 50% | 2500 of 5000 rows | 10 s left')
  progress.end()
})

test('a count shows how many are done, and how many a second once there are some seconds of them', () => {
  const { stream, look } = pretendStream(true)
  const progress = showCount('Exporting', 'entries', stream)
  progress.show(100, 0)
  vi.advanceTimersByTime(1000)
  expect(look()).toMatch(/Exporting \| 100 entries \| 0?[01]s/)
  vi.advanceTimersByTime(9000)
  progress.show(25_000, 0)
  vi.advanceTimersByTime(200)
  expect(look()).toContain('Exporting | 25000 entries | 2500 a second')
  progress.end()
})

test('a progress bar writes nothing where no terminal is', () => {
  const { stream, look } = pretendStream(false)
  const progress = showBar('Verifying', 'rows', stream)
  progress.show(1, 2)
  progress.end()
  expect(look()).toBe('')
})
