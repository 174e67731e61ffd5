import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { maxAmount } from '../../src/base/money.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { continueReconciliations } from '../../src/domain/reconciliation/runs.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { keepLog } from '../kept-log.ts'
import { moveRefund, openDispute, pay, refundInDashboard, resolveDispute, settle } from './live-account.ts'
import { minuteMs, openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// What an account tells besides the money, and cannot be read, holds up no money that came. The account is the independent stub.

let api: TestApi
let opened: ReconciledAccount

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

const statusOf = async (reference: string) =>
  (await opened.ask('GET', `/transaction/verify/${reference}`)).json().data.status

/** A payment is paid, and its row at the account is changed before anybody asks for it. */
async function payWith(reference: string, change: object) {
  const row = await opened.begin(reference)
  pay(opened.account, row.reference)
  Object.assign(row, change)
  await opened.tellAll()
  await opened.settleDue()
  return row
}

describe('a payment is credited without what cannot be read of it', () => {
  test.each([
    ['a fee of a fraction', { fees: 150.5 }],
    ['a fee below zero', { fees: -5 }],
    ['a fee that is a text', { fees: 'a lot' }],
    ['a fee above the largest amount', { fees: '9007199254740993' }],
    ['an amount that was asked for', { requested_amount: 'some' }],
    ['a channel', { channel: 7 }],
    ['the time of the payment', { paid_at: 'yesterday' }],
    ['the words of the issuer', { gateway_response: { said: 'no' } }],
    ['a customer', { customer: 'somebody' }],
    ['an instrument', { authorization: 'a card' }],
    [
      'members of an instrument',
      { authorization: { authorization_code: 'AUTH_1', reusable: 'yes', exp_month: 'May' } },
    ],
  ])('%s', async (_what, change) => {
    await payWith('order-1', change)
    expect(await statusOf('order-1')).toBe('success')
    expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
  })

  test('and the log says what that is, once, and nothing of a payment that can be read', async () => {
    const log = keepLog()
    Object.assign(api.service, { log })
    const { reference } = await payWith('order-1', { channel: 7 })
    await payWith('order-2', {})
    await statusOf('order-1')
    const merchant = opened.tenant.merchant.code
    expect(log.lines.filter(({ sentence }) => sentence.startsWith('money was booked without'))).toMatchObject([
      { level: 'warn', members: { merchant, mode: 'live', reference, unread: [expect.stringContaining('channel')] } },
    ])
  })

  test('the amount and the marker decide, so a payment without them that can be read waits', async () => {
    const row = await payWith('order-1', { amount: 100.5 })
    expect(await opened.books()).toEqual({})
    row.amount = 10_000
    expect(await statusOf('order-1')).toBe('success')
    expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
  })
})

describe('a payer who bears a fee that is not known yet', () => {
  test('is credited with the amount that was asked for, and nothing is left of the fee once it is known', async () => {
    opened.account.feeBearer = 'payer'
    const row = await opened.begin('order-1')
    pay(opened.account, row.reference)
    const { fees } = row
    row.fees = null
    await opened.tellAll()
    await opened.settleDue()
    expect(await opened.books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    row.fees = fees
    api.service.clock.advance(61 * 60_000)
    await opened.settleDue()
    expect(await opened.books()).toEqual({ customer_cash: 10_000, 'outside/2': -10_000 })
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
  })
})

describe('a fee beyond reason', () => {
  test('is more than ten times its payment', async () => {
    await payWith('order-1', { fees: 100_000 })
    await payWith('order-2', { fees: 100_001 })
    expect(await opened.books()).toEqual({ customer_cash: 20_000, processor_fees: -100_000, 'outside/2': 80_000 })
    const sold = opened.sell('shop-1', 10_000)
    sold.fees = 100_001
    await opened.reconcile()
    expect(await opened.books()).toMatchObject({ suspense: 10_000, processor_fees: -100_000 })
    expect(await opened.named()).toContainEqual(['fee', 'payment', 100_001])
  })

  test('is another than one that no account can hold any more, which is as unknown', async () => {
    const [amount, fees] = [6e14, 6e15]
    for (const reference of ['order-1', 'order-2']) {
      const row = await opened.begin(reference, amount)
      pay(opened.account, row.reference)
      row.fees = fees
    }
    await opened.tellAll()
    await opened.settleDue()
    expect(await opened.books()).toMatchObject({ customer_cash: 2 * amount, processor_fees: -fees })
  })

  test('is not booked, is named, and keeps neither its payment nor another from being credited', async () => {
    await opened.topUp('order-1')
    const lost = await opened.begin('order-2')
    pay(opened.account, lost.reference)
    opened.told.splice(0)
    const row = await payWith('order-3', { fees: Number(maxAmount) })
    expect(await statusOf('order-3')).toBe('success')
    const fee = ['fee', 'payment', Number(maxAmount)]
    for (const completed of [1, 0]) {
      const run = await opened.reconcile()
      expect(run).toMatchObject({ status: 'differing', failure: null, attempts: 0, completed })
      expect(await opened.named()).toContainEqual(fee)
      expect(await opened.books()).toEqual({ customer_cash: 30_000, processor_fees: -300, 'outside/2': -29_700 })
    }
    row.fees = 0
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
    expect(await opened.books()).toEqual({ customer_cash: 30_000, processor_fees: -300, 'outside/2': -29_700 })
  })

  test('is as unknown where the customer bears fees', async () => {
    expect((await opened.ask('PATCH', '/v1/payment-settings', { feesBorneBy: 'owner' })).statusCode).toBe(200)
    await payWith('order-1', { fees: 10_001 })
    await payWith('order-2', { fees: Number(maxAmount) })
    expect(await statusOf('order-2')).toBe('success')
    expect(await opened.books()).toEqual({ customer_cash: 20_000, processor_fees: -10_001, 'outside/2': -9_999 })
  })
})

describe('a refund of the dashboard that cannot be read', () => {
  test.each([
    ['an amount of a fraction', { amount: 700.5 }, true],
    ['an amount below zero', { amount: -700 }, true],
    ['a status that has no meaning here', { status: 'weird' }, true],
    ['no currency', { currency: 'none' }, true],
    ['a note that cannot be read: it may be ours', { amount: 700.5, merchant_note: 7 }, false],
  ])('keeps no refund of ours from being sent and ended: %s', async (_what, change, isSent) => {
    const { reference } = await opened.topUp('order-1')
    Object.assign(refundInDashboard(opened.account, reference, 700), change)
    const made = await opened.ask('POST', '/v1/refunds', { transactionId: 'order-1', amount: 100 })
    expect(made.statusCode).toBe(201)
    const ours = opened.account.refunds.filter(({ amount }) => amount === 100)
    expect(ours).toHaveLength(isSent ? 1 : 0)
    for (const each of ours) moveRefund(opened.account, each, 'processed')
    api.service.clock.advance(minuteMs)
    await settleDueRefunds(api.service)
    const { state } = (await opened.ask('GET', `/v1/refunds/${made.json().id}`)).json()
    expect(state).toBe(isSent ? 'processed' : 'pending')
    expect((await opened.books()).customer_cash).toBe(isSent ? 9_900 : 10_000)
  })
})

describe('a reconciliation', () => {
  test('what the ledger refuses is named, and keeps nothing else from being compared', async () => {
    await opened.topUp('order-1')
    const lost = await opened.begin('order-2')
    pay(opened.account, lost.reference)
    settle(opened.account)
    const [settlement] = opened.account.settlements
    opened.account.settlements.push({ ...settlement, id: 7, effective_amount: 100, transactions: [] })
    Object.assign(settlement as object, { effective_amount: Number(maxAmount) })
    // No ledger account can hold these besides what it has.
    const sale = { amount: Number(maxAmount), requested_amount: Number(maxAmount), fees: 0 }
    Object.assign(opened.sell('T-shirt-7'), sale)
    opened.account.balance = () => 0
    const run = await opened.reconcile()
    expect(run).toMatchObject({ status: 'differing', failure: null, attempts: 0, itemsUnreadable: 0, completed: 2 })
    const named = await opened.named()
    expect(named).toContainEqual(['missing_here', 'payment', Number(maxAmount)])
    expect(named).toContainEqual(['missing_here', 'settlement', Number(maxAmount)])
    expect(await opened.books()).toEqual({
      ...{ customer_cash: 20_000, processor_fees: -300 },
      ...{ 'outside/0': -100, 'outside/2': -19_600 },
    })
  })

  test('a refund of nothing is nothing, and what fails here again and again is left out alone', async () => {
    const { reference } = await opened.topUp('order-1')
    refundInDashboard(opened.account, reference, 0)
    const shop = opened.sell('T-shirt-7')
    shop.currency = 'GHS'
    expect(await opened.reconcile()).toMatchObject({ failure: null, itemsUnreadable: 0 })
    const [sale] = (await opened.ask('GET', '/v1/suspense')).json().data
    expect((await opened.ask('POST', `/v1/suspense/${sale.id}/give-back`)).statusCode).toBe(200)
    // The account takes the money a second time, in a currency of which the merchant has no balance.
    refundInDashboard(opened.account, shop.reference, 3_000)
    api.service.clock.advance(minuteMs)
    resolveDispute(opened.account, openDispute(opened.account, shop.reference), 'auto-accepted')
    const lost = await opened.begin('order-2')
    pay(opened.account, lost.reference)
    opened.told.splice(0)
    let run = await opened.reconcile()
    // It has three tries in the first round, and one in each other.
    for (let i = 0; i < 4 && run.status === 'running'; i++) {
      api.service.clock.advance(3 * minuteMs)
      await continueReconciliations(api.service)
      run = (await opened.ask('GET', `/v1/reconciliations/${run.id}`)).json()
    }
    expect(run).toMatchObject({ status: 'differing', failure: null })
    expect(run.itemsUnreadable).toBe(1)
    expect(await opened.books()).toMatchObject({ customer_cash: 20_000 })
  })

  test('fee: fees that cannot be read are not booked, and are named once for a currency, with the rest of the balance', async () => {
    await payWith('order-1', { fees: 150.5 })
    await payWith('order-2', { fees: -5 })
    opened.account.balance = () => 19_700
    const run = await opened.reconcile()
    expect(run).toMatchObject({ status: 'differing', itemsUnreadable: 0 })
    expect(run.balances).toMatchObject([{ account: 19_700, expected: 20_000, unexplained: -300 }])
    expect((await opened.named()).sort()).toEqual([
      ['fee', 'balance', 0],
      ['unexplained', 'balance', 300],
    ])
    const fee = (await opened.differences()).find(({ kind }) => kind === 'fee')
    expect(fee).toMatchObject({ name: 'NGN', ours: null, theirs: null })
    expect(fee?.advice).toContain('cannot be read')
    for (const { id } of await opened.differences()) {
      const closed = await opened.ask('POST', `/v1/differences/${id}/close`, { outcome: 'accepted', reason: 'Invoice' })
      expect(closed.statusCode).toBe(200)
    }
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
    expect(await opened.named()).toEqual([])
  })

  test('currency: a balance that cannot be read is not compared and is named, and everything else is', async () => {
    const balance = opened.account.balance.bind(opened.account)
    opened.account.balance = () => balance() + 0.5
    const row = await opened.begin('order-1')
    pay(opened.account, row.reference)
    opened.told.splice(0)
    const run = await opened.reconcile()
    expect(run).toMatchObject({ status: 'differing', failure: null, completed: 1, balances: [] })
    expect(await opened.named()).toEqual([['currency', 'balance', 0]])
    const [found] = await opened.differences()
    expect(found).toMatchObject({ name: 'NGN', ours: null, theirs: null })
    expect(found?.advice).toContain('it is not compared')
    expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
    opened.account.balance = balance
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed', openDifferences: 0 })
    expect(await opened.named()).toEqual([])
  })
})
