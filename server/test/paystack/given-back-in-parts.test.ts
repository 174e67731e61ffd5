import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { hire } from '../people.ts'
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

// A payment is reversed once nothing is left of its money, in whatever parts it went back. The account is the independent stub.

let api: TestApi
let opened: ReconciledAccount
/** The account's name of the payment `order-1`. */
let reference: string

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
  return opened.close
})

/** Pays `order-1`. Answers the outside of the account with it. */
async function topUp() {
  ;({ reference } = await opened.topUp('order-1', 4_000))
  return outside()
}
const outside = async () => (await opened.books())['outside/2'] as number

function disputed(amount: number) {
  const dispute = openDispute(opened.account, reference)
  dispute.refund_amount = amount
  return dispute
}

const verify = async () => (await opened.ask('GET', '/transaction/verify/order-1')).json().data
const status = async () => (await verify()).status

async function settle() {
  // Of one moment no thing is the newer one.
  api.service.clock.advance(1000)
  await opened.tellAll()
  await opened.settleDue()
}

/** The outside of the account has the amount, and what the account tells then moves nothing, also not to and fro. */
async function expectStill(amount: number, ...tells: (() => void)[]) {
  const moved = async () => (await opened.ask('GET', '/v1/transactions?reference=order-1&limit=100')).json().data.length
  const count = await moved()
  for (const tell of tells) {
    tell()
    await settle()
    expect([await outside(), await moved()]).toEqual([amount, count])
  }
}

async function refund(transactionId: string, amount: number) {
  const made = await opened.ask('POST', '/v1/refunds', { transactionId, amount })
  expect(made.statusCode, made.body).toBe(201)
  api.service.clock.advance(1000)
  moveRefund(opened.account, opened.account.refunds.at(-1) as RefundRow, 'processed')
  await settle()
}

async function refundThere(amount: number) {
  refundInDashboard(opened.account, reference, amount)
  await settle()
}

/** Answers the dispute, which is lost. */
async function lose(amount: number) {
  const dispute = disputed(amount)
  await settle()
  resolveDispute(opened.account, dispute, 'auto-accepted')
  await settle()
  return dispute
}

const parts: Record<string, (amount: number) => Promise<unknown>> = {
  'a refund': (amount) => refund('order-1', amount),
  'a refund of the dashboard': refundThere,
  'a dispute': lose,
}

test.each([
  ['a refund', 'a refund of the dashboard'],
  ['a refund of the dashboard', 'a refund'],
  ['a refund', 'a dispute'],
  ['a dispute', 'a refund'],
  ['a dispute', 'a refund of the dashboard'],
])('a payment of which %s and %s have taken all is reversed, and no sooner', async (first, second) => {
  await topUp()
  await parts[first]?.(2_500)
  expect(await status()).toBe('success')
  await parts[second]?.(1_499)
  expect(await status()).toBe('success')
  await parts[first]?.(1)
  expect(await status()).toBe('reversed')
})

test('a payment is paid again once a dispute gives a part of it back', async () => {
  await topUp()
  await refund('order-1', 2_500)
  const dispute = await lose(1_500)
  expect(await status()).toBe('reversed')
  resolveDispute(opened.account, dispute, 'declined')
  await settle()
  expect(await status()).toBe('success')
  await refund('order-1', 1_500)
  expect(await status()).toBe('reversed')
})

test.each([
  ['customer', true],
  ['customer', false],
  ['merchant', false],
])(
  'what the %s has borne of a dispute comes back once its refund has failed and the bank has decided again, named: %s',
  async (borneBy, isNamed) => {
    expect((await opened.ask('PATCH', '/v1/dispute-settings', { borneBy })).statusCode).toBe(200)
    await topUp()
    const before = await opened.books()
    const dispute = openDispute(opened.account, reference)
    await settle()
    resolveDispute(opened.account, dispute, 'auto-accepted')
    const paid = refundDispute(opened.account, dispute, { isNamed })
    await settle()
    const taken = await opened.books()
    expect([await status(), taken['outside/2']]).toEqual(['reversed', (before['outside/2'] as number) + 4_000])
    resolveDispute(opened.account, dispute, 'declined')
    await settle()
    // The refund has the money, whatever is said of the dispute.
    expect([await status(), await opened.books()]).toEqual(['reversed', taken])
    moveRefund(opened.account, paid, 'failed')
    await settle()
    expect([await status(), await opened.books()]).toEqual(['success', before])
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  },
)

test.each([true, false])(
  'a dispute that was won may be lost with another amount, by a refund that was taken before: %s',
  async (isTakenBefore) => {
    const before = await topUp()
    const dispute = disputed(1_000)
    await settle()
    resolveDispute(opened.account, dispute, 'declined')
    await settle()
    const paid = refundInDashboard(opened.account, reference, 303)
    if (isTakenBefore) await settle()
    Object.assign(paid, { dispute: dispute.id, endsDispute: dispute.id })
    for (let times = 0; times < 2; times++) {
      resolveDispute(opened.account, dispute, 'auto-accepted')
      for (let looks = 0; looks < 2; looks++) await settle()
      expect(await outside()).toBe(before + 303)
      moveRefund(opened.account, paid, 'failed')
      resolveDispute(opened.account, dispute, 'declined')
      await settle()
      expect(await outside()).toBe(before)
      moveRefund(opened.account, paid, 'processed')
    }
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  },
)

