import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'

let api: TestApi

const dayMs = 24 * 60 * 60 * 1000

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

const done = async (path: string, body: unknown) => {
  const answer = await api.call('POST', path, body)
  expect([answer.statusCode, answer.body]).toEqual([201, expect.anything()])
  return answer.json()
}
const addCustomer = async () => (await done('/api/canary/customers', { phoneNumber: '0821234567' })).id
const get = async (path = '') => (await api.call('GET', `/api/canary/analytics${path}`)).json()

test('the analytics of a new merchant are zeros', async () => {
  const { transactions, newCustomers, recentTransactions } = await get()
  const none = { count: 0, sum: 0 }
  expect(transactions).toMatchObject({ daily: none, weekly: none, monthly: none })
  expect(transactions.breakdown).toHaveLength(30)
  expect(transactions.breakdown[0]).toEqual({ date: '2025-12-17', ...none })
  expect(transactions.breakdown[29]).toEqual({ date: '2026-01-15', ...none })
  expect([newCustomers, recentTransactions]).toEqual([{ daily: 0, weekly: 0, monthly: 0 }, []])
  expect(await get('/summary')).toEqual({ balance: 0, customers: 0, transactions: 0, members: 1 })
})

test('analytics cover 24 hours, 7 days and 30 days, and show the newest five transactions', async () => {
  const [zawadi, amani] = [await addCustomer(), await addCustomer()]
  await done('/v1/sandbox/pay-ins', { customerId: zawadi, amount: 1000 })
  api.service.clock.advance(20 * dayMs)
  await done('/v1/sandbox/pay-ins', { customerId: zawadi, amount: 100, currency: 'NGN' })
  api.service.clock.advance(1)
  await done('/api/canary/purchases', { customerId: zawadi, productId: 'airtime', amount: 10, currency: 'ZAR' })
  api.service.clock.advance(3 * dayMs)
  const lunch = { fromCustomerId: zawadi, toCustomerId: amani, amount: 5, currency: 'ZAR' }
  const transfer = await done('/api/canary/transfers', lunch)
  await addCustomer()

  const { transactions, newCustomers, recentTransactions } = await get()
  expect(transactions).toMatchObject({
    daily: { count: 1, sum: 5 },
    weekly: { count: 2, sum: 15 },
    monthly: { count: 3, sum: 1015 },
  })
  const busy = transactions.breakdown.filter((each: { count: number }) => each.count > 0)
  expect(busy).toEqual([
    { date: '2026-01-15', count: 1, sum: 1000 },
    { date: '2026-02-04', count: 1, sum: 10 },
    { date: '2026-02-07', count: 1, sum: 5 },
  ])
  expect(newCustomers).toEqual({ daily: 1, weekly: 1, monthly: 3 })
  expect(recentTransactions.map((each: { type: string; amount: number }) => [each.type, each.amount])).toEqual([
    ['transfer_out', -5],
    ['purchase', -10],
    ['credit', 100],
    ['credit', 1000],
  ])
  expect(recentTransactions[0]).toMatchObject({ customerId: zawadi, balanceAfter: 985, relatedEntityId: transfer.id })
  expect(await get('/summary')).toEqual({ balance: 10, customers: 3, transactions: 3, members: 1 })

  for (let i = 1; i <= 5; i++) {
    api.service.clock.advance(1)
    await done('/api/canary/transfers', { ...lunch, amount: i })
  }
  const { recentTransactions: newest } = await get()
  expect(newest.map((each: { amount: number }) => each.amount)).toEqual([-5, -4, -3, -2, -1])
  api.service.clock.advance(31 * dayMs)
  expect((await get()).transactions.monthly).toEqual({ count: 0, sum: 0 })
})

test('the analytics of another merchant answer 404', async () => {
  for (const path of ['', '/summary']) {
    const answer = await api.call('GET', `/api/canary/analytics${path}?merchantId=mer_0`)
    expect(answer.statusCode).toBe(404)
  }
})
