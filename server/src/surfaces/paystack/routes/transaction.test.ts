import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import { inTransaction } from '../../../domain/context.ts'
import { revokeApiKey } from '../../../domain/merchants/api-keys.ts'
import { createKeyFinder } from '../../../domain/merchants/key-holders.ts'
import { settleDuePayments } from '../../../domain/payments/due-payments.ts'

const email = 'zero@example.com'
const now = '2026-01-15T10:30:00.000Z'
const checkValues = "Ensure that the value(s) you're passing are valid."
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN', 'ZAR'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

async function data(method: string, path: string, body?: unknown) {
  const answer = await call(method, path, body)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data
}

const initialize = (more: object = {}) => data('POST', '/transaction/initialize', { email, amount: 20000, ...more })
const charge = (more: object = {}) => data('POST', '/charge', { email, amount: 20000, card, ...more })
const chargeSaved = (authorization_code: string, more: object = {}) =>
  call('POST', '/transaction/charge_authorization', { email, amount: 5000, authorization_code, ...more })
const verify = (reference: string) => data('GET', `/transaction/verify/${reference}`)
const fetchCustomer = () => data('GET', `/customer/${email}`)
const merchantBalance = async () => (await call('GET', '/api/canary/balance')).json().amount
const savedCard = async (more: object = {}): Promise<string> => (await charge(more)).authorization.authorization_code

function pay(authorizationUrl: string, number: string = card.number) {
  return api.app.inject({
    method: 'POST',
    url: new URL(authorizationUrl).pathname,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ method: 'card', number, expiry: '12/30', cvv: '408' }).toString(),
  })
}

function sendWithKey(path: string, body: object, key: string) {
  const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': key }
  return api.app.inject({ method: 'POST', url: path, headers, payload: body })
}

function invalid(message: string) {
  return { status: false, message, meta: { nextStep: checkValues }, type: 'validation_error', code: 'invalid_params' }
}

const duplicate = {
  status: false,
  message: 'Duplicate Transaction Reference',
  meta: { nextStep: 'Try and create the Transaction or Charge with a new reference' },
  type: 'validation_error',
  code: 'duplicate_reference',
  errorCodeMappingNotFound: false,
}
const mismatch = invalid(
  'Email does not match Authorization code. Authorization may be inactive or belong to a different email. Please confirm.',
)
const noAuthorization = {
  authorization_code: null,
  bin: null,
  last4: null,
  exp_month: null,
  exp_year: null,
  channel: null,
  card_type: null,
  bank: null,
  country_code: null,
  brand: null,
  reusable: false,
  signature: null,
  account_name: null,
  receiver_bank_account_number: null,
  receiver_bank: null,
}
/** The members of a transaction about things that do not exist here. */
const nothing = {
  receipt_number: null,
  fees_split: null,
  plan: null,
  split: {},
  order_id: null,
  pos_transaction_data: null,
  source: null,
  fees_breakdown: null,
  connect: null,
  plan_object: {},
  subaccount: {},
  helpdesk_link: null,
}
const invalidAmount = {
  status: false,
  message: 'Invalid Amount Sent',
  meta: {
    nextStep:
      "Ensure that you're passing your amount correctly. It should be a number greater than zero, with no decimal places",
  },
  type: 'validation_error',
  code: 'invalid_amount',
}

