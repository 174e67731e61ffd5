import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Scripted, scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { advancePayout, takePayoutNotice } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import type { AskOutcome, PayoutProcessor, PayoutsContext } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'
import { createPayout } from './payouts.ts'

// Whom a payout is sent by and asked about, and when it is looked at next.

let service: TestService
let tenant: TestTenant
let ada: string

beforeAll(async () => {
  service = await openTestService()
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ;[ada] = (await createWallets(service, tenant, 1)) as [string]
  await createLedger(service)(tenant, commandsFor(service).payIn(ada, 10_000n))
})

const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada' } as const
let count = 0
const pay = async (context: PayoutsContext) => {
  const wanted = { customerCode: ada, amount: 10, destination, reference: `advancing-${count++}` }
  return (await createPayout(context, tenant, wanted, null)).payout
}
const inMs = (ms: number) => new Date(service.clock.now().getTime() + ms)
const now = (id: string): Promise<Payout> => getPayout(service, tenant, id)
const paid = { is: 'conclusive', end: { status: 'paid', fee: 0n } } as const
const unfinished = { is: 'exists', attention: null } as const
const lost = { is: 'unknown' } as const

/** A server that hears late that it has committed to send. */
async function sendLate(meanwhile: (id: string) => Promise<void>): Promise<Scripted & { id: string }> {
  const slow = scriptPayouts(service, unfinished)
  const { id } = await pay(slow.context)
  let hear: () => void = () => {}
  const heard = new Promise<void>((resolve) => {
    hear = resolve
  })
  const query: typeof service.db.query = async (statement) => {
    const rows = await service.db.query(statement)
    if ((await now(id)).state === 'sending') await heard
    return rows as never
  }
  const db = new Proxy(service.db, { get: (of, key) => (key === 'query' ? query : Reflect.get(of, key)) })
  const late = advancePayout({ ...slow.context, db }, tenant, id)
  await expect.poll(async () => (await now(id)).state).toBe('sending')
  await meanwhile(id)
  hear()
  await late
  return { ...slow, id }
}

describe('a sender that hears late of its commit', () => {
  test('sends what is still its own', async () => {
    const { sent, id } = await sendLate(async () => {
      service.clock.advance(3_000)
    })
    expect([sent.length, (await now(id)).state]).toEqual([1, 'sent'])
  })

  test('does not send what another one has sent meanwhile, and heard nothing of', async () => {
    const other = scriptPayouts(service, lost)
    const { sent, id } = await sendLate(async (id) => {
      service.clock.advance(60_000)
      await service.db.query(sql`
        update payouts set state = 'pending', processor = null, account_id = null, unsent_count = send_count, sent_at = null
        where merchant_id = ${tenant.merchant.id} and id = ${id}
      `)
      await advancePayout(other.context, tenant, id)
    })
    expect([sent.length, other.sent.length]).toEqual([0, 1])
    expect(await now(id)).toMatchObject({ state: 'sending', sendCount: 2 })
  })
})

/** A payout whose answer was lost, and that is sent once more. */
async function sendTwice(second: Scripted['send']): Promise<Scripted & { id: string }> {
  const script = scriptPayouts(service, lost)
  const { id } = await pay(script.context)
  await advancePayout(script.context, tenant, id)
  service.clock.advance(60_000)
  script.send = second
  await advancePayout(script.context, tenant, id)
  expect(script.sent).toHaveLength(2)
  return Object.assign(script, { id })
}

describe('a payout that was sent twice', () => {
  test('and surely not the second time stays with its account: the first may have arrived', async () => {
    const { id } = await sendTwice({ is: 'not_sent', why: 'no_connection', waitMs: 0 })
    expect(await now(id)).toMatchObject({ state: 'sending', accountId: 7n, dueAt: inMs(1_000) })
    await expect(cancelPayout(service, tenant, id)).rejects.toMatchObject({ code: 'payout_not_open' })
  })

  test('and was refused the second time is asked about soon', async () => {
    const { id } = await sendTwice({ is: 'refused', code: 'closed', reason: 'Closed' })
    expect(await now(id)).toMatchObject({ state: 'sending', stateCode: 'closed', dueAt: inMs(1_000) })
  })
})

test('a payout that its account neither takes nor finds is sent again at growing pauses', async () => {
  const script = scriptPayouts(service, lost)
  const { id, createdAt } = await pay(script.context)
  const sentAfterMs: number[] = []
  for (let looks = 0; sentAfterMs.length < 12; looks++) {
    expect(looks).toBeLessThan(100)
    await advancePayout(script.context, tenant, id)
    const { dueAt, sendCount, sentAt } = await now(id)
    if (sendCount > sentAfterMs.length) sentAfterMs.push((sentAt as Date).getTime() - createdAt.getTime())
    service.clock.advance(Math.max(1, (dueAt as Date).getTime() - service.clock.now().getTime()))
  }
  const pauses = sentAfterMs.slice(1).map((ms, i) => ms - (sentAfterMs[i] as number))
  const [early, later] = [pauses.slice(0, 4), pauses.slice(-4)]
  expect(Math.max(...early)).toBeLessThanOrEqual(60_000)
  expect(Math.min(...later)).toBeGreaterThan(10 * 60_000)
  expect(Math.max(...later)).toBeLessThanOrEqual(60 * 60_000)
})

