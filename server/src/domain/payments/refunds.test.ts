import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { dyingDb } from '../../../test/dying-db.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, merchantBalance, requestOf } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { createCustomer } from '../customers/customers.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import { getHold, listHolds } from '../wallet/holds.ts'
import { getMerchantBalance } from '../wallet/merchant-balances.ts'
import type { NotSent, PaymentProcessor, PaymentsContext, ReturnState } from './payment-processor.ts'
import { chargeInstrument, getPayment } from './payments.ts'
import { getRefund, listRefunds } from './refund-lists.ts'
import { findProcessorRefund } from './refund-records.ts'
import { type RefundState, refundArrows, refundStates } from './refund-states.ts'
import { advanceRefund, refundTransaction, reverseTransaction, settleDueRefunds } from './refunds.ts'

let service: TestService
let sandbox: PaymentProcessor
let tenant: TestTenant
let ada: string

beforeAll(async () => {
  service = await openTestService()
  const any = await createTestTenant(service)
  sandbox = (await service.processorOf(service, any, 'new')) as PaymentProcessor
})
afterAll(() => service.close())
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ada = (await createCustomer(service, tenant, { email: 'ada@example.com' })).customer.code
})

type Answer = ReturnState | NotSent | Error

/** A processor that says of returns what a test lets it say. */
interface Scripted {
  context: PaymentsContext
  /** The calls that asked to give back, by id. */
  sent: string[]
  /** How often it was asked about one. */
  questions: number
  says: Answer
}

function scripted(says: Answer, base: PaymentsContext = service): Scripted {
  const script: Scripted = { context: base, sent: [], questions: 0, says }
  const say = async <Say>(): Promise<Say> => {
    if (script.says instanceof Error) throw script.says
    return script.says as Say
  }
  const processor: PaymentProcessor = {
    ...sandbox,
    sendReturn: (_tenant, { id }) => {
      script.sent.push(id)
      return say()
    },
    queryReturn: () => {
      script.questions += 1
      return say()
    },
  }
  script.context = { ...base, processorOf: async () => processor }
  return script
}

/** Lets the background work for a time. A processor that was asked to give back says that it has. */
async function passHours(hours: number, script: Scripted): Promise<void> {
  for (let i = 0; i < 6 * hours; i++) {
    service.clock.advance(10 * 60_000)
    const before = script.sent.length
    await settleDueRefunds(script.context)
    if (script.sent.length > before) script.says = { status: 'succeeded' }
  }
}

const lost = () => new UpstreamError('create_refund', 'timed_out')

/** A payment of 1,000 by card: into the balance of ada, or to the merchant. Answers its ledger transaction and its reference. */
async function pay({ purpose = 'wallet_topup', number = '4084084084084081', email = 'ada@example.com' } = {}) {
  const card = { type: 'card', number, expiryMonth: 12, expiryYear: 2030 } as const
  const wanted = { email, amount: 1000n, currency: 'ZAR', metadata: { purpose } } as const
  const { reference } = await chargeInstrument(service, tenant, { ...wanted, instrument: card }, freshAttempt(service))
  const [row] = await service.db.query<{ id: string }>(sql`
    select i.transaction_id as id from payments p
    join payment_intents i on i.merchant_id = p.merchant_id and i.id = p.payment_intent_id
    where p.merchant_id = ${tenant.merchant.id} and p.reference = ${reference}
  `)
  return { transactionId: row?.id as string, reference }
}

const stateOf = async (id: string) => (await getRefund(service, tenant, id)).state
const fundsOf = async () => {
  const { posted, held } = await getBalance(service, tenant, ada)
  return [posted, held]
}
const eventsOf = async () => {
  const rows = await service.db.query<{ type: string }>(sql`
    select type from events
    where merchant_id = ${tenant.merchant.id} and (type like 'refund.%' or type like 'reversal.%')
    order by id
  `)
  return rows.map(({ type }) => type)
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => 'not refused',
    (thrown: unknown) => thrown,
  )
  return error instanceof ServiceError ? error.code : String(error)
}

/** The answer of a processor by which a refund comes to a state. */
const answerFor: Record<RefundState, ReturnState> = {
  pending: { status: 'pending' },
  unknown: { status: 'unknown' },
  processing: { status: 'processing' },
  needsAttention: { status: 'needs_attention', reason: 'A bank account is needed' },
  processed: { status: 'succeeded' },
  failed: { status: 'failed', reason: 'The bank has said no' },
}

