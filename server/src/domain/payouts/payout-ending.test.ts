import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { hire } from '../../../test/people.ts'
import { type Scripted, scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { cash, commandsFor, createLedger, createWallets, type Ledger } from '../../../test/wallets.ts'
import { maxAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { decideApproval } from '../approvals/decisions.ts'
import { inTransaction } from '../context.ts'
import { deleteCustomers } from '../customers/customer-deletion.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { eraseCustomer } from '../personal-data/erasure.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import { advanceDuePayouts, advancePayout, takePayoutNotice } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import { decidePayout } from './payout-ending.ts'
import type { AskOutcome, PayoutProcessor, PayoutsContext } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'
import { changePayoutSettings } from './payout-settings.ts'
import { type Settlement, settlePayout } from './payout-settlements.ts'
import { createPayout, type NewPayout } from './payouts.ts'

// Where the money of a payout that has ended goes, whose doing it is, and when its account is asked once more.

let service: TestService
let tenant: TestTenant
let ada: string
let ledger: Ledger
const make = () => commandsFor(service)

beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ;[ada] = (await createWallets(service, tenant, 1)) as [string]
  ledger = createLedger(service)
  await ledger(tenant, make().payIn(ada, 1000n))
})

const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada' } as const
let count = 0
const wanted = (more: Partial<NewPayout> = {}): NewPayout => ({
  ...{ customerCode: ada, amount: 300, destination, reference: `ending-${count++}` },
  ...more,
})
const pay = async (context: PayoutsContext = service, more: Partial<NewPayout> = {}, who: Tenant = tenant) =>
  (await createPayout(context, who, wanted(more), null)).payout
const paid = (fee: bigint | null = 0n) => ({ is: 'conclusive', end: { status: 'paid', fee } }) as const
const failed = { is: 'conclusive', end: { status: 'failed', code: 'closed', reason: 'Account closed' } } as const
const returned = { is: 'conclusive', end: { status: 'returned', reason: 'Sent back to Ada', fee: null } } as const
const unfinished = { is: 'exists', attention: null } as const
const release: Settlement = { outcome: 'failed', proof: 'Statement of 3 May', reason: 'The bank never had it' }
const inMs = (ms: number) => new Date(service.clock.now().getTime() + ms)
const funds = async (code = ada) => {
  const { posted, held, owed } = await getBalance(service, tenant, code, 'ZAR')
  return { posted, held, owed }
}
const merchantFunds = async () => (await getMerchantBalance(service, tenant, 'ZAR')).posted
/** What the accounts of a kind have, by their party. */
const posted = async (kind: string) => {
  const rows = await service.db.query<{ party_id: bigint; posted: bigint }>(sql`
    select party_id, posted from ledger_accounts
    where merchant_id = ${tenant.merchant.id} and kind = ${kind} and currency = 'ZAR' and posted <> 0
  `)
  return Object.fromEntries(rows.map(({ party_id, posted }) => [Number(party_id), posted]))
}
const actors = async (kind: string) => {
  const rows = await service.db.query<{ actor_id: number | null }>(sql`
    select actor_id from ledger_transactions where merchant_id = ${tenant.merchant.id} and kind = ${kind}
  `)
  return rows.map(({ actor_id }) => actor_id)
}
/** Makes a payout and sends it; its account says then what it says. */
async function sendOne(ask: AskOutcome, more: Partial<NewPayout> = {}): Promise<Scripted & { id: string }> {
  const script = scriptPayouts(service, unfinished, unfinished)
  script.returnLooksMs = [10_000, 60_000]
  const { id } = await pay(script.context, more)
  await advancePayout(script.context, tenant, id)
  script.ask = ask
  await advancePayout(script.context, tenant, id)
  return Object.assign(script, { id })
}
/** A payout that a person has released, because nobody knew its end. */
async function letGo(): Promise<Scripted & { id: string }> {
  const script = await sendOne({ is: 'unknown' })
  service.clock.advance(60 * 60_000)
  await advancePayout(script.context, tenant, script.id)
  await settlePayout(script.context, tenant, script.id, release)
  return script
}