test.each([
  [null, 1_000],
  [7_000, 7_000],
  [365 * 24 * 60 * 60_000, 60 * 60_000],
])('a payout whose account wants to be left alone for %s ms is tried again after %s ms', async (waitMs, afterMs) => {
  const script = scriptPayouts(service, { is: 'not_sent', why: 'rate_limited', waitMs })
  const { id } = await pay(script.context)
  await advancePayout(script.context, tenant, id)
  expect(await now(id)).toMatchObject({ state: 'pending', dueAt: inMs(afterMs) })
})

test('an answer that it was paid, and that comes after another look has booked its failure, is booked at once', async () => {
  const party = scriptPayouts(service, unfinished)
  const { id } = await pay(party.context)
  await advancePayout(party.context, tenant, id)
  expect((await now(id)).state).toBe('sent')
  let isAsked = false
  let answer: (outcome: AskOutcome) => void = () => {}
  party.ask = () =>
    new Promise((resolve) => {
      isAsked = true
      answer = resolve
    })
  const slow = advancePayout(party.context, tenant, id)
  await expect.poll(() => isAsked).toBe(true)
  party.ask = { is: 'conclusive', end: { status: 'failed', code: 'failed', reason: 'Refused' } }
  await advancePayout(party.context, tenant, id)
  expect((await now(id)).state).toBe('failed')
  answer(paid)
  await slow
  expect(await now(id)).toMatchObject({ state: 'paid', attention: 'late' })
})

test('a payout that its account knows is unknown no more', async () => {
  const script = scriptPayouts(service, lost, lost)
  const { id } = await pay(script.context)
  await advancePayout(script.context, tenant, id)
  expect((await now(id)).unknownSince).not.toBeNull()
  script.ask = unfinished
  await advancePayout(script.context, tenant, id)
  expect(await now(id)).toMatchObject({ state: 'sent', unknownSince: null })
})

test('a payout whose processor knows when it comes back is looked at then, and not before', async () => {
  const soon = (lookAfterMs: number) => ({ is: 'conclusive', end: { ...paid.end, lookAfterMs } }) as const
  const script = scriptPayouts(service, soon(90_000), soon(90_000))
  script.returnLooksMs = [10_000]
  const { id } = await pay(script.context)
  await advancePayout(script.context, tenant, id)
  expect(await now(id)).toMatchObject({ state: 'paid', dueAt: inMs(90_000) })
  service.clock.advance(40_000)
  script.ask = soon(50_000)
  await advancePayout(script.context, tenant, id)
  expect((await now(id)).dueAt).toEqual(inMs(50_000))
})

test.each([lost, unfinished, { is: 'not_found' } as const])(
  'a payout that has ended is at rest, although its account says: %o',
  async (says) => {
    const script = scriptPayouts(service, paid, paid)
    const { id, sentReference } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await takePayoutNotice(service, tenant, sentReference, 7n)
    expect((await now(id)).dueAt).not.toBeNull()
    script.ask = says
    await advancePayout(script.context, tenant, id)
    expect(await now(id)).toMatchObject({ state: 'paid', dueAt: null })
  },
)

describe('where another account is chosen after a payout was sent', () => {
  /** Answers how often the one that is chosen was asked. */
  async function askBoth(says: AskOutcome, chosen: Partial<PayoutProcessor> | null | 'manual'): Promise<number> {
    let asked = 0
    const script = scriptPayouts(service, lost, lost)
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    script.ask = says
    const sender = await script.context.payoutProcessorOf(service, tenant, 'new')
    const ask = async (): Promise<AskOutcome> => {
      asked += 1
      return paid
    }
    const other =
      chosen === null || chosen === 'manual'
        ? chosen
        : { ...(sender as PayoutProcessor), accountId: 8n, ask, ...chosen }
    const context = {
      ...script.context,
      payoutProcessorOf: async (_: unknown, __: unknown, which: unknown) => (which === 'new' ? other : sender),
    } as PayoutsContext
    await advancePayout(context, tenant, id)
    expect((await now(id)).state).toBe(asked > 0 ? 'paid' : says.is === 'exists' ? 'sent' : 'sending')
    return asked
  }

  test('that account is asked where the sender says nothing, and knows it', async () => {
    expect(await askBoth(lost, {})).toBe(1)
  })

  test('that account is not asked where the sender says something, nor a person, nobody, the sandbox or the sender again', async () => {
    for (const says of [unfinished, { is: 'not_found' }, { is: 'unknown', differences: ['amount'] }] as const)
      expect(await askBoth(says, {})).toBe(0)
    for (const chosen of [null, 'manual', { accountId: 0n }, { accountId: 7n }] as const)
      expect(await askBoth(lost, chosen)).toBe(0)
  })
})