describe('initializing a transaction', () => {
  test('initializing a transaction answers an address of this server, and creates a customer for a new e-mail', async () => {
    const opened = await initialize()
    expect(opened).toEqual({
      authorization_url: `http://127.0.0.1:9000/pay/${opened.access_code}`,
      access_code: expect.stringMatching(/^[a-z0-9]{15}$/),
      reference: expect.stringMatching(/^[a-z0-9]{10}$/),
    })
    expect(await fetchCustomer()).toMatchObject({ email, first_name: null, metadata: null, total_transactions: 0 })
  })

  test('initializing a transaction leaves a known customer unchanged', async () => {
    const made = await data('POST', '/customer', { email, first_name: 'Zero' })
    const { reference } = await initialize({ email: 'ZERO@example.com' })
    expect((await verify(reference)).customer).toMatchObject({ id: made.id, first_name: 'Zero' })
  })

  test('an initialized transaction is abandoned until it is paid', async () => {
    const { reference } = await initialize({ reference: 'Order-1.7=a' })
    expect(reference).toBe('Order-1.7=a')
    expect(await verify(reference)).toEqual({
      ...nothing,
      id: expect.any(Number),
      domain: 'test',
      status: 'abandoned',
      reference,
      amount: 20000,
      message: null,
      gateway_response: 'The transaction was not completed',
      paid_at: null,
      created_at: now,
      channel: null,
      currency: 'NGN',
      ip_address: null,
      metadata: '',
      log: null,
      fees: null,
      authorization: noAuthorization,
      customer: expect.objectContaining({ email }),
      paidAt: null,
      createdAt: now,
      requested_amount: 20000,
      transaction_date: now,
    })
  })

  test.each([20000, '20000', 20000.0])('initializing a transaction accepts the amount %j', async (amount) => {
    expect(await verify((await initialize({ amount })).reference)).toMatchObject({ amount: 20000 })
  })

  test.each([0, -5, 777.5, '', 'much', '1e3', ' 5', 9007199254740992, [1], { a: 1 }, true, false])(
    'a payment of the amount %j is refused in Paystack’s words, on every route',
    async (amount) => {
      const refused = [
        await call('POST', '/transaction/initialize', { email, amount }),
        await call('POST', '/charge', { email, amount, card }),
        await call('POST', '/transaction/charge_authorization', { email, amount, authorization_code: 'AUTH_x' }),
      ]
      expect(refused.map((each) => [each.statusCode, each.json()])).toEqual(Array(3).fill([400, invalidAmount]))
      expect((await call('GET', `/customer/${email}`)).statusCode).toBe(404)
    },
  )

  test.each([
    [{ email: true }, '"email" must be a string'],
    [{ reference: true }, '"reference" must be a string'],
    [{ metadata: true }, '"metadata" must be of type object'],
    [{ channels: [true] }, '"channels.0" must be a string'],
  ])('initializing a transaction refuses a boolean in place of another value: %j', async (more, message) => {
    const answer = await call('POST', '/transaction/initialize', { email, amount: 5000, ...more })
    expect([answer.statusCode, answer.json().message]).toEqual([400, message])
  })

  test.each(['zero', 'zero@', 'a b@example.com'])(
    'a payment of the malformed e-mail %j is refused in Paystack’s words',
    async (email) => {
      const refused = await call('POST', '/transaction/initialize', { email, amount: 1 })
      expect([refused.statusCode, refused.json()]).toEqual([
        400,
        { ...invalid('Invalid Email Address Passed'), code: 'invalid_email_address' },
      ])
    },
  )

  test('initializing a transaction refuses a missing e-mail and a missing amount by name', async () => {
    const answers = await Promise.all([{ amount: 1 }, { email }].map((b) => call('POST', '/transaction/initialize', b)))
    expect(answers.map((each) => [each.statusCode, each.json().message, each.json().code])).toEqual([
      [400, 'Email Address is required', 'missing_params'],
      [400, '"amount" is required', 'missing_params'],
    ])
  })

  test.each(['ABC', 'USD', 'naira'])(
    'initializing a transaction refuses the currency %s, which the merchant does not hold',
    async (currency) => {
      const answer = await call('POST', '/transaction/initialize', { email, amount: 1, currency })
      expect([answer.statusCode, answer.json()]).toEqual([400, invalid('Currency not supported by merchant')])
    },
  )

  test.each([
    ['a b', ' '],
    ['order:12', ':'],
    ['é', 'é'],
    ['a/b', '/'],
    ['a#b', '#'],
    ['a+b', '+'],
    ['1😀', '😀'],
  ])('the reference %j is refused, and the character is named', async (reference, character) => {
    const refused = [
      await call('POST', '/transaction/initialize', { email, amount: 1, reference }),
      await call('POST', '/charge', { email, amount: 1, card, reference }),
      await chargeSaved('AUTH_x', { reference }),
    ]
    const message = `reference may have letters, digits and any of "-._=", but not "${character}"`
    expect(refused.map((each) => [each.statusCode, each.json().message])).toEqual(Array(3).fill([400, message]))
  })

  test('the reference of an initialized transaction has at least 1 and at most 100 characters', async () => {
    for (const reference of ['', 'x'.repeat(101)]) {
      const answer = await call('POST', '/transaction/initialize', { email, amount: 1, reference })
      expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining('reference')])
    }
  })

  test.each(['1042_1764310000', 'order_12345', '_', 'A-z.0=9_', 'x'.repeat(100)])(
    'the reference %j is accepted by initialize, verify, timeline and charges',
    async (reference) => {
      expect((await initialize({ reference })).reference).toBe(reference)
      expect(await verify(reference)).toMatchObject({ reference, status: 'abandoned' })
      expect(await data('GET', `/transaction/timeline/${reference}`)).toMatchObject({ attempts: 0 })
      tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
      expect((await charge({ reference })).reference).toBe(reference)
    },
  )

  test.each([
    [{ plan: 'PLN_a' }, 400, 'not served'],
    [{ split: { type: 'flat', subaccounts: [] } }, 400, 'not served'],
    [{ transaction_charge: 100 }, 400, 'not served'],
    [{ transaction_charge: '100' }, 400, 'not served'],
    [{ bearer: 'subaccount' }, 400, 'not served'],
    [{ split_code: 'SPL_a' }, 404, 'Invalid Split code.'],
    [{ subaccount: 'ACCT_a', bearer: 'subaccount' }, 404, 'Invalid Subaccount.'],
  ])(
    'a payment that would go elsewhere by %j is refused on every route, and makes nothing',
    async (more, status, words) => {
      const code = await savedCard()
      const ofNew = { email: 'new@example.com', amount: 5000, ...more }
      const refused = [
        await call('POST', '/transaction/initialize', ofNew),
        await call('POST', '/charge', { ...ofNew, card }),
        await chargeSaved(code, more),
      ]
      expect(refused.map((each) => [each.statusCode, each.json().message])).toEqual(
        Array(3).fill([status, expect.stringContaining(words)]),
      )
      expect((await call('GET', '/transaction')).json().meta.total).toBe(1)
      expect((await call('GET', '/customer/new@example.com')).statusCode).toBe(404)
    },
  )

  test('a payment with members about splits that are empty, or that change nothing, is made', async () => {
    const empty = { plan: '', split_code: null, subaccount: '', split: {}, transaction_charge: '', bearer: 'account' }
    await initialize(empty)
    await charge(empty)
    await initialize({ transaction_charge: 0 })
  })

  test.each([
    ['https://shop.example/done?a=1', 'https://shop.example/done?a=1&trxref=R&reference=R'],
    ['www.shop.example/done', 'https://www.shop.example/done?trxref=R&reference=R'],
    ['shop.example:8443', 'https://shop.example:8443/?trxref=R&reference=R'],
    ['localhost:3000/done', 'http://localhost:3000/done?trxref=R&reference=R'],
    ['', null],
    ['/', null],
    ['/done', null],
    ['done', null],
    ['javascript:alert(1)', null],
    ['http://host:99999/', null],
    ['shop://done', null],
  ])('a payer is sent from the page to the callback_url %j as %j', async (callback_url, address) => {
    const { authorization_url, reference } = await initialize({ callback_url, reference: 'R' })
    const answer = await pay(authorization_url)
    expect([answer.statusCode, answer.headers.location]).toEqual([303, address ?? new URL(authorization_url).pathname])
    expect(await verify(reference)).toMatchObject({ status: 'success' })
  })

  test('initializing a transaction refuses channels that cannot be paid by here', async () => {
    const answer = await call('POST', '/transaction/initialize', { email, amount: 1, channels: ['ussd', 'qr'] })
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining('card, mobile_money')])
  })

  test('initializing a transaction refuses a denied customer, and accepts an allowed one', async () => {
    const customer = (await data('POST', '/customer', { email })).customer_code
    await call('POST', '/customer/set_risk_action', { customer, risk_action: 'deny' })
    const answer = await call('POST', '/transaction/initialize', { email, amount: 1 })
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining('is denied')])
    await call('POST', '/customer/set_risk_action', { customer, risk_action: 'allow' })
    await initialize()
  })

  test('initializing a transaction refuses a used reference, in its own mode only', async () => {
    await initialize({ reference: 'order-17' })
    const answer = await call('POST', '/transaction/initialize', { email, amount: 1, reference: 'order-17' })
    expect([answer.statusCode, answer.json()]).toEqual([400, duplicate])
    const ofNew = { email: 'new@example.com', amount: 1, reference: 'order-17' }
    expect((await call('POST', '/transaction/initialize', ofNew)).json()).toEqual(duplicate)
    expect((await call('GET', '/customer/new@example.com')).statusCode).toBe(404)
    tenant = await createTestTenant(api.service)
    await initialize({ reference: 'order-17' })
  })

  test('initializing a transaction of one reference many times at once makes one', async () => {
    const body = { email, amount: 1, reference: 'order-17' }
    const answers = await Promise.all(Array.from({ length: 8 }, () => call('POST', '/transaction/initialize', body)))
    expect(answers.map((each) => each.statusCode).sort()).toEqual([200, ...Array(7).fill(400)])
    expect((await call('GET', '/transaction')).json().meta.total).toBe(1)
  })

  test('initializing a transaction with a used key answers as before', async () => {
    const body = { email, amount: 1 }
    const first = await sendWithKey('/transaction/initialize', body, 'k1')
    const again = await sendWithKey('/transaction/initialize', body, 'k1')
    expect([again.body, again.headers['idempotent-replayed']]).toEqual([first.body, 'true'])
    const other = await sendWithKey('/transaction/initialize', { ...body, amount: 2 }, 'k1')
    expect(other.statusCode).toBe(409)
  })

  test('initializing a transaction is not available in live mode', async () => {
    tenant = await createTestTenant(api.service, { mode: 'live' })
    expect((await call('POST', '/transaction/initialize', { email, amount: 1 })).statusCode).toBe(403)
  })
})