const eventFor: Record<RefundState, string> = {
  pending: 'refund.pending',
  unknown: 'refund.unknown',
  processing: 'refund.processing',
  needsAttention: 'refund.needs_attention',
  processed: 'refund.succeeded',
  failed: 'refund.failed',
}

/** The rows of the table of states in docs/ledger.md: from, to and what happens to the money. */
const documented = readFileSync(new URL('../../../../docs/ledger.md', import.meta.url), 'utf8')
  .split('| from | to | because | money |\n')[1]
  ?.split('\n\n')[0]
  ?.split('\n')
  .slice(1)
  .map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .map(([, from = '', to = '', , money = '']) => ({ from, to, money })) as { from: string; to: string; money: string }[]

test('docs/ledger.md has every arrow between the states of a refund', () => {
  const arrows = refundStates.flatMap((from) => refundArrows[from].map((to) => `${from} > ${to}`))
  const [first, ...rows] = documented.map(({ from, to }) => `${from} > ${to}`)
  expect(first).toBe(' > pending')
  expect(rows.toSorted()).toEqual(arrows.toSorted())
})

const open = refundStates.filter((state) => refundArrows[state].length > 0)
const pairs = open.flatMap((from) => refundStates.filter((to) => to !== from).map((to) => [from, to] as const))

test.each(pairs)('a refund that is %s is told that it is %s', async (from, to) => {
  const { transactionId } = await pay()
  const script = scripted(answerFor[from])
  const { id, isPending } = await refundTransaction(script.context, tenant, { transactionId, amount: 400 }, null)
  expect([isPending, await stateOf(id), await fundsOf()]).toEqual([true, from, [1000n, 400n]])
  const toldBefore = await eventsOf()
  script.says = answerFor[to]
  service.clock.advance(10_000)
  await advanceRefund(script.context, tenant, id)
  const isAllowed = refundArrows[from].includes(to)
  expect(await stateOf(id)).toBe(isAllowed ? to : from)
  expect(await eventsOf()).toEqual(isAllowed ? [...toldBefore, eventFor[to]] : toldBefore)
  // It is looked at again, and not at once.
  const [due] = await service.db.query<{ is_later: boolean | null }>(sql`
    select due_at > ${service.clock.now()}::timestamptz as is_later from refunds where id = ${id}
  `)
  expect(due?.is_later).toBe(refundArrows[isAllowed ? to : from].length === 0 ? null : true)
  // The row of the table says what happens to the money.
  const money = documented.find((row) => row.from === from && row.to === to)?.money ?? ''
  const expected = /held and posted fall/.test(money)
    ? [600n, 0n]
    : /released/.test(money)
      ? [1000n, 0n]
      : [1000n, 400n]
  expect(await fundsOf()).toEqual(expected)
  expect(script.sent).toEqual([id])
  // An end is not undone, whatever is said next.
  if (refundArrows[to].length === 0 && isAllowed) {
    script.says = answerFor[to === 'failed' ? 'processed' : 'failed']
    const { questions } = script
    await advanceRefund(script.context, tenant, id)
    expect(script.questions).toBe(questions)
    expect([await stateOf(id), await fundsOf()]).toEqual([to, expected])
  }
  expect(await unsoundBooks(service.db)).toEqual([])
})

test('a refund to the merchant reserves and moves the money of the merchant', async () => {
  const { transactionId } = await pay({ purpose: 'payment' })
  const script = scripted({ status: 'processing' })
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 300 }, null)
  const funds = async () => {
    const { posted, held } = await getMerchantBalance(service, tenant, 'ZAR')
    return [posted, held]
  }
  expect(await funds()).toEqual([1000n, 300n])
  script.says = { status: 'succeeded' }
  await advanceRefund(script.context, tenant, id)
  expect(await funds()).toEqual([700n, 0n])
  expect(await unsoundBooks(service.db)).toEqual([])
})

