import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { type Colleague, hire } from '../../../test/people.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { decideApproval } from '../approvals/decisions.ts'
import { inTransaction, type Later } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentProcessor, PaymentsContext, ReturnState } from './payment-processor.ts'
import { chargeInstrument } from './payments.ts'
import { decideRefund, type Verdict } from './refund-ending.ts'
import { getRefund, type StoredRefund } from './refund-lists.ts'
import { findProcessorRefund, type ProcessorRefund } from './refund-records.ts'
import { settleRefund } from './refund-settlements.ts'
import { advanceRefund, refundTransaction, settleDueRefunds } from './refunds.ts'

let service: TestService
let sandbox: PaymentProcessor
let tenant: TestTenant
let ada: string
let asker: Colleague
let other: Colleague

beforeAll(async () => {
  service = await openTestService()
  const any = await createTestTenant(service)
  sandbox = (await service.processorOf(service, any, 'new')) as PaymentProcessor
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ada = (await createCustomer(service, tenant, { email: 'ada@example.com' })).customer.code
  ;[asker, other] = [await hire(service, tenant, 'Asker'), await hire(service, tenant, 'Other')]
})

interface Lost {
  id: string
  context: PaymentsContext
  /** What the processor says of the refund. */
  says: ReturnState
}

/** A refund of 400 of a payment of 1,000 to ada, of which the processor says what a test lets it say. */
async function lose(says: ReturnState = { status: 'unknown' }): Promise<Lost> {
  const card = { type: 'card', number: '4084084084084081', expiryMonth: 12, expiryYear: 2030 } as const
  const metadata = { purpose: 'wallet_topup' }
  const wanted = { email: 'ada@example.com', amount: 1000n, currency: 'ZAR', metadata, instrument: card } as const
  const { reference } = await chargeInstrument(service, tenant, wanted, freshAttempt(service))
  const [paid] = await service.db.query<{ id: string }>(sql`
    select i.transaction_id as id from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${tenant.merchant.id} and p.reference = ${reference}
  `)
  const lost: Lost = { id: '', context: service, says }
  const processor = { ...sandbox, sendReturn: async () => lost.says, queryReturn: async () => lost.says }
  lost.context = { ...service, processorOf: async () => processor }
  const wish = { transactionId: paid?.id as string, amount: 400 }
  lost.id = (await refundTransaction(lost.context, tenant, wish, null)).id
  return lost
}

const limit = () =>
  inTransaction(service, (tx) =>
    changeApprovalSettings(tx, tenant, { limits: [{ currency: 'ZAR', amountOver: 100_000 }] }),
  )
async function approve({ settlementApprovalId }: StoredRefund, who: Tenant): Promise<void> {
  const later: Later[] = []
  const name = { id: settlementApprovalId as string }
  await inTransaction(service, (tx) => decideApproval({ ...tx, later }, who, name, { status: 'approved' }))
  for (const work of later) await work(service)
}
const funds = async () => {
  const { posted, held } = await getBalance(service, tenant, ada, 'ZAR')
  return [posted, held]
}
const release: Verdict = { outcome: 'failed', proof: 'Ticket 88121', reason: 'The answer was lost' }
const eventsOf = async () => {
  const rows = await service.db.query<{ type: string }>(sql`
    select type from events where merchant_id = ${tenant.merchant.id} and type like 'refund.%' order by id
  `)
  return rows.map(({ type }) => type)
}

test.each([
  ['failed', [1000n, 0n], 'refund.failed'],
  ['processed', [600n, 0n], 'refund.succeeded'],
] as const)(
  'a refund that is unknown is settled as %s, once, with its movement and its event',
  async (outcome, expected, event) => {
    const { id, context } = await lose()
    const settlement = { ...release, outcome }
    const [first, second] = await Promise.all([
      settleRefund(context, tenant, id, settlement),
      settleRefund(context, tenant, id, settlement),
    ])
    expect(first).toEqual(second)
    expect(first).toMatchObject({ state: outcome, proof: 'Ticket 88121', stateReason: 'The answer was lost' })
    const opposite = outcome === 'failed' ? 'processed' : 'failed'
    await expect(settleRefund(context, tenant, id, { ...release, outcome: opposite })).rejects.toMatchObject({
      code: 'refund_not_open',
    })
    expect(await funds()).toEqual(expected)
    expect(await eventsOf()).toEqual(['refund.pending', 'refund.unknown', event])
  },
)

