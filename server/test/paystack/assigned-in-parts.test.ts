import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { uuidV7 } from '../../src/base/ids.ts'
import { sql } from '../../src/db/sql.ts'
import { doCommand } from '../../src/domain/ledger/commands.ts'
import { type Dispute, findDispute } from '../../src/domain/payments/dispute-records.ts'
import { type DisputedMoney, findDisputedMoney } from '../../src/domain/payments/disputed-money.ts'
import { learnDispute } from '../../src/domain/payments/disputes.ts'
import { refundTransaction } from '../../src/domain/payments/refunds.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { dyingDb } from '../dying-db.ts'
import { commandsFor, requestOf } from '../wallets.ts'
import {
  moveRefund,
  openDispute,
  pay,
  type RefundRow,
  refundDispute,
  refundInDashboard,
  resolveDispute,
} from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// A payment whose money is in two parts, because the account took one of them in suspense and brought it back. Each was assigned to
// a customer of its own.

interface Refund {
  amount: number
}

interface Part {
  id: string
  assignedId: string
}

let api: TestApi
let opened: ReconciledAccount
/** The first part is of 1,500 and Ada's; the second of 1,500 and Ben's. */
let [ada, ben] = ['', '']
let first: Part
let second: Part

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(async () => {
  expect(await unsoundBooks(api.service.db)).toEqual([])
  await api.close()
})

beforeEach(async () => {
  opened = await openReconciledAccount(api)
  await opened.open()
  ada = await join('ada@example.com')
  ben = await join('ben@example.com')
  first = await bring('order-1')
  second = await assignOpen(ben)
  expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 1_500, 0, 0], 'success'])
  return opened.close
})

/**
 * Brings 3,000 into suspense, because the customer was deleted before the money came. A refund of 1,500 at the account takes of it, the
 * rest is assigned to Ada, and the refund fails.
 */
async function bring(reference: string): Promise<Part> {
  const part = await suspend(reference)
  await end('failed')
  return part
}

/** The same before the refund fails. */
async function suspend(reference: string): Promise<Part> {
  const { ask, account } = opened
  const payer = `${reference}@example.com`
  const asked = { email: payer, amount: 3_000, currency: 'NGN', metadata: { purpose: 'wallet_topup' }, reference }
  await ask('POST', '/transaction/initialize', asked)
  const gone = (await ask('GET', `/customer/${payer}`)).json().data.customer_code
  expect((await ask('DELETE', '/api/canary/customers/bulk', { ids: [gone] })).statusCode).toBeLessThan(300)
  pay(account, sent())
  await told()
  refundInDashboard(account, sent(), 1_500)
  await told()
  return assignOpen(ada)
}

/** The account's name of the payment that was brought last. */
const sent = () => opened.account.transactions.at(-1)?.reference as string
async function told() {
  await opened.tellAll()
  await opened.settleDue()
}
const join = async (email: string): Promise<string> =>
  (await opened.ask('POST', '/customer', { email })).json().data.customer_code
const openMoney = async () => (await opened.ask('GET', '/v1/suspense?open=true')).json().data
const openLeft = async () => (await openMoney()).map(({ left }: { left: number }) => left)
async function assignOpen(customerId: string): Promise<Part> {
  const [{ id }] = await openMoney()
  const { transactionId } = (await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId })).json()
  return { id, assignedId: transactionId.replace(/^txn_/, '') }
}
const refund = (transactionId: string, amount?: number) =>
  opened.ask('POST', '/v1/refunds', { transactionId, ...(amount === undefined ? {} : { amount }) })
const refusal = async (transactionId: string, amount?: number) => (await refund(transactionId, amount)).json().error
const verify = async () => (await opened.ask('GET', '/transaction/verify/order-1')).json().data.status
async function end(status: 'processed' | 'failed', row = opened.account.refunds.at(-1) as RefundRow) {
  // Of one moment no refund is the newer one.
  api.service.clock.advance(1000)
  moveRefund(opened.account, row, status)
  await told()
}
async function balance(customer: string): Promise<[number, number, number]> {
  const { balances } = (await opened.ask('GET', `/v1/customers/${customer}/balances`)).json()
  const { posted, held, owed } = balances.find(({ currency }: { currency: string }) => currency === 'NGN')
  return [posted, held, owed]
}
const both = async () => [...(await balance(ada)), ...(await balance(ben))]
async function expectAgreement() {
  expect((await opened.books())['outside/2'] ?? 0).toBe(-opened.account.balance())
  expect((await opened.reconcile()).status).toBe('agreed')
  expect(await opened.named()).toEqual([])
}
async function dispute(amount: number) {
  const row = openDispute(opened.account, sent())
  row.refund_amount = amount
  await told()
  return row
}
async function resolve(row: Parameters<typeof resolveDispute>[1], resolution: 'auto-accepted' | 'declined') {
  resolveDispute(opened.account, row, resolution)
  await told()
}