test('many refunds of one payment at once never give back more than it was', async () => {
  const { transactionId } = await pay()
  const answers: Answer[] = [
    { status: 'succeeded' },
    { status: 'processing' },
    { status: 'failed', reason: 'no' },
    lost(),
  ]
  const scripts = Array.from({ length: 24 }, (_, i) => scripted(answers[i % answers.length] as Answer))
  const made = await Promise.allSettled(
    scripts.map(({ context }) => refundTransaction(context, tenant, { transactionId, amount: 130 }, null)),
  )
  for (const each of made)
    if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'refund_exceeded' })
  const refunds = await listRefunds(service, tenant, { transactionId }, { before: undefined, limit: 100 })
  const [given, open] = [['processed'], ['processing', 'unknown']].map((states) =>
    refunds.filter(({ state }) => states.includes(state)).reduce((sum, { amount }) => sum + amount, 0n),
  ) as [bigint, bigint]
  expect(given + open).toBeLessThanOrEqual(1000n)
  expect(await fundsOf()).toEqual([1000n - given, open])
  expect(await unsoundBooks(service.db)).toEqual([])
})

test('a refund is made once for its key, also at once', async () => {
  const { transactionId } = await pay()
  const script = scripted({ status: 'processing' })
  const request = requestOf('k', { transactionId })
  const twice = () => refundTransaction(script.context, tenant, { transactionId, amount: 100 }, request)
  const [first, second] = await Promise.all([twice(), twice()])
  const third = await twice()
  expect(new Set([first.id, second.id, third.id]).size).toBe(1)
  expect([first.isPending, third.isPending]).toEqual([true, true])
  expect([script.sent.length, script.questions]).toEqual([1, 0])
  expect(await fundsOf()).toEqual([1000n, 100n])
})

test.each([0, -1, 1.5, '1.5', '-1'])('a refund of %s minor units is refused', async (amount) => {
  const { transactionId } = await pay()
  const refunding = refundTransaction(service, tenant, { transactionId, amount }, null)
  await expect(refunding).rejects.toThrow(ServiceError)
  expect(await fundsOf()).toEqual([1000n, 0n])
})

test('money that an account took without a payment of this service is given back there, and any other here, at once', async () => {
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const takenAt = async (at: bigint | undefined) =>
    (await ledger(tenant, { ...make.payIn(ada, 100n), from: { kind: 'outside', at } })).id
  for (const account of [2n, 7n]) {
    const transactionId = await takenAt(account)
    expect(await refusal(refundTransaction(service, tenant, { transactionId }, null))).toBe('not_available')
  }
  const here = [await takenAt(undefined), await takenAt(1n), (await ledger(tenant, make.purchase(ada, 100n))).id]
  for (const transactionId of here) {
    const refund = await refundTransaction(service, tenant, { transactionId }, null)
    expect(refund).toMatchObject({ isPending: false, amount: 100n })
  }
  expect(await fundsOf()).toEqual([200n, 0n])
})

test('a refund fails, and another one of the same money succeeds', async () => {
  const { transactionId, reference } = await pay()
  const script = scripted({ status: 'failed', reason: 'The bank has said no' })
  const first = await refundTransaction(script.context, tenant, { transactionId }, null)
  expect(await getRefund(service, tenant, first.id)).toMatchObject({
    state: 'failed',
    stateReason: 'The bank has said no',
    amount: 1000n,
  })
  expect((await getPayment(service, tenant, { reference })).status).toBe('succeeded')
  script.says = { status: 'processing' }
  const second = await refundTransaction(script.context, tenant, { transactionId }, null)
  expect((await getPayment(service, tenant, { reference })).status).toBe('reversing')
  script.says = { status: 'succeeded' }
  await advanceRefund(script.context, tenant, second.id)
  expect((await getPayment(service, tenant, { reference })).status).toBe('reversed')
  expect(await refusal(refundTransaction(script.context, tenant, { transactionId }, null))).toBe('refund_exceeded')
  await expect(refundTransaction(script.context, tenant, { transactionId }, null)).rejects.toThrow('Nothing is left')
  expect(await fundsOf()).toEqual([0n, 0n])
  expect(await unsoundBooks(service.db)).toEqual([])
})

test('money that was spent is not given back, and money that is reserved is not spent', async () => {
  const { transactionId } = await pay()
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  await ledger(tenant, make.purchase(ada, 700n))
  const script = scripted({ status: 'processing' })
  expect(await refusal(refundTransaction(script.context, tenant, { transactionId }, null))).toBe('insufficient_funds')
  await refundTransaction(script.context, tenant, { transactionId, amount: 300 }, null)
  expect(await refusal(ledger(tenant, make.purchase(ada, 1n)))).toBe('insufficient_funds')
})