test('a dispute that was won may be lost again with another amount', async () => {
  await topUp()
  const before = (await opened.books())['outside/2'] as number
  const dispute = openDispute(opened.account, reference)
  for (const amount of [1_000, 2_500, 4_000, 1_500]) {
    dispute.refund_amount = amount
    resolveDispute(opened.account, dispute, 'auto-accepted')
    await settle()
    expect([await status(), (await opened.books())['outside/2']]).toEqual([
      amount === 4_000 ? 'reversed' : 'success',
      before + amount,
    ])
    const [{ amount: shown }] = (await opened.ask('GET', '/v1/disputes')).json().data
    expect(shown).toBe(amount)
    dispute.refund_amount = 4_000
    resolveDispute(opened.account, dispute, 'declined')
    await settle()
    expect([await status(), (await opened.books())['outside/2']]).toEqual(['success', before])
  }
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
})

/** A refund of 1,000 whose answer is lost, and that is settled by hand while the account cannot be asked. */
async function settleLost(outcome: 'processed' | 'failed', when: 'cut_before' | 'cut_after') {
  const { made, settled } = await opened.refundLost(1_000, when, outcome)
  expect(settled?.json()).toMatchObject({ state: outcome })
  return async () => (await opened.ask('GET', `/v1/refunds/${made.json().id}`)).json()
}

test('a refund of the dashboard that one of ours was settled as, and that fails, is given back, or another one stands for it', async () => {
  const before = await topUp()
  const read = await settleLost('processed', 'cut_before')
  const first = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 1_000)
  moveRefund(opened.account, first, 'failed')
  const second = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect([await outside(), (await read()).state]).toEqual([before + 1_000, 'processed'])
  refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 2_000)
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  moveRefund(opened.account, second, 'failed')
  await settle()
  await settle()
  expect([await outside(), await read()]).toEqual([
    before + 1_000,
    expect.objectContaining({ state: 'failed', contradictedAt: expect.any(String) }),
  ])
  moveRefund(opened.account, second, 'processed')
  await settle()
  expect(await outside()).toBe(before + 2_000)
  expect(-(await outside())).toBe(opened.account.balance())
})

test.each([true, false])('the refund of a dispute does not stand for one of ours, named: %s', async (isNamed) => {
  const before = await topUp()
  await settleLost('processed', 'cut_before')
  const first = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  moveRefund(opened.account, first, 'failed')
  const dispute = disputed(1_000)
  resolveDispute(opened.account, dispute, 'auto-accepted')
  refundDispute(opened.account, dispute, { isNamed })
  await settle()
  expect(await outside()).toBe(before + 1_000)
  expect(-(await outside())).toBe(opened.account.balance())
})

test.each(['processed', 'failed'] as const)(
  'a refund that was settled as %s, fails at the account and is made after all is taken',
  async (outcome) => {
    const before = await topUp()
    await settleLost(outcome, 'cut_after')
    const made = opened.account.refunds.at(-1) as RefundRow
    for (const _ of [1, 2]) {
      moveRefund(opened.account, made, 'failed')
      api.service.clock.advance(60_000)
      await settle()
      expect(await outside()).toBe(before)
      moveRefund(opened.account, made, 'processed')
      await settle()
      expect(await outside()).toBe(before + 1_000)
    }
    expect(-(await outside())).toBe(opened.account.balance())
  },
)

test('a dispute whose refund fails and is made again is the same money, and no difference', async () => {
  const before = await topUp()
  const dispute = openDispute(opened.account, reference)
  await settle()
  resolveDispute(opened.account, dispute, 'auto-accepted')
  const paid = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  moveRefund(opened.account, paid, 'failed')
  await settle()
  await opened.reconcile()
  expect((await opened.named()).filter(([, subject]) => subject === 'refund')).toEqual([])
  const other = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  expect([await outside(), await status()]).toEqual([before + 4_000, 'reversed'])
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  moveRefund(opened.account, other, 'failed')
  resolveDispute(opened.account, dispute, 'declined')
  await settle()
  expect([await outside(), await status()]).toEqual([before, 'success'])
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
})

test('a dispute whose refund was seen before it, and was given back, is lost again', async () => {
  const before = await topUp()
  const dispute = disputed(3_000)
  const paid = refundDispute(opened.account, dispute, { isNamed: true })
  moveRefund(opened.account, paid, 'pending')
  await settle()
  resolveDispute(opened.account, dispute, 'auto-accepted')
  await settle()
  expect(await outside()).toBe(before + 3_000)
  for (const again of ['no refund', 'the same', 'another']) {
    moveRefund(opened.account, paid, 'failed')
    resolveDispute(opened.account, dispute, 'declined')
    await settle()
    expect([again, await outside(), await status()]).toEqual([again, before, 'success'])
    if (again === 'no refund') expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
    if (again === 'the same') moveRefund(opened.account, paid, 'processed')
    resolveDispute(opened.account, dispute, 'auto-accepted')
    if (again === 'another') refundDispute(opened.account, dispute, { isNamed: true })
    await settle()
    expect([again, await outside()]).toEqual([again, before + 3_000])
    if (again !== 'no refund') expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  }
})

test.each([
  ['fails', true],
  ['fails', false],
  ['is made', true],
  ['is made', false],
])(
  'a dispute that is won while its refund is under way is taken once, and the refund %s, named: %s',
  async (end, isNamed) => {
    const before = await topUp()
    const dispute = disputed(3_000)
    resolveDispute(opened.account, dispute, 'auto-accepted')
    const paid = refundDispute(opened.account, dispute, { isNamed })
    moveRefund(opened.account, paid, 'pending')
    await settle()
    expect(await outside()).toBe(before + 3_000)
    resolveDispute(opened.account, dispute, 'declined')
    await settle()
    expect(await outside()).toBe(before + 3_000)
    moveRefund(opened.account, paid, end === 'fails' ? 'failed' : 'processed')
    await settle()
    expect(await outside()).toBe(end === 'fails' ? before : before + 3_000)
    expect(-(await outside())).toBe(opened.account.balance())
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
    if (end !== 'fails') return
    dispute.refund_amount = 700
    resolveDispute(opened.account, dispute, 'auto-accepted')
    await settle()
    expect(await outside()).toBe(before + 700)
  },
)

