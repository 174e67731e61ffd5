import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { settleDuePayments } from '../../../domain/payments/due-payments.ts'

const path = '/api/canary/checkout/sessions'
const successUrl = 'https://shop.example/paid'
const cancelUrl = 'http://localhost:3000/basket'

let api: TestApi
let tenant: TestTenant
let customerId: string
let now: Date

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service)
  customerId = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
  now = api.service.clock.now()
})

const call = (method: string, url: string, body?: unknown, key?: string) =>
  api.app.inject({
    method: method as 'GET',
    url,
    headers: { authorization: `Bearer ${tenant.secret}`, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    ...(body === undefined ? {} : { payload: body as object }),
  })
const given = () => ({
  customerId,
  mode: 'payin',
  totalAmount: 10000,
  currency: 'ZAR',
  successUrl,
  cancelUrl,
  metadata: {},
})

test('creating a checkout session answers 201 with exactly the documented members', async () => {
  const answer = await call('POST', path, {
    ...given(),
    merchantId: tenant.merchant.code,
    metadata: { purpose: 'wallet_topup' },
  })
  const id = answer.json().id
  expect([answer.statusCode, answer.json()]).toEqual([
    201,
    {
      id: expect.stringMatching(/^checkout_sess_/),
      merchantId: tenant.merchant.code,
      customerId,
      sessionUrl: `http://127.0.0.1:9000/checkout/${id}`,
      successUrl,
      cancelUrl,
      totalAmount: 10000,
      currency: 'ZAR',
      mode: 'payin',
      status: 'open',
      expiresAt: new Date(now.getTime() + 48 * 60 * 60 * 1000).toISOString(),
      metadata: { purpose: 'wallet_topup' },
      createdAt: now.toISOString(),
      updatedAt: now.toISOString(),
    },
  ])
  expect((await call('GET', `${path}/${id}`)).json()).toEqual(answer.json())
})

test('creating a checkout session adds up its line items by quantity and answers them as given', async () => {
  const lineItems = [
    { productId: 'product_001', quantity: 2, amount: 5000, currency: 'ZAR' },
    { name: 'Bread', productId: null, amount: '3000', currency: 'zar' },
  ]
  const hostedCheckoutConfig = { methods: ['card'], taxRate: 15, embedMode: null }
  const session = (await call('POST', path, { currency: 'ZAR', lineItems, hostedCheckoutConfig })).json()
  expect(session).toMatchObject({
    totalAmount: 13000,
    mode: 'payment',
    lineItems: [lineItems[0], { name: 'Bread', quantity: 1, amount: 3000, currency: 'zar' }],
    hostedCheckoutConfig: { methods: ['card'], taxRate: 15 },
    metadata: {},
    successUrl: session.sessionUrl,
    cancelUrl: session.sessionUrl,
  })
  expect(session).not.toHaveProperty('customerId')
})

test('a checkout session answers numbers where Flutter’s client needs them: a tax rate and quantities', async () => {
  const lineItems = [{ amount: 5000, currency: 'ZAR' }]
  const made = await call('POST', path, { currency: 'ZAR', lineItems, hostedCheckoutConfig: { requireContact: true } })
  const expected = {
    lineItems: [{ ...lineItems[0], quantity: 1 }],
    hostedCheckoutConfig: { requireContact: true, taxRate: 0 },
  }
  expect(made.json()).toMatchObject(expected)
  expect((await call('GET', `${path}/${made.json().id}`)).json()).toMatchObject(expected)
  expect((await call('POST', path, { currency: 'ZAR', lineItems })).json()).not.toHaveProperty('hostedCheckoutConfig')
})

test('creating a checkout session under one key makes one session and answers the same', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => call('POST', path, given(), 'key-1')))
  expect(new Set(answers.map((each) => each.body)).size).toBe(1)
  expect((await call('GET', path)).json().pagination.total).toBe(1)
  expect((await call('POST', path, { ...given(), totalAmount: 1 }, 'key-1')).statusCode).toBe(409)
})

test.each([
  [400, { totalAmount: undefined }],
  [400, { totalAmount: undefined, lineItems: [] }],
  [400, { totalAmount: 0 }],
  [400, { lineItems: [{ amount: 5, currency: 'NGN' }] }],
  [400, { lineItems: [{ amount: 5, currency: 'ZAR', quantity: 0.5 }] }],
  [400, { lineItems: [{ amount: 2 ** 53 - 1, currency: 'ZAR', quantity: 2 }], totalAmount: undefined }],
  [400, { lineItems: [5] }],
  [400, { lineItems: [{ amount: 5, currency: 'ZAR', quantity: 0 }] }],
  [400, { lineItems: [{ amount: 5, currency: 'ZAR', quantity: 1e300 }] }],
  [400, { mode: 'setup' }],
  [400, { customerId: undefined }],
  [400, { successUrl: 'javascript:alert(1)' }],
  [400, { cancelUrl: 'shop' }],
  [400, { currency: 'KES' }],
  [400, { hostedCheckoutConfig: { methods: ['cash'] } }],
  [400, { hostedCheckoutConfig: { methods: ['bank'] } }],
  [404, { customerId: 'CUS_000000000000000' }],
  [404, { merchantId: 'mer_000000000000000' }],
])('creating a checkout session answers %i to %j', async (status, more) => {
  const answer = await call('POST', path, { ...given(), ...more })
  expect([answer.statusCode, answer.json().statusCode]).toEqual([status, status])
})

test('creating a checkout session is refused for a denied customer and in live mode', async () => {
  await call('POST', '/customer/set_risk_action', { customer: customerId, risk_action: 'deny' })
  expect((await call('POST', path, given())).statusCode).toBe(402)
  tenant = await addTestKey(api.service, tenant.merchant, 'live')
  expect((await call('POST', path, { currency: 'ZAR', totalAmount: 100 })).statusCode).toBe(400)
})

test('checkout sessions are listed newest first, filtered by status', async () => {
  const ids: string[] = []
  for (let i = 0; i < 3; i++) ids.unshift((await call('POST', path, given())).json().id)
  const [open, complete, expired] = ids as [string, string, string]
  const intents = (await call('GET', '/api/canary/payment-intents')).json().data
  await call('POST', `/api/canary/payment-intents/${intents[1].id}/confirm`)
  await call('POST', `/api/canary/payment-intents/${intents[2].id}/cancel`)
  const list = async (query = '') => {
    const { data, pagination } = (await call('GET', `${path}${query}`)).json()
    return [data.map((each: { id: string; status: string }) => [each.id, each.status]), pagination.total]
  }
  const all = [
    [open, 'open'],
    [complete, 'complete'],
    [expired, 'expired'],
  ]
  expect(await list()).toEqual([all, 3])
  expect(await list('?limit=1&offset=1')).toEqual([[all[1]], 3])
  for (const [id, status] of all) expect(await list(`?status=${status}`)).toEqual([[[id, status]], 1])
  expect(await list('?status=paid')).toEqual([[], 0])
  expect((await call('GET', `${path}?merchantId=mer_0`)).statusCode).toBe(404)
  expect((await call('GET', `${path}?limit=x`)).statusCode).toBe(400)
  expect((await call('GET', `${path}/checkout_sess_x`)).statusCode).toBe(404)
})

test('a checkout session expires after 48 hours', async () => {
  const { id } = (await call('POST', path, given())).json()
  api.service.clock.advance(48 * 60 * 60 * 1000)
  await settleDuePayments(api.service)
  expect((await call('GET', `${path}/${id}`)).json().status).toBe('expired')
})
