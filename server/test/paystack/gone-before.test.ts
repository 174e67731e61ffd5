import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import {
  insertRefund,
  moveRefund,
  openDispute,
  pay,
  refundInDashboard,
  resolveDispute,
  type TransactionRow,
} from './live-account.ts'
import { openReconciledAccount, type ReconciledAccount } from './reconciled-account.ts'

// A payment that was paid, and that has gone back at the account before anybody here heard of it.

let api: TestApi
let opened: ReconciledAccount
let row: TransactionRow

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
  row = await opened.begin('order-1')
  pay(opened.account, row.reference)
  return opened.close
})

const verify = async () => (await opened.ask('GET', '/transaction/verify/order-1')).json().data
const kept = { processor_fees: -150, 'outside/2': 150 }

const ways: Record<string, () => void> = {
  'a refund': () => {
    refundInDashboard(opened.account, row.reference, 10_000)
  },
  'two refunds': () => {
    refundInDashboard(opened.account, row.reference, 4_000)
    refundInDashboard(opened.account, row.reference, 6_000)
  },
  'a lost dispute': () => {
    resolveDispute(opened.account, openDispute(opened.account, row.reference), 'auto-accepted')
    row.status = 'reversed'
  },
  'a refund and a lost dispute': () => {
    refundInDashboard(opened.account, row.reference, 4_000)
    const dispute = openDispute(opened.account, row.reference)
    dispute.refund_amount = 6_000
    resolveDispute(opened.account, dispute, 'auto-accepted')
    row.status = 'reversed'
  },
}

describe.each(Object.keys(ways))('by %s', (way) => {
  beforeEach(() => {
    ways[way]?.()
    opened.told.splice(0)
  })

  test('is booked with its fee by a reconciliation, and is reversed', async () => {
    for (const completed of [true, false]) {
      const run = await opened.reconcile()
      expect([run.status, run.completed > 0]).toEqual(['agreed', completed])
      expect(await opened.books()).toEqual(kept)
      expect(await opened.named()).toEqual([])
    }
    expect(await verify()).toMatchObject({ status: 'reversed', fees: 150 })
  })

  test('is booked once by whoever asks first', async () => {
    await Promise.all([verify(), verify(), opened.reconcile(), opened.settleDue()])
    for (let i = 0; i < 3; i++) {
      await opened.settleDue()
      api.service.clock.advance(60_000)
    }
    expect(await opened.books()).toEqual(kept)
    expect(await verify()).toMatchObject({ status: 'reversed' })
    expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
  })
})

test('of another amount than was asked for goes to suspense, and from there', async () => {
  Object.assign(row, { amount: 5_000, requested_amount: 5_000, fees: 75 })
  refundInDashboard(opened.account, row.reference, 5_000)
  opened.told.splice(0)
  expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
  expect(await opened.books()).toEqual({ processor_fees: -75, 'outside/2': 75 })
  const [suspended] = (await opened.ask('GET', '/v1/suspense')).json().data
  expect(suspended).toMatchObject({ amount: 5_000, left: 0, status: 'given_back' })
})

test.each<[string, () => unknown]>([
  [
    'a lost dispute',
    () => {
      const dispute = openDispute(opened.account, row.reference)
      dispute.refund_amount = 4_000
      resolveDispute(opened.account, dispute, 'merchant-accepted')
    },
  ],
  ['a refund', () => refundInDashboard(opened.account, row.reference, 4_000)],
])('of which %s has taken a part is booked as well, and the rest is its owner’s', async (_what, take) => {
  take()
  // An account may say so of a part.
  row.status = 'reversed'
  opened.told.splice(0)
  await verify()
  await opened.settleDue()
  expect(await opened.books()).toEqual({ customer_cash: 6_000, processor_fees: -150, 'outside/2': -5_850 })
  expect(await verify()).toMatchObject({ status: 'success', fees: 150 })
  expect(await opened.reconcile()).toMatchObject({ status: 'agreed' })
  expect(await opened.named()).toEqual([])
})

test('is not credited where the account does not show how it has gone, or while a refund is under way', async () => {
  row.status = 'reversed'
  opened.told.splice(0)
  await verify()
  await opened.settleDue()
  expect(await opened.books()).toEqual({})
  const refund = insertRefund(opened.account, row, { amount: 10_000, currency: 'NGN', status: 'pending' })
  moveRefund(opened.account, refund, 'pending')
  opened.told.splice(0)
  await verify()
  expect(await opened.books()).toEqual({})
  moveRefund(opened.account, refund, 'failed')
  await opened.tellAll()
  await opened.settleDue()
  expect(await verify()).toMatchObject({ status: 'success' })
  expect(await opened.books()).toMatchObject({ customer_cash: 10_000 })
})