test('a refund of the dashboard is another one than that of ours which was settled as processed, and which the account shows', async () => {
  const before = await topUp()
  await settleLost('processed', 'cut_after')
  await settle()
  expect(await outside()).toBe(before + 1_000)
  const other = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 2_000)
  moveRefund(opened.account, other, 'failed')
  await settle()
  expect(await outside()).toBe(before + 1_000)
})

test('a refund of the dashboard that had failed, and is made after all, is the one that ours was settled as', async () => {
  const before = await topUp()
  opened.proxy.choose = ({ path, method }) => (path === '/refund' && method === 'POST' ? 'cut_before' : 'none')
  const { id } = (await opened.ask('POST', '/v1/refunds', { transactionId: 'order-1', amount: 1_000 })).json()
  opened.proxy.choose = () => 'none'
  const seen = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  moveRefund(opened.account, seen, 'failed')
  await settle()
  expect(await outside()).toBe(before)
  const words = { outcome: 'processed', proof: 'Ticket 88121', reason: 'The answer was lost' }
  expect((await opened.ask('POST', `/v1/refunds/${id}/settle`, words)).json()).toMatchObject({ state: 'processed' })
  moveRefund(opened.account, seen, 'processed')
  for (let looks = 0; looks < 2; looks++) await settle()
  expect(await outside()).toBe(before + 1_000)
  refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 2_000)
  moveRefund(opened.account, seen, 'failed')
  await settle()
  expect(await outside()).toBe(before + 1_000)
  expect(-(await outside())).toBe(opened.account.balance())
})

test('the refund of an open dispute does not stand for one of ours', async () => {
  const before = await topUp()
  await settleLost('processed', 'cut_before')
  const dispute = disputed(1_000)
  const own = refundDispute(opened.account, dispute, { isNamed: true })
  moveRefund(opened.account, own, 'pending')
  await settle()
  expect(await outside()).toBe(before + 2_000)
  refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 2_000)
  resolveDispute(opened.account, dispute, 'auto-accepted')
  await settle()
  expect(-(await outside())).toBe(opened.account.balance())
  moveRefund(opened.account, own, 'failed')
  resolveDispute(opened.account, dispute, 'declined')
  await settle()
  expect(await outside()).toBe(before + 1_000)
  expect(-(await outside())).toBe(opened.account.balance())
})

/** Of the one dispute that is no refund. */
const stateOfDispute = async () => {
  const { data } = (await opened.ask('GET', '/v1/disputes')).json()
  return data.find(({ category }: { category: string }) => category !== 'refund').state
}

test.each([true, false])(
  'a refund of a dispute may fail and be made as often as it likes, named: %s',
  async (isNamed) => {
    const before = await topUp()
    const dispute = disputed(3_000)
    resolveDispute(opened.account, dispute, 'auto-accepted')
    const paid = refundDispute(opened.account, dispute, { isNamed })
    await settle()
    expect(await outside()).toBe(before + 3_000)
    resolveDispute(opened.account, dispute, 'declined')
    for (const state of ['failed', 'pending', 'failed', 'processed', 'pending', 'failed', 'pending', 'processed']) {
      moveRefund(opened.account, paid, state)
      await settle()
      expect([state, await outside()]).toEqual([state, state === 'failed' ? before : before + 3_000])
      expect(-(await outside())).toBe(opened.account.balance())
    }
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  },
)

test('a dispute is open again once the refund that had ended it fails, and may be lost with another amount', async () => {
  const before = await topUp()
  const dispute = disputed(3_000)
  const paid = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  expect([await outside(), await stateOfDispute()]).toEqual([before + 3_000, 'lost'])
  moveRefund(opened.account, paid, 'failed')
  await settle()
  expect([await outside(), await stateOfDispute()]).toEqual([before, 'open'])
  moveRefund(opened.account, paid, 'processed')
  await settle()
  expect([await outside(), await stateOfDispute()]).toEqual([before + 3_000, 'lost'])
  moveRefund(opened.account, paid, 'failed')
  dispute.refund_amount = 1_000
  resolveDispute(opened.account, dispute, 'auto-accepted')
  for (let looks = 0; looks < 2; looks++) {
    await settle()
    expect([await outside(), await stateOfDispute()]).toEqual([before + 1_000, 'lost'])
  }
})

test('a refund of ours that is made after all is its owner’s, where the merchant bears what is taken back', async () => {
  expect((await opened.ask('PATCH', '/v1/dispute-settings', { borneBy: 'merchant' })).statusCode).toBe(200)
  await topUp()
  const { customer_cash: before = 0 } = await opened.books()
  await settleLost('failed', 'cut_after')
  moveRefund(opened.account, opened.account.refunds.at(-1) as RefundRow, 'processed')
  await settle()
  expect((await opened.books()).customer_cash).toBe(before - 1_000)
  await refundThere(500)
  const books = await opened.books()
  expect([books.customer_cash, books.merchant_receivable]).toEqual([before - 1_000, -500])
})