describe('metadata', () => {
  test.each([
    [{ a: { b: [1, null] } }, { a: { b: [1, null] } }],
    ['{"a":{"b":[1]},"c":"ü"}', { a: { b: [1] }, c: 'ü' }],
    ['{}', {}],
    ['no JSON {', 'no JSON {'],
    ['"text"', '"text"'],
    ['12', '12'],
    ['[1]', [1]],
    [
      [{ a: 1 }, null],
      [{ a: 1 }, null],
    ],
    ['12345678901234567890', '12345678901234567890'],
    ['1e999', '1e999'],
  ])('a transaction’s metadata %j is answered as %j', async (given, returned) => {
    const { reference } = await initialize({ metadata: given })
    expect((await verify(reference)).metadata).toEqual(returned)
    expect((await data('GET', '/transaction'))[0].metadata).toEqual(returned)
  })

  test.each([
    [5, '"metadata" must be of type object'],
    [0, '"metadata" must be of type object'],
    [1.5, '"metadata" must be of type object'],
    [true, '"metadata" must be of type object'],
    ['{"__proto__":{}}', 'metadata has a member named __proto__ or constructor.prototype, which no object may have'],
    ['{"a":1,"a":2}', 'metadata has the member "a" twice; send it once'],
    ['[{"b":1,"b":2}]', 'metadata.0 has the member "b" twice; send it once'],
    ['{"a":1e999}', 'metadata.a is a number too large to keep'],
    ['{"a":"\\u0000"}', 'metadata.a has a NUL character or half a surrogate pair'],
  ])('a transaction’s metadata %j is refused, because it could not be kept as it came', async (metadata, message) => {
    const answer = await call('POST', '/transaction/initialize', { email, amount: 1, metadata })
    expect([answer.statusCode, answer.json().message]).toEqual([400, message])
  })

  test.each([undefined, null, ''])(
    'a transaction’s metadata %j is answered as "" by verify and as null in a list',
    async (metadata) => {
      const { reference } = await initialize({ metadata })
      const { id, metadata: ofVerify } = await verify(reference)
      expect(ofVerify).toBe('')
      expect((await data('GET', '/transaction'))[0].metadata).toBeNull()
      expect((await data('GET', `/transaction/${id}`)).metadata).toBeNull()
      expect((await data('GET', `/charge/${reference}`)).metadata).toBeNull()
    },
  )

  test('a transaction’s metadata over 16 KiB is refused, as an object and as text', async () => {
    for (const metadata of [{ a: 'x'.repeat(17_000) }, 'x'.repeat(17_000)]) {
      const answer = await call('POST', '/transaction/initialize', { email, amount: 1, metadata })
      expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining('metadata')])
    }
  })
})

