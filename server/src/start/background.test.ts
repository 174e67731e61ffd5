import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { openTestLog, type TestLog } from '../../test/log-lines.ts'
import { createTestContext, openTestService, type TestContext, type TestService } from '../../test/service.ts'
import { defaultRetention } from '../domain/retention/retention.ts'
import { overlapping, rounds, startBackground, workers } from './background.ts'

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())

let log: TestLog
let context: TestContext
beforeEach(() => {
  log = openTestLog()
  context = createTestContext(service.db, log.log)
})

/** Runs a task that answers, or throws, what it is told to; answers when it has been run so often. */
async function runRounds(outcomes: (number | Error)[], betweenRounds = () => {}): Promise<void> {
  let round = 0
  const { start } = rounds('holds', 1, async () => {
    betweenRounds()
    const outcome = outcomes[round++] ?? 0
    if (outcome instanceof Error) throw outcome
    return outcome
  })
  const stop = start(context)
  await vi.waitFor(() => expect(round).toBeGreaterThan(outcomes.length), 60_000)
  await stop()
}

test('work that fails is logged when it begins, once a minute and when it ends, and tried again each round', async () => {
  const away = new TypeError('a bug')
  await runRounds([3, away, away, away, 2], () => context.clock.advance(30_000))
  const subject = 'background holds'
  const since = '2026-01-15T10:31:00.000Z'
  expect(log.lines).toMatchObject([
    { level: 40, subject, msg: 'begins to fail', err: { type: 'TypeError', message: 'a bug' } },
    { level: 40, subject, msg: 'still fails', failures: 3, since, err: { type: 'TypeError' } },
    { level: 40, subject, msg: 'works again', failures: 3, since },
  ])
  expect(await context.meter.render()).toContain('mteja_background_done_total{task="holds"} 5\n')
  expect(await context.meter.render()).toContain('mteja_background_failures_total{task="holds"} 3\n')
})

test('work without failures writes no line', async () => {
  await runRounds([0, 1, 2])
  expect(log.lines).toEqual([])
})

test('one start does all the work there is, webhooks too, and a stop ends it', async () => {
  const stop = startBackground(context)
  const shown = await context.meter.render()
  for (const { task } of workers) expect(shown).toContain(`mteja_background_done_total{task="${task}"} 0\n`)
  await stop()
  expect(workers.map(({ task }) => task)).toContain('deliveries')
  expect(log.lines).toEqual([])
})

test('a database that is away is told once by each task, not once by each round', async () => {
  const away = vi.spyOn(service.db, 'query').mockRejectedValue(new Error('away'))
  const failing = { ...createTestContext(service.db, log.log), retention: defaultRetention }
  const stop = startBackground(failing)
  await vi.waitFor(() => expect(log.lines.length).toBeGreaterThan(workers.length), 60_000)
  await new Promise((resolve) => setTimeout(resolve, 600))
  await stop()
  away.mockRestore()
  const subjects = [...workers.map(({ task }) => `background ${task}`), 'look at accounts']
  expect(log.lines.map(({ subject }) => subject).sort()).toEqual(subjects.sort())
})

test('a round that waits for a slow party does not keep the next one waiting, and a stop waits for it', async () => {
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  let round = 0
  let hasEnded = false
  const { start } = overlapping('payouts', 1, async () => {
    round += 1
    if (round === 1) await answered
    return 1
  })
  const stop = start(context)
  await vi.waitFor(() => expect(round).toBeGreaterThan(2), 60_000)
  const stopped = stop().then(() => {
    hasEnded = true
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(hasEnded).toBe(false)
  answer()
  await stopped
  expect(await context.meter.render()).toContain(`mteja_background_done_total{task="payouts"} ${round}\n`)
})
