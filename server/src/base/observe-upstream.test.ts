import { beforeEach, expect, test } from 'vitest'
import { openTestLog, type TestLog } from '../../test/log-lines.ts'
import { ServiceError } from './errors.ts'
import { createFailureLog } from './failure-log.ts'
import { createMeter, type Meter } from './meter.ts'
import { observeCalls, observeUpstream } from './observe-upstream.ts'
import { UpstreamError } from './upstream-error.ts'

let now: number
let log: TestLog
let meter: Meter
beforeEach(() => {
  now = Date.parse('2026-01-15T10:00:00.000Z')
  log = openTestLog()
  meter = createMeter()
})

/** An upstream with one operation, which throws or answers what it is told to. */
function observed(outcomes: unknown[]) {
  const failures = createFailureLog({ now: () => new Date(now) }, log.log)
  return observeUpstream({ meter, failures }, 'bank', {
    patienceMs: 5,
    async resolve(number: string) {
      const outcome = outcomes.shift()
      if (outcome instanceof Error) throw outcome
      return `${number} ${outcome}`
    },
  })
}

const answering = (status: number) =>
  new UpstreamError('resolve', status < 500 ? 'refused' : 'failed', status, { cause: 'ada@example.com is unknown' })
const timeout = Object.assign(new Error('the operation timed out'), { name: 'TimeoutError' })
const unreachable = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })

async function countOf(outcome: string): Promise<number> {
  const name = `mteja_upstream_call_duration_seconds_count{upstream="bank",operation="resolve",outcome="${outcome}"}`
  return Number((await meter.render()).split(`${name} `)[1]?.split('\n')[0] ?? 0)
}

test('calls go through, with their arguments, answers and errors; other members stay', async () => {
  const bank = observed(['Ada', timeout])
  expect(bank.patienceMs).toBe(5)
  expect(await bank.resolve('7')).toBe('7 Ada')
  await expect(bank.resolve('7')).rejects.toBe(timeout)
})

test('an upstream that answers 401, then 500, then nothing, then well again is logged in four lines and counted by outcome', async () => {
  const outcomes = [answering(401), answering(401), answering(500), answering(500), timeout, unreachable, 'Ada', 'Ada']
  const bank = observed([...outcomes])
  for (const _ of outcomes) {
    await bank.resolve('0123456789').catch(() => {})
    now += 30_000
  }
  const subject = 'upstream bank resolve'
  const since = '2026-01-15T10:00:00.000Z'
  expect(log.lines).toEqual([
    { level: 40, subject, outcome: 'refused', status: 401, msg: 'begins to fail' },
    { level: 40, subject, failures: 3, since, outcome: 'failed', status: 500, msg: 'still fails' },
    { level: 40, subject, failures: 5, since, outcome: 'timed_out', msg: 'still fails' },
    { level: 40, subject, failures: 6, since, msg: 'works again' },
  ])
  expect(await Promise.all(['refused', 'failed', 'timed_out', 'unreachable', 'answered'].map(countOf))).toEqual([
    2, 2, 1, 1, 2,
  ])
})

test('a refusal for a reason of the domain is an answer, not a failure', async () => {
  const bank = observed([new ServiceError('account_not_resolved', 'There is no such account')])
  await expect(bank.resolve('7')).rejects.toThrow(ServiceError)
  expect([await countOf('answered'), log.lines]).toEqual([1, []])
})

test('a fault of ours is logged with its place, and what an upstream says is logged nowhere', async () => {
  const unreadable = await new Response('ada@example.com').json().catch((error: Error) => error)
  const bank = observed([new TypeError('ada@example.com is no function'), unreadable, answering(503)])
  for (let i = 0; i < 3; i++) {
    await bank.resolve('0123456789').catch(() => {})
    now += 60_000
  }
  expect(log.lines).toMatchObject([
    { outcome: 'fault', stack: expect.stringContaining('observe-upstream.test.ts') },
    { outcome: 'malformed' },
    { outcome: 'failed', status: 503 },
  ])
  expect(log.text()).not.toMatch(/ada@example|0123456789/)
})

test('an upstream that reports its calls itself is logged and counted in the same words, and a refusal is an answer', async () => {
  const observe = observeCalls({ meter, failures: createFailureLog({ now: () => new Date(now) }, log.log) }, 'bank')
  for (const outcome of ['failed', 'refused', 'answered']) observe('resolve', outcome, 20)
  const subject = 'upstream bank resolve'
  expect(log.lines).toMatchObject([
    { subject, outcome: 'failed', msg: 'begins to fail' },
    { subject, failures: 1, msg: 'works again' },
  ])
  expect(await Promise.all(['failed', 'refused', 'answered'].map(countOf))).toEqual([1, 1, 1])
})
