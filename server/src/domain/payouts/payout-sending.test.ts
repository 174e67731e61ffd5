import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Scripted, scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import { setPaused } from '../payments/sending-pauses.ts'
import { advancePayout } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import { decidePayout } from './payout-ending.ts'
import type { PayoutsContext, SendOutcome } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'
import {
  adoptOrder,
  beginAgain,
  beginSending,
  giveToPerson,
  leaveSending,
  noteAccount,
  noteCooling,
  noteKnowledge,
  noteRefusal,
  putBack,
  senderMs,
} from './payout-sending.ts'
import { settlePayout } from './payout-settlements.ts'
import { openStates } from './payout-states.ts'
import { createPayout, type NewPayout } from './payouts.ts'
import { createRecipient, updateRecipient } from './recipients.ts'

// Each step of sending is one statement, which looks at the row once more: what was read before may have changed since.

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
const pay = async (more: Partial<NewPayout> = {}) => {
  const wanted = { customerCode: ada, amount: 10, destination, reference: `sending-${count++}`, ...more }
  return (await createPayout(service, tenant, wanted, null)).payout
}
const inMs = (ms: number) => new Date(service.clock.now().getTime() + ms)
const byHand = (): PayoutsContext => ({ ...service, payoutProcessorOf: async () => 'manual' })

/** A payout that was sent, and what its sender has learned. */
async function sent(send: SendOutcome): Promise<Payout> {
  const script: Scripted = scriptPayouts(service, send, { is: 'unknown' })
  const { id } = await pay()
  await advancePayout(script.context, tenant, id)
  return getPayout(service, tenant, id)
}

/** A payout in each place where a step may find it. */
const places: Record<string, () => Promise<Payout>> = {
  pending: () => pay(),
  'waiting after it was not sent': () => sent({ is: 'not_sent', why: 'short_of_funds', waitMs: 5000 }),
  sending: () => sent({ is: 'unknown' }),
  sent: () => sent({ is: 'exists', attention: null }),
  'paid out by a person': async () => {
    const { id } = await pay()
    await giveToPerson(service, tenant, await getPayout(service, tenant, id))
    return getPayout(service, tenant, id)
  },
  'about to be cancelled': async () => {
    const { id } = await pay()
    await decidePayout(service, tenant, id, { verdict: 'cancelled', from: ['pending'] })
    return getPayout(service, tenant, id)
  },
  'about to be paid': async () => {
    const { id } = await sent({ is: 'unknown' })
    await decidePayout(service, tenant, id, { verdict: 'paid', from: openStates })
    return getPayout(service, tenant, id)
  },
  cancelled: async () => cancelPayout(service, tenant, (await pay()).id),
  'paid by hand': async () => settlePayout(byHand(), tenant, (await pay()).id, { outcome: 'paid', proof: 'FT1' }),
}

const waiting = { code: 'no_connection', reason: 'It cannot be reached', said: null, isForPerson: false }
const knowledge = { state: 'sent', attention: null, isUnknown: false } as const

/** Each step, as a sender does it that has read the payout; and where it changes anything. */
const steps: Record<string, { do: (payout: Payout) => Promise<unknown>; where: string[] }> = {
  'begins to send': {
    do: (payout) => beginSending(service, tenant, payout, 7n),
    where: ['pending', 'waiting after it was not sent'],
  },
  'leaves it to others': {
    do: (payout) => leaveSending(service, tenant, payout.id),
    where: ['pending', 'waiting after it was not sent', 'paid out by a person', 'about to be cancelled'],
  },
  'begins to send again': { do: (payout) => beginAgain(service, tenant, payout), where: ['sending'] },
  'puts it back': {
    do: (payout) => putBack(service, tenant, payout, { ...waiting, dueAt: inMs(0) }),
    where: ['sending'],
  },
  'notes what is known': {
    // No row can say so of an order that was not sent.
    do: (payout) => noteKnowledge(service, tenant, payout, { ...knowledge, dueAt: inMs(1) }).catch(() => {}),
    where: ['sending', 'sent'],
  },
  'notes a refusal': {
    do: (payout) => noteRefusal(service, tenant, payout, { code: 'closed', reason: 'Closed' }),
    where: ['sending'],
  },
  'notes its account': {
    do: (payout) => noteAccount(service, tenant, payout, 9n),
    where: ['sending', 'sent', 'about to be paid'],
  },
  'leaves it to a person': {
    do: (payout) => giveToPerson(service, tenant, payout),
    where: ['pending', 'waiting after it was not sent', 'paid out by a person'],
  },
  'lets it cool down': {
    do: (payout) => noteCooling(service, tenant, payout, inMs(1)),
    where: ['pending', 'waiting after it was not sent'],
  },
  'is told by an account': {
    do: (payout) => adoptOrder(service, tenant, payout.sentReference, 9n),
    where: ['pending', 'waiting after it was not sent', 'paid out by a person', 'about to be cancelled', 'cancelled'],
  },
}

