import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { type Colleague, hire } from '../../../test/people.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { cash, commandsFor, createLedger } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { maxAmount } from '../../base/money.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { OwnedDb, Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { getApproval } from '../approvals/approval-records.ts'
import { changeApprovalSettings } from '../approvals/approval-settings.ts'
import { decideApproval } from '../approvals/decisions.ts'
import { inTransaction, type Later, lockCount } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { setRiskAction } from '../customers/risk-actions.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import { type DisputedMoney, findDisputedMoney } from './disputed-money.ts'
import { learnDispute } from './disputes.ts'
import { confirmPaymentIntent, createPaymentIntent } from './payment-intents.ts'
import type { NotSent, PaymentProcessor, PaymentsContext, ReturnState } from './payment-processor.ts'
import { chargeInstrument } from './payments.ts'
import { bookReturned, decideRefund, endRefund, noteContradiction, type Verdict } from './refund-ending.ts'
import { getRefund, type StoredRefund } from './refund-lists.ts'
import { findProcessorRefund, type ProcessorRefund } from './refund-records.ts'
import { askBeforeApproval, settleRefund } from './refund-settlements.ts'
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
  /** The payment. */
  transactionId: string
  context: PaymentsContext
  /** What the processor says of the refund. */
  says: Says
}

type Says = ReturnState | NotSent | Error

const card = { type: 'card', number: '4084084084084081', expiryMonth: 12, expiryYear: 2030 } as const

/** A payment of 1,000 under a reference. Answers its movement. */
async function pay(who: Tenant, purpose: string): Promise<string> {
  const wanted = { email: 'ada@example.com', amount: 1000n, currency: 'ZAR', metadata: { purpose } } as const
  const { reference } = await chargeInstrument(service, who, { ...wanted, instrument: card }, freshAttempt(service))
  const [paid] = await service.db.query<{ id: string }>(sql`
    select i.transaction_id as id from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${who.merchant.id} and p.reference = ${reference}
  `)
  return paid?.id as string
}

/** The same by a payment intent alone, which has no reference. */
async function payIntent(): Promise<string> {
  const wanted = { amount: 1000, currency: 'ZAR', customerCode: ada }
  const { id } = await createPaymentIntent(service, tenant, wanted, freshAttempt(service))
  await confirmPaymentIntent(service, tenant, { id, instrument: card }, freshAttempt(service))
  const [paid] = await service.db.query<{ id: string }>(sql`
    select transaction_id as id from payment_intents where merchant_id = ${tenant.merchant.id} and id = ${id.slice(3)}
  `)
  return paid?.id as string
}

/** A refund of 400 of a payment of 1,000, by default to ada, of which the processor says what a test lets it say. */
async function lose(
  says: Says = { status: 'unknown' },
  { who = tenant, purpose = 'wallet_topup', paid }: { who?: Tenant; purpose?: string; paid?: string } = {},
): Promise<Lost> {
  const lost: Lost = { id: '', transactionId: paid ?? (await pay(who, purpose)), context: service, says }
  const say = async <Say>() => {
    if (lost.says instanceof Error) throw lost.says
    return lost.says as Say
  }
  const processor: PaymentProcessor = { ...sandbox, sendReturn: () => say(), queryReturn: () => say() }
  lost.context = { ...service, processorOf: async () => processor }
  lost.id = await loseAnother(lost, who)
  return lost
}

/** One more refund of 400 of the same payment. */
async function loseAnother({ context, transactionId }: Lost, who: Tenant = tenant): Promise<string> {
  return (await refundTransaction(context, who, { transactionId, amount: 400 }, null)).id
}