describe('verifying a transaction', () => {
  test('verifying a paid transaction shows the authorization and the time', async () => {
    const { reference, authorization_url } = await initialize({ metadata: { order: 17 } })
    api.service.clock.advance(7000)
    await pay(authorization_url)
    const paidAt = api.service.clock.now().toISOString()
    const startedAt = new Date(api.service.clock.now().getTime() - 7000)
    const verified = await verify(reference)
    expect(verified).toMatchObject({
      status: 'success',
      gateway_response: 'Successful',
      message: null,
      paid_at: paidAt,
      paidAt,
      channel: 'card',
      fees: 0,
      metadata: { order: 17 },
      authorization: {
        authorization_code: expect.stringMatching(/^AUTH_[a-z0-9]{10}$/),
        bin: '408408',
        last4: '4081',
        exp_month: '12',
        exp_year: '2030',
        channel: 'card',
        card_type: 'visa ',
        bank: 'TEST BANK',
        country_code: 'NG',
        brand: 'visa',
        reusable: true,
        signature: expect.stringMatching(/^SIG_\w{20}$/),
        account_name: null,
      },
      log: {
        start_time: Math.floor(startedAt.getTime() / 1000),
        time_spent: 7,
        attempts: 1,
        errors: 0,
        success: true,
        mobile: false,
        input: [],
        history: [
          { type: 'action', message: 'Attempted to pay with card', time: 7 },
          { type: 'success', message: 'Successfully paid with card', time: 7 },
        ],
      },
    })
    expect(await data('GET', `/transaction/${verified.id}`)).toEqual(verified)
  })

  test('verifying an unknown reference is refused in Paystack’s words', async () => {
    const answer = await call('GET', '/transaction/verify/nothing')
    const refusal = {
      ...invalid('Transaction reference not found.'),
      meta: { nextStep: 'Ensure the transaction reference or ID is correct' },
      code: 'transaction_not_found',
    }
    expect([answer.statusCode, answer.json()]).toEqual([400, refusal])
    const ofCharge = await call('GET', '/charge/nothing')
    const message = 'Transaction reference is invalid'
    expect([ofCharge.statusCode, ofCharge.json()]).toEqual([400, { ...refusal, message }])
  })

  test('verifying a transaction shows that it is processed, and later that it succeeded', async () => {
    const { reference, authorization_url } = await initialize()
    await pay(authorization_url, '4084080000040009')
    const pending = { status: 'pending', gateway_response: 'Transaction in progress', authorization: noAuthorization }
    expect(await verify(reference)).toMatchObject({ ...pending, paid_at: null, fees: null })
    expect(await merchantBalance()).toBe(0)
    api.service.clock.advance(api.service.sandboxDelayMs)
    expect(await verify(reference)).toMatchObject({ status: 'success', authorization: { last4: '0009' } })
    expect(await verify(reference)).toMatchObject({ status: 'success' })
    expect(await merchantBalance()).toBe(20000)
  })

  test('verifying a transaction shows a reversal as reversed', async () => {
    const { reference } = await charge()
    const [row] = await api.service.db.query<{ transaction_id: string }>(sql`
      select i.transaction_id from payments t
      join payment_intents i on i.merchant_id = t.merchant_id and i.id = t.payment_intent_id
      where t.merchant_id = ${tenant.merchant.id} and t.reference = ${reference}
    `)
    const reversed = await call('POST', '/v1/reversals', { transactionId: row?.transaction_id })
    expect(reversed.statusCode, reversed.body).toBe(201)
    expect(await verify(reference)).toMatchObject({ status: 'reversed' })
    expect((await data('GET', '/transaction?status=reversed')).length).toBe(1)
    expect(await data('GET', '/transaction?status=success')).toEqual([])
  })

  test('fetching a transaction by an unknown number answers 404, and by any other text 400', async () => {
    for (const id of ['12', '9'.repeat(30)]) expect((await call('GET', `/transaction/${id}`)).statusCode).toBe(404)
    for (const id of ['wrong_id', 'verify', '1.5', '-1']) {
      const answer = await call('GET', `/transaction/${id}`)
      expect([answer.statusCode, answer.json()]).toEqual([400, invalid('Transaction ID should be numeric')])
    }
    expect((await call('GET', '/transaction/verify/')).json().message).toBe('Transaction ID should be numeric')
  })
})

describe('a transaction whose purpose is wallet_topup', () => {
  test('a transaction with the purpose wallet_topup fills the customer’s balance, seen through both APIs', async () => {
    const { reference, authorization_url } = await initialize({ metadata: '{"purpose":"wallet_topup"}' })
    await pay(authorization_url)
    const { customer_code, total_transactions, total_transaction_value } = await fetchCustomer()
    expect([total_transactions, total_transaction_value]).toEqual([1, [{ currency: 'NGN', amount: 20000 }]])
    const customer = `/api/canary/customers/${customer_code}`
    expect((await call('GET', `${customer}/balance`)).json()).toMatchObject({ amount: 20000, currency: 'NGN' })
    expect((await call('GET', `${customer}/transactions`)).json().data).toMatchObject([
      { type: 'credit', amount: 20000, description: `Top-up ${reference}` },
    ])
    expect(await merchantBalance()).toBe(0)
  })

  test('a transaction with another purpose pays the merchant', async () => {
    const { customer } = await charge({ metadata: { purpose: 'airtime' } })
    const { amount } = (await call('GET', `/api/canary/customers/${customer.customer_code}/balance`)).json()
    expect([amount, await merchantBalance()]).toEqual([0, 20000])
  })

  test('a top-up of a customer denied meanwhile is credited, because the money has come', async () => {
    const { reference, authorization_url } = await initialize({ metadata: { purpose: 'wallet_topup' } })
    await pay(authorization_url, '4084080000040009')
    await call('POST', '/customer/set_risk_action', { customer: email, risk_action: 'deny' })
    api.service.clock.advance(api.service.sandboxDelayMs)
    expect(await verify(reference)).toMatchObject({ status: 'success', paid_at: expect.any(String) })
  })
})