const rowOf = async ({ id }: Payout) =>
  (await service.db.query(sql`select p.* from payouts p where p.id = ${id}`))[0] as Record<string, unknown>
const eventCount = async () =>
  (await service.db.query(sql`select id from events where merchant_id = ${tenant.merchant.id}`)).length

describe.each(Object.entries(steps))('whoever %s', (_, step) => {
  test.each(Object.entries(places))('finds a payout that is %s', async (place, make) => {
    const payout = await make()
    const [before, told] = [await rowOf(payout), await eventCount()]
    // Another one, of which nothing may change.
    const [other, rest] = [await make(), async () => rowOf(other)]
    const untouched = await rest()
    const toldOfOther = (await eventCount()) - told
    service.clock.advance(1)
    await step.do(payout)
    expect(await rest()).toEqual(untouched)
    if (step.where.includes(place)) return expect(await rowOf(payout)).not.toEqual(before)
    expect(await rowOf(payout)).toEqual(before)
    expect(await eventCount()).toBe(told + toldOfOther)
  })
})

test('a sender that another one has overtaken changes nothing any more', async () => {
  const old = await sent({ is: 'unknown' })
  expect(await beginAgain(service, tenant, old)).toStrictEqual(await getPayout(service, tenant, old.id))
  expect(await getPayout(service, tenant, old.id)).toMatchObject({ sendCount: 2 })
  const now = await rowOf(old)
  expect(now).toMatchObject({ send_count: 2, due_at: inMs(senderMs), sent_at: inMs(0) })
  service.clock.advance(1)
  expect(await beginAgain(service, tenant, old)).toBeNull()
  await putBack(service, tenant, old, { ...waiting, dueAt: inMs(0) })
  await noteKnowledge(service, tenant, old, { ...knowledge, dueAt: inMs(0) })
  await noteRefusal(service, tenant, old, { code: 'closed', reason: 'Closed' })
  expect(await rowOf(old)).toEqual(now)
  // Of two sendings the first may have arrived, so the order is not put back.
  await putBack(service, tenant, await getPayout(service, tenant, old.id), { ...waiting, dueAt: inMs(0) })
  expect(await rowOf(old)).toEqual(now)
})

test('a payout that begins to be sent is its sender’s for a while, and is not begun twice', async () => {
  const [payout, sandboxed] = [await pay(), await pay()]
  const answer = await beginSending(service, tenant, payout, 7n)
  expect(answer).toStrictEqual({ begun: await getPayout(service, tenant, payout.id) })
  expect(answer).toMatchObject({ begun: { state: 'sending', sendCount: 1 } })
  const begun = { state: 'sending', account_id: 7n, processor: 'paystack', due_at: inMs(senderMs), sent_at: inMs(0) }
  expect(await rowOf(payout)).toMatchObject(begun)
  expect(await beginSending(service, tenant, payout, 7n)).toBeNull()
  expect(await beginSending(service, tenant, sandboxed, 0n)).toMatchObject({ begun: { sendCount: 1 } })
  expect(await rowOf(sandboxed)).toMatchObject({ processor: 'sandbox', account_id: 0n })
})

test('while sending is paused no payout begins to be sent, and afterwards each does', async () => {
  const [payout, neighbour] = [await pay(), await createTestTenant(service)]
  await inTransaction(service, (tx) => setPaused(tx, tenant, true, 'merchant'))
  await inTransaction(service, (tx) => setPaused(tx, neighbour, true, 'merchant'))
  expect(await beginSending(service, tenant, payout, 7n)).toBeNull()
  expect(await rowOf(payout)).toMatchObject({ state: 'pending', send_count: 0 })
  await inTransaction(service, (tx) => setPaused(tx, tenant, false, 'merchant'))
  const begun = await beginSending(service, tenant, payout, 7n)
  expect(begun).toStrictEqual({ begun: await getPayout(service, tenant, payout.id) })
  expect(begun).toMatchObject({ begun: { state: 'sending', sendCount: 1 } })
})

