import { beforeEach, expect, test } from 'vitest'
import { createFailureLog, type FailureLog } from './failure-log.ts'

let now: number
let lines: string[]
let failures: FailureLog

beforeEach(() => {
  now = Date.parse('2026-01-15T10:00:00.000Z')
  lines = []
  failures = createFailureLog(
    { now: () => new Date(now) },
    {
      warn({ subject, failures: count, since, ...members }, sentence) {
        const counted = count === undefined ? '' : ` (${count} since ${(since as Date).toISOString().slice(11, 19)})`
        lines.push(`${subject} ${sentence}${counted} ${Object.values(members).join(' ')}`.trimEnd())
      },
    },
  )
})

const fail = (reason: string, subject = 'bank') => failures.failed(subject, { reason })

test('a failure that repeats is logged when it begins, once a minute with a count and the last reason, and when it ends', () => {
  for (let second = 0; second < 150; second++) {
    fail(second < 60 ? '401' : '500')
    now += 1000
  }
  failures.worked('bank')
  failures.worked('bank')
  expect(lines).toEqual([
    'bank begins to fail 401',
    'bank still fails (61 since 10:00:00) 500',
    'bank still fails (121 since 10:00:00) 500',
    'bank works again (150 since 10:00:00)',
  ])
})

test('what works and never failed is not logged', () => {
  failures.worked('bank')
  expect(lines).toEqual([])
})

test('failures of different subjects do not hide each other', () => {
  fail('401')
  fail('403', 'post')
  failures.worked('post')
  fail('401')
  expect(lines).toEqual(['bank begins to fail 401', 'post begins to fail 403', 'post works again (1 since 10:00:00)'])
})

test('a failure that comes rarely is logged each time, with the count so far', () => {
  for (const hours of [0, 1, 5]) {
    now = Date.parse('2026-01-15T10:00:00.000Z') + hours * 3_600_000
    fail('500')
  }
  expect(lines).toEqual([
    'bank begins to fail 500',
    'bank still fails (2 since 10:00:00) 500',
    'bank still fails (3 since 10:00:00) 500',
  ])
})

test('a subject that fails and works in turn is logged at most twice a minute, and no failure is left uncounted', () => {
  for (let turn = 0; turn < 120; turn++) {
    fail('500')
    failures.worked('bank')
    now += 1000
  }
  expect(lines).toEqual([
    'bank begins to fail 500',
    'bank works again (1 since 10:00:00)',
    'bank still fails (61 since 10:00:00) 500',
    'bank works again (61 since 10:00:00)',
  ])
})

test('a failure a minute after the end of another begins anew', () => {
  fail('500')
  now += 1000
  failures.worked('bank')
  now += 60_000
  fail('timeout')
  expect(lines.slice(2)).toEqual(['bank begins to fail timeout'])
})

test('of very many subjects the first are forgotten', () => {
  for (let i = 0; i <= 10_000; i++) fail('500', `endpoint ${i}`)
  lines.length = 0
  fail('500', 'endpoint 1')
  fail('500', 'endpoint 0')
  expect(lines).toEqual(['endpoint 0 begins to fail 500'])
})