describe('the account of a payout', () => {
  test('is asked once more after a paid one and a released one, and not after one that has failed', async () => {
    const of = async ({ id }: { id: string }) => (await getPayout(service, tenant, id)).dueAt
    expect(await of(await sendOne(paid()))).toEqual(inMs(10_000))
    expect(await of(await sendOne(failed))).toBeNull()
    expect(await of(await letGo())).toEqual(inMs(1_000))
    const cancelled = await pay()
    await cancelPayout(service, tenant, cancelled.id)
    expect(await of(cancelled)).toBeNull()
  })

  test('is the outside that its money goes to, and money that people pay out has an outside of its own', async () => {
    const first: PayoutsContext = {
      ...service,
      payoutProcessorOf: async () => ({ ...(await sendOneProcessor()), accountId: 2n }),
    }
    await advancePayout(first, tenant, (await pay(first, { amount: 10 })).id)
    await sendOne(paid(), { amount: 20 })
    const byHand: PayoutsContext = { ...service, payoutProcessorOf: async () => 'manual' }
    const { id } = await pay(byHand, { amount: 30 })
    await settlePayout(byHand, tenant, id, { outcome: 'paid', proof: 'FT1' })
    const outside = await posted('outside')
    expect(outside).toMatchObject({ 2: 10n, 7: 20n })
    expect(Object.values(outside).toSorted((a, b) => Number(a - b))).toEqual([-1000n, 10n, 20n, 30n])
  })
})

const sendOneProcessor = async () =>
  (await scriptPayouts(service, paid(), paid()).context.payoutProcessorOf(service, tenant, 'new')) as PayoutProcessor

test('a payout is moved by whoever asked for it, and what its bank or its account does is nobody’s', async () => {
  const asker = await hire(service, tenant, 'Asker')
  const script = scriptPayouts(service, unfinished, paid())
  const made = async () => {
    const { id } = await pay(script.context, {}, asker)
    await advancePayout(script.context, tenant, id)
    await advancePayout(script.context, tenant, id)
    return id
  }
  const id = await made()
  expect(await actors('payout')).toEqual([asker.actor?.id])
  script.ask = returned
  await advancePayout(script.context, tenant, id)
  expect(await actors('payout_returned')).toEqual([null])
  script.ask = unfinished
  const second = await made()
  await ledger(tenant, make().chargeBack(ada, 1500n))
  script.ask = failed
  await advancePayout(script.context, tenant, second)
  expect(await actors('repayment')).toEqual([null])
})

test('a fee that was expected is taken out of what is reserved, so that whoever has spent the rest owes nothing', async () => {
  await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy: 'owner' }))
  const script = scriptPayouts(service, unfinished, paid(20n))
  script.fee = 25n
  const { id } = await pay(script.context)
  await ledger(tenant, make().purchase(ada, 675n))
  for (let step = 0; step < 2; step++) await advancePayout(script.context, tenant, id)
  expect(await funds()).toEqual({ posted: 5n, held: 0n, owed: 0n })
  const moved = await service.db.query<{ kind: string }>(sql`
    select kind from ledger_transactions where merchant_id = ${tenant.merchant.id} order by kind
  `)
  expect(moved.map(({ kind }) => kind)).toEqual(['pay_in', 'payout', 'processor_fee', 'purchase'])
})

