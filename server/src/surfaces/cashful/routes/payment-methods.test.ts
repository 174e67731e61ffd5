import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'

const now = '2026-01-15T10:30:00.000Z'
const path = '/api/canary/payment-methods'

let api: TestApi
let tenant: TestTenant
let customerId: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
  customerId = await addCustomer()
})

const call = (method: string, url: string, body?: unknown) => api.call(method, url, body, tenant.secret)
const addCustomer = async () => (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
const save = async (more: object, owner = customerId) =>
  (await call('POST', '/v1/sandbox/payment-methods', { customerId: owner, ...more })).json().id

test('a card has exactly the documented members', async () => {
  const id = await save({ type: 'card', number: '4242424242424242', expiryMonth: 1, expiryYear: 2031 })
  const answer = await call('GET', `${path}/${id}`)
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    {
      id,
      customerId,
      type: 'card',
      provider: 'iveri',
      brand: 'visa',
      last4: '4242',
      expiryMonth: 1,
      expiryYear: 2031,
      isDefault: true,
      createdAt: now,
      updatedAt: now,
    },
  ])
})

test('a mobile money number has its phone number, no brand, and numbers for the expiry', async () => {
  const id = await save({ type: 'mobile_money', phone: '0821234567' })
  expect((await call('GET', `${path}/${id}`)).json()).toEqual({
    id,
    customerId,
    type: 'mobile_money',
    provider: 'mpesa',
    last4: '4567',
    phoneNumber: '+27821234567',
    expiryMonth: 0,
    expiryYear: 0,
    isDefault: true,
    createdAt: now,
    updatedAt: now,
  })
})

test('payment methods are listed newest first, of one customer or of all', async () => {
  const other = await addCustomer()
  const ids = [await save({ type: 'card' }), await save({ type: 'card' }, other), await save({ type: 'card' })]
  const list = async (query: string) => {
    const { data, pagination } = (await call('GET', `${path}${query}`)).json()
    return [data.map((each: { id: string }) => ids.indexOf(each.id)), pagination]
  }
  const page = { limit: 50, offset: 0, hasMore: false }
  expect(await list('')).toEqual([[2, 1, 0], { ...page, total: 3 }])
  expect(await list(`?customerId=${customerId}&merchantId=${tenant.merchant.code}`)).toEqual([
    [2, 0],
    { ...page, total: 2 },
  ])
  expect(await list('?limit=1&offset=1')).toEqual([[1], { limit: 1, offset: 1, hasMore: true, total: 3 }])
  expect(await list('?customerId=CUS_000000000000000')).toEqual([[], { ...page, total: 0 }])
  expect((await call('GET', `${path}?limit=-1`)).statusCode).toBe(400)
  expect((await call('GET', `${path}?merchantId=mer_0`)).statusCode).toBe(404)
})

test('a removed payment method is gone from the lists and cannot be removed again', async () => {
  const id = await save({ type: 'card' })
  api.service.clock.advance(1000)
  const answer = await call('DELETE', `${path}/${id}`)
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    { id, deleted: true, deletedAt: '2026-01-15T10:30:01.000Z' },
  ])
  expect((await call('GET', path)).json().data).toEqual([])
  expect((await call('GET', `/api/canary/customers/${customerId}/payment-methods`)).json().data).toEqual([])
  expect((await call('GET', `${path}/${id}`)).statusCode).toBe(404)
  expect((await call('DELETE', `${path}/${id}`)).statusCode).toBe(404)
  expect((await call('DELETE', `${path}/${id.slice(3)}`)).statusCode).toBe(404)
})