/** The account tells of a refund that somebody has made there. Null where it is one that was settled here. */
async function tell(transactionId: string, name: string, { amount = 400n, state = 'lost' as 'lost' | 'won' } = {}) {
  const money = (await findDisputedMoney(service, tenant, transactionId)) as DisputedMoney
  const report = { outsideId: `refund/${name}`, category: 'refund', amount, state, resolution: 'refunded' } as const
  const rest = { stateReason: null, complaint: null, respondBy: null, refundName: null }
  return learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...report, ...rest })
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
const merchantFunds = async () => (await getMerchantBalance(service, tenant, 'ZAR')).posted
const release: Verdict = { outcome: 'failed', proof: 'Ticket 88121', reason: 'The answer was lost' }
const made: Verdict = { ...release, outcome: 'processed' }
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
    // Its account is asked a second later.
    const [row] = await service.db.query<{ due_at: Date }>(sql`select due_at from refunds where id = ${id}`)
    expect(row?.due_at).toEqual(new Date(service.clock.now().getTime() + 1000))
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

test.each(['failed', 'processed'] as const)(
  'the processor is asked before a person is believed who says %s',
  async (outcome) => {
    const lost = await lose()
    lost.says = { status: 'succeeded' }
    const settling = settleRefund(lost.context, tenant, lost.id, { ...release, outcome })
    await expect(settling).rejects.toMatchObject({ code: 'refund_not_open' })
    expect([(await getRefund(service, tenant, lost.id)).state, await funds()]).toEqual(['processed', [600n, 0n]])
  },
)

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
  const purchase = commandsFor(service).purchase(ada, 100n)
  const { id: transactionId } = await createLedger(service)(tenant, purchase)
  const done = await refundTransaction(service, tenant, { transactionId }, null)
  await expect(settleRefund(context, tenant, done.id, release)).rejects.toMatchObject({ code: 'refund_not_open' })
  const none = settleRefund(context, tenant, '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a39', release)
  await expect(none).rejects.toMatchObject({ code: 'transaction_not_found' })
})

test('a settlement that somebody else makes while the account is asked answers the same', async () => {
  const { id, context } = await lose()
  const processor: PaymentProcessor = {
    ...sandbox,
    queryReturn: async () => {
      await settleRefund(context, tenant, id, release)
      return { status: 'unknown' }
    },
  }
  const slow = { ...context, processorOf: async () => processor }
  expect(await settleRefund(slow, tenant, id, release)).toMatchObject({ state: 'failed', proof: 'Ticket 88121' })
  await expect(settleRefund(slow, tenant, id, made)).rejects.toMatchObject({ code: 'refund_not_open' })
})

test('a settlement that waits names the payment, its amount and its customer, and two who ask at once ask once', async () => {
  await limit()
  const { id, context } = await lose()
  const both = await Promise.all([1, 2].map(() => settleRefund({ ...context }, asker, id, release)))
  expect(both[0]?.settlementApprovalId).toBe(both[1]?.settlementApprovalId)
  const approval = await getApproval(service, tenant, { id: both[0]?.settlementApprovalId as string })
  const { payment } = (await findProcessorRefund(service, tenant, { id })) as ProcessorRefund
  const reference = payment?.reference as string
  expect(approval).toMatchObject({ subjectId: id, customerCode: ada, amount: 400n, currency: 'ZAR', reference })
})

test('a settlement of a payment that has no reference is named by its charge', async () => {
  await limit()
  const { id, context } = await lose({ status: 'unknown' }, { paid: await payIntent() })
  const { settlementApprovalId } = await settleRefund(context, asker, id, release)
  const { payment, chargeReference } = (await findProcessorRefund(service, tenant, { id })) as ProcessorRefund
  expect([payment, chargeReference]).toEqual([null, expect.stringMatching(/^pi_/)])
  const approval = await getApproval(service, tenant, { id: settlementApprovalId as string })
  expect(approval).toMatchObject({ subjectId: id, customerCode: ada, reference: chargeReference })
})

test('a refund that waits for the payer is settled with a second person, too', async () => {
  await limit()
  const { id, context } = await lose({ status: 'needs_attention', reason: 'A bank account is needed' })
  await approve(await settleRefund(context, asker, id, release), other)
  expect([(await getRefund(service, tenant, id)).state, await funds()]).toEqual(['failed', [1000n, 0n]])
})