describe('charging a saved authorization', () => {
  test('charging a saved authorization answers the charge and credits', async () => {
    const code = await savedCard()
    const answer = await chargeSaved(code, { reference: 'order-18', metadata: '{"a":1}', queue: true, amount: '5000' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      status: true,
      message: 'Charge attempted',
      data: {
        ...nothing,
        id: expect.any(Number),
        amount: 5000,
        requested_amount: 5000,
        currency: 'NGN',
        transaction_date: expect.any(String),
        created_at: expect.any(String),
        createdAt: expect.any(String),
        paid_at: expect.any(String),
        paidAt: expect.any(String),
        status: 'success',
        reference: 'order-18',
        domain: 'test',
        metadata: { a: 1 },
        gateway_response: 'Successful',
        message: null,
        channel: 'card',
        ip_address: null,
        log: expect.objectContaining({ success: true }),
        fees: 0,
        authorization: expect.objectContaining({ authorization_code: code, reusable: true }),
        customer: expect.objectContaining({ email }),
      },
    })
    expect(await merchantBalance()).toBe(25000)
    expect((await fetchCustomer()).authorizations.length).toBe(1)
  })

  test('charging a saved authorization without a reference makes one of 15 characters', async () => {
    expect((await chargeSaved(await savedCard())).json().data.reference).toMatch(/^[a-z0-9]{15}$/)
  })

  test('charging a saved authorization refuses an unknown code', async () => {
    await charge()
    const answer = await chargeSaved('AUTH_0000000000')
    expect([answer.statusCode, answer.json()]).toEqual([400, invalid('Authorization code is invalid')])
  })

  test('charging a saved authorization refuses another customer’s e-mail, a deactivated code and a code for one charge', async () => {
    const code = await savedCard()
    await data('POST', '/customer', { email: 'other@example.com' })
    const { authorization } = await charge({ card: undefined, mobile_money: { phone: '0551234987', provider: 'mtn' } })
    const refused = [
      await chargeSaved(code, { email: 'other@example.com' }),
      await chargeSaved(code, { email: 'nobody@example.com' }),
      await chargeSaved(authorization.authorization_code),
    ]
    await call('POST', '/customer/deactivate_authorization', { authorization_code: code })
    refused.push(await chargeSaved(code))
    expect(refused.map((each) => [each.statusCode, each.json()])).toEqual(Array(4).fill([400, mismatch]))
    expect((await call('GET', '/transaction')).json().meta.total).toBe(2)
    expect(await call('GET', '/customer/nobody@example.com')).toMatchObject({ statusCode: 404 })
  })

  test('charging a saved authorization refuses a used reference', async () => {
    const code = await savedCard({ reference: 'order-17' })
    const answer = await chargeSaved(code, { reference: 'order-17' })
    expect([answer.statusCode, answer.json()]).toEqual([400, duplicate])
    expect(await merchantBalance()).toBe(20000)
  })

  test('charging a saved authorization refuses a currency the merchant does not hold', async () => {
    const answer = await chargeSaved(await savedCard(), { currency: 'GHS' })
    expect([answer.statusCode, answer.json()]).toEqual([400, invalid('Currency not supported by merchant')])
  })

  test('charging a saved authorization refuses a denied customer', async () => {
    const code = await savedCard()
    await call('POST', '/customer/set_risk_action', { customer: email, risk_action: 'deny' })
    const answer = await chargeSaved(code)
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining('is denied')])
  })

  test('charging a saved authorization that is declined answers 200 and failed, with the reason', async () => {
    const saved = { customerId: (await charge()).customer.customer_code, type: 'card', number: '4084080000005408' }
    const { authorizationCode } = (await call('POST', '/v1/sandbox/payment-methods', saved)).json()
    const answer = await chargeSaved(authorizationCode)
    const reason = 'The payment was declined by the issuer'
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      message: 'Charge attempted',
      data: { status: 'failed', message: reason, gateway_response: reason, authorization: noAuthorization, fees: null },
    })
    const declined = await verify(answer.json().data.reference)
    expect(declined).toMatchObject({ status: 'failed', paid_at: null, log: { errors: 1, success: false } })
    api.service.clock.advance(72 * 60 * 60 * 1000)
    await settleDuePayments(api.service)
    expect(await verify(declined.reference)).toEqual(declined)
  })

  test('charging a saved authorization under one reference twice at once credits once', async () => {
    const code = await savedCard()
    const answers = await Promise.all(Array.from({ length: 10 }, () => chargeSaved(code, { reference: 'order-19' })))
    expect(answers.map((each) => each.statusCode).sort()).toEqual([200, ...Array(9).fill(400)])
    await settleDuePayments(api.service)
    expect(await merchantBalance()).toBe(25000)
  })

  test('charging a saved authorization with one key charges once, however often and whenever the repeat comes', async () => {
    const body = { email, amount: 5000, authorization_code: await savedCard() }
    const send = () => sendWithKey('/transaction/charge_authorization', body, 'k1')
    const answers = await Promise.all(Array.from({ length: 6 }, send))
    expect(new Set(answers.map((each) => each.statusCode))).toEqual(new Set([200]))
    expect(new Set(answers.map((each) => each.json().data.reference)).size).toBe(1)
    expect((await send()).headers['idempotent-replayed']).toBe('true')
    expect(await merchantBalance()).toBe(25000)
    const other = await sendWithKey('/transaction/charge_authorization', { ...body, amount: 1 }, 'k1')
    expect(other.statusCode).toBe(409)
  })

  test('charging a saved authorization again with a key whose answer was lost does not charge again', async () => {
    const body = { email, amount: 5000, authorization_code: await savedCard(), reference: 'order-20' }
    const first = await sendWithKey('/transaction/charge_authorization', body, 'k1')
    const forget = sql`update idempotency_keys set answer = null where merchant_id = ${tenant.merchant.id}`
    await api.service.db.query(forget)
    const again = await sendWithKey('/transaction/charge_authorization', body, 'k1')
    expect([again.statusCode, again.json()]).toEqual([200, first.json()])
    expect(await merchantBalance()).toBe(25000)
  })
})