describe('a payout that was paid after its money had been released', () => {
  const late = async (script: Scripted & { id: string }, fee: bigint | null) => {
    script.ask = paid(fee)
    await advancePayout(script.context, tenant, script.id)
    return getPayout(service, tenant, script.id)
  }

  test.each([
    ['merchant', null, null, 700n, 0n],
    ['merchant', 0n, 0n, 700n, 0n],
    ['merchant', 1n, 1n, 700n, -1n],
    ['owner', 25n, 25n, 675n, 0n],
  ] as const)('is booked with its fee, borne by the %s: %s', async (feesBorneBy, told, fee, left, fees) => {
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy }))
    const script = await letGo()
    const booked = { state: 'paid', isLate: true, fee, bookedFee: fee ?? 0n, stateCode: null, dueAt: inMs(1_000) }
    expect(await late(script, told)).toMatchObject({ ...booked, attention: 'late', movementId: expect.any(String) })
    expect(await funds()).toEqual({ posted: left, held: 0n, owed: 0n })
    expect((await posted('processor_fees'))[0] ?? 0n).toBe(fees)
    await late(script, told)
    expect(await funds()).toEqual({ posted: left, held: 0n, owed: 0n })
  })

  test('is booked with what its fee is more than the account has kept before', async () => {
    const script = await sendOne({ is: 'conclusive', end: { status: 'returned', reason: 'Sent back', fee: 10n } })
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'failed', fee: 10n, bookedFee: 10n })
    expect(await posted('processor_fees')).toEqual({ 0: -10n })
    service.clock.advance(60_000)
    expect(await late(script, 25n)).toMatchObject({ state: 'paid', isLate: true, fee: 25n, bookedFee: 25n })
    expect(await posted('processor_fees')).toEqual({ 0: -25n })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
  })

  const ends: Record<'cancelled' | 'denied', () => Promise<Payout>> = {
    cancelled: async () => cancelPayout(service, tenant, (await pay()).id),
    denied: async () => {
      const asker = await hire(service, tenant, 'Asker')
      const limits = [{ currency: 'ZAR', amountOver: 100 }]
      await inTransaction(service, (tx) => changeApprovalSettings(tx, tenant, { limits }))
      const { id, approvalId } = await pay(service, {}, asker)
      const name = { id: approvalId as string }
      await inTransaction(service, (tx) => decideApproval(tx, asker, name, { status: 'denied', reason: null }))
      await advancePayout(service, tenant, id)
      return getPayout(service, tenant, id)
    },
  }

  test.each(['cancelled', 'denied'] as const)(
    'although it was %s, is a fact as well with its fee, and cannot be cancelled',
    async (state) => {
      const script = scriptPayouts(service, unfinished, paid(25n))
      const payout = await ends[state]()
      const { id, sentReference } = payout
      expect(payout.state).toBe(state)
      // A backup was restored: the account has an order that was never sent from here.
      await takePayoutNotice(service, tenant, sentReference, 7n)
      await advancePayout(script.context, tenant, id)
      const late = { state: 'paid', isLate: true, stateReason: null, fee: 25n, bookedFee: 25n, attention: 'late' }
      expect(await getPayout(service, tenant, id)).toMatchObject(late)
      expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
      expect(await posted('processor_fees')).toEqual({ 0: -25n })
      await expect(cancelPayout(service, tenant, id)).rejects.toMatchObject({ code: 'payout_not_open' })
      await expect(cancelPayout(service, tenant, 'nonsense')).rejects.toMatchObject({ code: 'payout_not_found' })
    },
  )
})