test('a refund that ends while a second person is about to be asked ends so, and nobody is asked', async () => {
  await limit()
  const lost = await lose()
  const transaction: typeof service.db.transaction = async (work) => {
    lost.says = { status: 'succeeded' }
    await advanceRefund(lost.context, tenant, lost.id)
    return service.db.transaction(work)
  }
  const db = new Proxy(service.db, { get: (of, key) => (key === 'transaction' ? transaction : Reflect.get(of, key)) })
  const settling = settleRefund({ ...lost.context, db }, asker, lost.id, release)
  await expect(settling).rejects.toMatchObject({ code: 'refund_not_open' })
  expect(await getRefund(service, tenant, lost.id)).toMatchObject({ state: 'processed', settlementApprovalId: null })
})

test('a refund that its account finds while a person settles it is not settled', async () => {
  const lost = await lose()
  const transaction: typeof service.db.transaction = async (work) => {
    lost.says = { status: 'processing' }
    await advanceRefund(lost.context, tenant, lost.id)
    return service.db.transaction(work)
  }
  const db = new Proxy(service.db, { get: (of, key) => (key === 'transaction' ? transaction : Reflect.get(of, key)) })
  const settling = settleRefund({ ...lost.context, db }, tenant, lost.id, release)
  await expect(settling).rejects.toMatchObject({ code: 'refund_not_open' })
  expect([(await getRefund(service, tenant, lost.id)).state, await funds()]).toEqual(['processing', [1000n, 400n]])
})

test('a refund that its account has found again cannot be settled by an older approval', async () => {
  await limit()
  const lost = await lose()
  const waiting = await settleRefund(lost.context, asker, lost.id, release)
  lost.says = { status: 'processing' }
  await advanceRefund(lost.context, tenant, lost.id)
  await expect(approve(waiting, other)).rejects.toMatchObject({ code: 'refund_not_open' })
  expect(await funds()).toEqual([1000n, 400n])
})

test('the account is asked once more before a second person agrees, and what it says counts', async () => {
  await limit()
  const lost = await lose()
  const waiting = await settleRefund(lost.context, asker, lost.id, made)
  const approval = { id: waiting.settlementApprovalId as string }
  lost.says = new UpstreamError('list_refunds', 'timed_out')
  await askBeforeApproval(lost.context, other, approval)
  lost.says = { status: 'processing' }
  const asking = askBeforeApproval(lost.context, other, approval)
  await expect(asking).rejects.toMatchObject({ code: 'not_available' })
  lost.says = { status: 'failed', reason: 'The bank says no' }
  await askBeforeApproval(lost.context, other, approval)
  await expect(approve(waiting, other)).rejects.toMatchObject({ code: 'approval_decided' })
  expect([(await getRefund(service, tenant, lost.id)).state, await funds()]).toEqual(['failed', [1000n, 0n]])
  lost.says = new ServiceError('busy', 'Nobody is asked about what was decided')
  await askBeforeApproval(lost.context, other, approval)
})

test('an account that cannot be asked says nothing, and another fault settles nothing', async () => {
  const lost = await lose()
  lost.says = new ServiceError('busy', 'A fault of the service')
  await expect(settleRefund(lost.context, tenant, lost.id, made)).rejects.toMatchObject({ code: 'busy' })
  expect(await funds()).toEqual([1000n, 400n])
  lost.says = new UpstreamError('list_refunds', 'timed_out')
  expect(await settleRefund(lost.context, tenant, lost.id, made)).toMatchObject({ state: 'processed' })
  const { id } = await lose()
  // The key of the account is dropped.
  const nobody: PaymentsContext = { ...service, processorOf: async () => null }
  expect(await settleRefund(nobody, tenant, id, made)).toMatchObject({ state: 'processed' })
})