test('a debt is repaid by the money of a refund that fails', async () => {
  const { transactionId } = await pay()
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const script = scripted({ status: 'processing' })
  const { id } = await refundTransaction(script.context, tenant, { transactionId }, null)
  await ledger(tenant, make.chargeBack(ada, 250n))
  expect(await getBalance(service, tenant, ada)).toMatchObject({ posted: 1000n, held: 1000n, owed: 250n })
  script.says = { status: 'failed', reason: 'no' }
  await advanceRefund(script.context, tenant, id)
  expect(await getBalance(service, tenant, ada)).toMatchObject({ posted: 750n, held: 0n, owed: 0n })
  expect(await unsoundBooks(service.db)).toEqual([])
})

test('the hold of a refund is no hold that anybody sees, takes or releases', async () => {
  const { transactionId } = await pay()
  const { id } = await refundTransaction(scripted({ status: 'processing' }).context, tenant, { transactionId }, null)
  expect(await refusal(getHold(service, tenant, id))).toBe('hold_not_found')
  const customer = {
    id: (await service.db.query<{ id: bigint }>(sql`select id from customers where code = ${ada}`))[0]?.id,
  }
  expect(await listHolds(service, tenant, customer as never, { limit: 10, offset: 0 })).toEqual({ items: [], total: 0 })
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  for (const command of [
    make.release(id, ada),
    make.capture(id, ada, null),
    make.failBack(id, id, { kind: 'customer_cash', customer: ada }),
    make.settleBack(id, transactionId, merchantBalance, { kind: 'customer_cash', customer: ada }),
  ]) {
    await expect(ledger(tenant, command)).rejects.toMatchObject({ code: 'MT004' })
  }
})

/** Lets the background look every second. */
async function passSeconds(seconds: number, script: Scripted): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    service.clock.advance(1000)
    await settleDueRefunds(script.context)
  }
}

const reasonOf = async (id: string) => (await getRefund(service, tenant, id)).stateReason

test('within a minute after the processor answers without a refund, again and again, a person has to look, and nothing is sent again', async () => {
  const { transactionId } = await pay()
  const script = scripted(lost())
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 10 }, null)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['unknown', expect.stringContaining('cannot be asked')])
  // The processor is away for a while.
  await passSeconds(600, script)
  expect(await stateOf(id)).toBe('unknown')
  script.says = { status: 'unknown' }
  await passSeconds(59, script)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['needsAttention', expect.stringContaining('nobody can say')])
  await passHours(2, script)
  expect(script.sent).toEqual([id])
  expect(await fundsOf()).toEqual([1000n, 10n])
  // The processor had it all the time.
  script.says = { status: 'succeeded' }
  service.clock.advance(60 * 60_000)
  await settleDueRefunds(script.context)
  expect([await stateOf(id), await fundsOf()]).toEqual(['processed', [990n, 0n]])
})

test('a processor that answers without a refund has as long as a request may take, before a person has to look', async () => {
  const { transactionId } = await pay()
  const script = scripted(lost())
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 10 }, null)
  script.says = { status: 'unknown' }
  await passSeconds(58, script)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['unknown', expect.stringContaining('does not show')])
  script.says = { status: 'processing' }
  await passSeconds(11, script)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['processing', null])
  expect(script.sent).toEqual([id])
})

test('after an hour in which the processor cannot be asked about a refund, a person has to look', async () => {
  const { transactionId } = await pay()
  const script = scripted(lost())
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 10 }, null)
  await passSeconds(3590, script)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['unknown', expect.stringContaining('cannot be asked')])
  await passSeconds(45, script)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['needsAttention', expect.stringContaining('nobody can say')])
  expect([script.sent, await fundsOf()]).toEqual([[id], [1000n, 10n]])
})

