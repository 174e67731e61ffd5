import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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
import { agreeToBook } from './payout-contradictions.ts'
import type { PayoutsContext } from './payout-processor.ts'
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
  const wanted = { customerCode: ada, amount: 300, destination, reference: `contradicted-${count++}`, ...more }
  return (await createPayout(context, tenant, wanted, null)).payout
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
const back = { is: 'conclusive', end: { status: 'returned', reason: 'Moved', fee: null } } as const
/** Paid, come back, and paid as its account says; or paid, and failed as its account says. */
const contradict = async (state: 'returned' | 'paid', more: object = {}, fee = 0n) => {
  const script = scriptPayouts({ ...service, log: keepLog() }, paid(fee), paid(fee))
  script.fee = fee
  const { id } = await pay(script.context, more)
  await advancePayout(script.context, tenant, id)
  await tell(script, id, ...(state === 'returned' ? [back, paid(fee)] : [closed]))
  expect(await getPayout(service, tenant, id)).toMatchObject({ state, attention: 'contradicted' })
  return Object.assign(script, { id })
}
const tell = async (script: Scripted, id: string, ...told: Scripted['ask'][]) => {
  for (const each of told) {
    script.ask = each
    await advancePayout(script.context, tenant, id)
  }
}
const because = { proof: 'Statement of 5 May', reason: 'The bank has confirmed it', book: true }
const isPaid: Settlement = { outcome: 'paid', ...because }
const isNot: Settlement = { outcome: 'failed', ...because }
const spend = (amount: bigint) => createLedger(service)(tenant, commandsFor(service).purchase(ada, amount))