describe('a refund that is settled as processed', () => {
  test('is the one that the account tells of, however often, and the next of its amount is the next one', async () => {
    const lost = await lose()
    const second = await loseAnother(lost)
    for (const id of [lost.id, second]) await settleRefund(lost.context, tenant, id, made)
    for (const name of ['A', 'A', 'B', 'A', 'B']) expect(await tell(lost.transactionId, name)).toBeNull()
    const settledAs = await Promise.all(
      [lost.id, second].map(async (id) => (await findProcessorRefund(service, tenant, { id }))?.settledAs),
    )
    expect(settledAs.toSorted()).toEqual(['A', 'B'])
    expect(await funds()).toEqual([200n, 0n])
    expect(await tell(lost.transactionId, 'C', { amount: 200n })).toMatchObject({ state: 'lost' })
    expect(await funds()).toEqual([0n, 0n])
  })

  test.each([
    ['of another amount', made, async ({ transactionId }: Lost) => tell(transactionId, 'A', { amount: 399n })],
    ['of another payment', made, async () => tell((await lose({ status: 'succeeded' })).transactionId, 'A')],
    ['beside one that has failed', release, ({ transactionId }: Lost) => tell(transactionId, 'A')],
    [
      'after the account has said otherwise',
      made,
      async ({ id, transactionId }: Lost) => {
        await noteContradiction(service, tenant, id)
        return tell(transactionId, 'A')
      },
    ],
  ] as const)(
    'is not the one %s that the account tells of: that one is taken back besides',
    async (_, verdict, told) => {
      const lost = await lose()
      await settleRefund(lost.context, tenant, lost.id, verdict)
      expect(await told(lost)).toMatchObject({ category: 'refund', state: 'lost' })
      expect((await findProcessorRefund(service, tenant, { id: lost.id }))?.settledAs).toBeNull()
    },
  )

  test.each([
    ['of its amount', true, ({ transactionId }: Lost) => tell(transactionId, 'A')],
    ['of another amount', false, ({ transactionId }: Lost) => tell(transactionId, 'A', { amount: 399n })],
    ['of another payment', false, async () => tell((await lose({ status: 'unknown' })).transactionId, 'A')],
    ['that the payer has not got', false, ({ transactionId }: Lost) => tell(transactionId, 'A', { state: 'won' })],
  ] as const)('was not made by a refund at the account %s: that it is refused is %s', async (_, isRefused, told) => {
    const lost = await lose()
    await told(lost)
    const settling = settleRefund(lost.context, tenant, lost.id, made)
    if (!isRefused) return expect(await settling).toMatchObject({ state: 'processed' })
    await expect(settling).rejects.toMatchObject({ code: 'refund_exceeded', field: 'outcome' })
    expect(await settleRefund(lost.context, tenant, lost.id, release)).toMatchObject({ state: 'failed' })
  })

  test('waits for whoever is about to book a refund of the account', async () => {
    const lost = await lose()
    let [isSettled, settling] = [false, Promise.resolve()]
    await inTransaction(service, async (tx) => {
      await lockCount(tx, tenant, 'disputes')
      settling = settleRefund(lost.context, tenant, lost.id, made).then(() => {
        isSettled = true
      })
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(isSettled).toBe(false)
    })
    await settling
    expect(await funds()).toEqual([600n, 0n])
  })

  test('was not made by what the account had told before it was asked for', async () => {
    const before = await lose({ status: 'failed', reason: 'no' })
    await tell(before.transactionId, 'A')
    service.clock.advance(1000)
    before.says = { status: 'unknown' }
    const id = await loseAnother(before)
    expect(await settleRefund(before.context, tenant, id, made)).toMatchObject({ state: 'processed' })
  })
})

