import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'

let api: TestApi
let tenant: TestTenant
let customerId: string

const hourMs = 60 * 60 * 1000

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
  customerId = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
})

const call = async (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)
const done = async (path: string, body: unknown) => {
  const answer = await call('POST', path, body)
  expect([answer.statusCode, answer.body]).toEqual([201, expect.anything()])
  return answer.json()
}
const payIn = (amount: number) => done('/v1/sandbox/pay-ins', { customerId, amount })
const buy = (amount: number, more: object = {}) =>
  done('/api/canary/purchases', { customerId, productId: 'airtime', amount, currency: 'ZAR', ...more })
const history = async (query = '') => (await call('GET', `/api/canary/balance/history${query}`)).json()

test('the balance of a new merchant is zero, with an empty history', async () => {
  const answer = await call('GET', `/api/canary/balance?merchantId=${tenant.merchant.code}`)
  const createdAt = tenant.merchant.createdAt.toISOString()
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    {
      id: `balance_${tenant.merchant.code}`,
      merchantId: tenant.merchant.code,
      amount: 0,
      currency: 'ZAR',
      available: 0,
      pending: 0,
      createdAt,
      updatedAt: createdAt,
    },
  ])
  expect(await history()).toEqual({ data: [], pagination: { limit: 50, offset: 0, total: 0, hasMore: false } })
  expect((await call('GET', '/api/canary/balance?merchantId=mer_0')).statusCode).toBe(404)
  expect((await call('GET', '/api/canary/balance/history?merchantId=mer_0')).statusCode).toBe(404)
})

test('the merchant’s balance and history agree with the money customers spent, in the default currency', async () => {
  await payIn(5000)
  const purchase = await buy(50)
  const checkout = await done('/api/canary/checkout/sessions', { totalAmount: 700, currency: 'ZAR' })
  const intents = (await call('GET', '/api/canary/payment-intents')).json().data
  await call('POST', `/api/canary/payment-intents/${intents[0].id}/confirm`)
  await done('/v1/refunds', { transactionId: purchase.id, amount: 20 })
  const { data, pagination } = await history()
  expect((await call('GET', '/api/canary/balance')).json()).toMatchObject({ amount: 730, available: 730, pending: 0 })
  expect(pagination.total).toBe(3)
  const rows = data.map((each: Record<string, unknown>) => [
    each.type,
    each.amount,
    each.balanceAfter,
    each.relatedEntityType,
    each.relatedEntityId,
  ])
  expect(rows).toEqual([
    ['debit', -20, 730, 'Transaction', expect.stringMatching(/^txn_/)],
    ['credit', 700, 750, 'CheckoutSession', checkout.id],
    ['credit', 50, 50, 'Purchase', purchase.id],
  ])
  expect(data[2]).toEqual({
    id: purchase.id.replace('purchase_', 'txn_'),
    merchantId: tenant.merchant.code,
    type: 'credit',
    amount: 50,
    currency: 'ZAR',
    description: 'Purchase of airtime',
    relatedEntityId: purchase.id,
    relatedEntityType: 'Purchase',
    balanceAfter: 50,
    createdAt: purchase.createdAt,
    updatedAt: purchase.createdAt,
  })
  expect(data[0].description).toBe('Refund')
})

test('the merchant’s balance in another currency is told when asked for, and its history has every currency', async () => {
  await payIn(500)
  await done('/v1/sandbox/pay-ins', { customerId, amount: 900, currency: 'NGN' })
  await buy(50)
  api.service.clock.advance(1000)
  await buy(300, { currency: 'NGN' })
  const balance = async (query = '') => (await call('GET', `/api/canary/balance${query}`)).json()
  expect(await balance()).toMatchObject({ amount: 50, currency: 'ZAR' })
  const id = `balance_${tenant.merchant.code}_NGN`
  expect(await balance('?currency=ngn')).toMatchObject({ id, amount: 300, available: 300, pending: 0, currency: 'NGN' })
  const lines = async (query = '') => {
    const { data, pagination } = await history(query)
    type Line = { amount: number; currency: string; balanceAfter: number }
    return [data.map((each: Line) => [each.amount, each.currency, each.balanceAfter]), pagination.total]
  }
  const [ngn, zar] = [
    [300, 'NGN', 300],
    [50, 'ZAR', 50],
  ]
  expect(await lines()).toEqual([[ngn, zar], 2])
  expect(await lines('?limit=1&offset=1')).toEqual([[zar], 2])
  expect(await lines('?order=ASC')).toEqual([[zar, ngn], 2])
  expect(await lines('?currency=NGN')).toEqual([[ngn], 1])
  expect(await lines('?transactionType=credit&filter=%7B%22currency%22%3A%22ZAR%22%7D')).toEqual([[zar], 1])
  for (const at of ['balance', 'balance/history']) {
    expect((await call('GET', `/api/canary/${at}?currency=XOF`)).statusCode).toBe(400)
  }
})

test('the merchant’s balance history is filtered by period and by type, in pages', async () => {
  await payIn(100)
  const start = api.service.clock.now()
  const purchases: { id: string }[] = []
  for (let i = 1; i <= 4; i++) {
    api.service.clock.advance(hourMs)
    purchases.push(await buy(i))
  }
  await done('/v1/refunds', { transactionId: purchases[0]?.id, amount: 1 })
  const at = (hours: number) => encodeURIComponent(new Date(start.getTime() + hours * hourMs).toISOString())
  const amounts = async (query: string) => {
    const { data, pagination } = await history(query)
    return [data.map((each: { amount: number }) => each.amount), pagination.total]
  }
  expect(await amounts('')).toEqual([[-1, 4, 3, 2, 1], 5])
  expect(await amounts('?limit=2&offset=1')).toEqual([[4, 3], 5])
  expect(await amounts(`?startDate=${at(2)}`)).toEqual([[-1, 4, 3, 2], 4])
  expect(await amounts(`?endDate=${at(2)}`)).toEqual([[2, 1], 2])
  expect(await amounts(`?startDate=${at(2)}&endDate=${at(3)}&limit=1&offset=1`)).toEqual([[2], 2])
  expect(await amounts(`?startDate=${at(3)}&endDate=${at(2)}`)).toEqual([[], 0])
  expect(await amounts('?startDate=2000-01-01&endDate=2000-12-31')).toEqual([[], 0])
  expect(await amounts('?transactionType=credit')).toEqual([[4, 3, 2, 1], 4])
  expect(await amounts(`?transactionType=credit&startDate=${at(2)}&limit=1`)).toEqual([[4], 3])
  expect(await amounts('?transactionType=debit')).toEqual([[-1], 1])
  expect(await amounts('?transactionType=fee')).toEqual([[], 0])
  expect(await amounts('?transactionType=payout')).toEqual([[], 0])
  expect((await call('GET', '/api/canary/balance/history?startDate=soon')).statusCode).toBe(400)
})
