import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'

const now = '2026-01-15T10:30:00.000Z'
const nobody = 'CUS_000000000000000'

let api: TestApi
let tenant: TestTenant
let customerId: string

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { currencies: ['ZAR', 'NGN'] })
  customerId = (await call('POST', '/api/canary/customers', { phoneNumber: '0821234567' })).json().id
})

const call = (method: string, path: string, body?: unknown, bearer = tenant.secret) =>
  api.call(method, path, body, bearer)

const balance = async () => (await call('GET', `/api/canary/customers/${customerId}/balance`)).json().amount

describe('a pay-in', () => {
  const payIn = (body: Record<string, unknown>, bearer?: string) =>
    call('POST', '/v1/sandbox/pay-ins', { customerId, ...body }, bearer)

  test('a sandbox pay-in credits the customer and answers the balance after it', async () => {
    await payIn({ amount: 1 })
    const answer = await payIn({ amount: 5000, currency: 'zar', description: 'Top-up' })
    expect([answer.statusCode, answer.json()]).toMatchObject([
      201,
      {
        id: expect.any(String),
        transactionId: expect.any(String),
        customerId,
        amount: 5000,
        currency: 'ZAR',
        description: 'Top-up',
        status: 'succeeded',
        balanceAfter: 5001,
        createdAt: now,
      },
    ])
    expect(await balance()).toBe(5001)
  })

  test('a sandbox pay-in credits a denied customer too, because a pay-in is a fact', async () => {
    await call('POST', '/customer/set_risk_action', { customer: customerId, risk_action: 'deny' })
    expect((await payIn({ amount: 7 })).statusCode).toBe(201)
    expect(await balance()).toBe(7)
  })

  test('a sandbox pay-in of the largest amount is exact, and one more is refused', async () => {
    expect((await payIn({ amount: Number.MAX_SAFE_INTEGER })).json().balanceAfter).toBe(Number.MAX_SAFE_INTEGER)
    const answer = await payIn({ amount: 1 })
    expect([answer.statusCode, answer.json().error.code]).toEqual([400, 'balance_limit'])
    expect(await balance()).toBe(Number.MAX_SAFE_INTEGER)
  })

  test.each([0, -1, 1.5, 1e21, 9007199254740992, '', 'ten', null, true, {}])(
    'a sandbox pay-in of %j is refused and changes nothing',
    async (amount) => {
      const answer = await payIn({ amount })
      expect([answer.statusCode, answer.json().error]).toMatchObject([
        400,
        { code: 'invalid_request', field: 'amount' },
      ])
      expect(await balance()).toBe(0)
    },
  )

  test('a sandbox pay-in is refused in a currency that is unknown or not the merchant’s', async () => {
    for (const [currency, code] of [
      ['USD', 'currency_not_held'],
      ['BTC', 'invalid_request'],
      ['constructor', 'invalid_request'],
    ]) {
      const answer = await payIn({ amount: 1, currency })
      expect([answer.statusCode, answer.json().error]).toMatchObject([400, { code, field: 'currency' }])
    }
  })

  test('a sandbox pay-in for an unknown customer answers 404', async () => {
    const answer = await payIn({ amount: 1, customerId: nobody })
    expect([answer.statusCode, answer.json().error.code]).toEqual([404, 'customer_not_found'])
  })

  test('many sandbox pay-ins at once all arrive', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => payIn({ amount: 5 })))
    expect(answers.map((answer) => answer.statusCode)).toEqual(Array(20).fill(201))
    expect(new Set(answers.map((answer) => answer.json().balanceAfter)).size).toBe(20)
    expect(await balance()).toBe(100)
  })

  test('a sandbox pay-in with an Idempotency-Key is done once', async () => {
    const request = {
      method: 'POST' as const,
      url: '/v1/sandbox/pay-ins',
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'top-up-1' },
      payload: { customerId, amount: 70 },
    }
    const [first, again] = await Promise.all([api.app.inject(request), api.app.inject(request)])
    expect(again.json()).toEqual(first.json())
    expect(await balance()).toBe(70)
  })
})