test('a refund that an unreachable processor was surely not sent is sent within a minute after it is reachable', async () => {
  const { transactionId } = await pay()
  const script = scripted({ status: 'not_sent', why: 'rate_limited' })
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 10 }, null)
  await passSeconds(1200, script)
  const tooMany = 'The account takes no more requests at this moment'
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['pending', tooMany])
  script.says = { status: 'not_sent', why: 'paused' }
  await passSeconds(60, script)
  expect([await stateOf(id), await reasonOf(id)]).toEqual(['pending', expect.stringContaining('paused')])
  script.says = { status: 'succeeded' }
  await passSeconds(40, script)
  expect([await stateOf(id), await reasonOf(id), await fundsOf()]).toEqual(['processed', null, [990n, 0n]])
})

test('a refund that was surely not sent is sent again', async () => {
  const { transactionId } = await pay()
  const script = scripted({ status: 'not_sent', why: 'rate_limited' })
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 10 }, null)
  expect(await stateOf(id)).toBe('pending')
  script.says = { status: 'succeeded' }
  service.clock.advance(10_000)
  await settleDueRefunds(script.context)
  expect([script.sent, await stateOf(id)]).toEqual([[id, id], 'processed'])
})

describe('the call that makes a refund has half a minute before the background does what it has not', () => {
  const halfMinute = 30_000

  test('to ask the processor for it', async () => {
    const { transactionId } = await pay()
    const script = scripted({ status: 'processing' })
    const { processorOf } = script.context
    let times = 0
    const failing: typeof processorOf = (...asked) => {
      // The first time is before the refund is made.
      if (++times === 2) throw new ServiceError('not_available', 'The account cannot be reached')
      return processorOf(...asked)
    }
    const failures = { ...service.failures, failed: () => {} }
    const context = { ...script.context, failures, processorOf: failing }
    const { id } = await refundTransaction(context, tenant, { transactionId, amount: 10 }, null)
    service.clock.advance(halfMinute - 1)
    await settleDueRefunds(script.context)
    expect([script.sent, await stateOf(id)]).toEqual([[], 'pending'])
    service.clock.advance(1)
    await settleDueRefunds(script.context)
    expect([script.sent, await stateOf(id)]).toEqual([[id], 'processing'])
  })

  test('to hear the answer', async () => {
    const { transactionId } = await pay()
    const questions: string[] = []
    const asked: number[] = []
    const processor: PaymentProcessor = {
      ...sandbox,
      queryReturn: async (_, { id }) => {
        questions.push(id)
        return { status: 'processing' }
      },
    }
    const background = { ...service, processorOf: async () => processor }
    const slow: PaymentProcessor = {
      ...sandbox,
      sendReturn: async (_, { id }) => {
        for (const ms of [0, halfMinute - 1, 1]) {
          service.clock.advance(ms)
          await settleDueRefunds(background)
          asked.push(questions.filter((each) => each === id).length)
        }
        return { status: 'processing' }
      },
    }
    const context = { ...service, processorOf: async () => slow }
    await refundTransaction(context, tenant, { transactionId, amount: 10 }, null)
    expect(asked).toEqual([0, 0, 1])
  })
})

test('of many servers that find a refund at once that was not sent, one sends it', async () => {
  const { transactionId } = await pay()
  const script = scripted({ status: 'not_sent', why: 'rate_limited' })
  const { id } = await refundTransaction(script.context, tenant, { transactionId, amount: 10 }, null)
  script.says = { status: 'processing' }
  await Promise.all(Array.from({ length: 8 }, () => advanceRefund({ ...script.context }, tenant, id)))
  expect([script.sent, await stateOf(id), await reasonOf(id)]).toEqual([[id, id], 'processing', null])
  await advanceRefund(script.context, tenant, '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a39')
})

test('a refund goes to the charge of its own payment, and is its payer’s', async () => {
  const neighbour = await createTestTenant(service)
  const emails = ['ada@example.com', 'bob@example.com', 'cleo@example.com']
  const paid: Awaited<ReturnType<typeof pay>>[] = []
  for (const email of emails) paid.push(await pay({ email, purpose: 'payment' }))
  const [own, other] = [tenant, neighbour]
  tenant = neighbour
  await pay()
  tenant = own
  const charges: string[] = []
  for (const [i, { transactionId, reference }] of paid.entries()) {
    const { context } = scripted({ status: 'processing' })
    const { id } = await refundTransaction(context, tenant, { transactionId, amount: 10 }, null)
    const refund = await findProcessorRefund(service, tenant, { id })
    const [intent] = await service.db.query<{ id: string; charge_reference: string }>(sql`
      select id, charge_reference from payment_intents where transaction_id = ${transactionId}
    `)
    expect(refund).toMatchObject({ paymentIntentId: `pi_${intent?.id}`, chargeReference: intent?.charge_reference })
    expect(refund).toMatchObject({
      wireId: expect.any(BigInt),
      payment: { reference },
      customer: { email: emails[i] },
    })
    charges.push(refund?.chargeReference as string)
    const elsewhere = refundTransaction(context, other, { transactionId, amount: 10 }, null)
    expect(await refusal(elsewhere)).toBe('transaction_not_found')
  }
  expect(new Set(charges).size).toBe(3)
})

