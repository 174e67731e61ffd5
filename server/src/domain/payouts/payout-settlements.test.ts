import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { keepLog } from '../../../test/kept-log.ts'
import { type Colleague, hire } from '../../../test/people.ts'
import { type Scripted, scriptPayouts } from '../../../test/scripted-payouts.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { decideApproval } from '../approvals/decisions.ts'
import { inTransaction, type Later } from '../context.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { advanceDuePayouts, advancePayout } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import type { PayoutsContext, UrlAnswer } from './payout-processor.ts'
import { getPayout, type Payout } from './payout-records.ts'
import { changePayoutSettings } from './payout-settings.ts'
import { type Settlement, settlePayout } from './payout-settlements.ts'
import { createPayout } from './payouts.ts'

let service: TestService
let tenant: TestTenant
let ada: string
let asker: Colleague
let other: Colleague

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
  await createLedger(service)(tenant, commandsFor(service).payIn(ada, 1000n))
  ;[asker, other] = [await hire(service, tenant, 'Asker'), await hire(service, tenant, 'Other')]
})

const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', name: 'Ada' } as const
let count = 0
const pay = async (context: PayoutsContext, more: object = {}) => {
  const wanted = { customerCode: ada, amount: 300, destination, reference: `settled-${count++}`, ...more }
  return (await createPayout(context, tenant, wanted, null)).payout
}
/** A payout of which nobody can say for an hour whether its account has it. */
async function lose(expectedFee = 0n): Promise<Scripted & { id: string }> {
  const script = scriptPayouts(service, { is: 'unknown' }, { is: 'unknown' })
  script.fee = expectedFee
  script.returnLooksMs = [10_000, 60_000]
  const { id } = await pay(script.context)
  await advancePayout(script.context, tenant, id)
  service.clock.advance(60 * 60_000)
  await advancePayout(script.context, tenant, id)
  expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'sending', attention: 'unknown' })
  return Object.assign(script, { id })
}
const closed = { is: 'conclusive', end: { status: 'failed', code: 'closed', reason: 'Closed' } } as const
const limit = () =>
  inTransaction(service, (tx) =>
    changeApprovalSettings(tx, tenant, { limits: [{ currency: 'ZAR', amountOver: 100_000 }] }),
  )
async function approve({ settlementApprovalId }: Payout, who: Tenant): Promise<void> {
  const later: Later[] = []
  const name = { id: settlementApprovalId as string }
  await inTransaction(service, (tx) => decideApproval({ ...tx, later }, who, name, { status: 'approved' }))
  for (const work of later) await work(service)
}
const funds = async () => {
  const { posted, held, owed } = await getBalance(service, tenant, ada, 'ZAR')
  return { posted, held, owed }
}
/** What an account of the tenant has, by its party for an outside. */
const posted = async (kind: string, party = 0n) => {
  const [row] = await service.db.query<{ posted: bigint }>(sql`
    select posted from ledger_accounts
    where merchant_id = ${tenant.merchant.id} and kind = ${kind} and party_id = ${party} and currency = 'ZAR'
  `)
  return row?.posted ?? 0n
}
const paid = (fee: bigint | null = 0n) => ({ is: 'conclusive', end: { status: 'paid', fee } }) as const
const release: Settlement = { outcome: 'failed', proof: 'Statement of 3 May', reason: 'The bank never had it' }