describe('a direct debit', () => {
  async function mandate(number: string): Promise<string> {
    const account = { number, bank_code: '058' }
    const wanted = { email, channel: 'direct_debit', account }
    const { reference, access_code } = await data('POST', '/customer/authorization/initialize', wanted)
    await api.app.inject({
      method: 'POST',
      url: `/authorize/${access_code}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ accountNumber: number, bankCode: '058' }).toString(),
    })
    await api.settle()
    return (await data('GET', `/customer/authorization/verify/${reference}`)).authorization_code
  }

  test('a direct debit is pending at first, and decided a moment later by any call that reads it', async () => {
    const authorization_code = await mandate('0123456789')
    const charged = (await chargeSaved(authorization_code)).json().data
    expect(charged).toMatchObject({
      status: 'processing',
      gateway_response: 'Transaction in progress',
      fees: null,
      channel: 'direct_debit',
      authorization: {
        ...noAuthorization,
        authorization_code,
        channel: 'direct_debit',
        bank: 'TEST BANK',
        reusable: true,
        country_code: 'NG',
      },
    })
    expect(await verify(charged.reference)).toMatchObject({ status: 'processing' })
    expect(await merchantBalance()).toBe(0)
    api.service.clock.advance(api.service.sandboxDelayMs)
    await settleDuePayments(api.service)
    expect(await merchantBalance()).toBe(5000)
    expect(await verify(charged.reference)).toMatchObject({ status: 'success', fees: 0 })
  })

  test.each([
    ['0123455408', 'The payment was declined by the issuer'],
    ['0123450037', 'The account has insufficient funds'],
  ])('a direct debit of account %s fails a moment later', async (number, reason) => {
    const { reference } = (await chargeSaved(await mandate(number))).json().data
    expect(await verify(reference)).toMatchObject({ status: 'processing' })
    api.service.clock.advance(api.service.sandboxDelayMs)
    await settleDuePayments(api.service)
    expect(await verify(reference)).toMatchObject({ status: 'failed', gateway_response: reason })
    expect(await merchantBalance()).toBe(0)
  })

  test('a direct debit of a mandate that is not active yet is refused', async () => {
    const wanted = { email, channel: 'direct_debit' }
    const { access_code, reference } = await data('POST', '/customer/authorization/initialize', wanted)
    await api.app.inject({
      method: 'POST',
      url: `/authorize/${access_code}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'accountNumber=0123456789&bankCode=058',
    })
    const { authorization_code } = await data('GET', `/customer/authorization/verify/${reference}`)
    expect((await chargeSaved(authorization_code)).json()).toEqual(mismatch)
  })
})