test('the reversal of a payment is a refund, and no movement that happened outside is reversed', async () => {
  const { transactionId, reference } = await pay()
  const script = scripted({ status: 'processing' })
  await refundTransaction(script.context, tenant, { transactionId, amount: 100 }, null)
  const { id, amount } = await reverseTransaction(script.context, tenant, { transactionId, reason: 'Mistake' }, null)
  expect([amount, await fundsOf()]).toEqual([900n, [1000n, 1000n]])
  script.says = { status: 'succeeded' }
  service.clock.advance(10_000)
  await settleDueRefunds(script.context)
  expect(await getRefund(service, tenant, id)).toMatchObject({
    kind: 'reversal',
    state: 'processed',
    reason: 'Mistake',
  })
  expect((await getPayment(service, tenant, { reference })).status).toBe('reversed')
  expect(await eventsOf()).toContain('reversal.succeeded')
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const outside = [
    await ledger(tenant, make.chargeBack(ada, 1n)),
    await ledger(tenant, make.adjust({ kind: 'adjustments' }, merchantBalance, 1n)),
    await ledger(tenant, make.book('processor_fee', merchantBalance, { kind: 'outside' }, 1n)),
    await ledger(tenant, make.book('settlement', { kind: 'outside' }, { kind: 'outside', at: 7n }, 1n)),
  ]
  for (const movement of outside) {
    for (const undo of [refundTransaction, reverseTransaction]) {
      const undone = undo(script.context, tenant, { transactionId: movement.id }, null)
      expect(await refusal(undone)).toBe('invalid_request')
    }
  }
})

describe('a server that is killed while it makes a refund', () => {
  test.each(['before', 'after'] as const)(
    '%s any of its statements, asks its processor at most once',
    async (moment) => {
      for (let last = 1; ; last++) {
        const { transactionId } = await pay()
        const [before] = await fundsOf()
        const { db, asked } = dyingDb(service.db, last, moment)
        const script = scripted({ status: 'succeeded' }, { ...service, db })
        await refundTransaction(script.context, tenant, { transactionId, amount: 40 }, requestOf(`k${last}`)).catch(
          () => {},
        )
        const wasKilled = asked() >= last
        // Another server goes on. Its processor shows what it was asked for.
        const wasAsked = script.sent.length > 0
        const other = scripted(wasAsked ? { status: 'succeeded' } : { status: 'unknown' })
        await passHours(3, other)
        const refunds = await listRefunds(service, tenant, { transactionId }, { before: undefined, limit: 10 })
        expect(refunds.length).toBeLessThanOrEqual(1)
        expect(script.sent.length + other.sent.length).toBeLessThanOrEqual(1)
        const isSent = script.sent.length + other.sent.length > 0
        const state = refunds[0]?.state
        // Nothing is lost: without a request to the processor the refund does not exist, or a person is told.
        if (isSent) expect(state).toBe('processed')
        else expect([undefined, 'needsAttention']).toContain(state)
        expect(await fundsOf()).toEqual([
          (before as bigint) - (isSent ? 40n : 0n),
          state === 'needsAttention' ? 40n : 0n,
        ])
        if (state === 'needsAttention') {
          // Out of the way of the next round.
          const refund = await findProcessorRefund(service, tenant, { id: refunds[0]?.id as string })
          other.says = { status: 'failed', reason: 'A person has looked' }
          await advanceRefund(other.context, tenant, refund?.id as string)
        }
        if (!wasKilled) break
      }
      expect(await unsoundBooks(service.db)).toEqual([])
    },
  )
})