test('each goes back by its own names, from its own owner, and the payment is reversed once both have', async () => {
  const part = (await refund(second.assignedId, 1_000)).json()
  expect(part).toMatchObject({ transactionId: second.id, amount: 1_000 })
  expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 1_500, 1_000, 0], 'reversal-pending'])
  expect((await refusal(second.id, 501)).code).toBe('refund_exceeded')
  await end('processed')
  expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 500, 0, 0], 'success'])
  expect((await refund(second.id)).json()).toMatchObject({ transactionId: second.id, amount: 500 })
  await end('processed')
  expect((await refusal(second.assignedId)).code).toBe('refund_exceeded')
  expect(await verify()).toBe('success')
  expect((await refund('order-1')).json()).toMatchObject({ transactionId: first.id, amount: 1_500 })
  await end('processed')
  expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 0], 'reversed'])
  expect((await refusal('order-1')).code).toBe('refund_exceeded')
  await expectAgreement()

  const listed = async (name: string) =>
    (await opened.ask('GET', `/v1/refunds?transactionId=${name}`)).json().data.map(({ amount }: Refund) => amount)
  expect(await listed('order-1')).toEqual([1_500, 500, 1_000])
  expect(await listed(first.id)).toEqual([1_500, 500, 1_000])
  expect(await listed(second.id)).toEqual([500, 1_000])
  expect(await listed(second.assignedId)).toEqual([500, 1_000])
  const { id } = (await opened.ask('GET', '/transaction/verify/order-1')).json().data
  const onTheWire = (await opened.ask('GET', `/refund?transaction=${id}`)).json()
  expect(onTheWire.data.map(({ amount }: Refund) => amount)).toEqual([1_500, 500, 1_000])
  expect(onTheWire.meta.partialAmountLeft).toBe(0)
})

test('by the name of the payment the first part with so much left goes back, and nothing where that is unclear', async () => {
  expect(await refusal('order-1')).toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining(`txn_${second.assignedId} (1500 minor units left)`),
  })
  expect((await refusal('order-1', 1_501)).code).toBe('refund_exceeded')
  const once = () =>
    api.app.inject({
      method: 'POST',
      url: '/v1/refunds',
      headers: { authorization: `Bearer ${opened.tenant.secret}`, 'idempotency-key': 'once' },
      payload: { transactionId: 'order-1', amount: 1_000 },
    })
  const { id } = (await once()).json()
  expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 0, 0])
  // The first part has not got so much any more.
  expect((await once()).json()).toMatchObject({
    id,
    transactionId: first.id,
  })
  expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 0, 0])
  const wire = (await opened.ask('POST', '/refund', { transaction: 'order-1', amount: 1_000 })).json()
  expect(wire).toMatchObject({ status: true, data: { amount: 1_000 } })
  expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 1_000, 0])
  expect((await refusal('order-1', 501)).code).toBe('refund_exceeded')
  expect((await refund('order-1', 500)).json()).toMatchObject({ transactionId: first.id })
  expect((await refund('order-1')).json()).toMatchObject({ transactionId: second.id, amount: 500 })
  await opened.settleDue()
  for (const row of opened.account.refunds.filter(({ status }) => status !== 'failed')) {
    moveRefund(opened.account, row, 'processed')
  }
  await opened.tellAll()
  await opened.settleDue()
  expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 0], 'reversed'])
  await expectAgreement()
})

test('of many refunds of both at once no more goes back than came', async () => {
  const names = ['order-1', first.id, second.id, second.assignedId]
  const answers = await Promise.all([...names, ...names].map((name) => refund(name, 700)))
  expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 201, 201, 201, 409, 409, 409, 409])
  expect(await both()).toEqual([1_500, 1_400, 0, 1_500, 1_400, 0])
})