describe('listing transactions', () => {
  async function make(count: number): Promise<string[]> {
    const references: string[] = []
    for (let i = 1; i <= count; i++) {
      api.service.clock.advance(60_000)
      references.push((await initialize({ amount: 100 * i, reference: `r${i}` })).reference)
    }
    return references.reverse()
  }
  const referencesOf = (rows: { reference: string }[]) => rows.map(({ reference }) => reference)

  test('transactions are listed newest first, page by page', async () => {
    const references = await make(5)
    const { data, meta } = (await call('GET', '/transaction?perPage=2&page=2')).json()
    expect(referencesOf(data)).toEqual(references.slice(2, 4))
    expect(meta).toEqual({ total: 5, total_volume: 0, skipped: 2, perPage: 2, page: 2, pageCount: 3 })
    expect((await call('GET', '/transaction?per_page=2&page=9')).json()).toMatchObject({ data: [], meta: { total: 5 } })
  })

  test('rows of the list of transactions differ from verify where Paystack’s do', async () => {
    await charge({ metadata: { a: 1 } })
    const [row] = await data('GET', '/transaction')
    expect(row).toMatchObject({
      status: 'success',
      metadata: { a: 1 },
      plan: {},
      split: {},
      subaccount: {},
      source: { source: 'merchant_api', type: 'api', identifier: null, entry_point: 'charge' },
      authorization: { last4: '4081' },
      customer: { email },
    })
    expect(row).not.toHaveProperty('receipt_number')
    expect(row).not.toHaveProperty('plan_object')
  })

  test('the list of transactions is walked by cursor, there and back', async () => {
    const references = await make(5)
    const first = (await call('GET', '/transaction?use_cursor=true&perPage=2')).json()
    expect([referencesOf(first.data), first.meta.previous]).toEqual([references.slice(0, 2), null])
    await initialize()
    const second = (await call('GET', `/transaction?perPage=2&next=${encodeURIComponent(first.meta.next)}`)).json()
    expect(referencesOf(second.data)).toEqual(references.slice(2, 4))
    const third = (await call('GET', `/transaction?perPage=2&next=${encodeURIComponent(second.meta.next)}`)).json()
    expect([referencesOf(third.data), third.meta.next]).toEqual([references.slice(4), null])
    const back = (
      await call('GET', `/transaction?perPage=2&previous=${encodeURIComponent(second.meta.previous)}`)
    ).json()
    expect(back.data).toEqual(first.data)
  })

  test('the list of transactions filters by status, customer, amount and period, and sums up the successful ones', async () => {
    await make(3)
    const paid = await charge({ email: 'other@example.com', amount: 700 })
    await charge({ card: { ...card, number: '4084080000005408' }, reference: 'declined' })
    const list = async (query: string) => {
      const { data, meta } = (await call('GET', `/transaction?${query}`)).json()
      return [referencesOf(data), meta.total, meta.total_volume]
    }
    expect(await list('status=success')).toEqual([[paid.reference], 1, 700])
    expect(await list('status=failed')).toEqual([['declined'], 1, 0])
    expect(await list('status=abandoned&perPage=1')).toEqual([['r3'], 3, 0])
    expect(await list('status=queued')).toEqual([[], 0, 0])
    expect(await list(`customer=${paid.customer.id}`)).toEqual([[paid.reference], 1, 700])
    expect(await list('customer=1')).toEqual([[], 0, 0])
    expect(await list(`customer=${paid.customer.customer_code}`)).toEqual([[], 0, 0])
    expect(await list('status=all&perPage=1')).toEqual([['declined'], 5, 700])
    expect(await list('amount=200')).toEqual([['r2'], 1, 0])
    expect(await list('terminalid=30')).toEqual([[], 0, 0])
    expect(await list('perPage=2')).toEqual([['declined', paid.reference], 5, 700])
    const [{ created_at }] = await data('GET', '/transaction?amount=200')
    expect(await list(`from=${created_at}&perPage=2`)).toEqual([['declined', paid.reference], 4, 700])
    expect(await list(`from=${created_at}&to=${created_at}`)).toEqual([['r2'], 1, 0])
    expect(await list('to=2020-01-01')).toEqual([[], 0, 0])
    expect(await list('from=2099-01-01&to=2098-01-01')).toEqual([[], 0, 0])
    expect(await list(`use_cursor=true&status=success`)).toEqual([[paid.reference], undefined, undefined])
  })

  test.each([
    ['status=paid', 'status'],
    ['amount=much', 'Invalid Amount Sent'],
    ['from=then', 'from'],
    ['page=0', 'page'],
    ['use_cursor=perhaps', '"use_cursor" must be one of [true, false]'],
    ['next=Y3VzdG9tZXI6MQ==', 'next'],
  ])('the list of transactions refuses %s', async (query, words) => {
    const answer = await call('GET', `/transaction?${query}`)
    expect([answer.statusCode, answer.json().message]).toEqual([400, expect.stringContaining(words)])
  })

  test.each(['true', 'True', 'TRUE', '1', 'yes', '%20true'])(
    'the lists of the Paystack surface answer a cursor for use_cursor=%s',
    async (text) => {
      await make(2)
      for (const list of ['/transaction', '/customer', '/bank']) {
        const { meta } = (await call('GET', `${list}?use_cursor=${text}&perPage=1`)).json()
        expect([list, Object.keys(meta)]).toEqual([list, ['next', 'previous', 'perPage']])
      }
    },
  )

  test.each(['false', 'False', '0', 'no', ''])(
    'the lists of the Paystack surface answer page numbers for use_cursor=%s',
    async (text) => {
      for (const list of ['/transaction', '/customer']) {
        const { meta } = (await call('GET', `${list}?use_cursor=${text}&per_page=1`)).json()
        expect([list, meta]).toMatchObject([list, { page: 1, perPage: 1 }])
      }
    },
  )
})

describe('totals of transactions', () => {
  test('totals count the successful transactions in each currency, all of them or those of a period', async () => {
    expect(await data('GET', '/transaction/totals')).toEqual({
      total_transactions: 0,
      total_volume: 0,
      total_volume_by_currency: [],
      pending_transfers: 0,
      pending_transfers_by_currency: [],
    })
    await initialize()
    await charge({ amount: 700 })
    api.service.clock.advance(60_000)
    const from = api.service.clock.now().toISOString()
    await charge({ amount: 300 })
    await charge({ amount: 50, currency: 'ZAR' })
    const zero = { pending_transfers: 0, pending_transfers_by_currency: expect.any(Array) }
    const volumes = (ngn: number) => [
      { currency: 'NGN', amount: ngn },
      { currency: 'ZAR', amount: 50 },
    ]
    expect(await data('GET', '/transaction/totals')).toEqual({
      total_transactions: 3,
      total_volume: 1050,
      total_volume_by_currency: volumes(1000),
      ...zero,
    })
    expect(await data('GET', `/transaction/totals?from=${from}`)).toEqual({
      total_transactions: 2,
      total_volume: 350,
      total_volume_by_currency: volumes(300),
      ...zero,
    })
    const { total_transactions, total_transaction_value } = await fetchCustomer()
    expect([total_transactions, total_transaction_value]).toEqual([3, volumes(1000)])
  })
})