describe('money that comes back', () => {
  test('is the merchant’s where the merchant had paid it out, in the words of the bank', async () => {
    await ledger(tenant, make().purchase(ada, 1000n))
    const script = await sendOne(paid(25n), { customerCode: undefined })
    expect(await merchantFunds()).toBe(700n)
    script.ask = returned
    await advancePayout(script.context, tenant, script.id)
    expect(await merchantFunds()).toBe(1000n)
    // The fee has paid for a transfer that was made.
    expect(await posted('processor_fees')).toEqual({ 0: -25n })
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ stateReason: 'Sent back to Ada' })
  })

  test.each([
    ['owner', 50n, 80n, 920n, {}],
    ['owner', 50n, 20n, 980n, {}],
    ['merchant', 0n, 25n, 1000n, { 0: -25n }],
  ] as const)(
    'before anybody has seen it paid has cost what its account has kept, once: borne by the %s, expected %s, in truth %s',
    async (feesBorneBy, expected, fee, left, ofMerchant) => {
      await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy }))
      const script = scriptPayouts(service, unfinished, unfinished)
      script.fee = expected
      const { id } = await pay(script.context)
      await advancePayout(script.context, tenant, id)
      script.ask = { is: 'conclusive', end: { ...returned.end, fee } }
      await Promise.all([1, 2].map(() => advancePayout({ ...script.context }, tenant, id)))
      const back = { state: 'failed', stateCode: 'reversed', fee, bookedFee: fee, dueAt: null }
      expect(await getPayout(service, tenant, id)).toMatchObject(back)
      expect(await funds()).toEqual({ posted: left, held: 0n, owed: 0n })
      expect(await posted('processor_fees')).toEqual(ofMerchant)
      expect((await posted('outside'))[7]).toBe(fee)
      // Its fee is the same one if it was paid all the same.
      script.ask = paid(fee + 1n)
      for (let times = 0; times < 2; times++) await advancePayout(script.context, tenant, id)
      expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee: fee + 1n, bookedFee: fee + 1n })
      expect((await posted('outside'))[7]).toBe(300n + fee + 1n)
    },
  )

  test.each([
    ['deleted', () => deleteCustomers(service, tenant, [ada])],
    ['being erased', () => inTransaction(service, (tx) => eraseCustomer({ ...service, ...tx }, tenant, ada))],
  ])('is the merchant’s where its owner is %s, and the bank’s words are not kept', async (_, leave) => {
    const [bob] = (await createWallets(service, tenant, 1)) as [string]
    await ledger(tenant, make().payIn(bob, 300n))
    const [script, other] = [await sendOne(paid(), { amount: 1000 }), await sendOne(paid(), { customerCode: bob })]
    await leave()
    for (const each of [script, other]) {
      each.ask = returned
      await advancePayout(each.context, tenant, each.id)
    }
    expect([await merchantFunds(), (await funds(bob)).posted]).toEqual([1000n, 300n])
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ stateReason: 'The money has come back' })
    expect(await getPayout(service, tenant, other.id)).toMatchObject({ stateReason: 'Sent back to Ada' })
  })

  test('ends what a person has settled as paid, with its fee, which cannot be settled so again', async () => {
    const script = await sendOne({ is: 'unknown' })
    service.clock.advance(60 * 60_000)
    await advancePayout(script.context, tenant, script.id)
    const settlement = { ...release, outcome: 'paid', fee: 1n } as const
    await settlePayout(script.context, tenant, script.id, settlement)
    expect(await posted('processor_fees')).toEqual({ 0: -1n })
    script.ask = failed
    await advancePayout(script.context, tenant, script.id)
    const again = settlePayout(script.context, tenant, script.id, settlement)
    await expect(again).rejects.toMatchObject({ code: 'payout_not_open' })
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
    expect(await posted('processor_fees')).toEqual({})
  })
})

test('a payout that comes back after a person has settled it as paid keeps the words of that person', async () => {
  const script = await sendOne({ is: 'unknown' })
  service.clock.advance(60 * 60_000)
  await advancePayout(script.context, tenant, script.id)
  await settlePayout(script.context, tenant, script.id, { ...release, outcome: 'paid' })
  service.clock.advance(60_000)
  script.ask = returned
  await advancePayout(script.context, tenant, script.id)
  expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', proof: release.proof })
  expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
})

test('a payout whose money cannot move is told, and is not said to be paid; what has moved is no failure', async () => {
  const told: string[] = []
  const failures = { ...service.failures, failed: (what: string) => void told.push(what) }
  const script = scriptPayouts({ ...service, failures }, unfinished, paid())
  const { id } = await pay(script.context)
  await advancePayout(script.context, tenant, id)
  await advancePayout(script.context, tenant, id)
  expect(told).toEqual([])
  const other = await pay(script.context)
  await advancePayout(script.context, tenant, other.id)
  // The account has had as much as there is.
  const [bob] = (await createWallets(service, tenant, 1)) as [string]
  await ledger(tenant, make().book('chargeback', cash(bob), { kind: 'outside', at: 7n }, maxAmount - 300n))
  await expect(advancePayout(script.context, tenant, other.id)).rejects.toMatchObject({ code: 'balance_limit' })
  expect(await getPayout(service, tenant, other.id)).toMatchObject({ state: 'sent', endedAt: null })
  expect((await funds()).held).toBe(300n)
})