async function holdAmounts() {
  expect((await opened.ask('PATCH', '/v1/dispute-settings', { holdsAmount: true })).statusCode).toBe(200)
}

/** What is available to the customer, and held. */
async function funds(): Promise<[number, number]> {
  const { customer_code: code } = (await opened.ask('GET', '/customer/ada@example.com')).json().data
  const [{ available, held }] = (await opened.ask('GET', `/v1/customers/${code}/balances`)).json().balances
  return [available, held]
}

test('with holdsAmount a dispute that is open again reserves its amount again, once', async () => {
  await holdAmounts()
  await topUp()
  const [all] = await funds()
  const dispute = disputed(3_000)
  await settle()
  expect(await funds()).toEqual([all - 3_000, 3_000])
  const paid = refundDispute(opened.account, dispute, { isNamed: true })
  for (let times = 0; times < 2; times++) {
    moveRefund(opened.account, paid, 'processed')
    await settle()
    expect(await funds()).toEqual([all - 3_000, 0])
    moveRefund(opened.account, paid, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect([await funds(), await stateOfDispute()]).toEqual([[all - 3_000, 3_000], 'open'])
  }
  resolveDispute(opened.account, dispute, 'declined')
  await settle()
  expect(await funds()).toEqual([all, 0])
})

test('a dispute that is open again has the amount that its account then says, and reserves that', async () => {
  await holdAmounts()
  await topUp()
  const state = async () => {
    const [, held] = await funds()
    const [{ amount }] = (await opened.ask('GET', '/v1/disputes')).json().data
    return [held, amount]
  }
  const dispute = disputed(1_000)
  const paid = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  expect(await state()).toEqual([0, 1_000])
  dispute.refund_amount = 3_000
  moveRefund(opened.account, paid, 'failed')
  await settle()
  expect(await state()).toEqual([3_000, 3_000])
  expect((await opened.ask('POST', '/v1/refunds', { transactionId: 'order-1', amount: 2_000 })).statusCode).toBe(409)
  const [{ id }] = (await opened.ask('GET', '/v1/disputes')).json().data
  const accepted = await opened.ask('POST', `/v1/disputes/${id}/accept`)
  expect(accepted.json()).toMatchObject({ state: 'lost', amount: 3_000 })
  expect(dispute.refund_amount).toBe(3_000)
})

test.each([
  ['raises', [1_000, 3_000, 4_000], 0],
  ['lowers', [4_000, 1_500, 500], 0],
  ['raises', [1_000, 3_000, 2_000], 2_000],
])(
  'the account %s the amount of an open dispute to %j, and the hold follows, with %d spent',
  async (_, amounts, spent) => {
    await holdAmounts()
    await topUp()
    const [all] = await funds()
    const { customer_code: customerId } = (await opened.ask('GET', '/customer/ada@example.com')).json().data
    const spend = { customerId, productId: 'airtime', amount: spent, currency: 'NGN' }
    if (spent > 0) expect((await opened.ask('POST', '/api/canary/purchases', spend)).statusCode).toBe(201)
    const dispute = openDispute(opened.account, reference)
    for (const amount of amounts) {
      dispute.refund_amount = amount
      for (let looks = 0; looks < 2; looks++) {
        api.service.clock.advance(3_600_000)
        await settle()
      }
      const held = Math.min(amount, all - spent)
      expect([amount, ...(await funds())]).toEqual([amount, all - spent - held, held])
    }
    resolveDispute(opened.account, dispute, 'auto-accepted')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect(await funds()).toEqual([all - spent - (amounts.at(-1) as number), 0])
  },
)

test('the hold of an open dispute follows its amount up to the rest of the part that it is of', async () => {
  await holdAmounts()
  const id = await suspend(4_000)
  await assign(id)
  await refundThere(1_500)
  const dispute = disputed(500)
  await settle()
  expect(await funds()).toEqual([2_000, 500])
  dispute.refund_amount = 4_000
  api.service.clock.advance(3_600_000)
  await opened.topUp('order-2', 4_000)
  await settle()
  expect((await funds())[1]).toBe(2_500)
})

test('a refund that stands for one of ours ends no dispute, also where the refund of that fails', async () => {
  const before = await topUp()
  await settleLost('processed', 'cut_before')
  const dispute = disputed(1_000)
  const own = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 2_000)
  moveRefund(opened.account, own, 'failed')
  await settle()
  expect([await outside(), await stateOfDispute()]).toEqual([before + 1_000, 'open'])
  expect(-(await outside())).toBe(opened.account.balance())
})