describe('a refund that was settled as processed, and that its account has not made', () => {
  async function contradict(lost: Lost) {
    await settleRefund(lost.context, tenant, lost.id, made)
    lost.says = { status: 'failed', reason: 'The bank has said no' }
  }

  test('comes back to its owner, once, and stays failed', async () => {
    const lost = await lose()
    const other = await lose()
    await settleRefund(other.context, tenant, other.id, made)
    const lines: string[] = []
    const log = { ...service.log, error: (_: object, sentence: string) => void lines.push(sentence) }
    const context = { ...lost.context, log }
    await contradict(lost)
    expect(await funds()).toEqual([1200n, 0n])
    await Promise.all([1, 2].map(() => advanceRefund({ ...context }, tenant, lost.id)))
    await advanceRefund(context, tenant, lost.id)
    expect(await noteContradiction(context, tenant, lost.id)).toBe(true)
    expect(await funds()).toEqual([1600n, 0n])
    const failed = { state: 'failed', stateReason: 'The bank has said no', contradictedAt: expect.any(Date) }
    expect(await getRefund(service, tenant, lost.id)).toMatchObject(failed)
    expect((await eventsOf()).slice(-2)).toEqual(['refund.succeeded', 'refund.failed'])
    expect(lines).toHaveLength(1)
    // Each one is told, once.
    const tries = Array.from({ length: 20 }, () => noteContradiction(context, tenant, other.id))
    expect(new Set(await Promise.all(tries))).toEqual(new Set([true]))
    expect(lines).toHaveLength(2)
    const open = await lose()
    expect(await noteContradiction(context, tenant, open.id)).toBe(false)
    await expect(settleRefund(context, tenant, lost.id, made)).rejects.toMatchObject({ code: 'refund_not_open' })
    // The account is asked for three days.
    service.clock.advance(3 * 24 * 60 * 60_000 - 1)
    await advanceRefund(context, tenant, lost.id)
    const due = () => service.db.query(sql`select id from refunds where id = ${lost.id} and due_at is not null`)
    expect(await due()).toHaveLength(1)
    service.clock.advance(1)
    await advanceRefund(context, tenant, lost.id)
    expect(await due()).toEqual([])
  })

  test('stays where it was settled as another one of the account, whatever an older answer says', async () => {
    const lost = await lose()
    await contradict(lost)
    const before = (await findProcessorRefund(service, tenant, { id: lost.id })) as ProcessorRefund
    await tell(lost.transactionId, 'A')
    await bookReturned(service, tenant, before, 'The bank has said no')
    expect([(await getRefund(service, tenant, lost.id)).state, await funds()]).toEqual(['processed', [600n, 0n]])
  })

  test('comes back to the merchant whom the payer had paid', async () => {
    const lost = await lose({ status: 'unknown' }, { purpose: 'payment' })
    await contradict(lost)
    expect(await merchantFunds()).toBe(600n)
    await advanceRefund(lost.context, tenant, lost.id)
    expect(await merchantFunds()).toBe(1000n)
  })

  test('comes back to the merchant where the owner’s balance has no room for it', async () => {
    const lost = await lose()
    await contradict(lost)
    const rich = commandsFor(service).adjust({ kind: 'adjustments' }, cash(ada), maxAmount - 700n)
    await createLedger(service)(tenant, rich)
    for (let i = 0; i < 2; i++) await advanceRefund(lost.context, tenant, lost.id)
    expect([await merchantFunds(), await funds()]).toEqual([400n, [maxAmount - 100n, 0n]])
  })

  test('comes back to its owner whatever statement fails once', async () => {
    for (let at = 1; ; at++) {
      const lost = await lose()
      const [before] = (await funds()) as [bigint]
      await contradict(lost)
      let asked = 0
      const failing = (query: Queryable['query']): Queryable['query'] => {
        return (statement) => (++asked === at ? Promise.reject(new Error('cut')) : query(statement))
      }
      const { db } = service
      const own = { ...db, query: failing((each) => db.query(each)) }
      const lane = () => ({ ...db.lane(), query: failing((each) => db.lane().query(each)) })
      await advanceRefund({ ...lost.context, db: { ...own, lane } }, tenant, lost.id).catch(() => {})
      await advanceRefund(lost.context, tenant, lost.id)
      expect([at, await funds(), await merchantFunds()]).toEqual([at, [before, 0n], 0n])
      if (asked < at) break
    }
  })
})

test('a refund that was settled is looked at for three days, also where nobody can be asked any more', async () => {
  const lost = await lose()
  await settleRefund(lost.context, tenant, lost.id, made)
  const dueAt = async () => {
    const [row] = await service.db.query<{ due_at: Date | null }>(sql`select due_at from refunds where id = ${lost.id}`)
    return row?.due_at
  }
  // The key of the account is dropped.
  const nobody: PaymentsContext = { ...service, processorOf: async () => null }
  service.clock.advance(60_000)
  await advanceRefund(nobody, tenant, lost.id)
  const next = new Date(service.clock.now().getTime() + 60_000)
  expect(await dueAt()).toEqual(next)
  service.clock.advance(3 * 24 * 60 * 60_000)
  lost.says = new ServiceError('busy', 'A fault of the service')
  await expect(advanceRefund(lost.context, tenant, lost.id)).rejects.toMatchObject({ code: 'busy' })
  expect(await dueAt()).toEqual(next)
  await advanceRefund(nobody, tenant, lost.id)
  expect(await dueAt()).toBeNull()
})

