import { afterEach, expect, test, vi } from 'vitest'
import { createLog } from './log.ts'

interface Line {
  level: number
  msg: string
  requestId?: string
  omitted?: number
}

afterEach(() => vi.useRealTimers())

function openLog() {
  const lines: Line[] = []
  const { logger } = createLog('info', { write: (line) => lines.push(JSON.parse(line)) })
  return { logger, lines }
}

/** The place of the fault is a part of what makes two faults alike. */
const makeError = (message: string, code?: string) => Object.assign(new TypeError(message), { code })

test('of one fault ten lines a minute are written, the first of the next minute tells how many were left out', () => {
  vi.useFakeTimers()
  const { logger, lines } = openLog()
  const request = logger.child({ requestId: 'r' })
  for (let i = 0; i < 5002; i += 1) {
    if (i === 5000) vi.advanceTimersByTime(61_000)
    request.error({ err: makeError(`value ${i}`), route: '/customer' }, 'request failed')
  }
  expect(lines[0]).toMatchObject({ level: 50, msg: 'request failed', requestId: 'r' })
  expect(lines.slice(10).map(({ omitted }) => omitted)).toEqual([4990, undefined])
})

test('faults of other routes, kinds and places are written although one fault is limited, and so are all lines without a fault', () => {
  const { logger, lines } = openLog()
  const fail = (members: object) => logger.error(members, 'request failed')
  for (let i = 0; i < 20; i += 1) fail({ err: makeError('a bug'), route: '/customer' })
  expect(lines).toHaveLength(10)
  for (let i = 0; i < 2; i += 1) {
    fail({ err: makeError('a bug'), route: '/transfer' })
    fail({ err: makeError('a bug', '22012'), route: '/customer' })
    fail({ err: new RangeError('a bug'), route: '/customer' })
  }
  expect(lines).toHaveLength(16)
  for (let i = 0; i < 20; i += 1) logger.warn({ err: makeError('a failure') }, 'begins to fail')
  for (let i = 0; i < 20; i += 1) logger.error('closing')
  expect(lines).toHaveLength(56)
})