describe('a payout of which nobody knows the end', () => {
  test('is released by a second person, who is asked whatever the amount, and who is another one', async () => {
    await limit()
    const { id, context } = await lose()
    const waiting = await settlePayout(context, asker, id, release)
    expect(waiting).toMatchObject({ state: 'sending', verdict: null })
    expect(await funds()).toEqual({ posted: 1000n, held: 300n, owed: 0n })
    expect((await settlePayout(context, asker, id, release)).settlementApprovalId).toBe(waiting.settlementApprovalId)
    await expect(settlePayout(context, asker, id, { ...release, outcome: 'paid' })).rejects.toMatchObject({
      code: 'approval_waiting',
    })
    await expect(approve(waiting, asker)).rejects.toMatchObject({ code: 'another_person_needed' })
    await approve(waiting, other)
    expect(await getPayout(service, tenant, id)).toMatchObject({
      state: 'failed',
      stateCode: 'released',
      stateReason: 'The bank never had it',
      proof: 'Statement of 3 May',
    })
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
  })

  test('is released where its account does not decide for a day, and not before', async () => {
    const script = scriptPayouts(service, { is: 'exists', attention: null }, { is: 'exists', attention: null })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    service.clock.advance(24 * 60 * 60_000 - 1)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'sent', attention: null })
    await expect(settlePayout(script.context, asker, id, release)).rejects.toMatchObject({ code: 'not_available' })
    service.clock.advance(1)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'sent', attention: 'undecided' })
    expect(await settlePayout(script.context, asker, id, release)).toMatchObject({ state: 'failed', attention: null })
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
    script.ask = paid()
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', attention: 'late' })
  })

  test('is settled as paid with the fee that a person has found', async () => {
    await limit()
    const { id, context } = await lose()
    const waiting = await settlePayout(context, asker, id, { ...release, outcome: 'paid', fee: 25n })
    await approve(waiting, other)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee: 25n })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
  })

  test('and was paid all the same needs nobody any more once a person has looked', async () => {
    const script = await lose()
    await settlePayout(script.context, asker, script.id, release)
    script.ask = paid()
    await advancePayout(script.context, tenant, script.id)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ attention: 'late' })
    const looked: Settlement = { outcome: 'paid', proof: 'It was not paid again' }
    for (const bad of [{ outcome: 'failed' as const }, { proof: ' ' }, { fee: 1n }]) {
      await expect(settlePayout(script.context, asker, script.id, { ...looked, ...bad })).rejects.toMatchObject({
        code: 'invalid_request',
        field: Object.keys(bad)[0],
      })
    }
    const before = await funds()
    for (let times = 0; times < 2; times++) {
      const payout = await settlePayout(script.context, asker, script.id, looked)
      expect(payout).toMatchObject({ state: 'paid', attention: null, proof: looked.proof })
    }
    await advancePayout(script.context, tenant, script.id)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ attention: null })
    // The account has told both, and no person has said that it was paid.
    script.ask = closed
    await advancePayout(script.context, tenant, script.id)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'paid', attention: 'contradicted' })
    expect(await funds()).toEqual(before)
  })

  test('but whose fee is beyond reason needs nobody any more once a person has looked', async () => {
    const script = scriptPayouts(service, paid(), paid(10n ** 15n))
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', attention: 'fee' })
    const looked: Settlement = { outcome: 'paid', proof: 'The bank has kept nothing' }
    for (let times = 0; times < 2; times++) await settlePayout(script.context, asker, id, looked)
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee: 0n, attention: null })
    const before = await funds()
    script.ask = closed
    await advancePayout(script.context, tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', attention: 'contradicted' })
    expect(await funds()).toEqual(before)
  })

  test.each([
    [
      'returned',
      'paid',
      [paid(), { is: 'conclusive', end: { status: 'returned', reason: 'Moved', fee: null } }, paid()],
    ],
    ['paid', 'failed', [paid(), closed]],
  ] as const)(
    'but is %s and then said to be %s needs a person, which is logged once, and no money moves by that',
    async (state, said, told) => {
      const log = keepLog()
      const script = scriptPayouts({ ...service, log }, paid())
      const { id } = await pay(script.context)
      for (const each of [...told, ...told.slice(-1)]) {
        script.ask = each
        await advancePayout(script.context, tenant, id)
      }
      const before = await funds()
      const attentionReason = expect.stringMatching(`^Its account says that it is ${said}, after `)
      expect(await getPayout(service, tenant, id)).toMatchObject({ state, attention: 'contradicted', attentionReason })
      expect(log.lines).toMatchObject([{ level: 'error', members: { payout: id } }])
      const looked: Settlement = { outcome: 'paid', proof: 'The bank has paid it once' }
      for (let times = 0; times < 2; times++) {
        const payout = await settlePayout(script.context, asker, id, looked)
        expect(payout).toMatchObject({ state, attention: null, dueAt: null, proof: looked.proof })
      }
      await advancePayout(script.context, tenant, id)
      expect(await getPayout(service, tenant, id)).toMatchObject({
        state,
        attention: 'contradicted',
        proof: looked.proof,
      })
      expect(await funds()).toEqual(before)
    },
  )

  test('and was paid all the same is a fact: what is available pays, the rest is owed, and an event tells it', async () => {
    const script = await lose()
    expect(await settlePayout(script.context, asker, script.id, release)).toMatchObject({ state: 'failed' })
    await createLedger(service)(tenant, commandsFor(service).purchase(ada, 900n))
    script.ask = paid()
    service.clock.advance(2_000)
    await Promise.all([advanceDuePayouts(script.context), advancePayout({ ...script.context }, tenant, script.id)])
    expect(await getPayout(service, tenant, script.id)).toMatchObject({
      state: 'paid',
      isLate: true,
      attention: 'late',
    })
    expect(await funds()).toEqual({ posted: 0n, held: 0n, owed: 200n })
    const told = await service.db.query<{ type: string }>(sql`
      select type from events
      where merchant_id = ${tenant.merchant.id} and type in ('payout.failed', 'payout.completed') order by id
    `)
    expect(told.map(({ type }) => type)).toEqual(['payout.failed', 'payout.completed'])
  })

  test('and was settled as paid comes back when its account says that it has failed', async () => {
    const script = await lose()
    await settlePayout(script.context, asker, script.id, { ...release, outcome: 'paid' })
    script.ask = { is: 'conclusive', end: { status: 'failed', code: 'closed', reason: 'Account closed' } }
    service.clock.advance(2_000)
    await advanceDuePayouts(script.context)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', stateCode: 'closed' })
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
  })

  test.each([
    ['owner', 25n],
    ['owner', undefined],
    ['owner', 80n],
    ['merchant', 25n],
  ] as const)(
    'and was settled as paid gives its fee back, too: borne by the %s, told as %s',
    async (feesBorneBy, fee) => {
      await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy }))
      const script = await lose(50n)
      const settled = await settlePayout(script.context, asker, script.id, { ...release, outcome: 'paid', fee })
      expect(settled.bookedFee).toBe(fee ?? 50n)
      script.ask = { is: 'conclusive', end: { status: 'failed', code: 'closed', reason: 'Account closed' } }
      for (let times = 0; times < 2; times++) await advancePayout({ ...script.context }, tenant, script.id)
      const back = { state: 'returned', fee: 0n, bookedFee: 0n, dueAt: null }
      expect(await getPayout(service, tenant, script.id)).toMatchObject(back)
      expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
      expect([await posted('outside', 7n), await posted('processor_fees')]).toEqual([0n, 0n])
    },
  )

  test('and was settled as paid gives each the part of the fee back that they have paid', async () => {
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy: 'owner' }))
    const script = await lose(50n)
    await settlePayout(script.context, asker, script.id, { ...release, outcome: 'paid', fee: 50n })
    // What the owner's account did not take.
    await createLedger(service)(tenant, {
      ...{ action: 'book', kind: 'processor_fee', id: uuidV7(service.random, service.clock.now()), currency: 'ZAR' },
      ...{ from: { kind: 'processor_fees' }, to: { kind: 'outside', at: 7n }, amount: 20n, description: null },
      ...{ event: null, request: null, ownKey: `payout/${script.id}/rest-of-fee/processor_fees/0` },
    })
    await service.db.query(sql`
      update payouts set fee = 70, booked_fee = 70 where merchant_id = ${tenant.merchant.id} and id = ${script.id}
    `)
    script.ask = { is: 'conclusive', end: { status: 'failed', code: 'closed', reason: 'Account closed' } }
    await advancePayout(script.context, tenant, script.id)
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
    expect([await posted('outside', 7n), await posted('processor_fees')]).toEqual([0n, 0n])
  })

  test('whose account says the end while a second person is asked ends so, and nobody can approve it any more', async () => {
    await limit()
    const script = await lose()
    const waiting = await settlePayout(script.context, asker, script.id, release)
    script.ask = paid()
    await advancePayout(script.context, tenant, script.id)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'paid', isLate: false })
    await expect(approve(waiting, other)).rejects.toMatchObject({ code: 'approval_decided' })
    const approval = await getApproval(service, tenant, { id: waiting.settlementApprovalId as string })
    expect(approval).toMatchObject({ status: 'denied', denial: 'withdrawn' })
  })

  test('that its account has found again cannot be released by an older approval', async () => {
    await limit()
    const script = await lose()
    const waiting = await settlePayout(script.context, asker, script.id, release)
    script.ask = { is: 'exists', attention: null }
    await advancePayout(script.context, tenant, script.id)
    await expect(approve(waiting, other)).rejects.toMatchObject({ code: 'payout_not_open' })
    expect(await funds()).toEqual({ posted: 1000n, held: 300n, owed: 0n })
  })

  test.each([
    ['proof', { ...release, proof: '  ' }],
    ['reason', { ...release, reason: undefined }],
    ['fee', { ...release, fee: 1n }],
    ['fee', { ...release, outcome: 'paid', fee: 301n }],
    ['fee', { ...release, outcome: 'paid', fee: -1n }],
  ] as const)('is not settled without its %s in order', async (field, settlement) => {
    const { id, context } = await lose()
    await expect(settlePayout(context, asker, id, settlement)).rejects.toMatchObject({ code: 'invalid_request', field })
    expect((await funds()).held).toBe(300n)
  })

  test('is released or paid once, whoever settles it at the same moment', async () => {
    const script = await lose()
    script.ask = paid()
    const ends = await Promise.allSettled([
      settlePayout({ ...script.context }, asker, script.id, release),
      settlePayout({ ...script.context }, other, script.id, { ...release, outcome: 'paid' }),
      advancePayout({ ...script.context }, tenant, script.id),
    ])
    expect(ends.some(({ status }) => status === 'fulfilled')).toBe(true)
    for (let times = 0; times < 3; times++) {
      service.clock.advance(2_000)
      await advanceDuePayouts(script.context)
    }
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'paid' })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
  })
})