describe('the timeline of a transaction', () => {
  test('the timeline of a transaction has its steps, by reference and by id', async () => {
    const { id, reference, log } = await charge({ card: { ...card, number: '4084080000005408' } })
    expect(await data('GET', `/transaction/timeline/${reference}`)).toEqual(log)
    expect(await data('GET', `/transaction/timeline/${id}`)).toEqual(log)
    expect(log.history.map(({ type }: { type: string }) => type)).toEqual(['action', 'error'])
  })

  test('the timeline of a transaction that nobody has tried to pay is empty', async () => {
    const { reference } = await initialize({ reference: '17' })
    expect(await data('GET', `/transaction/timeline/${reference}`)).toEqual({
      start_time: Math.floor(api.service.clock.now().getTime() / 1000),
      time_spent: 0,
      attempts: 0,
      errors: 0,
      success: false,
      mobile: false,
      input: [],
      history: [],
    })
  })

  test('the timeline of a transaction that does not exist is refused in Paystack’s words', async () => {
    const answer = await call('GET', '/transaction/timeline/nothing')
    expect([answer.statusCode, answer.json().message]).toEqual([404, 'Transaction ID or reference is invalid'])
  })
})

describe('an export of transactions', () => {
  const follow = (path: string) => api.app.inject({ method: 'GET', url: path.replace('http://127.0.0.1:9000', '') })
  const linesOf = async (query: string) => {
    const { path } = await data('GET', `/transaction/export?${query}`)
    const answer = await follow(path)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/csv; charset=utf-8'])
    return answer.body.trim().split('\n').slice(1)
  }

  test('an export answers a link to a CSV file, which needs no key and is good for a minute', async () => {
    const paid = await charge({ reference: 'order-1' })
    const { path, expiresAt } = await data('GET', '/transaction/export')
    const asked = api.service.clock.now()
    expect(path).toMatch(/^http:\/\/127\.0\.0\.1:9000\/transaction\/export\/transactions_\d+\.csv\?link=[\w-]+$/)
    expect(expiresAt).toBe(new Date(asked.getTime() + 60_000).toISOString().slice(0, 19).replace('T', ' '))
    const answer = await follow(path)
    expect(answer.headers).toMatchObject({
      'content-disposition': 'attachment',
      'cache-control': 'no-store, no-transform',
    })
    expect(answer.body).toBe(
      'id,reference,status,currency,amount,fees,channel,gateway_response,created_at,paid_at,customer_code,customer_email\n' +
        `${paid.id},order-1,success,NGN,20000,0,card,Successful,${paid.created_at},${paid.paid_at},${paid.customer.customer_code},${email}\n`,
    )
    api.service.clock.advance(60_001)
    const late = await follow(path)
    expect([late.statusCode, late.json().message]).toEqual([404, expect.stringContaining('has expired')])
  })

  test('the link of an export opens nothing once its key is revoked', async () => {
    await charge()
    const { path } = await data('GET', '/transaction/export')
    const holder = await createKeyFinder(api.service)(tenant.secret)
    expect((await follow(path)).statusCode).toBe(200)
    await inTransaction(api.service, (tx) => revokeApiKey(tx, tenant.merchant, holder?.apiKeyId as string))
    const refused = await follow(path)
    expect([refused.statusCode, refused.json().message]).toEqual([404, expect.stringContaining('was revoked')])
  })

  test('the link of an export opens the transactions of its own merchant and mode alone, and cannot be changed', async () => {
    await charge()
    const { path } = await data('GET', '/transaction/export')
    tenant = await createTestTenant(api.service)
    expect(await linesOf('')).toEqual([])
    const changed = path.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A'))
    const longer = `${path.slice(0, -8)}AAAAAAAA`
    for (const link of [changed, longer, `${path.split('=')[0]}=`, `${path.split('=')[0]}=AAAA`]) {
      expect((await follow(link)).statusCode).toBe(404)
    }
  })

  test('an export has the transactions that its filters choose, and more than fit in one page', async () => {
    const rows = 501
    for (let i = 0; i < rows; i += 25) {
      await Promise.all(Array.from({ length: Math.min(25, rows - i) }, () => initialize()))
    }
    const paid = await charge({ email: 'other@example.com', amount: 700 })
    expect(await linesOf('')).toHaveLength(rows + 1)
    for (const query of [
      'status=success',
      'amount=700',
      `customer=${paid.customer.id}`,
      'currency=NGN&status=success',
    ]) {
      expect([query, await linesOf(query)]).toEqual([query, [expect.stringContaining(paid.reference)]])
    }
    expect(await linesOf('settled=False&status=success&page=9&perPage=1')).toHaveLength(1)
    for (const query of ['settled=True', 'settlement=1', 'payment_page=1', 'subaccount_code=ACCT_a', 'currency=ZAR']) {
      expect([query, await linesOf(query)]).toEqual([query, []])
    }
    expect(await linesOf('to=2020-01-01')).toEqual([])
  })

  test('an export writes a text that a spreadsheet would read as a formula as text', async () => {
    await charge({ email: '=1+1@example.com' })
    expect((await linesOf(''))[0]).toMatch(/,'=1\+1@example\.com$/)
  })

  test.each(['status=paid', 'amount=much', 'from=then', 'settled=perhaps'])(
    'an export with %s is refused before a link is made',
    async (query) => {
      expect((await call('GET', `/transaction/export?${query}`)).statusCode).toBe(400)
    },
  )
})