test('a refund whose money cannot move stays as it is, and its failure is told', async () => {
  const lost = await lose({ status: 'processing' })
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const bob = (await createCustomer(service, tenant, { email: 'bob@example.com' })).customer.code
  // The account of the processor has had as much as there is.
  await ledger(tenant, make.chargeBack(bob, maxAmount))
  await ledger(tenant, make.chargeBack((await createCustomer(service, tenant, {})).customer.code, 700n))
  lost.says = { status: 'succeeded' }
  await expect(advanceRefund(lost.context, tenant, lost.id)).rejects.toMatchObject({ code: 'balance_limit' })
  expect([(await getRefund(service, tenant, lost.id)).state, (await funds())[1]]).toEqual(['processing', 400n])
})

test('whoever ends a refund that has ended moves nothing, also where nobody remembers that it was ended', async () => {
  const { id, context } = await lose()
  const refund = (await findProcessorRefund(service, tenant, { id })) as ProcessorRefund
  await settleRefund(context, tenant, id, release)
  await endRefund(service, tenant, refund, { state: 'processed', reason: null })
  await (service.db as OwnedDb).asOwner((owner) =>
    owner.execute(`delete from idempotency_keys where merchant_id = ${tenant.merchant.id}`),
  )
  await endRefund(service, tenant, refund, { state: 'processed', reason: null })
  expect([(await getRefund(service, tenant, id)).state, await funds()]).toEqual(['failed', [1000n, 0n]])
})

test('the movement of a refund is made by whoever asked for it, and its failure is nobody’s', async () => {
  const actors = async (kind: string) => {
    const rows = await service.db.query<{ actor_id: number | null }>(sql`
      select actor_id from ledger_transactions where merchant_id = ${tenant.merchant.id} and kind = ${kind}
    `)
    return rows.map(({ actor_id }) => actor_id)
  }
  const going = await lose({ status: 'processing' }, { who: asker })
  // That its owner was denied meanwhile changes nothing.
  await inTransaction(service, (tx) => setRiskAction(tx, tenant, { code: ada }, { riskAction: 'deny' }))
  going.says = { status: 'succeeded' }
  await advanceRefund(going.context, tenant, going.id)
  await inTransaction(service, (tx) => setRiskAction(tx, tenant, { code: ada }, { riskAction: 'default' }))
  expect(await actors('refund')).toEqual([asker.actor?.id])
  const failing = await lose({ status: 'processing' }, { who: asker })
  await createLedger(service)(tenant, commandsFor(service).chargeBack(ada, 1500n))
  failing.says = { status: 'failed', reason: 'no' }
  await advanceRefund(failing.context, tenant, failing.id)
  expect(await actors('repayment')).toEqual([null])
})