describe('a payout whose account contradicts itself', () => {
  test('is paid again, once, when a person has found that: what is available pays, the rest is owed', async () => {
    const script = await contradict('returned')
    const { attentionReason } = await getPayout(service, tenant, script.id)
    expect(attentionReason).toMatch(/outcome paid with book: true/)
    await spend(900n)
    const all = await Promise.all(
      [asker, other, asker].map((who) => settlePayout({ ...script.context }, who, script.id, isPaid)),
    )
    for (const payout of [...all, await settlePayout(script.context, asker, script.id, isPaid)]) {
      expect(payout).toMatchObject({ state: 'paid', attention: null, stateCode: 'paid_again', proof: because.proof })
    }
    expect(await funds()).toEqual({ posted: 0n, held: 0n, owed: 200n })
    expect(await posted('outside', 7n)).toBe(300n)
    // Its account says the same: nothing more is to be done.
    service.clock.advance(2_000)
    await advanceDuePayouts(script.context)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'paid', attention: null, dueAt: null })
    expect(await funds()).toEqual({ posted: 0n, held: 0n, owed: 200n })
  })

  test('of the merchant is paid again as well, and what the merchant has not is owed', async () => {
    await spend(300n)
    const script = await contradict('returned', { customerCode: null })
    const outside = await posted('outside', 7n)
    // All but 100 is spent meanwhile.
    const other = scriptPayouts(service, paid(), paid())
    await advancePayout(other.context, tenant, (await pay(other.context, { customerCode: null, amount: 200 })).id)
    expect(await settlePayout(script.context, asker, script.id, isPaid)).toMatchObject({ state: 'paid' })
    expect(await posted('merchant_balance')).toBe(0n)
    expect(await posted('merchant_receivable')).toBe(-200n)
    expect(await posted('outside', 7n)).toBe(outside + 500n)
  })

  test.each(['owner', 'merchant'] as const)(
    'goes back, once, when a person has found that it was not paid, with its fee, borne by the %s',
    async (feesBorneBy) => {
      await inTransaction(service, (tx) => changePayoutSettings(tx, tenant, { feesBorneBy }))
      const script = await contradict('paid', {}, 50n)
      expect((await funds()).posted).toBe(feesBorneBy === 'owner' ? 650n : 700n)
      await Promise.all([asker, other].map((who) => settlePayout({ ...script.context }, who, script.id, isNot)))
      const payout = await settlePayout(script.context, asker, script.id, isNot)
      expect(payout).toMatchObject({
        ...{ state: 'returned', stateCode: 'not_paid', stateReason: because.reason, attention: null, fee: 0n },
        ...{ bookedFee: 0n, proof: because.proof, dueAt: null },
      })
      await tell(script, script.id, closed)
      expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', attention: null })
      expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
      expect([await posted('outside', 7n), await posted('processor_fees')]).toEqual([0n, 0n])
    },
  )

  test('is booked as often as its account changes its word, and each time once', async () => {
    const script = await contradict('returned')
    for (let times = 0; times < 2; times++) {
      await settlePayout(script.context, asker, script.id, isPaid)
      expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
      await tell(script, script.id, back, back)
      expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', stateCode: 'returned' })
      expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
      await tell(script, script.id, paid())
    }
    await settlePayout(script.context, asker, script.id, isPaid)
    await tell(script, script.id, closed)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'paid', attention: 'contradicted' })
    // It is booked as paid already, and its account says otherwise.
    await expect(settlePayout(script.context, asker, script.id, isPaid)).rejects.toMatchObject({ field: 'outcome' })
    await settlePayout(script.context, asker, script.id, isNot)
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
    expect(await posted('outside', 7n)).toBe(0n)
  })

  test('comes back by itself when its account says so meanwhile, and nobody has to look any more', async () => {
    await limit()
    const script = await contradict('paid')
    const waiting = await settlePayout(script.context, asker, script.id, isNot)
    await Promise.all([tell(script, script.id, back), approve(waiting, other).catch(() => 'too late')])
    await tell(script, script.id, back)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', attention: null })
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
    const approval = await getApproval(service, tenant, { id: waiting.settlementApprovalId as string })
    expect(approval.status).not.toBe('waiting')
  })

  test.each([
    ['returned', isPaid, 'paid', 700n],
    ['paid', isNot, 'returned', 1000n],
  ] as const)(
    'and is %s is booked by a second person where anything waits for one',
    async (before, said, after, left) => {
      await limit()
      const script = await contradict(before)
      const waiting = await settlePayout(script.context, asker, script.id, said)
      expect(waiting).toMatchObject({
        state: before,
        attention: 'contradicted',
        settlementApprovalId: expect.any(String),
      })
      expect(await settlePayout(script.context, asker, script.id, said)).toEqual(waiting)
      await expect(settlePayout(script.context, other, script.id, { ...said, proof: 'Other' })).rejects.toMatchObject({
        code: 'approval_waiting',
      })
      const looked: Settlement = { outcome: 'paid', proof: 'It is as booked' }
      await expect(settlePayout(script.context, other, script.id, looked)).rejects.toMatchObject({
        code: 'approval_waiting',
      })
      await advancePayout(script.context, tenant, script.id)
      expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: before })
      await expect(approve(waiting, asker)).rejects.toMatchObject({ code: 'another_person_needed' })
      await approve(waiting, other)
      expect(await settlePayout(script.context, asker, script.id, said)).toMatchObject({
        state: after,
        attention: null,
      })
      expect(await funds()).toEqual({ posted: left, held: 0n, owed: 0n })
      // An approval counts for what it was asked for alone.
      if (after === 'paid') {
        await tell(script, script.id, back, paid(), paid())
        expect(await getPayout(service, tenant, script.id)).toMatchObject({
          state: 'returned',
          attention: 'contradicted',
        })
      }
    },
  )

  test('needs nobody any more when its account says again what is booked, and nobody can book it then', async () => {
    await limit()
    for (const [state, again, said] of [
      ['returned', back, isPaid],
      ['paid', paid(), isNot],
    ] as const) {
      const script = await contradict(state)
      const waiting = await settlePayout(script.context, asker, script.id, said)
      const before = await funds()
      await tell(script, script.id, again)
      expect(await getPayout(service, tenant, script.id)).toMatchObject({ state, attention: null })
      await expect(approve(waiting, other)).rejects.toMatchObject({ code: 'approval_decided' })
      await expect(settlePayout(script.context, asker, script.id, said)).rejects.toMatchObject({ field: 'book' })
      expect(await funds()).toEqual(before)
    }
  })

  test('is booked by the background when the server dies after the approval', async () => {
    await limit()
    const script = await contradict('returned')
    const { settlementApprovalId } = await settlePayout(script.context, asker, script.id, isPaid)
    const name = { id: settlementApprovalId as string }
    await inTransaction(service, (tx) => decideApproval({ ...tx, later: [] }, other, name, { status: 'approved' }))
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', dueAt: service.clock.now() })
    await Promise.all([advanceDuePayouts(script.context), advancePayout({ ...script.context }, tenant, script.id)])
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'paid', proof: because.proof })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
  })

  test('is not booked after a second person has said no', async () => {
    await limit()
    const script = await contradict('returned')
    const { settlementApprovalId } = await settlePayout(script.context, asker, script.id, isPaid)
    const name = { id: settlementApprovalId as string }
    const no = { status: 'denied', reason: 'It is not there' } as const
    await inTransaction(service, (tx) => decideApproval({ ...tx, later: [] }, other, name, no))
    await advancePayout(script.context, tenant, script.id)
    expect(await getPayout(service, tenant, script.id)).toMatchObject({ state: 'returned', attention: 'contradicted' })
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
  })

  test.each([
    ['returned', 'outcome', isNot],
    ['paid', 'outcome', isPaid],
    ['returned', 'proof', { ...isPaid, proof: ' ' }],
    ['returned', 'reason', { ...isPaid, reason: undefined }],
    ['returned', 'fee', { ...isPaid, fee: 1n }],
  ] as const)('and is %s is not booked without its %s in order', async (state, field, settlement) => {
    const script = await contradict(state)
    const before = await funds()
    await expect(settlePayout(script.context, asker, script.id, settlement)).rejects.toMatchObject({
      code: 'invalid_request',
      field,
    })
    expect(await funds()).toEqual(before)
  })

  test('is the only one whose outcome can be booked against its end', async () => {
    const script = scriptPayouts(service, { is: 'exists', attention: null }, { is: 'exists', attention: null })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    await expect(settlePayout(script.context, asker, id, isPaid)).rejects.toMatchObject({ field: 'book' })
    await tell(script, id, paid())
    for (const said of [isPaid, isNot]) {
      await expect(settlePayout(script.context, asker, id, said)).rejects.toMatchObject({ field: 'book' })
    }
    await tell(script, id, back)
    for (const said of [isPaid, isNot]) {
      await expect(settlePayout(script.context, asker, id, said)).rejects.toMatchObject({ field: 'book' })
    }
    expect(await funds()).toEqual({ posted: 1000n, held: 0n, owed: 0n })
  })

  test('that a person had settled as paid is contradicted once more, because its account has told both since', async () => {
    const script = scriptPayouts({ ...service, log: keepLog() }, { is: 'unknown' }, { is: 'unknown' })
    const { id } = await pay(script.context)
    await advancePayout(script.context, tenant, id)
    service.clock.advance(60 * 60_000)
    await advancePayout(script.context, tenant, id)
    const { book: _, ...byHand } = isPaid
    expect(await settlePayout(script.context, asker, id, byHand)).toMatchObject({ state: 'paid' })
    await tell(script, id, back, paid())
    expect(await settlePayout(script.context, asker, id, isPaid)).toMatchObject({ state: 'paid', attention: null })
    await tell(script, id, closed)
    expect(await getPayout(service, tenant, id)).toMatchObject({ state: 'paid', attention: 'contradicted' })
    expect(await funds()).toEqual({ posted: 700n, held: 0n, owed: 0n })
  })

  test('is not booked by an approval that was asked for before its money moved', async () => {
    const script = await contradict('returned')
    const before = uuidV7(service.random, service.clock.now())
    const agreed = inTransaction(service, (tx) => agreeToBook(tx, tenant, script.id, before))
    await expect(agreed).rejects.toMatchObject({ code: 'payout_not_open' })
    expect((await getPayout(service, tenant, script.id)).dueAt).toBeNull()
  })

  test('is the only one that is looked at again when a second person has agreed', async () => {
    await limit()
    const [script, neighbour] = [await contradict('returned'), await contradict('returned')]
    const waiting = await settlePayout(script.context, asker, script.id, isPaid)
    const name = { id: waiting.settlementApprovalId as string }
    await inTransaction(service, (tx) => decideApproval({ ...tx, later: [] }, other, name, { status: 'approved' }))
    expect((await getPayout(service, tenant, script.id)).dueAt).not.toBeNull()
    expect(await getPayout(service, tenant, neighbour.id)).toMatchObject({ dueAt: null, attention: 'contradicted' })
    // What two people have said is booked first. Its account is asked a moment later.
    let asked = 0
    await tell(script, script.id, async () => {
      asked++
      return paid()
    })
    expect([asked, (await getPayout(service, tenant, script.id)).state]).toEqual([0, 'paid'])
  })

  test.each([
    ['returned', isPaid],
    ['paid', isNot],
  ] as const)(
    'and is %s is booked at once where nothing waits any more, and nobody is asked about it then',
    async (state, said) => {
      await limit()
      const script = await contradict(state)
      const { settlementApprovalId } = await settlePayout(script.context, asker, script.id, said)
      const { waiting } = await inTransaction(service, (tx) =>
        changeApprovalSettings(tx, asker, { limits: [{ currency: 'ZAR' }] }),
      )
      await inTransaction(service, (tx) =>
        decideApproval({ ...tx, later: [] }, other, { id: waiting?.id as string }, { status: 'approved' }),
      )
      expect(await settlePayout(script.context, asker, script.id, said)).toMatchObject({ attention: null })
      const approval = await getApproval(service, tenant, { id: settlementApprovalId as string })
      expect(approval.status).not.toBe('waiting')
    },
  )
})