test('what is done to a payout is done to no other one, of its merchant or of another', async () => {
  const neighbour = await createTestTenant(service)
  const nextYear = inMs(365 * 24 * 60 * 60_000)
  const asks: AskOutcome[] = [unfinished, { is: 'unknown' }, paid(), failed, { is: 'unknown', differences: ['amount'] }]
  for (const who of [tenant, neighbour]) {
    const [bob] = (await createWallets(service, who, 1)) as [string]
    await ledger(who, make().payIn(bob, 1000n))
    const asBob = (script: Scripted) => pay(script.context, { customerCode: bob, amount: 10 }, who)
    await asBob(scriptPayouts(service, unfinished))
    for (const ask of asks) {
      const script = scriptPayouts(service, { is: 'unknown' }, ask)
      const { id } = await asBob(script)
      await advancePayout(script.context, who, id)
      await advancePayout(script.context, who, id)
    }
    const unsent = scriptPayouts(service, { is: 'not_sent', why: 'short_of_funds', waitMs: 5000 })
    await advancePayout(unsent.context, who, (await asBob(unsent)).id)
    const byHand: PayoutsContext = { ...service, payoutProcessorOf: async () => 'manual' }
    await advancePayout(byHand, who, (await asBob({ ...unsent, context: byHand })).id)
    await cancelPayout(service, who, (await asBob(unsent)).id)
    const odd = scriptPayouts(service, paid())
    const { id } = await asBob(odd)
    for (const ask of [paid(), returned, paid()]) {
      odd.ask = ask
      await advancePayout(odd.context, who, id)
    }
    await service.db.query(sql`
      update payouts set due_at = ${nextYear} where merchant_id = ${who.merchant.id} and due_at is not null
    `)
  }
  const [row] = await service.db.query<{ ids: string[] }>(sql`
    select array_agg(id) as ids from payouts where merchant_id in (${tenant.merchant.id}, ${neighbour.merchant.id})
  `)
  const others = () =>
    service.db.query(sql`select p.* from payouts p where p.id = any(${row?.ids ?? []}::uuid[]) order by id`)
  const before = await others()
  expect(before).toHaveLength(20)

  await sendOne(failed, { amount: 10 })
  const back = await sendOne(paid(), { amount: 10 })
  back.ask = returned
  await advancePayout(back.context, tenant, back.id)
  for (const ask of [paid(), returned]) {
    back.ask = ask
    await advancePayout(back.context, tenant, back.id)
  }
  const denied = await sendOne(paid(), { amount: 10 })
  denied.ask = failed
  await advancePayout(denied.context, tenant, denied.id)
  const lost = await letGo()
  lost.ask = paid()
  await advancePayout(lost.context, tenant, lost.id)
  const unsent = scriptPayouts(service, { is: 'not_sent', why: 'no_connection', waitMs: 0 })
  const again = await pay(unsent.context, { amount: 10 })
  for (let times = 0; times < 2; times++) await advancePayout(unsent.context, tenant, again.id)
  unsent.send = { is: 'unknown' }
  await advancePayout(unsent.context, tenant, again.id)
  service.clock.advance(60_000)
  await advancePayout(unsent.context, tenant, again.id)
  unsent.send = { is: 'refused', code: 'closed', reason: 'Closed' }
  service.clock.advance(60_000)
  for (let times = 0; times < 2; times++) await advancePayout(unsent.context, tenant, again.id)
  const byHand: PayoutsContext = { ...service, payoutProcessorOf: async () => 'manual' }
  const manual = await pay(byHand, { amount: 10 })
  await advancePayout(byHand, tenant, manual.id)
  await settlePayout(byHand, tenant, manual.id, { outcome: 'failed', proof: 'FT1' })
  await cancelPayout(service, tenant, (await pay(service, { amount: 10 })).id)
  const adopted = await pay(service, { amount: 10 })
  await takePayoutNotice(service, tenant, adopted.sentReference, 7n)
  await takePayoutNotice(service, tenant, adopted.sentReference, 7n)
  await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { coolDownHours: 1 }))
  const cooling = await pay(unsent.context, {
    amount: 10,
    destination: { ...destination, accountNumber: '0123456000' },
  })
  await advancePayout(unsent.context, tenant, cooling.id)
  expect(await others()).toEqual(before)
  await advanceDuePayouts(lost.context)
  expect(await others()).toEqual(before)
})

test('a verdict is its decider’s to carry out for the time that they have, and another’s from then on', async () => {
  const { id } = await pay()
  const decided = await decidePayout(service, tenant, id, { verdict: 'cancelled', from: ['pending'], endMs: 10_000 })
  expect(decided?.dueAt).toEqual(inMs(10_000))
  await advanceDuePayouts(service)
  expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'pending', verdict: 'cancelled' })
  service.clock.advance(10_000)
  await advanceDuePayouts(service)
  expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'cancelled' })
})