test.each(['open', 'lost'])(
  'a refund that was taken by itself stays it when the refund of a dispute fails that is %s',
  async (state) => {
    const before = await topUp()
    const dispute = disputed(1_000)
    if (state === 'lost') resolveDispute(opened.account, dispute, 'auto-accepted')
    const own = refundDispute(opened.account, dispute, { isNamed: true })
    await settle()
    const other = refundInDashboard(opened.account, reference, 1_000)
    await settle()
    expect(await outside()).toBe(before + 2_000)
    moveRefund(opened.account, own, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect([await outside(), await stateOfDispute()]).toEqual([before + (state === 'lost' ? 2_000 : 1_000), state])
    moveRefund(opened.account, other, 'failed')
    await settle()
    expect(await outside()).toBe(before + (state === 'lost' ? 1_000 : 0))
  },
)

test('a refund of ours is never the one that ends a dispute', async () => {
  const before = await topUp()
  await settleLost('failed', 'cut_after')
  const made = opened.account.refunds.at(-1) as RefundRow
  const dispute = disputed(1_000)
  await settle()
  api.service.clock.advance(1000)
  Object.assign(made, { createdAt: opened.account.now() })
  moveRefund(opened.account, made, 'processed')
  await settle()
  expect([await outside(), await stateOfDispute()]).toEqual([before + 1_000, 'open'])
  resolveDispute(opened.account, dispute, 'auto-accepted')
  await settle()
  expect(await outside()).toBe(before + 2_000)
  moveRefund(opened.account, made, 'failed')
  await settle()
  expect([await outside(), await stateOfDispute()]).toEqual([before + 1_000, 'lost'])
})

test.each([
  ['processed', 'first'],
  ['processed', 'second'],
  ['pending', 'first'],
  ['pending', 'second'],
])(
  'a refund of the dashboard, %s, and the refund that the account names for a dispute are two, and the %s may fail first',
  async (state, fails) => {
    const before = await topUp()
    const dispute = disputed(1_000)
    api.service.clock.advance(1000)
    const guess = refundInDashboard(opened.account, reference, 1_000)
    moveRefund(opened.account, guess, state)
    await settle()
    expect(await outside()).toBe(before + 1_000)
    resolveDispute(opened.account, dispute, 'auto-accepted')
    await settle()
    const own = refundDispute(opened.account, dispute, { isNamed: true })
    await settle()
    expect(await outside()).toBe(before + 2_000)
    const [first, second] = fails === 'first' ? [guess, own] : [own, guess]
    resolveDispute(opened.account, dispute, 'declined')
    moveRefund(opened.account, first, 'failed')
    await settle()
    expect(await outside()).toBe(before + 1_000)
    moveRefund(opened.account, second, 'failed')
    await settle()
    expect(await outside()).toBe(before)
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  },
)

test('a refund that was settled as failed, is made after all and then fails comes back', async () => {
  await topUp()
  const before = await opened.books()
  await settleLost('failed', 'cut_after')
  const made = opened.account.refunds.at(-1) as RefundRow
  moveRefund(opened.account, made, 'processed')
  await settle()
  expect((await opened.books())['outside/2']).toBe((before['outside/2'] as number) + 1_000)
  moveRefund(opened.account, made, 'failed')
  await settle()
  expect(await opened.books()).toEqual(before)
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
})

/** Puts the payment `order-1` into suspense: its customer is gone, or another amount was paid. Answers its money there. */
async function suspend(amount: number, paid = amount) {
  if (paid === amount) {
    ;({ reference } = await opened.suspend('order-1', amount))
  } else {
    const row = await opened.begin('order-1', amount)
    ;({ reference } = row)
    pay(opened.account, reference)
    row.amount = paid
    await settle()
  }
  return (await opened.ask('GET', '/v1/suspense')).json().data[0].id as string
}

async function assign(id: string) {
  const owner = (await opened.ask('POST', '/customer', { email: 'ada@example.com' })).json().data.customer_code
  const assigned = await opened.ask('POST', `/v1/suspense/${id}/assign`, { customerId: owner })
  expect(assigned.statusCode, assigned.body).toBe(200)
}

test('a payment whose money was assigned is reversed by all parts together', async () => {
  await assign(await suspend(4_000))
  expect(await status()).toBe('success')
  await refund('order-1', 2_000)
  await refundThere(1_999)
  expect(await status()).toBe('success')
  await lose(1)
  expect(await status()).toBe('reversed')
})

test('a payment of two charges is reversed once the money of both is back, and tells the fee of the one that its owner has', async () => {
  let asked = 0
  opened.proxy.choose = ({ path }) => (path === '/transaction/initialize' && asked++ === 0 ? 'cut_after' : 'none')
  await opened.begin('order-1', 5_000)
  const [first, second] = opened.account.transactions
  reference = first?.reference as string
  pay(opened.account, reference)
  Object.assign(first as object, { amount: 3_000, fees: 0 })
  await settle()
  const [{ id }] = (await opened.ask('GET', '/v1/suspense')).json().data
  await assign(id)
  pay(opened.account, second?.reference as string)
  await settle()
  expect(await verify()).toMatchObject({ status: 'success', fees: 75 })
  await refund(id, 3_000)
  expect(await status()).toBe('success')
  await refund('order-1', 4_999)
  expect(await status()).toBe('success')
  await refund('order-1', 1)
  expect(await status()).toBe('reversed')
})

test('money of another amount leaves the payment failed once it is assigned, and is refunded by every name of it', async () => {
  const id = await suspend(5_000, 3_000)
  expect(await verify()).toMatchObject({ status: 'failed' })
  expect((await verify()).gateway_response).toContain('is in suspense')
  await assign(id)
  const told = await verify()
  expect(told).toMatchObject({ status: 'failed' })
  expect(told.gateway_response).toContain('was assigned to a customer')
  expect(told.gateway_response).not.toContain('is in suspense')
  const { data } = (await opened.ask('GET', '/v1/transactions?reference=order-1')).json()
  const intent = data[0].payment.paymentIntentId
  for (const name of ['order-1', intent, String(told.id), id]) await refund(name, 750)
  expect(await opened.books()).not.toHaveProperty('customer_cash')
})

test('a refund without an amount gives what the dashboard has left, and never what an open dispute is about', async () => {
  await topUp()
  await refundThere(1_000)
  const dispute = disputed(500)
  await settle()
  const refused = await opened.ask('POST', '/v1/refunds', { transactionId: 'order-1' })
  expect(refused.json()).toMatchObject({ error: { code: 'refund_exceeded' } })
  resolveDispute(opened.account, dispute, 'declined')
  await settle()
  const made = await opened.ask('POST', '/v1/refunds', { transactionId: 'order-1' })
  expect(made.json()).toMatchObject({ amount: 3_000 })
  moveRefund(opened.account, opened.account.refunds.at(-1) as RefundRow, 'processed')
  await settle()
  expect(await status()).toBe('reversed')
})

test('a period that is empty, or begins in the future, is refused with a sentence that says so', async () => {
  const later = new Date(api.service.clock.now().getTime() + 86_400_000).toISOString()
  const future = (await opened.ask('POST', '/v1/reconciliations', { from: later })).json()
  expect(future.error.message).toContain('from must not be later than now')
  const empty = (await opened.ask('POST', '/v1/reconciliations', { from: '2026-01-05', to: '2026-01-04' })).json()
  expect(empty.error.message).toContain('the period is empty')
})

test('a dispute of money that a person has given back comes back alone, and leaves the refund that went with it', async () => {
  const id = await suspend(4_000)
  const before = await outside()
  expect((await opened.ask('POST', `/v1/suspense/${id}/give-back`)).statusCode).toBe(200)
  const paid = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  const dispute = await lose(500)
  expect(await outside()).toBe(before + 4_000)
  resolveDispute(opened.account, dispute, 'declined')
  for (let looks = 0; looks < 2; looks++) await settle()
  expect(await outside()).toBe(before + 3_500)
  resolveDispute(opened.account, dispute, 'auto-accepted')
  for (let looks = 0; looks < 2; looks++) await settle()
  expect(await outside()).toBe(before + 4_000)
  const shown = (await opened.ask('GET', '/v1/disputes')).json().data as { category: string; state: string }[]
  expect(shown.map(({ state }) => state)).toEqual(['lost', 'lost'])
  moveRefund(opened.account, paid, 'failed')
  await settle()
  expect(await outside()).toBe(before + 3_000)
})

test('what a dispute has counted of a giving back stays counted, also where it is ended by a refund that was taken by itself', async () => {
  const id = await suspend(4_000)
  const before = await outside()
  expect((await opened.ask('POST', `/v1/suspense/${id}/give-back`)).statusCode).toBe(200)
  const dispute = disputed(1_000)
  const first = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  const rest = refundInDashboard(opened.account, reference, 3_000)
  await settle()
  moveRefund(opened.account, rest, 'failed')
  refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  expect(await outside()).toBe(before + 2_000)
  moveRefund(opened.account, first, 'failed')
  await settle()
  expect(await outside()).toBe(before + 1_000)
  moveRefund(opened.account, rest, 'processed')
  await settle()
  expect(await outside()).toBe(before + 4_000)
})

test('a refund that stands for one of ours, and that the account names for a dispute later, does not stand for it any more', async () => {
  const before = await topUp()
  await settleLost('processed', 'cut_before')
  const named = refundInDashboard(opened.account, reference, 1_000)
  await settle()
  expect(await outside()).toBe(before + 1_000)
  const dispute = disputed(1_000)
  resolveDispute(opened.account, dispute, 'auto-accepted')
  Object.assign(named, { dispute: dispute.id, endsDispute: dispute.id })
  moveRefund(opened.account, named, 'processed')
  await settle()
  expect(await outside()).toBe(before + 2_000)
  refundInDashboard(opened.account, reference, 1_000)
  for (let looks = 0; looks < 2; looks++) await settle()
  expect(await outside()).toBe(before + 2_000)
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
})

test('the books stay sound where a refund that a dispute took over was of more than has come back', async () => {
  const id = await suspend(5_000)
  expect((await opened.ask('POST', `/v1/suspense/${id}/give-back`)).statusCode).toBe(200)
  const dispute = disputed(2_500)
  const [first, second] = [1_000, 1_500].map((amount) => {
    dispute.refund_amount = amount
    const row = refundDispute(opened.account, dispute, { isNamed: true })
    moveRefund(opened.account, row, 'pending')
    return row
  }) as [RefundRow, RefundRow]
  dispute.refund_amount = 2_500
  await settle()
  moveRefund(opened.account, first, 'failed')
  await settle()
  moveRefund(opened.account, second, 'failed')
  for (let looks = 0; looks < 2; looks++) await settle()
  expect([await stateOfDispute(), (await opened.books()).suspense]).toEqual(['open', 2_500])
  expect(await unsoundBooks(api.service.db)).toEqual([])
})

test.each(['a refund of the dashboard', 'a dispute'])(
  'a refund is not approved as processed after %s has taken the money, whose webhook was lost',
  async (what) => {
    const before = await topUp()
    await opened.ask('PATCH', '/v1/approval-settings', { limits: [{ currency: 'NGN', amountOver: 100 }] })
    const { made, settled } = await opened.refundLost(1_000, 'cut_before', 'processed')
    const { settlementApprovalId } = settled?.json() ?? {}
    expect(settlementApprovalId, settled?.body).toEqual(expect.any(String))
    const amount = what === 'a dispute' ? 4_000 : 1_000
    if (what === 'a dispute') resolveDispute(opened.account, disputed(amount), 'auto-accepted')
    else refundInDashboard(opened.account, reference, amount)
    opened.told.splice(0)
    const { secret } = await hire(api.service, opened.tenant, 'Ben')
    const approve = () => api.call('POST', `/v1/approvals/${settlementApprovalId}/approve`, {}, secret)
    expect([403, 409]).toContain((await approve()).statusCode)
    expect(await outside()).toBe(before + amount)
    for (let looks = 0; looks < 2; looks++) {
      api.service.clock.advance(3_600_000)
      await settle()
      await approve()
    }
    expect(await outside()).toBe(before + amount)
    const { state } = (await opened.ask('GET', `/v1/refunds/${made.json().id}`)).json()
    expect(state).not.toBe('processed')
  },
)

test('the books stay sound where a dispute of money that was given back is ended by another refund', async () => {
  const id = await suspend(5_000)
  const before = await outside()
  expect((await opened.ask('POST', `/v1/suspense/${id}/give-back`)).statusCode).toBe(200)
  const dispute = disputed(4_000)
  await settle()
  const refunds: RefundRow[] = []
  for (const amount of [1_000, 1_500]) {
    dispute.refund_amount = amount
    refunds.push(refundDispute(opened.account, dispute, { isNamed: true }))
    dispute.refund_amount = 4_000
    await settle()
  }
  moveRefund(opened.account, refunds[0] as RefundRow, 'failed')
  for (let looks = 0; looks < 2; looks++) await settle()
  expect([await stateOfDispute(), await outside()]).toEqual(['lost', before + 5_000])
  expect(await unsoundBooks(api.service.db)).toEqual([])
  refundInDashboard(opened.account, reference, 3_500)
  await settle()
  expect(await outside()).toBe(before + 5_000)
})

function nameFor(dispute: ReturnType<typeof disputed>, paid: RefundRow) {
  Object.assign(paid, { dispute: dispute.id, endsDispute: dispute.id })
  moveRefund(opened.account, paid, paid.status)
}

test.each([
  ['open', 'by its amount'],
  ['won', 'by its amount'],
  ['lost', 'by its amount'],
  ['open', 'by name'],
])(
  'a refund that the account names for another dispute, that is %s, than it had ended %s is taken once',
  async (state, how) => {
    const before = await topUp()
    const first = disputed(3_000)
    await settle()
    if (state !== 'open') resolveDispute(opened.account, first, state === 'won' ? 'declined' : 'auto-accepted')
    const second = disputed(700)
    await settle()
    const taken = state === 'lost' ? 3_000 : 0
    const paid = refundInDashboard(opened.account, reference, 700)
    if (how === 'by name') nameFor(second, paid)
    await settle()
    expect(await outside()).toBe(before + taken + 700)
    nameFor(first, paid)
    for (let looks = 0; looks < 3; looks++) {
      await settle()
      expect(await outside()).toBe(before + 700)
    }
    expect(await opened.named()).toEqual([])
    moveRefund(opened.account, paid, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect(await outside()).toBe(before + taken)
  },
)

test.each(['cut_before', 'cut_after'] as const)(
  'where the refund that stands for one of ours is named for a dispute, one that is booked stands for it, %s',
  async (when) => {
    const before = await topUp()
    const hidden = opened.account.refunds.length
    await settleLost('processed', when)
    // The account shows it late.
    const [own] = opened.account.refunds.splice(hidden)
    const stand = refundInDashboard(opened.account, reference, 1_000)
    await settle()
    expect(await outside()).toBe(before + 1_000)
    if (own === undefined) refundInDashboard(opened.account, reference, 1_000)
    else {
      opened.account.refunds.push(own)
      moveRefund(opened.account, own, 'processed')
    }
    await settle()
    expect(await outside()).toBe(before + 2_000)
    nameFor(disputed(1_000), stand)
    for (let looks = 0; looks < 3; looks++) {
      await settle()
      expect(await outside()).toBe(before + 2_000)
    }
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
    moveRefund(opened.account, stand, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect(await outside()).toBe(before + 1_000)
    const last = own ?? (opened.account.refunds.at(-1) as RefundRow)
    moveRefund(opened.account, last, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect(await outside()).toBe(before)
  },
)

test('refunds that the account names for one dispute and then for another are each taken once, at each look', async () => {
  const before = await topUp()
  const [first, second] = [disputed(1_000), disputed(700)]
  const [own, other] = [303, 301].map((amount) => refundInDashboard(opened.account, reference, amount)) as [
    RefundRow,
    RefundRow,
  ]
  await settle()
  expect(await outside()).toBe(before + 604)
  resolveDispute(opened.account, first, 'auto-accepted')
  nameFor(first, own)
  nameFor(second, other)
  await settle()
  expect(await outside()).toBe(before + 604)
  // The first dispute is lost by its decision now, and the second has both.
  nameFor(second, own)
  for (let looks = 0; looks < 3; looks++) {
    await settle()
    expect(await outside()).toBe(before + 1_604)
  }
  nameFor(first, own)
  nameFor(first, other)
  for (let looks = 0; looks < 3; looks++) {
    await settle()
    expect(await outside()).toBe(before + 604)
  }
  expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
})

test.each(['pending', 'processed'])(
  'a refund that was settled as processed, and that the account shows as %s before it fails, comes back',
  async (shown) => {
    const before = await topUp()
    await settleLost('processed', 'cut_after')
    const made = opened.account.refunds.at(-1) as RefundRow
    for (let times = 0; times < 2; times++) {
      moveRefund(opened.account, made, shown)
      await settle()
      expect(await outside()).toBe(before + (times === 0 || shown === 'processed' ? 1_000 : 0))
      moveRefund(opened.account, made, 'failed')
      for (let looks = 0; looks < 2; looks++) await settle()
      expect(await outside()).toBe(before)
    }
    expect([(await opened.reconcile()).status, await opened.named()]).toEqual(['agreed', []])
  },
)

test.each([
  ['after', 'stand'],
  ['after', 'own'],
  ['before', 'own'],
])(
  'a refund of ours that its account shows under way %s the one that stood for it is named, and then fails, comes back; the %s fails first',
  async (when, fails) => {
    const before = await topUp()
    const hidden = opened.account.refunds.length
    await settleLost('processed', 'cut_after')
    const [own] = opened.account.refunds.splice(hidden) as [RefundRow]
    const show = async () => {
      opened.account.refunds.push(own)
      moveRefund(opened.account, own, 'pending')
      await settle()
    }
    const stand = refundInDashboard(opened.account, reference, 1_000)
    await settle()
    if (when === 'before') await show()
    expect(await outside()).toBe(before + 1_000)
    nameFor(disputed(1_000), stand)
    for (let looks = 0; looks < 2; looks++) await settle()
    if (when === 'after') await show()
    expect(await outside()).toBe(before + 2_000)
    const [first, second] = fails === 'own' ? [own, stand] : [stand, own]
    moveRefund(opened.account, first, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect(await outside()).toBe(before + 1_000)
    moveRefund(opened.account, second, 'failed')
    for (let looks = 0; looks < 2; looks++) await settle()
    expect(await outside()).toBe(before)
  },
)

test.each([true, false])(
  'a refund that was taken by itself and then ended a dispute fails, and another one of its amount ends that; at once: %s',
  async (isAtOnce) => {
    const before = await topUp()
    const first = refundInDashboard(opened.account, reference, 1_000)
    await settle()
    const dispute = disputed(1_000)
    resolveDispute(opened.account, dispute, 'auto-accepted')
    nameFor(dispute, first)
    await settle()
    expect(await outside()).toBe(before + 1_000)
    moveRefund(opened.account, first, 'failed')
    if (!isAtOnce) await settle()
    const second = refundDispute(opened.account, dispute, { isNamed: true })
    const tellAgain = () => moveRefund(opened.account, second, 'processed')
    await settle()
    await expectStill(before + 1_000, tellAgain, tellAgain)
    moveRefund(opened.account, first, 'processed')
    await settle()
    await expectStill(before + 2_000, tellAgain, tellAgain)
    moveRefund(opened.account, second, 'failed')
    await settle()
    expect(await outside()).toBe(before + 1_000)
    moveRefund(opened.account, first, 'failed')
    resolveDispute(opened.account, dispute, 'declined')
    await settle()
    expect(await outside()).toBe(before)
  },
)

test('the amount of a dispute that stays lost moves nothing, whatever its account says of it', async () => {
  const before = await topUp()
  const dispute = await lose(1_000)
  for (const amount of [1_500, 700]) {
    dispute.refund_amount = amount
    await expectStill(before + 1_000, () => resolveDispute(opened.account, dispute, 'auto-accepted'))
  }
})

test('a refund that ended a dispute fails while another one of its amount is made: nothing moves', async () => {
  const before = await topUp()
  const dispute = disputed(1_000)
  resolveDispute(opened.account, dispute, 'auto-accepted')
  let ending = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  const changeEnding = () => {
    moveRefund(opened.account, ending, 'failed')
    ending = refundDispute(opened.account, dispute, { isNamed: true })
  }
  await expectStill(before + 1_000, changeEnding, changeEnding)
})

test('a refund that ended a dispute, and that no list shows any more, has the money, whatever becomes of the dispute', async () => {
  const before = await topUp()
  const dispute = disputed(1_000)
  resolveDispute(opened.account, dispute, 'auto-accepted')
  const ending = refundDispute(opened.account, dispute, { isNamed: true })
  await settle()
  opened.account.refunds.splice(opened.account.refunds.indexOf(ending), 1)
  const decline = () => resolveDispute(opened.account, dispute, 'declined')
  await expectStill(before + 1_000, decline, decline)
  opened.account.refunds.push(ending)
  await expectStill(before + 1_000, decline)
  moveRefund(opened.account, ending, 'failed')
  await settle()
  expect(await outside()).toBe(before)
})

test('everything that moved is found under the reference, also a part that came back and the refund of it', async () => {
  await suspend(4_000)
  const dispute = await lose(1_000)
  resolveDispute(opened.account, dispute, 'declined')
  await settle()
  const open: { id: string }[] = (await opened.ask('GET', '/v1/suspense?open=true')).json().data
  expect(open).toHaveLength(2)
  for (const { id } of open) await assign(id)
  for (const amount of [3_000, 1_000]) {
    const { settled } = await opened.refundLost(amount, 'cut_after', 'processed')
    expect(settled?.json()).toMatchObject({ state: 'processed', amount })
    moveRefund(opened.account, opened.account.refunds.at(-1) as RefundRow, 'failed')
    await settle()
  }
  const listed = async (name: string) => {
    const { data } = (await opened.ask('GET', `/v1/transactions?reference=${name}&limit=100`)).json()
    return data as { id: string; kind: string; amount: number }[]
  }
  const namesOf = (data: { kind: string; amount: number }[]) => data.map((each) => `${each.kind} ${each.amount}`)
  const all = await listed('order-1')
  for (const { id, amount } of all.filter(({ kind }) => kind === 'assigned'))
    expect(namesOf(await listed(id)).toSorted()).toEqual(
      ['assigned', 'chargeback_returned', 'refund'].map((kind) => `${kind} ${amount}`),
    )
  expect(namesOf(all).toSorted()).toEqual([
    'assigned 1000',
    'assigned 3000',
    'chargeback_returned 1000',
    'chargeback_returned 3000',
    'given_back 1000',
    'refund 1000',
    'refund 3000',
    'suspended 1000',
    'suspended 4000',
  ])
})