describe('a payout that people pay out', () => {
  const byHand = (): PayoutsContext => ({ ...service, payoutProcessorOf: async () => 'manual' })
  const settle = (id: string, outcome: Settlement['outcome'] = 'paid') =>
    settlePayout(byHand(), asker, id, { outcome, proof: 'FT1' })
  const notGiven = { code: 'payout_not_open', message: expect.stringContaining('not given to a person yet') }

  test('is not settled while it cools down, and is given to a person after that', async () => {
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { coolDownHours: 24 }))
    const { id } = await pay(byHand())
    await expect(settle(id)).rejects.toMatchObject(notGiven)
    await advancePayout(byHand(), tenant, id)
    for (const outcome of ['paid', 'failed'] as const) await expect(settle(id, outcome)).rejects.toMatchObject(notGiven)
    expect(await funds()).toEqual({ posted: 1000n, held: 300n, owed: 0n })
    service.clock.advance(24 * 60 * 60_000)
    expect(await settle(id)).toMatchObject({ state: 'paid' })
  })

  test('is not settled before the approval URL has agreed, nor while it is asked, nor after it has refused', async () => {
    const approvalUrl = { url: 'http://127.0.0.1:9/', secret: 'sk' }
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { approvalUrl }))
    let refuse: (answer: UrlAnswer) => void = () => {}
    const refusal = new Promise<UrlAnswer>((done) => {
      refuse = done
    })
    const asking: PayoutsContext = { ...byHand(), askApprovalUrl: () => refusal }
    const { id } = await pay(asking)
    await expect(settle(id)).rejects.toMatchObject(notGiven)
    const advancing = advancePayout(asking, tenant, id)
    await vi.waitFor(async () => expect((await getPayout(service, tenant, id)).stateCode).toBe('approval_url'))
    await expect(settle(id)).rejects.toMatchObject(notGiven)
    refuse({ is: 'rejected', reason: 'No' })
    await advancing
    await expect(settle(id)).rejects.toMatchObject({ code: 'not_available' })
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'failed', stateCode: 'rejected' })
    const agreed = (await pay(asking)).id
    await advancePayout({ ...asking, askApprovalUrl: async () => ({ is: 'approved' }) }, tenant, agreed)
    expect(await settle(agreed)).toMatchObject({ state: 'paid' })
  })

  test('is not settled while the bank does not confirm its name, where a second person is asked about that', async () => {
    await service.db.query(sql`
      update recipients set name_at_bank = 'Somebody Else', name_answer = 'found', name_asked_at = ${service.clock.now()}
      where merchant_id = ${tenant.merchant.id} and id = ${(await pay(byHand())).recipient.id}
    `)
    await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { nameDifferences: 'approval' }))
    const { id } = await pay(byHand())
    await expect(settle(id)).rejects.toMatchObject(notGiven)
    await advancePayout(byHand(), tenant, id)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'awaiting_approval' })
  })

  test('is looked at once more before it is given to a person: of a denied customer it fails', async () => {
    const [first, second] = [await pay(byHand()), await pay(byHand())]
    await service.db.query(sql`
      update customers set risk_action = 'deny' where merchant_id = ${tenant.merchant.id} and code = ${ada}
    `)
    await advancePayout(byHand(), tenant, first.id)
    await expect(settle(second.id)).rejects.toMatchObject({ code: 'payout_not_open' })
    for (const { id } of [first, second]) {
      const failed = { state: 'failed', stateCode: 'customer_denied' }
      expect(await getPayout(service, tenant, id)).toMatchObject(failed)
    }
  })

  test('stays with its person, whatever is chosen later', async () => {
    const { id } = await pay(byHand())
    await advancePayout(byHand(), tenant, id)
    const { context, sent } = scriptPayouts(service, { is: 'exists', attention: null })
    await advancePayout(context, tenant, id)
    expect(sent).toEqual([])
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'pending', processor: 'manual', dueAt: null })
  })

  test('cannot be cancelled while a second person is asked whether it was paid, also at the same moment', async () => {
    await limit()
    const { id } = await pay(byHand())
    const waiting = await settle(id)
    const isWaiting = {
      code: 'approval_waiting',
      message: expect.stringContaining(waiting.settlementApprovalId ?? '-'),
    }
    await expect(cancelPayout(service, tenant, id)).rejects.toMatchObject(isWaiting)
    await approve(waiting, other)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid' })
    for (let times = 0; times < 5; times++) {
      const raced = (await pay(byHand(), { amount: 10 })).id
      await Promise.allSettled([settle(raced), cancelPayout({ ...service }, tenant, raced)])
      const { state, settlementApprovalId } = await getPayout(service, tenant, raced)
      const approval =
        settlementApprovalId === null ? null : await getApproval(service, tenant, { id: settlementApprovalId })
      expect([state, approval?.status]).toEqual(approval === null ? ['cancelled', undefined] : ['pending', 'waiting'])
    }
  })

  test('cannot be cancelled by who comes before it is committed that somebody says it was paid', async () => {
    await limit()
    const { id } = await pay(byHand())
    let say = () => {}
    const said = new Promise<void>((resolve) => {
      say = resolve
    })
    const transaction: typeof service.db.transaction = (work) =>
      service.db.transaction(async (tx) => {
        const answer = await work(tx)
        say()
        // Meanwhile somebody cancels.
        await new Promise((resolve) => setTimeout(resolve, 300))
        return answer
      })
    const db = new Proxy(service.db, { get: (of, key) => (key === 'transaction' ? transaction : Reflect.get(of, key)) })
    const settling = settlePayout({ ...byHand(), db }, asker, id, { outcome: 'paid', proof: 'FT1' })
    await said
    await expect(cancelPayout(service, tenant, id)).rejects.toMatchObject({ code: 'approval_waiting' })
    expect(await settling).toMatchObject({ state: 'pending', settlementApprovalId: expect.any(String) })
  })

  test('can be cancelled while a second person is asked whether it was not paid', async () => {
    await limit()
    const { id } = await pay(byHand())
    await settle(id, 'failed')
    expect(await cancelPayout(service, tenant, id)).toMatchObject({ state: 'cancelled' })
  })
})

test('a payout that people pay out waits for a second person too, and one whose account can say its end is not settled', async () => {
  await limit()
  const byHand: PayoutsContext = { ...service, payoutProcessorOf: async () => 'manual' }
  const { id } = await pay(byHand)
  const waiting = await settlePayout(byHand, asker, id, { outcome: 'paid', proof: 'FT1' })
  expect(waiting).toMatchObject({ state: 'pending' })
  await approve(waiting, other)
  expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', fee: 0n, proof: 'FT1' })
  const script = scriptPayouts(service, { is: 'exists', attention: null })
  const known = await pay(script.context)
  await advancePayout(script.context, tenant, known.id)
  await expect(settlePayout(script.context, asker, known.id, release)).rejects.toMatchObject({ code: 'not_available' })
})