test('of two who say at once that it has gone and that it has not, one is refused, and the money moves once', async () => {
  for (let i = 0; i < 4; i++) {
    const { id, context } = await lose()
    const before = await funds()
    const outcomes = ['processed', 'failed', 'processed', 'failed'] as const
    const settled = await Promise.allSettled(
      outcomes.map((outcome) => settleRefund(context, tenant, id, { ...release, outcome })),
    )
    const { state } = await getRefund(service, tenant, id)
    for (const [place, each] of settled.entries()) {
      if (outcomes[place] === state) expect(each).toMatchObject({ status: 'fulfilled', value: { state } })
      else expect(each).toMatchObject({ status: 'rejected', reason: { code: 'refund_not_open' } })
    }
    expect(await funds()).toEqual([(before[0] as bigint) - (state === 'processed' ? 400n : 0n), 0n])
  }
})

test('where anything waits for a second person, a settlement does, and moves nothing before', async () => {
  await limit()
  const { id, context } = await lose()
  const waiting = await settleRefund(context, asker, id, release)
  expect(waiting).toMatchObject({ state: 'unknown', proof: null, settlementApprovalId: expect.any(String) })
  expect(await funds()).toEqual([1000n, 400n])
  expect((await settleRefund(context, asker, id, release)).settlementApprovalId).toBe(waiting.settlementApprovalId)
  const otherwise = settleRefund(context, other, id, { ...release, outcome: 'processed' })
  await expect(otherwise).rejects.toMatchObject({ code: 'approval_waiting' })
  await expect(approve(waiting, asker)).rejects.toMatchObject({ code: 'another_person_needed' })
  await approve(waiting, other)
  expect(await getRefund(service, tenant, id)).toMatchObject({ state: 'failed', proof: 'Ticket 88121' })
  expect(await funds()).toEqual([1000n, 0n])
})

test('what the processor says meanwhile counts, and ends the approval', async () => {
  await limit()
  const lost = await lose()
  const waiting = await settleRefund(lost.context, asker, lost.id, release)
  lost.says = { status: 'succeeded' }
  await advanceRefund(lost.context, tenant, lost.id)
  expect(await funds()).toEqual([600n, 0n])
  const approval = await getApproval(service, tenant, { id: waiting.settlementApprovalId as string })
  expect([approval.status, approval.denial]).toEqual(['denied', 'withdrawn'])
  await expect(approve(waiting, other)).rejects.toMatchObject({ code: 'approval_decided' })
})

test('the processor is asked before a person is believed', async () => {
  const lost = await lose()
  lost.says = { status: 'succeeded' }
  await expect(settleRefund(lost.context, tenant, lost.id, release)).rejects.toMatchObject({ code: 'refund_not_open' })
  expect([(await getRefund(service, tenant, lost.id)).state, await funds()]).toEqual(['processed', [600n, 0n]])
})

test('a refund whose decision was written and not carried out is ended by the background', async () => {
  const { id, context } = await lose()
  const refund = (await findProcessorRefund(service, tenant, { id })) as ProcessorRefund
  await inTransaction(service, (tx) => decideRefund(tx, tenant, refund, { ...release, outcome: 'processed' }))
  expect(await funds()).toEqual([1000n, 400n])
  await settleDueRefunds(context)
  expect([(await getRefund(service, tenant, id)).state, await funds()]).toEqual(['processed', [600n, 0n]])
})

test('a refund that waits for the payer is settled as failed, and never as processed', async () => {
  const { id, context } = await lose({ status: 'needs_attention', reason: 'A bank account is needed' })
  await expect(settleRefund(context, tenant, id, { ...release, outcome: 'processed' })).rejects.toMatchObject({
    code: 'not_available',
  })
  expect((await settleRefund(context, tenant, id, release)).state).toBe('failed')
})

test.each([
  ['proof', { proof: ' ' }],
  ['reason', { reason: '' }],
])('a settlement with a blank %s is refused', async (field, more) => {
  const { id, context } = await lose()
  const settling = settleRefund(context, tenant, id, { ...release, ...more })
  await expect(settling).rejects.toMatchObject({ code: 'invalid_request', field })
})

test('a refund that is under way, has ended or never was is not settled', async () => {
  const { id, context } = await lose({ status: 'processing' })
  await expect(settleRefund(context, tenant, id, release)).rejects.toMatchObject({ code: 'refund_not_open' })
  const none = settleRefund(context, tenant, '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a39', release)
  await expect(none).rejects.toMatchObject({ code: 'transaction_not_found' })
})