test('a payout whose recipient was deactivated is neither sent nor given to a person, whoever else is active', async () => {
  const recipient = await createRecipient(service, tenant, { ...destination, accountNumber: '0123456780' })
  const payout = await pay({ destination: { recipientCode: recipient.code } })
  await pay()
  await inTransaction(service, (tx) => updateRecipient(tx, tenant, recipient.code, { isActive: false }))
  for (const look of [() => beginSending(service, tenant, payout, 7n), () => giveToPerson(service, tenant, payout)]) {
    expect(await look()).toMatchObject({ refusal: 'recipient_inactive' })
    expect(await rowOf(payout)).toMatchObject({ state: 'pending', send_count: 0, processor: null })
  }
})

test('a payout that waits for its account says what for, in the account’s own words where it has any', async () => {
  const payout = await sent({ is: 'unknown' })
  const forPerson = { ...waiting, code: 'not_enabled', isForPerson: true, said: 'x'.repeat(400), dueAt: inMs(5) }
  await putBack(service, tenant, payout, forPerson)
  expect(await rowOf(payout)).toMatchObject({
    ...{ state: 'pending', state_code: 'not_enabled', attention: 'not_enabled', account_id: null, due_at: inMs(5) },
    ...{ state_reason: `It cannot be reached. It said: ${'x'.repeat(300)}`, attention_reason: 'It cannot be reached' },
  })
  const silent = await sent({ is: 'unknown' })
  await putBack(service, tenant, silent, { ...waiting, dueAt: inMs(5) })
  expect(await rowOf(silent)).toMatchObject({ state_reason: 'It cannot be reached', attention: null })
})

test('what a payout waits for is told once, whatever another one of its merchant waits for', async () => {
  await pay()
  const payout = await sent({ is: 'unknown' })
  const told = await eventCount()
  await putBack(service, tenant, payout, { ...waiting, dueAt: inMs(5) })
  expect(await eventCount()).toBe(told + 1)
  await beginSending(service, tenant, payout, 7n)
  await putBack(service, tenant, await getPayout(service, tenant, payout.id), { ...waiting, dueAt: inMs(5) })
  expect(await rowOf(payout)).toMatchObject({ state: 'pending', send_count: 2, unsent_count: 2 })
  expect(await eventCount()).toBe(told + 1)
})

test('an order that its account tells of belongs to it from then on, and one that was decided keeps its end', async () => {
  const [open, decided] = [await pay(), await cancelPayout(service, tenant, (await pay()).id)]
  for (const { sentReference } of [open, decided]) await adoptOrder(service, tenant, sentReference, 9n)
  expect(await rowOf(open)).toMatchObject({ state: 'sending', account_id: 9n, state_code: null })
  expect(await rowOf(decided)).toMatchObject({ state: 'cancelled', account_id: 9n, due_at: inMs(0) })
  const later = await pay()
  await noteCooling(service, tenant, later, inMs(1000))
  await adoptOrder(service, tenant, later.sentReference, 9n)
  expect(await rowOf(later)).toMatchObject({ state: 'sending', state_code: null, state_reason: null })
})

test('a new state and a new reason to look are told, and each once', async () => {
  const payout = await sent({ is: 'unknown' })
  const told = async () => {
    const rows = await service.db.query<{ type: string }>(sql`
      select type from events where merchant_id = ${tenant.merchant.id} and type like 'payout.%' order by id
    `)
    return rows.slice(2).map(({ type }) => type)
  }
  const attention = { code: 'unknown', reason: 'Nobody can say' }
  const know = async (state: 'sending' | 'sent', why: typeof attention | null) => {
    const now = await getPayout(service, tenant, payout.id)
    await noteKnowledge(service, tenant, now, { state, attention: why, isUnknown: why !== null, dueAt: inMs(0) })
  }
  for (const why of [null, attention]) await know('sending', why)
  expect(await told()).toEqual(['payout.needs_attention'])
  await know('sending', attention)
  expect(await told()).toEqual(['payout.needs_attention'])
  for (const why of [attention, null, null]) await know('sent', why)
  expect(await told()).toEqual(['payout.needs_attention', 'payout.sent'])
  expect(await getPayout(service, tenant, payout.id)).toMatchObject({ unknownSince: null, attention: null })
})