/** Refunds once for a key. */
const refundOnce = (key: string, transactionId: string, amount?: number, url = '/v1/refunds') =>
  api.app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${opened.tenant.secret}`, 'idempotency-key': key },
    payload: { [url === '/refund' ? 'transaction' : 'transactionId']: transactionId, ...(amount && { amount }) },
  })

test.each(['/v1/refunds', '/refund'])(
  'of many by the name of the payment at once by %s, each finds a part that has the amount',
  async (url) => {
    const keys = ['a', 'b', 'c', 'd', 'e']
    const answers = await Promise.all(keys.map((key) => refundOnce(key, 'order-1', 700, url)))
    const isMade = ({ statusCode }: { statusCode: number }) => statusCode < 300
    expect(answers.filter(isMade)).toHaveLength(4)
    expect(await both()).toEqual([1_500, 1_400, 0, 1_500, 1_400, 0])
    if (url === '/v1/refunds') {
      const { error } = answers.find((each) => !isMade(each))?.json() ?? {}
      expect(error).toMatchObject({
        code: 'refund_exceeded',
        message: expect.stringContaining(`txn_${first.assignedId} (100 minor units left)`),
      })
    }
    const again = await Promise.all(keys.map((key) => refundOnce(key, 'order-1', 700, url)))
    expect(again.map(({ body }) => body)).toEqual(answers.map(({ body }) => body))
    expect(await both()).toEqual([1_500, 1_400, 0, 1_500, 1_400, 0])
  },
)

test('of many without an amount at once each takes the rest of the payment or is refused, and answers the same again', async () => {
  expect((await refund(first.assignedId)).statusCode).toBe(201)
  const undo = () => Promise.all(['a', 'b'].map((key) => refundOnce(key, 'order-1', undefined, '/v1/reversals')))
  const answers = await undo()
  expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 409])
  expect((await undo()).map(({ body }) => body)).toEqual(answers.map(({ body }) => body))
})

test('a server that dies while it tries one part after the other leaves a key that refunds once', async () => {
  for (let last = 1, isOver = false; !isOver; last += 1) {
    first = await bring(`dying-${last}`)
    second = await assignOpen(ben)
    const before = await both()
    const input = { transactionId: first.id, amount: 1_000 }
    const request = requestOf(`dying ${last}`, input)
    let taken = 0
    const { db: dying, asked } = dyingDb(api.service.db, last, 'after')
    // Somebody else refunds the first part at the moment when it is chosen.
    const query: typeof dying.query = async (statement) => {
      if (taken === 0 && statement.text.includes('free_refused_key')) {
        taken = 1_000
        expect((await refund(first.assignedId, taken)).statusCode).toBe(201)
      }
      return dying.query(statement)
    }
    const context = { ...api.service, db: { ...dying, query } }
    const started = await refundTransaction(context, opened.tenant, input, request).catch(() => null)
    isOver = asked() < last
    const made = await refundTransaction(api.service, opened.tenant, input, request)
    const [ofFirst, ofSecond] = taken === 0 ? [1_000, 0] : [taken, 1_000]
    const [adas, heldOfAda, , bens, heldOfBen] = before as [number, number, number, number, number]
    expect([last, made.transactionId, await both()]).toEqual([
      last,
      taken === 0 ? first.id : second.id,
      [adas, heldOfAda + ofFirst, 0, bens, heldOfBen + ofSecond, 0],
    ])
    if (started !== null) expect([made.id, made.transactionId]).toEqual([started.id, started.transactionId])
  }
}, 300_000)

test('what is given back in the ledger alone is of a part as well, and answers the same again', async () => {
  const book = commandsFor(api.service).book('suspended', { kind: 'outside' }, { kind: 'suspense' }, 2_000n)
  const { id } = await doCommand(api.service, opened.tenant, { ...book, currency: 'NGN' })
  await learn(id, 'lost', 1_000n, api.service, 'torn', 0n)
  const whole = await assignOpen(ada)
  await learn(id, 'won', 1_000n, api.service, 'torn', 0n)
  const part = await assignOpen(ben)
  const give = () => Promise.all(['a', 'b', 'c'].map((key) => refundOnce(key, id, 600)))
  const answers = await give()
  const ofPart = ({ statusCode, json }: Awaited<ReturnType<typeof refundOnce>>) => [statusCode, json().transactionId]
  const ofBoth = [
    [201, whole.id],
    [201, part.id],
    [409, undefined],
  ]
  expect(answers.map(ofPart).toSorted()).toEqual(ofBoth.toSorted())
  expect(await both()).toEqual([1_900, 0, 0, 1_900, 0, 0])
  expect((await give()).map(({ body }) => body)).toEqual(answers.map(({ body }) => body))
  expect(await both()).toEqual([1_900, 0, 0, 1_900, 0, 0])
})

test('one that is disputed, or was taken back, leaves the other what the account still has', async () => {
  const { account } = opened
  const dispute = openDispute(account, account.transactions.at(-1)?.reference as string)
  dispute.refund_amount = 2_000
  await opened.tellAll()
  await opened.settleDue()
  expect((await refusal(second.id, 1_001)).code).toBe('refund_exceeded')
  expect((await refund(second.id, 400)).statusCode).toBe(201)
  expect((await refusal('order-1', 601)).code).toBe('refund_exceeded')
  resolveDispute(account, dispute, 'declined')
  await opened.tellAll()
  await opened.settleDue()
  expect((await refund('order-1', 1_500)).json()).toMatchObject({ transactionId: first.id })
  expect((await refund(second.id, 1_100)).statusCode).toBe(201)
  expect((await refusal(second.id, 1)).code).toBe('refund_exceeded')
})

test('a refund in the dashboard takes from the parts that have something left, in their order, and gives back to each', async () => {
  refundInDashboard(opened.account, sent(), 2_000)
  await told()
  expect([await both(), await verify()]).toEqual([[0, 0, 0, 1_000, 0, 0], 'success'])
  await expectAgreement()
  expect((await refusal('order-1', 1_001)).code).toBe('refund_exceeded')
  expect((await refusal(first.assignedId, 1)).code).toBe('refund_exceeded')
  await end('failed')
  expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 1_500, 0, 0], 'success'])
  await expectAgreement()
  refundInDashboard(opened.account, sent(), 3_000)
  await end('processed')
  expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 0], 'reversed'])
  await expectAgreement()
  const moved = (await opened.ask('GET', '/v1/transactions?reference=order-1')).json().data
  const amounts = moved.map(({ kind, amount }: Refund & { kind: string }) => `${kind} ${amount}`).toSorted()
  expect(amounts.filter((each: string) => each.startsWith('chargeback'))).toEqual([
    ...['chargeback 1500', 'chargeback 1500', 'chargeback 1500', 'chargeback 500'],
    ...['chargeback_returned 1500', 'chargeback_returned 500'],
  ])
})

test('more than the parts have is of the first one that has anything left', async () => {
  expect((await refund(first.assignedId)).statusCode).toBe(201)
  await end('processed')
  await resolve(await dispute(2_000), 'auto-accepted')
  expect(await both()).toEqual([0, 0, 0, 0, 0, 500])
})

test.each([
  ['one unit is left of the second', 1_499, [0, 0, 0, 0, 0, 500]],
  ['nothing is left of either', 1_500, [0, 0, 500, 0, 0, 0]],
])(
  'more than the parts have is of the first one of which anything is taken, or else of the first, where %s',
  async (_, taken, owed) => {
    for (const [part, amount] of [
      [first, 1_500],
      [second, taken],
    ] as const) {
      expect((await refund(part.assignedId, amount)).statusCode).toBe(201)
      await end('processed')
    }
    refundInDashboard(opened.account, sent(), 500 + 1_500 - taken)
    await told()
    expect(await both()).toEqual(owed)
  },
)

test('more than the parts have is of the first one, also where the account has taken what nobody has', async () => {
  const part = await bring('order-2')
  refundInDashboard(opened.account, sent(), 1_500)
  await told()
  expect(await openLeft()).toEqual([])
  expect((await refund(part.assignedId, 1_500)).statusCode).toBe(201)
  await end('processed')
  refundInDashboard(opened.account, sent(), 500)
  await told()
  expect(await both()).toEqual([1_000, 0, 0, 1_500, 0, 0])
})

test('a part that is used up leaves a refund in the dashboard to the other', async () => {
  expect((await refund(first.assignedId)).json()).toMatchObject({ transactionId: first.id, amount: 1_500 })
  // It is under way: who has refunded it is not asked for it again.
  const ours = opened.account.refunds.at(-1) as RefundRow
  refundInDashboard(opened.account, sent(), 1_000)
  await told()
  expect(await both()).toEqual([1_500, 1_500, 0, 500, 0, 0])
  await end('processed', ours)
  expect(await both()).toEqual([0, 0, 0, 500, 0, 0])
  await end('processed')
  expect((await refund('order-1')).json()).toMatchObject({ transactionId: second.id, amount: 500 })
  await end('processed')
  expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 0], 'reversed'])
  await expectAgreement()
})

test('what a refund under way has reserved is taken last, and is there again when that fails', async () => {
  expect((await refund(first.assignedId)).statusCode).toBe(201)
  const ours = opened.account.refunds.at(-1) as RefundRow
  const row = await dispute(2_000)
  await resolve(row, 'auto-accepted')
  expect(await both()).toEqual([1_500, 1_500, 500, 0, 0, 0])
  await end('failed', ours)
  expect([await both(), await verify()]).toEqual([[1_000, 0, 0, 0, 0, 0], 'success'])
  expect((await refusal(second.assignedId)).code).toBe('refund_exceeded')
  expect((await refund('order-1')).json()).toMatchObject({ transactionId: first.id, amount: 1_000 })
})

test('a dispute of all takes from both, also what one has spent, and back and forth', async () => {
  const spent = { customerId: ben, amount: 1_200, currency: 'NGN', reason: 'Spent', reference: 'spent' }
  expect((await opened.ask('POST', '/v1/adjustments', { ...spent, direction: 'debit' })).statusCode).toBe(201)
  const row = await dispute(3_000)
  for (const _ of [1, 2, 3]) {
    await resolve(row, 'auto-accepted')
    expect([await both(), await verify()]).toEqual([[0, 0, 0, 0, 0, 1_200], 'reversed'])
    await resolve(row, 'declined')
    expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 300, 0, 0], 'success'])
  }
  await expectAgreement()
})

test('what nobody has leaves suspense, and comes back there as a part of its own', async () => {
  await bring('order-2')
  expect([await both(), await openLeft()]).toEqual([[3_000, 0, 0, 1_500, 0, 0], [1_500]])
  const some = await dispute(1_000)
  await resolve(some, 'auto-accepted')
  expect([await both(), await openLeft()]).toEqual([[3_000, 0, 0, 1_500, 0, 0], [500]])
  await resolve(some, 'declined')
  expect([await both(), (await openLeft()).toSorted()]).toEqual([
    [3_000, 0, 0, 1_500, 0, 0],
    [1_000, 500],
  ])
  const row = await dispute(2_000)
  await resolve(row, 'auto-accepted')
  expect([await both(), await openLeft()]).toEqual([[2_500, 0, 0, 1_500, 0, 0], []])
  await resolve(row, 'declined')
  expect([await both(), (await openLeft()).toSorted()]).toEqual([
    [3_000, 0, 0, 1_500, 0, 0],
    [1_000, 500],
  ])
  await assignOpen(ben)
  await assignOpen(ben)
  expect(await both()).toEqual([3_000, 0, 0, 3_000, 0, 0])
  // What it had brought back is taken first.
  await resolve(row, 'auto-accepted')
  expect(await both()).toEqual([2_500, 0, 0, 1_500, 0, 0])
  expect((await refund('order-2', 1_001)).json().error.code).toBe('refund_exceeded')
  expect((await refund('order-2', 1_000)).statusCode).toBe(201)
  await end('processed')
  expect(await both()).toEqual([1_500, 0, 0, 1_500, 0, 0])
  await expectAgreement()
})

test('with holdsAmount an open dispute reserves of the first part that has anything left', async () => {
  expect((await opened.ask('PATCH', '/v1/dispute-settings', { holdsAmount: true })).statusCode).toBe(200)
  const row = await dispute(1_000)
  expect(await both()).toEqual([1_500, 1_000, 0, 1_500, 0, 0])
  await resolve(row, 'declined')
  expect(await both()).toEqual([1_500, 0, 0, 1_500, 0, 0])
  expect((await refund(first.assignedId)).statusCode).toBe(201)
  await end('processed')
  const other = await dispute(1_000)
  expect(await both()).toEqual([0, 0, 0, 1_500, 1_000, 0])
  await resolve(other, 'auto-accepted')
  expect(await both()).toEqual([0, 0, 0, 500, 0, 0])
  await expectAgreement()
})

test('a dispute takes what it has reserved before what refunds under way have', async () => {
  expect((await opened.ask('PATCH', '/v1/dispute-settings', { holdsAmount: true })).statusCode).toBe(200)
  expect((await refund(first.assignedId)).statusCode).toBe(201)
  const own = opened.account.refunds.at(-1) as RefundRow
  const row = await dispute(1_000)
  expect(await both()).toEqual([1_500, 1_500, 0, 1_500, 1_000, 0])
  await resolve(row, 'auto-accepted')
  expect(await both()).toEqual([1_500, 1_500, 0, 500, 0, 0])
  await end('processed', own)
  expect(await both()).toEqual([0, 0, 0, 500, 0, 0])
  await expectAgreement()
})

test('what has come back is there before anything else is taken, also where the account tells of both at once', async () => {
  await suspend('order-2')
  moveRefund(opened.account, opened.account.refunds.at(-1) as RefundRow, 'failed')
  const other = refundInDashboard(opened.account, sent(), 1_500)
  await told()
  expect([await both(), await openLeft()]).toEqual([[3_000, 0, 0, 1_500, 0, 0], []])
  await end('failed', other)
  expect([await both(), await openLeft()]).toEqual([[3_000, 0, 0, 1_500, 0, 0], [1_500]])
  const row = await dispute(3_000)
  await resolve(row, 'auto-accepted')
  expect([await both(), await openLeft()]).toEqual([[1_500, 0, 0, 1_500, 0, 0], []])
  resolveDispute(opened.account, row, 'declined')
  const next = openDispute(opened.account, sent())
  next.refund_amount = 1_500
  await resolve(next, 'auto-accepted')
  expect([await both(), await openLeft()]).toEqual([[3_000, 0, 0, 1_500, 0, 0], []])
  await expectAgreement()
})

test.each([true, false])(
  'a dispute that ends well after its refund has failed gives back to each, told at once: %s',
  async (isAtOnce) => {
    const row = await dispute(2_000)
    resolveDispute(opened.account, row, 'auto-accepted')
    const paid = refundDispute(opened.account, row, { isNamed: true })
    await told()
    expect([await both(), await verify()]).toEqual([[0, 0, 0, 1_000, 0, 0], 'success'])
    moveRefund(opened.account, paid, 'failed')
    if (!isAtOnce) await told()
    await resolve(row, 'declined')
    await told()
    expect([await both(), await verify()]).toEqual([[1_500, 0, 0, 1_500, 0, 0], 'success'])
    await expectAgreement()
    // Another refund ends it after all.
    resolveDispute(opened.account, row, 'auto-accepted')
    refundDispute(opened.account, row, { isNamed: true })
    await told()
    expect(await both()).toEqual([0, 0, 0, 1_000, 0, 0])
    await resolve(row, 'declined')
    expect(await both()).toEqual([0, 0, 0, 1_000, 0, 0])
    await expectAgreement()
  },
)

/** A refund of Ben's part, of which nobody can say whether the account has it. */
async function lose(amount: number, when: 'cut_before' | 'cut_after'): Promise<string> {
  opened.proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? when : 'none')
  return (await refund(second.assignedId, amount)).json().id
}
async function settleAs(outcome: 'processed' | 'failed', id: string) {
  const words = { outcome, proof: 'Ticket 88121', reason: 'The answer was lost' }
  expect((await opened.ask('POST', `/v1/refunds/${id}/settle`, words)).json()).toMatchObject({ state: outcome })
}

test('a refund that was settled as failed and is made after all is taken of its own part, and comes back there if it fails', async () => {
  const id = await lose(1_000, 'cut_after')
  opened.proxy.choose = () => 'cut_before'
  await settleAs('failed', id)
  const made = opened.account.refunds.at(-1) as RefundRow
  opened.proxy.choose = () => 'none'
  // Another one of the dashboard takes of the parts in their order.
  refundInDashboard(opened.account, sent(), 1_800)
  await end('processed', made)
  expect(await both()).toEqual([0, 0, 0, 200, 0, 0])
  await end('failed', made)
  expect(await both()).toEqual([0, 0, 0, 1_200, 0, 0])
  await expectAgreement()
})

test.each([
  ['unknown', 0],
  ['needsAttention', 25],
])(
  'a refund of the dashboard is of the part whose own refund of the same amount nobody can find, %s',
  async (state, hours) => {
    const id = await lose(1_000, 'cut_before')
    for (let hour = 0; hour < hours; hour++) {
      api.service.clock.advance(60 * 60_000)
      opened.proxy.choose = () => 'cut_before'
      await told()
    }
    expect((await opened.ask('GET', `/v1/refunds/${id}`)).json()).toMatchObject({ state })
    opened.proxy.choose = () => 'none'
    refundInDashboard(opened.account, sent(), 1_000)
    await told()
    expect(await both()).toEqual([1_500, 0, 0, 1_000, 1_000, 500])
    await settleAs('failed', id)
    expect(await both()).toEqual([1_500, 0, 0, 500, 0, 0])
    await expectAgreement()
  },
)

test('a dispute of the same amount as a refund that nobody can find takes of the parts in their order', async () => {
  await lose(1_000, 'cut_before')
  opened.proxy.choose = () => 'none'
  await resolve(await dispute(1_000), 'auto-accepted')
  expect(await both()).toEqual([500, 0, 0, 1_500, 1_000, 0])
  await expectAgreement()
})

test('a refund that was settled as failed and is made after all takes no more of its own part than is left, then of the others', async () => {
  const id = await lose(1_000, 'cut_after')
  opened.proxy.choose = () => 'cut_before'
  await settleAs('failed', id)
  const made = opened.account.refunds.at(-1) as RefundRow
  opened.proxy.choose = () => 'none'
  // Of the others of the same amount none is the one that is made.
  moveRefund(opened.account, made, 'failed')
  await told()
  expect((await refund(second.assignedId, 1_100)).statusCode).toBe(201)
  await end('processed')
  expect(await both()).toEqual([1_500, 0, 0, 400, 0, 0])
  await end('processed', made)
  expect(await both()).toEqual([900, 0, 0, 0, 0, 0])
  await expectAgreement()
})

test('a refund that was settled as one of the dashboard is no difference, and comes back once that one fails there', async () => {
  const id = await lose(1_000, 'cut_before')
  opened.proxy.choose = () => 'none'
  await settleAs('processed', id)
  const row = refundInDashboard(opened.account, sent(), 1_000)
  await told()
  expect(await both()).toEqual([1_500, 0, 0, 500, 0, 0])
  await expectAgreement()
  await end('failed', row)
  expect(await both()).toEqual([1_500, 0, 0, 1_500, 0, 0])
  await expectAgreement()
  // Somebody makes it after all, and that fails, and is made again.
  for (let times = 0; times < 2; times++) {
    refundInDashboard(opened.account, sent(), 1_000)
    await told()
    expect(await both()).toEqual([1_500, 0, 0, 500, 0, 0])
    await end('failed')
    expect(await both()).toEqual([1_500, 0, 0, 1_500, 0, 0])
  }
})

test.each([
  ['processed', null],
  ['failed', null],
  ['processed', 'processed'],
  ['failed', 'failed'],
] as const)(
  'a refund of the dashboard is of the parts in their order after a refund of the same amount was %s, settled as %s',
  async (state, settledAs) => {
    const id = settledAs === null ? null : await lose(500, 'cut_before')
    opened.proxy.choose = () => 'none'
    if (id === null) {
      expect((await refund(second.assignedId, 500)).statusCode).toBe(201)
      await end(state)
    } else {
      await settleAs(state, id)
    }
    if (settledAs === 'processed') refundInDashboard(opened.account, sent(), 500)
    await told()
    const left = state === 'processed' ? 1_000 : 1_500
    expect(await both()).toEqual([1_500, 0, 0, left, 0, 0])
    refundInDashboard(opened.account, sent(), 500)
    await told()
    expect(await both()).toEqual([1_000, 0, 0, left, 0, 0])
  },
)

test('each refund that nobody can find stands for one of the dashboard', async () => {
  opened.proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
  for (const part of [first, second]) expect((await refund(part.assignedId, 1_000)).statusCode).toBe(201)
  opened.proxy.choose = () => 'none'
  for (const _ of [1, 2]) {
    refundInDashboard(opened.account, sent(), 1_000)
    await told()
  }
  expect(await both()).toEqual([1_000, 1_000, 500, 1_000, 1_000, 500])
})

test('a refusal says what to do, and a refund shows the name of its part', async () => {
  const list = `txn_${first.assignedId} (1500 minor units left), txn_${second.assignedId} (1500 minor units left)`
  const undone = (await opened.ask('POST', '/v1/reversals', { transactionId: 'order-1' })).json().error
  expect(undone.message).toBe(
    `The money of the payment is in parts, which were assigned one by one: name one of ${list}`,
  )
  expect((await refusal('order-1')).message).toContain(`name an amount, or one of ${list}`)
  for (const amount of [undefined, 2_000]) {
    const once = () => refundOnce(`wire-${amount}`, 'order-1', amount, '/refund')
    const refused = await once()
    expect([refused.statusCode, refused.json()]).toEqual([
      400,
      {
        status: false,
        message: `The money of the payment is in parts, which were assigned one by one, and none has so much left: ${list}`,
        meta: {
          nextStep:
            'Refund the parts one by one with POST /v1/refunds: transactionId is the txn_ id of a part, and amount no more than is left of it, in minor units',
        },
        type: 'validation_error',
        code: 'invalid_params',
      },
    ])
    expect((await once()).json()).toEqual(refused.json())
  }

  const made = (await refund('order-1', 400)).json()
  expect(made).toMatchObject({ transactionId: first.id, assignedTransactionId: first.assignedId })
  const undoing = (await opened.ask('POST', '/v1/reversals', { transactionId: second.assignedId })).json()
  expect(undoing).toMatchObject({ transactionId: second.id, assignedTransactionId: second.assignedId, amount: 1_500 })
  expect((await opened.ask('GET', `/v1/refunds/${made.id}`)).json()).toMatchObject({
    transactionId: first.id,
    assignedTransactionId: first.assignedId,
  })
  const events = (await opened.ask('GET', '/v1/events?type=refund.pending')).json().data
  expect(JSON.stringify(events)).toContain(`"assignedTransactionId":"txn_${first.assignedId}"`)
  const wire = (await opened.ask('POST', '/refund', { transaction: 'order-1', amount: 1_200 })).json()
  expect(wire.message).toBe('Total refund amount cannot exceed original transaction amount')
})

test('a refund of disputed money names an amount only where one helps', async () => {
  await dispute(3_000)
  expect((await refusal(first.assignedId)).message).toBe(
    'The payer has disputed the money: nothing can be given back; answer the dispute',
  )
})

test('a dispute is listed by each name of a part, and for each customer from whom it has taken', async () => {
  const row = await dispute(2_000)
  const listed = async (query: string) =>
    (await opened.ask('GET', `/v1/disputes?${query}`))
      .json()
      .data.flatMap(({ amount, category }: Refund & { category: string }) => (category === 'refund' ? [] : [amount]))
  for (const name of ['order-1', first.id, first.assignedId, second.id, second.assignedId]) {
    expect([name, await listed(`transactionId=${name}`)]).toEqual([name, [2_000]])
  }
  expect([await listed(`customerId=${ada}`), await listed(`customerId=${ben}`)]).toEqual([[2_000], []])
  await resolve(row, 'auto-accepted')
  expect([await listed(`customerId=${ada}`), await listed(`customerId=${ben}`)]).toEqual([[2_000], [2_000]])
  await resolve(row, 'declined')
  expect(await listed(`customerId=${ben}&state=won`)).toEqual([2_000])
  const other = await join('cleo@example.com')
  expect(await listed(`customerId=${other}`)).toEqual([])
})

type Context = Parameters<typeof learnDispute>[0]

const report = { stateReason: null, resolution: null, complaint: null, respondBy: null, refundName: null }

/** Learns of a dispute of some of the money that a movement has brought. */
async function learn(
  id: string,
  state: 'lost' | 'won',
  amount: bigint,
  context: Context = api.service,
  outsideId = 'torn',
  accountId = 2n,
) {
  const money = await findDisputedMoney(api.service, opened.tenant, id)
  if (money === null) throw new Error('no money')
  await learnDispute(
    context,
    opened.tenant,
    money,
    { accountId, reference: sent() },
    { ...report, outsideId, state, category: 'chargeback', amount },
  )
}

/** The same by a server that dies after a statement. Answers whether it was done before. */
async function learnDying(last: number, ...[id, state, amount]: [string, 'lost' | 'won', bigint]): Promise<boolean> {
  const { db, asked } = dyingDb(api.service.db, last, 'after')
  await learn(id, state, amount, { ...api.service, db }).catch(() => {})
  return asked() < last
}

test('what has left suspense before a server died is not taken again from who has got the rest since', async () => {
  const make = commandsFor(api.service)
  const before = (await balance(ada))[0]
  for (let last = 1, isOver = false; !isOver; last += 1) {
    const book = make.book('suspended', { kind: 'outside', at: 2n }, { kind: 'suspense' }, 1_000n)
    const { id } = await doCommand(api.service, opened.tenant, { ...book, currency: 'NGN' })
    isOver = await learnDying(last, id, 'lost', 400n)
    expect((await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId: ada })).statusCode).toBe(200)
    await learn(id, 'lost', 400n)
    expect([last, await balance(ada)]).toEqual([last, [before + 600 * last, 0, 0]])
  }
}, 300_000)

test('a dispute that is lost again takes what it then wants, also where a server dies', async () => {
  for (let last = 1, isOver = false; !isOver; last += 1) {
    await learn(first.id, 'lost', 400n)
    expect([last, await both()]).toEqual([last, [1_100, 0, 0, 1_500, 0, 0]])
    await learn(first.id, 'won', 400n)
    isOver = await learnDying(last, first.id, 'lost', 2_000n)
    // Whatever the account says meanwhile.
    if (last % 2 === 0) await learn(first.id, 'won', 2_000n)
    await learn(first.id, 'lost', 2_000n)
    expect([last, await both()]).toEqual([last, [0, 0, 0, 1_000, 0, 0]])
    await learn(first.id, 'won', 2_000n)
    expect([last, await both()]).toEqual([last, [1_500, 0, 0, 1_500, 0, 0]])
  }
}, 300_000)

test('a refund of the account whose money is not booked yet cannot be answered', async () => {
  const { db } = dyingDb(api.service.db, 8, 'after')
  const money = await findDisputedMoney(api.service, opened.tenant, first.id)
  const at = { accountId: 2n, reference: sent() }
  const told = { ...report, outsideId: 'refund/9', category: 'refund', state: 'lost', amount: 100n } as const
  await learnDispute({ ...api.service, db }, opened.tenant, money as DisputedMoney, at, told).catch(() => {})
  const [{ id, state }] = (await opened.ask('GET', '/v1/disputes')).json().data
  expect(state).toBe('open')
  for (const answer of ['accept', 'decline']) {
    const refused = await opened.ask('POST', `/v1/disputes/${id}/${answer}`, {})
    expect([refused.statusCode, refused.json().error.code]).toEqual([409, 'dispute_not_open'])
  }
})

test('a refund of the account whose money is not booked yet, and that fails, keeps nothing', async () => {
  const { db } = dyingDb(api.service.db, 8, 'after')
  const row = refundInDashboard(opened.account, sent(), 100)
  const money = await findDisputedMoney(api.service, opened.tenant, first.id)
  const at = { accountId: 2n, reference: sent() }
  const seen = { ...report, outsideId: `refund/${row.id}`, category: 'refund', state: 'lost', amount: 100n } as const
  await learnDispute({ ...api.service, db }, opened.tenant, money as DisputedMoney, at, seen).catch(() => {})
  await end('failed', row)
  const [{ state }] = (await opened.ask('GET', '/v1/disputes')).json().data
  expect([state, await both()]).toEqual(['won', [1_500, 0, 0, 1_500, 0, 0]])
  expect((await refund(first.assignedId)).statusCode).toBe(201)
})

test('what was lost before disputes took of several parts comes back to the first one, whatever is open in suspense', async () => {
  const book = commandsFor(api.service).book('suspended', { kind: 'outside', at: 2n }, { kind: 'suspense' }, 1_000n)
  const { id } = await doCommand(api.service, opened.tenant, { ...book, currency: 'NGN' })
  await learn(id, 'lost', 300n, api.service, 'other')
  await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId: ada })
  await learn(id, 'lost', 400n)
  await learn(id, 'won', 300n, api.service, 'other')
  expect([await both(), await openLeft()]).toEqual([[1_800, 0, 0, 1_500, 0, 0], [300]])
  await api.service.db.query(sql`update disputes set takings = '[]' where outside_id = 'torn' and original_id = ${id}`)
  await learn(id, 'won', 400n)
  expect([await both(), await openLeft()]).toEqual([[2_200, 0, 0, 1_500, 0, 0], [300]])
})

test('what an account takes beyond the money in suspense is the merchant’s, and comes back to the merchant', async () => {
  const book = commandsFor(api.service).book('suspended', { kind: 'outside', at: 2n }, { kind: 'suspense' }, 1_000n)
  const merchants = async () => {
    const { merchant_balance = 0, merchant_receivable = 0 } = await opened.books()
    return merchant_balance + merchant_receivable
  }
  for (let last = 1, isOver = false; !isOver; last += 1) {
    const { id } = await doCommand(api.service, opened.tenant, {
      ...book,
      id: uuidV7(api.service.random, api.service.clock.now()),
      currency: 'NGN',
    })
    await learn(id, 'lost', 600n, api.service, `other-${last}`)
    const before = await merchants()
    isOver = await learnDying(last, id, 'lost', 900n)
    await learn(id, 'lost', 900n)
    expect([last, await openLeft(), await merchants()]).toEqual([last, [], before - 500])
    const { movementIds } = (await findDispute(api.service, opened.tenant, {
      transactionId: id,
      outsideId: 'torn',
    })) as Dispute
    expect(movementIds).toHaveLength(2)
    isOver = (await learnDying(last, id, 'won', 900n)) && isOver
    await learn(id, 'won', 900n)
    expect([last, await openLeft(), await merchants()]).toEqual([last, [400], before])
    await learn(id, 'lost', 900n)
    await learn(id, 'lost', 100n, api.service, `last-${last}`)
    expect([last, await openLeft(), await merchants()]).toEqual([last, [], before - 600])
  }
}, 300_000)

test('what is assigned at the moment when the account takes it is taken from who has got it', async () => {
  const book = commandsFor(api.service).book('suspended', { kind: 'outside', at: 2n }, { kind: 'suspense' }, 1_000n)
  const { id } = await doCommand(api.service, opened.tenant, { ...book, currency: 'NGN' })
  const { db } = api.service
  let isAssigned = false
  const query: typeof db.query = async (statement) => {
    if (!isAssigned && statement.text.includes('r.dispute_turn = ')) {
      isAssigned = true
      expect((await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId: ada })).statusCode).toBe(200)
    }
    return db.query(statement)
  }
  await learn(id, 'lost', 400n, { ...api.service, db: { ...db, query } })
  expect([isAssigned, await balance(ada)]).toEqual([true, [2_100, 0, 0]])
})

test('a server that dies at any moment, and two at once, take and give back once', async () => {
  const lost = [0, 0, 0, 1_000, 0, 0]
  const won = [1_500, 0, 0, 1_500, 0, 0]
  for (let last = 1, isOver = false; !isOver; last += 1) {
    const dying = (state: 'lost' | 'won') => learnDying(last, first.id, state, 2_000n)
    const learned = (state: 'lost' | 'won') => learn(first.id, state, 2_000n)
    isOver = await dying('lost')
    await Promise.all([learned('lost'), learned('lost')])
    expect([last, await both()]).toEqual([last, lost])
    isOver = (await dying('won')) && isOver
    // Whatever the account says meanwhile, what was begun is finished.
    await learned('lost')
    await Promise.all([learned('won'), learned('won')])
    expect([last, await both()]).toEqual([last, won])
    await dying('lost')
    await learned('won')
    expect([last, await both()]).toEqual([last, won])
  }
}, 300_000)