describe('a payment method', () => {
  const save = (body: Record<string, unknown>) => call('POST', '/v1/sandbox/payment-methods', { customerId, ...body })

  test('a sandbox payment method is Paystack’s test card where no number is given', async () => {
    const answer = await save({ type: 'card' })
    expect([answer.statusCode, answer.json()]).toEqual([
      201,
      {
        id: expect.stringMatching(/^pm_[a-z0-9]{10}$/),
        authorizationCode: answer.json().id.replace('pm_', 'AUTH_'),
        customerId,
        type: 'card',
        provider: 'iveri',
        brand: 'visa',
        last4: '4081',
        expiryMonth: 12,
        expiryYear: 2030,
        phone: null,
        isDefault: true,
        createdAt: now,
      },
    ])
  })

  test('a sandbox payment method is a card as typed', async () => {
    const card = { type: 'card', number: '5555 5555-5555 4444', expiryMonth: 1, expiryYear: 2028, provider: 'stitch' }
    const answer = await save(card)
    expect(answer.json()).toMatchObject({ brand: 'mastercard', last4: '4444', expiryMonth: 1, provider: 'stitch' })
    expect(answer.body).not.toContain('555555')
  })

  test('a sandbox payment method is a mobile money number', async () => {
    expect((await save({ type: 'mobile_money', phone: '082 123 4567' })).json()).toMatchObject({
      type: 'mobile_money',
      provider: 'mpesa',
      brand: null,
      last4: '4567',
      expiryMonth: null,
      expiryYear: null,
      phone: '+27821234567',
      isDefault: true,
    })
  })

  test('the first payment method is the default one, also after the first one was removed', async () => {
    const first = (await save({ type: 'card' })).json()
    expect((await save({ type: 'card' })).json().isDefault).toBe(false)
    await call('POST', '/customer/deactivate_authorization', { authorization_code: first.authorizationCode })
    expect((await save({ type: 'card' })).json().isDefault).toBe(true)
  })

  test('the same card has the same signature, whoever saves it', async () => {
    const other = (await call('POST', '/customer', { email: 'other@example.com' })).json().data.customer_code
    await save({ type: 'card' })
    await save({ type: 'card', customerId: other })
    await save({ type: 'card', number: '5555555555554444' })
    const signatures = async (code: string) =>
      (await call('GET', `/customer/${code}`))
        .json()
        .data.authorizations.map((each: { signature: string }) => each.signature)
    const [mastercard, visa] = await signatures(customerId)
    expect(await signatures(other)).toEqual([visa])
    expect(mastercard).not.toBe(visa)
  })

  test.each([
    [{ type: 'cash' }, 'type'],
    [{}, 'type'],
    [{ type: 'card', number: '4084084084084082' }, 'number'],
    [{ type: 'card', number: '1' }, 'number'],
    [{ type: 'card', expiryMonth: 13 }, 'expiryMonth'],
    [{ type: 'card', expiryYear: 1999 }, 'expiryYear'],
    [{ type: 'mobile_money' }, 'phone'],
    [{ type: 'mobile_money', phone: 'x' }, 'phone'],
  ])('a sandbox payment method of %j is refused, naming %s and never a card number', async (body, field) => {
    const answer = await save(body)
    expect([answer.statusCode, answer.json().error]).toMatchObject([400, { code: 'invalid_request', field }])
    expect(answer.body).not.toContain('4084084084084082')
    expect((await call('GET', `/api/canary/customers/${customerId}/payment-methods`)).json().data).toEqual([])
  })

  test('a sandbox payment method for an unknown customer answers 404', async () => {
    expect((await save({ type: 'card', customerId: nobody })).statusCode).toBe(404)
  })
})

describe('the sandbox in live mode', () => {
  test.each([
    ['/v1/sandbox/pay-ins', { customerId: 'CUS_x', amount: 1 }],
    ['/v1/sandbox/payment-methods', { customerId: 'CUS_x', type: 'card' }],
    ['/v1/sandbox/payments/order-1/notice', { outcome: 'succeeded' }],
    ['/v1/sandbox/dedicated-accounts/9123456789/transfers', { amount: 1 }],
    ['/v1/sandbox/mandates/reference/approve', {}],
  ])('%s answers 403 in live mode, because the sandbox makes up nothing real', async (path, body) => {
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    const made = await call('POST', '/customer', { email: 'live@example.com' }, live.secret)
    const { customer_code } = made.json().data
    const named = 'customerId' in body ? { ...body, customerId: customer_code } : body
    const answer = await call('POST', path, named, live.secret)
    expect([answer.statusCode, answer.json().error.code]).toEqual([403, 'test_mode_only'])
    const balance = await call('GET', `/api/canary/customers/${customer_code}/balance`, undefined, live.secret)
    expect(balance.json().amount).toBe(0)
  })
})

test('approving a mandate accepts an account number and a bank, and refuses invalid ones', async () => {
  const request = { email: 'zero@example.com', channel: 'direct_debit' }
  const { reference } = (await call('POST', '/customer/authorization/initialize', request)).json().data
  const path = `/v1/sandbox/mandates/${reference}/approve`
  for (const [body, field] of [
    [{ accountNumber: '12' }, 'accountNumber'],
    [{ accountNumber: 123456 }, 'accountNumber'],
    [{ bankCode: '' }, 'bankCode'],
  ] as const) {
    expect((await call('POST', path, body)).json().error).toMatchObject({ code: 'invalid_request', field })
  }
  expect((await call('POST', path)).json()).toMatchObject({ reference, status: 'pending' })
  expect((await call('POST', '/v1/sandbox/mandates/nothing/approve')).json().error.code).toBe('mandate_not_found')
})