test('what is done to a refund is done to no other one, of its merchant or of another', async () => {
  const neighbour = await createTestTenant(service)
  const answers: Says[] = [
    { status: 'pending' },
    { status: 'unknown' },
    { status: 'processing' },
    { status: 'needs_attention', reason: 'A bank account is needed' },
    { status: 'succeeded' },
    { status: 'failed', reason: 'no' },
  ]
  for (const who of [tenant, neighbour]) {
    for (const answer of answers) await lose(answer, { who, purpose: 'payment' })
    for (const verdict of [made, release]) {
      const { id, context } = await lose({ status: 'unknown' }, { who, purpose: 'payment' })
      await settleRefund(context, who, id, verdict)
    }
    await lose({ status: 'not_sent', why: 'rate_limited' }, { who, purpose: 'payment' })
  }
  const later = new Date(service.clock.now().getTime() + 365 * 24 * 60 * 60_000)
  await service.db.query(sql`update refunds set due_at = ${later} where due_at is not null`)
  const others = () =>
    service.db.query(sql`select r.* from refunds r where r.due_at is null or r.due_at = ${later} order by r.id`)
  const before = await others()

  const unsent = await lose({ status: 'not_sent', why: 'rate_limited' })
  await advanceRefund(unsent.context, tenant, unsent.id)
  unsent.says = { status: 'succeeded' }
  await advanceRefund(unsent.context, tenant, unsent.id)
  const processing = await lose({ status: 'processing' })
  await advanceRefund(processing.context, tenant, processing.id)
  const settled = await lose()
  await settleRefund(settled.context, tenant, settled.id, release)
  await advanceRefund(settled.context, tenant, settled.id)
  const same = await lose()
  await settleRefund(same.context, tenant, same.id, made)
  await tell(same.transactionId, 'A')
  const wrong = await lose()
  await settleRefund(wrong.context, tenant, wrong.id, made)
  wrong.says = { status: 'failed', reason: 'no' }
  await advanceRefund(wrong.context, tenant, wrong.id)
  await limit()
  const waiting = await lose()
  await approve(await settleRefund(waiting.context, asker, waiting.id, release), other)
  const mine = [unsent, processing, settled, same, wrong, waiting].map(({ id }) => id)
  expect((await others()).filter(({ id }) => !mine.includes(id as string))).toEqual(before)
})

describe('a refund that was surely not sent', () => {
  /** As `lose`, of which each request and each question is counted, and answered when the test says. */
  async function watch(send: () => Promise<ReturnState | NotSent>, query: () => Promise<ReturnState>) {
    const lost = await lose({ status: 'not_sent', why: 'rate_limited' })
    const asked = { sent: 0, queried: 0 }
    const processor: PaymentProcessor = {
      ...sandbox,
      sendReturn() {
        asked.sent++
        return send()
      },
      queryReturn() {
        asked.queried++
        return query()
      },
    }
    lost.context = { ...service, processorOf: async () => processor }
    return { lost, asked }
  }

  test('is not unknown because somebody has looked for it meanwhile, and is sent once more', async () => {
    let sayNow: (answer: ReturnState) => void = () => undefined
    const said = new Promise<ReturnState>((resolve) => {
      sayNow = resolve
    })
    let look: Promise<void> | undefined
    const { lost, asked } = await watch(
      async () => {
        // Another server finds it asked for, and does not find it at the processor, but says so late.
        look ??= advanceRefund(lost.context, tenant, lost.id)
        await expect.poll(() => asked.queried).toBe(1)
        return asked.sent === 1 ? { status: 'not_sent', why: 'rate_limited' } : { status: 'succeeded' }
      },
      () => said,
    )
    await advanceRefund(lost.context, tenant, lost.id)
    sayNow({ status: 'unknown' })
    await look
    expect(await getRefund(service, tenant, lost.id)).toMatchObject({ state: 'pending' })
    await advanceRefund(lost.context, tenant, lost.id)
    expect(await getRefund(service, tenant, lost.id)).toMatchObject({ state: 'processed' })
    expect(asked).toEqual({ sent: 2, queried: 1 })
  })

  test('and that a former version has called unknown is asked about, and never sent by whoever settles it', async () => {
    const { lost, asked } = await watch(
      async () => ({ status: 'succeeded' }),
      async () => ({ status: 'unknown' }),
    )
    await service.db.query(sql`
      update refunds set state = 'unknown', unknown_since = now(), asked_at = null
      where merchant_id = ${tenant.merchant.id} and id = ${lost.id}
    `)
    await advanceRefund(lost.context, tenant, lost.id)
    expect(asked).toEqual({ sent: 0, queried: 1 })
    const verdict = { outcome: 'failed', proof: 'the list of the account', reason: 'It was never sent' } as const
    expect(await settleRefund(lost.context, tenant, lost.id, verdict)).toMatchObject({ state: 'failed' })
    await advanceRefund(lost.context, tenant, lost.id)
    expect(asked.sent).toBe(0)
    expect((await getBalance(service, tenant, ada)).available).toBe(1000n)
  })
})
