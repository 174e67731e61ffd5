import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { sql } from '../../../db/sql.ts'
import { failureReasons } from '../../../domain/identity/identity-verifier.ts'
import { sandboxAccounts } from '../../../domain/sandbox/verifier.ts'

const now = '2026-01-15T10:30:00.000Z'
const checkValues = "Ensure that the value(s) you're passing are valid."

let api: TestApi
let strict: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
  strict = await api.openAnother({ paystackMetadata: 'strict' })
})
afterAll(async () => {
  await strict.close()
  await api.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { name: 'Duka', country: 'NG', currencies: ['NGN', 'ZAR'] })
})

const call = (method: string, path: string, body?: unknown) => api.call(method, path, body, tenant.secret)

async function create(body: Record<string, unknown> = {}) {
  const answer = await call('POST', '/customer', { email: 'zero@example.com', ...body })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data
}

const fetchCustomer = async (reference: string) => (await call('GET', `/customer/${reference}`)).json().data

/** Sends bytes, as a client does. */
function send(method: 'GET' | 'POST' | 'PUT', url: string, payload: string, headers: Record<string, string> = {}) {
  return api.app.inject({ method, url, payload, headers: { authorization: `Bearer ${tenant.secret}`, ...headers } })
}

function invalid(message: string) {
  return { status: false, message, meta: { nextStep: checkValues }, type: 'validation_error', code: 'invalid_params' }
}

function notFound(message: string) {
  const nextStep =
    "Ensure that you're passing the correct reference for the requested resource that exists on this integration"
  return { ...invalid(message), meta: { nextStep }, code: 'not_found' }
}

function missing(message: string) {
  const meta = { nextStep: 'Provide all required params' }
  return { status: false, message, meta, type: 'validation_error', code: 'missing_params' }
}

const unknownCustomer = invalid('Customer code/email specified is invalid')

/** All members of a customer that was just created. */
function bare(more: Record<string, unknown> = {}) {
  return {
    id: expect.any(Number),
    customer_code: expect.stringMatching(/^CUS_[a-z0-9]{15}$/),
    email: 'zero@example.com',
    first_name: null,
    last_name: null,
    phone: null,
    metadata: {},
    integration: tenant.merchant.id,
    domain: 'test',
    risk_action: 'default',
    identified: false,
    identifications: null,
    transactions: [],
    subscriptions: [],
    authorizations: [],
    createdAt: now,
    updatedAt: now,
    ...more,
  }
}

describe('creating a customer', () => {
  test('creating a Paystack customer answers 200 with the whole customer', async () => {
    const given = { email: 'Zero@Example.com', first_name: 'Zero', last_name: 'Sum', phone: '+2348123456789' }
    const answer = await call('POST', '/customer', { ...given, metadata: { a: { b: [1] } } })
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      {
        status: true,
        message: 'Customer created',
        data: bare({ first_name: 'Zero', last_name: 'Sum', phone: '+2348123456789', metadata: { a: { b: [1] } } }),
      },
    ])
  })

  test('creating a Paystack customer with a known e-mail, in any case, answers that customer unchanged', async () => {
    const made = await create({ first_name: 'Zero', metadata: { a: 1 } })
    const again = { email: 'ZERO@example.com', first_name: 'Other', last_name: 'New', phone: '0', metadata: { b: 2 } }
    const answer = await call('POST', '/customer', again)
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: true, message: 'Customer created', data: made }])
    expect(await fetchCustomer(made.customer_code)).toMatchObject({
      first_name: 'Zero',
      last_name: null,
      metadata: { a: 1 },
    })
  })

  test('creating a Paystack customer with the same e-mail many times at once makes one customer', async () => {
    const codes = await Promise.all(Array.from({ length: 8 }, async () => (await create()).customer_code))
    expect(new Set(codes).size).toBe(1)
  })

  test('creating a Paystack customer treats null as "not given"', async () => {
    expect(await create({ first_name: null, last_name: null, phone: null, metadata: null })).toEqual(bare())
  })

  test('creating a Paystack customer keeps the phone number as given', async () => {
    expect((await create({ phone: '0803 123 4567' })).phone).toBe('0803 123 4567')
    expect((await create({ email: 'b@example.com', phone: 'ask his sister' })).phone).toBe('ask his sister')
  })

  test('creating a Paystack customer accepts a number where text is meant', async () => {
    expect((await create({ phone: 8123456789, first_name: 7 })).phone).toBe('8123456789')
  })

  test.each([
    [{}, missing('Email Address is required')],
    [{ email: null }, missing('Email Address is required')],
    [{ email: 'nobody' }, invalid('"email" must be a valid email')],
    [{ email: 'a@example.com', metadata: [] }, invalid('"metadata" must be of type object')],
    [{ email: 'a@example.com', metadata: 'text' }, invalid('"metadata" must be of type object')],
    [{ email: 'a@example.com', metadata: '[1]' }, invalid('"metadata" must be of type object')],
    [{ email: 'a@example.com', first_name: ['A'] }, invalid('"first_name" must be a string')],
  ])('creating a Paystack customer from %j is refused with 400', async (body, problem) => {
    const answer = await call('POST', '/customer', body)
    expect([answer.statusCode, answer.json()]).toEqual([400, problem])
  })

  test('creating a Paystack customer reads metadata from JSON text, as official packages send it', async () => {
    expect((await create({ metadata: '{"a":{"b":[1,null]}}' })).metadata).toEqual({ a: { b: [1, null] } })
    expect((await create({ email: 'b@example.com', metadata: '' })).metadata).toEqual({})
  })

  test('creating a Paystack customer in strict mode refuses metadata that is text, as Paystack does', async () => {
    const answer = await strict.call('POST', '/customer', { email: 'a@example.com', metadata: '{"a":1}' })
    expect([answer.statusCode, answer.json()]).toEqual([400, invalid('"metadata" must be of type object')])
    expect((await strict.call('GET', '/customer/a@example.com')).statusCode).toBe(404)
  })

  test('a Paystack customer appears on the Cashful surface with the balance 0', async () => {
    const { customer_code } = await create({ phone: '08031234567', first_name: 'Zero', last_name: 'Sum' })
    const seen = (await call('GET', `/api/canary/customers/${customer_code}`)).json()
    expect(seen).toMatchObject({ phoneNumber: '+2348031234567', name: 'Zero Sum', email: 'zero@example.com' })
    const balance = (await call('GET', `/api/canary/customers/${customer_code}/balance`)).json()
    expect(balance).toMatchObject({ amount: 0, currency: 'NGN' })
  })
})

describe('bodies, as clients really send them', () => {
  const json = '{"email":"zero@example.com","metadata":{"a":1}}'
  const withA1 = { data: { email: 'zero@example.com', metadata: { a: 1 } } }

  test.each([
    ['JSON', { 'content-type': 'application/json' }],
    ['JSON with a charset', { 'content-type': 'application/json; charset=utf-8' }],
    ['JSON without a content type', {}],
    ['JSON called text', { 'content-type': 'text/plain' }],
    ['JSON called a form, as curl -d does', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('a body of %s is read on the Paystack surface', async (_what, headers) => {
    expect((await send('POST', '/customer', json, headers)).json()).toMatchObject(withA1)
  })

  test.each([
    ['metadata[a]=x', { a: 'x' }],
    ['metadata[a][b]=x&metadata[c]=y+z', { a: { b: 'x' }, c: 'y z' }],
    ['metadata=%7B%22a%22%3A%5B1%5D%7D', { a: [1] }],
  ])('a form with %s is read on the Paystack surface', async (form, metadata) => {
    const payload = `email=zero%2B1%40example.com&first_name=Ze+ro&${form}`
    const answer = await send('POST', '/customer', payload, { 'content-type': 'application/x-www-form-urlencoded' })
    expect(answer.json().data).toMatchObject({ email: 'zero+1@example.com', first_name: 'Ze ro', metadata })
  })

  test.each([
    ['no body', {}],
    ['an empty body called JSON', { 'content-type': 'application/json', 'content-length': '0' }],
    ['an empty form', { 'content-type': 'application/x-www-form-urlencoded' }],
  ])('PUT with %s changes nothing', async (_what, headers) => {
    const made = await create({ first_name: 'Zero' })
    const answer = await send('PUT', `/customer/${made.customer_code}`, '', headers)
    expect([answer.statusCode, answer.json().data]).toEqual([200, made])
  })

  test('a body on GET is ignored on the Paystack surface, whatever it is', async () => {
    for (const payload of ['[]', '{', '\0']) {
      const answer = await send('GET', '/customer', payload, { 'content-type': 'application/json' })
      expect(answer.statusCode).toBe(200)
    }
  })

  test.each(['{"email":', '[]', '{"__proto__":{"a":1}}', '{"email":"a@example.com\\ud800"}', '{"email":"\\u0000"}'])(
    'a Paystack request with the body %s answers 400 in the envelope',
    async (payload) => {
      const answer = await send('POST', '/customer', payload)
      expect([answer.statusCode, answer.json()]).toEqual([400, invalid(expect.stringMatching(/^(The body|email) /))])
    },
  )
})

describe('fetching a customer', () => {
  test('fetching a Paystack customer answers every member', async () => {
    const { id, customer_code } = await create({ first_name: 'Zero', phone: '+2348123456789' })
    const answer = await call('GET', `/customer/${customer_code}`)
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      {
        status: true,
        message: 'Customer retrieved',
        data: bare({
          id,
          customer_code,
          first_name: 'Zero',
          phone: '+2348123456789',
          created_at: now,
          updated_at: now,
          total_transactions: 0,
          total_transaction_value: [],
          dedicated_account: null,
          dedicated_accounts: [],
        }),
      },
    ])
  })

  test.each(['ada+1@example.com', 'ada%2B1%40example.com', 'ADA%2b1@Example.com'])(
    'fetching a Paystack customer by the e-mail written %s finds them',
    async (written) => {
      const made = await create({ email: 'ada+1@example.com' })
      expect((await fetchCustomer(written)).customer_code).toBe(made.customer_code)
    },
  )

  test('fetching a Paystack customer by the numeric id finds them', async () => {
    const made = await create()
    expect((await fetchCustomer(String(made.id))).customer_code).toBe(made.customer_code)
  })

  test.each(['CUS_nobody', 'nobody@example.com', '1', '99999999999999999999', '%20', 'a%2Fb'])(
    'fetching a Paystack customer by %s answers 404',
    async (reference) => {
      const answer = await call('GET', `/customer/${reference}`)
      expect([answer.statusCode, answer.json()]).toEqual([404, unknownCustomer])
    },
  )

  test('fetching a Paystack customer sums up what they paid in, by currency', async () => {
    const { customer_code } = await create()
    for (const [amount, currency] of [
      [500, 'ZAR'],
      [20, 'NGN'],
      [3, 'NGN'],
    ] as const) {
      await call('POST', '/v1/sandbox/pay-ins', { customerId: customer_code, amount, currency })
    }
    expect(await fetchCustomer(customer_code)).toMatchObject({
      total_transactions: 3,
      total_transaction_value: [
        { currency: 'NGN', amount: 23 },
        { currency: 'ZAR', amount: 500 },
      ],
    })
  })

  test('fetching a Cashful customer without an e-mail shows null', async () => {
    const { id } = (await call('POST', '/api/canary/customers', { phoneNumber: '08031234567', name: 'A B C' })).json()
    expect(await fetchCustomer(id)).toMatchObject({
      email: null,
      first_name: 'A',
      last_name: 'B C',
      phone: '+2348031234567',
    })
  })

  test('fetching a Paystack customer shows saved payment methods as authorizations', async () => {
    const { customer_code } = await create()
    await call('POST', '/v1/sandbox/payment-methods', { customerId: customer_code, type: 'card', expiryMonth: 3 })
    const phone = { customerId: customer_code, type: 'mobile_money', phone: '08031234567', provider: 'mtn' }
    await call('POST', '/v1/sandbox/payment-methods', phone)
    expect((await fetchCustomer(customer_code)).authorizations).toEqual([
      {
        authorization_code: expect.stringMatching(/^AUTH_[a-z0-9]{10}$/),
        bin: null,
        last4: '4567',
        exp_month: null,
        exp_year: null,
        channel: 'mobile_money',
        card_type: null,
        bank: 'mtn',
        country_code: 'NG',
        brand: null,
        reusable: false,
        signature: null,
        account_name: null,
      },
      {
        authorization_code: expect.stringMatching(/^AUTH_[a-z0-9]{10}$/),
        bin: '408408',
        last4: '4081',
        exp_month: '03',
        exp_year: '2030',
        channel: 'card',
        card_type: 'visa ',
        bank: 'TEST BANK',
        country_code: 'NG',
        brand: 'visa',
        reusable: true,
        signature: expect.stringMatching(/^SIG_[A-Za-z0-9]{20}$/),
        account_name: null,
      },
    ])
  })
})

describe('updating a customer', () => {
  test('updating a Paystack customer changes the given members and leaves the rest', async () => {
    const made = await create({ first_name: 'Zero', last_name: 'Sum', phone: '1', metadata: { a: 1 } })
    const answer = await call('PUT', `/customer/${made.customer_code}`, { first_name: 'Bojack' })
    expect(answer.json()).toEqual({
      status: true,
      message: 'Customer updated',
      data: { ...made, first_name: 'Bojack' },
    })
  })

  test('updating a Paystack customer treats null as "not given", because a client sends every unset field as null', async () => {
    const made = await create({ first_name: 'Zero', last_name: 'Sum', phone: '1', metadata: { a: 1 } })
    const nulls = { first_name: 'New', last_name: null, phone: null, metadata: null }
    expect((await call('PUT', `/customer/${made.customer_code}`, nulls)).json().data).toEqual({
      ...made,
      first_name: 'New',
    })
  })

  test('updating a Paystack customer replaces metadata as a whole', async () => {
    const made = await create({ metadata: { a: 1, b: 2 } })
    const { data } = (await call('PUT', `/customer/${made.customer_code}`, { metadata: { b: null } })).json()
    expect(data.metadata).toEqual({ b: null })
  })

  test('updating a Paystack customer finds them by e-mail and id, and ignores an e-mail in the body', async () => {
    const made = await create()
    for (const reference of ['zero@example.com', 'zero%40example.com', String(made.id)]) {
      const answer = await call('PUT', `/customer/${reference}`, { email: 'new@example.com', last_name: reference })
      expect(answer.json().data).toMatchObject({ email: 'zero@example.com', last_name: reference })
    }
  })

  test('updating a Paystack customer refuses an unknown customer and metadata that is no object', async () => {
    const none = await call('PUT', '/customer/CUS_nobody', { first_name: 'A' })
    expect([none.statusCode, none.json()]).toEqual([404, unknownCustomer])
    const made = await create()
    const answer = await call('PUT', `/customer/${made.customer_code}`, { metadata: 'x', first_name: 'A' })
    expect([answer.statusCode, answer.json()]).toEqual([400, invalid('"metadata" must be of type object')])
    expect((await fetchCustomer(made.customer_code)).first_name).toBe(null)
  })
})

describe('listing customers by page', () => {
  const list = async (query = '') => (await call('GET', `/customer${query}`)).json()
  const emails = (page: { data: { email: string }[] }) => page.data.map((each) => each.email)

  test('the list of Paystack customers of a new merchant is one empty page', async () => {
    expect(await list()).toEqual({
      status: true,
      message: 'Customers retrieved',
      data: [],
      meta: { total: 0, skipped: 0, perPage: 50, page: 1, pageCount: 1 },
    })
  })

  test('a row of the list of Paystack customers has twelve members', async () => {
    const { identified, identifications, transactions, subscriptions, authorizations, ...row } = await create()
    expect((await list()).data).toEqual([row])
  })

  test('Paystack customers are listed newest first, in pages that together hold all of them', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create({ email: `${name}@example.com` })
    const pages = []
    for (let page = 1; pages.length === 0 || page <= pages[0].meta.pageCount; page += 1) {
      pages.push(await list(`?perPage=2&page=${page}`))
    }
    expect(pages.map(emails)).toEqual([
      ['e@example.com', 'd@example.com'],
      ['c@example.com', 'b@example.com'],
      ['a@example.com'],
    ])
    expect(pages.map((page) => page.meta)).toEqual([
      { total: 5, skipped: 0, perPage: 2, page: 1, pageCount: 3 },
      { total: 5, skipped: 2, perPage: 2, page: 2, pageCount: 3 },
      { total: 5, skipped: 4, perPage: 2, page: 3, pageCount: 3 },
    ])
    expect(await list('?page=9')).toMatchObject({ data: [], meta: { total: 5, skipped: 400, page: 9, pageCount: 1 } })
  })

  test.each([
    ['?perPage=&page=', { perPage: 50, page: 1 }],
    ['?perPage=1000', { perPage: 200, page: 1 }],
    ['?email=nobody@example.com', { perPage: 50, page: 1 }],
    ['?use_cursor=false', { perPage: 50, page: 1 }],
  ])('the list of Paystack customers accepts %s', async (query, meta) => {
    expect((await list(query)).meta).toMatchObject(meta)
  })

  test.each([
    ['perPage', '-1'],
    ['perPage', '0'],
    ['perPage', 'ten'],
    ['page', '0'],
    ['page', '1.5'],
  ])('the list of Paystack customers refuses %s=%s with 400', async (field, value) => {
    const answer = await call('GET', `/customer?${field}=${value}`)
    const message = `"${field}" must be a whole number from 1 to 1000000000000, not "${value}"`
    expect([answer.statusCode, answer.json()]).toEqual([400, invalid(message)])
  })

  test.each([
    ['from=2026-01-15', ['b', 'a']],
    ['from=2026-01-16', ['b']],
    ['to=2026-01-15', ['a']],
    ['from=2026-01-15&to=2026-01-16', ['b', 'a']],
    ['from=2026-01-15T10:30:00Z', ['b', 'a']],
    ['from=2026-01-15T10:30:00.001Z', ['b']],
    ['from=2026-01-15T10%3A30%3A00.000Z&to=2026-01-15T10%3A30%3A00.000Z', ['a']],
    // A time without an offset is one of the merchant's clocks, in Lagos.
    ['to=2026-01-15+11:29:59', []],
    ['to=2026-01-15+11:30:00', ['a']],
    ['to=2026-01-15T12:30:00%2B02:00', ['a']],
    ['from=2026-01-17&to=2026-01-14', []],
    ['from=0001-01-01&to=9999-12-31', ['b', 'a']],
    ['from=&to=', ['b', 'a']],
  ])('the list of Paystack customers is limited to the period ?%s', async (query, names) => {
    await create({ email: 'a@example.com' })
    const day = 24 * 60 * 60 * 1000
    api.service.clock.advance(day)
    await create({ email: 'b@example.com' })
    api.service.clock.advance(-day)
    const page = await list(`?${query}`)
    expect([emails(page), page.meta.total]).toEqual([names.map((name) => `${name}@example.com`), names.length])
  })

  test.each(['yesterday', '2026-13-01', '2026-02-30', '15/01/2026', '1768473000', '2026-01-15T25:00:00Z'])(
    'each list of Paystack’s with a period refuses %s as from or to, in Paystack’s words',
    async (given) => {
      const lists = [
        '/customer',
        '/customer?use_cursor=true',
        '/transaction',
        '/transaction/totals',
        '/transaction/export',
      ]
      for (const list of lists) {
        for (const field of ['from', 'to']) {
          const query = `${list.includes('?') ? '&' : '?'}${field}=${encodeURIComponent(given)}`
          const answer = await call('GET', `${list}${query}`)
          expect([list, answer.statusCode, answer.json()]).toEqual([
            list,
            400,
            invalid(`Invalid '${field}' date passed`),
          ])
        }
      }
    },
  )
})

describe('listing customers by cursor', () => {
  const list = async (query = '') => (await call('GET', `/customer?use_cursor=true${query}`)).json()
  const emails = (page: { data: { email: string }[] }) => page.data.map((each) => each.email[0]).join('')

  test('a cursor walks forwards and back over the same Paystack customers', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create({ email: `${name}@example.com` })
    const first = await list('&perPage=2')
    const second = await list(`&perPage=2&next=${encodeURIComponent(first.meta.next)}`)
    const third = await list(`&perPage=2&next=${encodeURIComponent(second.meta.next)}`)
    expect([first, second, third].map(emails)).toEqual(['ed', 'cb', 'a'])
    expect([first.meta.previous, third.meta.next, third.meta.perPage]).toEqual([null, null, 2])
    const back = await list(`&perPage=2&previous=${encodeURIComponent(third.meta.previous)}`)
    const start = await list(`&perPage=2&previous=${encodeURIComponent(back.meta.previous)}`)
    expect([back, start].map(emails)).toEqual(['cb', 'ed'])
    expect([start.meta.previous, start.meta.next]).toEqual([null, first.meta.next])
  })

  test('a cursor does not slip when Paystack customers are added on the way', async () => {
    for (const name of ['a', 'b', 'c']) await create({ email: `${name}@example.com` })
    const first = await list('&perPage=2')
    await create({ email: 'd@example.com' })
    const second = await list(`&perPage=2&next=${encodeURIComponent(first.meta.next)}`)
    expect([first, second].map(emails)).toEqual(['cb', 'a'])
    expect(emails(await list(`&perPage=2&previous=${encodeURIComponent(first.meta.next)}`))).toBe('dc')
    expect((await call('GET', '/customer')).json().meta.total).toBe(4)
  })

  test('a cursor of Paystack customers is base64 of customer:<id>', async () => {
    const made = await create({ email: 'b@example.com' })
    await create({ email: 'c@example.com' })
    const { meta } = await list('&perPage=1')
    expect(Buffer.from(meta.next, 'base64').toString()).toMatch(/^customer:\d+$/)
    const known = Buffer.from(`customer:${made.id}`).toString('base64')
    expect(emails(await list(`&previous=${encodeURIComponent(known)}`))).toBe('c')
  })

  test('a cursor of Paystack customers keeps to the period asked for', async () => {
    await create({ email: 'a@example.com' })
    expect(await list('&to=2026-01-14')).toMatchObject({ data: [], meta: { next: null, previous: null, perPage: 50 } })
    expect(emails(await list('&from=2026-01-15'))).toBe('a')
  })

  test.each(['x', 'Y3VzdG9tZXI6', 'bWFuZGF0ZToxMg=='])(
    'the list of Paystack customers refuses the cursor %s with 400',
    async (cursor) => {
      const answer = await call('GET', `/customer?use_cursor=true&next=${encodeURIComponent(cursor)}`)
      expect([answer.statusCode, answer.json()]).toEqual([
        400,
        invalid('"next" must be a cursor from the meta of an earlier page'),
      ])
    },
  )
})

describe('setting the risk action', () => {
  test.each(['code', 'e-mail', 'id'])('setting the risk action finds the customer by %s', async (how) => {
    const made = await create()
    const customer = { code: made.customer_code, 'e-mail': 'ZERO@example.com', id: String(made.id) }[how]
    const answer = await call('POST', '/customer/set_risk_action', { customer, risk_action: 'deny' })
    expect(answer.json()).toEqual({ status: true, message: 'Customer updated', data: { ...made, risk_action: 'deny' } })
    expect((await fetchCustomer(made.customer_code)).risk_action).toBe('deny')
  })

  test.each([[{}], [{ risk_action: null }]])(
    'setting the risk action with %j sets it back to default',
    async (body) => {
      const { customer_code: customer } = await create()
      await call('POST', '/customer/set_risk_action', { customer, risk_action: 'deny' })
      const answer = await call('POST', '/customer/set_risk_action', { customer, ...body })
      expect(answer.json().data.risk_action).toBe('default')
    },
  )

  test('setting the risk action refuses another value, an empty customer and an unknown customer', async () => {
    const { customer_code: customer } = await create()
    const ask = async (body: unknown) => {
      const answer = await call('POST', '/customer/set_risk_action', body)
      return [answer.statusCode, answer.json()]
    }
    const choice = '"risk_action" must be one of [default, allow, deny]'
    expect(await ask({ customer, risk_action: 'block' })).toEqual([400, invalid(choice)])
    expect(await ask({ risk_action: 'deny' })).toEqual([400, missing('"customer" is required')])
    expect(await ask({ customer: 'CUS_nobody' })).toEqual([404, unknownCustomer])
  })

  test('the risk action deny keeps a customer from paying, and money that has come is theirs all the same', async () => {
    const { customer_code } = await create()
    await call('POST', '/customer/set_risk_action', { customer: customer_code, risk_action: 'deny' })
    const paidIn = await call('POST', '/v1/sandbox/pay-ins', { customerId: customer_code, amount: 5 })
    expect([paidIn.statusCode, paidIn.json().amount]).toEqual([201, 5])
    const hold = await call('POST', '/v1/holds', { customerId: customer_code, amount: 1, currency: 'ZAR' })
    expect([hold.statusCode, hold.json().error.code]).toEqual([403, 'customer_denied'])
  })
})

describe.each(['/customer/authorization/deactivate', '/customer/deactivate_authorization'])(
  'deactivating an authorization at %s',
  (path) => {
    async function addCard() {
      const { customer_code } = await create()
      const card = { customerId: customer_code, type: 'card' }
      const { authorizationCode } = (await call('POST', '/v1/sandbox/payment-methods', card)).json()
      return { customer_code, authorizationCode }
    }

    test.each(['authorization_code', 'authorizaion_code'])(
      `${path} accepts the code in %s, and only once`,
      async (member) => {
        const { customer_code, authorizationCode } = await addCard()
        const first = await call('POST', path, { [member]: authorizationCode })
        expect([first.statusCode, first.json()]).toEqual([
          200,
          { status: true, message: 'Authorization has been deactivated' },
        ])
        expect((await fetchCustomer(customer_code)).authorizations).toEqual([])
        const again = await call('POST', path, { [member]: authorizationCode })
        expect([again.statusCode, again.json()]).toEqual([404, notFound('Authorization code not found.')])
      },
    )

    test(`${path} without a code answers 400`, async () => {
      for (const body of [{}, { authorization_code: null }]) {
        const answer = await call('POST', path, body)
        expect([answer.statusCode, answer.json().message]).toEqual([400, '"authorization_code" is required'])
      }
    })
  },
)

describe('identifying a customer', () => {
  const credential = {
    first_name: 'Uchenna',
    last_name: 'Okoro',
    type: 'bank_account',
    country: 'NG',
    bvn: '222222222221',
    bank_code: '007',
    account_number: '0111111111',
  }
  const accepted = { status: true, message: 'Customer Identification in progress' }

  async function identify(reference: string, details: Record<string, unknown> = {}) {
    const answer = await call('POST', `/customer/${reference}/identification`, { ...credential, ...details })
    return [answer.statusCode, answer.json()]
  }

  /** The events of the customer's checks, newest last. */
  async function outcomes() {
    const rows = await api.service.db.query<{ type: string; details: Record<string, unknown> }>(sql`
      select type, data -> 'details' as details from events
      where merchant_id = ${tenant.merchant.id} and type like 'identity.%' order by id
    `)
    return rows
  }

  test('an identification is accepted at once and finished later, with the bank’s names and masked values', async () => {
    const made = await create({ first_name: 'Zero', last_name: 'Sum' })
    expect(await identify(made.customer_code, { middle_name: null, value: null })).toEqual([202, accepted])
    expect(await fetchCustomer(made.customer_code)).toMatchObject({ identified: false, first_name: 'Zero' })
    await api.settle()
    expect(await fetchCustomer(made.customer_code)).toMatchObject({
      identified: true,
      identifications: [{ country: 'NG', type: 'bank_account', value: '222*****221' }],
      first_name: 'Uchenna',
      last_name: 'Okoro',
    })
    const masked = {
      country: 'NG',
      type: 'bank_account',
      bvn: '222*****221',
      accountNumber: '011****111',
      bankCode: '007',
      value: null,
    }
    expect(await outcomes()).toEqual([{ type: 'identity.succeeded', details: { identification: masked } }])
  })

  test.each(['zero@example.com', 'zero%40example.com', 'id'])(
    'an identification finds the customer by %s',
    async (reference) => {
      const made = await create()
      expect(await identify(reference === 'id' ? String(made.id) : reference, { country: 'ng' })).toEqual([
        202,
        accepted,
      ])
      await api.settle()
      expect((await fetchCustomer(made.customer_code)).identified).toBe(true)
    },
  )

  test.each([
    ['another account number', { account_number: '0123456789' }, failureReasons.numberMismatch],
    ['another BVN', { bvn: '12345678901' }, failureReasons.numberMismatch],
    ['another name', { last_name: 'Okafor' }, failureReasons.nameMismatch],
    [
      'the account number reserved for it',
      { account_number: sandboxAccounts.nameMismatch },
      failureReasons.nameMismatch,
    ],
    ['the account number reserved for it', { account_number: sandboxAccounts.unresolved }, failureReasons.unresolved],
    [
      'the account number reserved for it',
      { account_number: sandboxAccounts.numberMismatch },
      failureReasons.numberMismatch,
    ],
  ])('an identification by %s fails, and the reason is sent', async (_what, details, reason) => {
    const made = await create({ first_name: 'Zero' })
    expect(await identify(made.customer_code, details)).toEqual([202, accepted])
    await api.settle()
    const { id, identified, identifications, first_name } = await fetchCustomer(made.customer_code)
    expect({ id, identified, identifications, first_name }).toEqual({
      id: made.id,
      identified: false,
      identifications: null,
      first_name: 'Zero',
    })
    expect(await outcomes()).toEqual([
      { type: 'identity.failed', details: { identification: expect.any(Object), reason } },
    ])
  })

  test('an identification by confirmed details is refused, and by other details it is tried again', async () => {
    const made = await create()
    await identify(made.customer_code)
    await api.settle()
    expect(await identify(made.customer_code)).toEqual([
      400,
      invalid('Customer already validated using the same credentials'),
    ])
    expect(await identify(made.customer_code, { bvn: '12345678901' })).toEqual([202, accepted])
    await api.settle()
    expect((await fetchCustomer(made.customer_code)).identified).toBe(true)
  })

  test('an identification locks the names: an update changes the rest and ignores them', async () => {
    const made = await create()
    await identify(made.customer_code)
    await api.settle()
    const update = { first_name: 'Zero', last_name: 'Sum', phone: '0803', metadata: { a: 1 } }
    const answer = await call('PUT', `/customer/${made.customer_code}`, update)
    expect([answer.statusCode, answer.json().data]).toMatchObject([
      200,
      { first_name: 'Uchenna', last_name: 'Okoro', phone: '0803', metadata: { a: 1 } },
    ])
    const cashful = await call('PATCH', `/api/canary/customers/${made.customer_code}`, { name: 'Zero Sum' })
    expect(cashful.json().name).toBe('Uchenna Okoro')
  })

  test.each(['first_name', 'last_name', 'type', 'country', 'bvn', 'bank_code', 'account_number'])(
    'an identification without %s answers 400',
    async (member) => {
      const { customer_code } = await create()
      for (const value of [null, '']) {
        const [status, body] = await identify(customer_code, { [member]: value })
        expect([status, (body as { message: string }).message]).toEqual([400, `Please enter a valid \`${member}\``])
      }
    },
  )

  test('an identification of an unknown customer answers 404, and in live mode is not available', async () => {
    expect(await identify('CUS_nobody')).toEqual([404, unknownCustomer])
    const live = await addTestKey(api.service, tenant.merchant, 'live')
    const answer = await api.call('POST', '/customer/CUS_nobody/identification', credential, live.secret)
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'feature_unavailable'])
  })

  test.each([
    [{ middle_name: 'Ada' }],
    [{ first_name: 'uchenna', last_name: ' OKORO ' }],
    [{ first_name: 'Uchenna Ada', last_name: 'Ókoro' }],
    [{ country: 'ng', bvn: ' 222222222221', account_number: '0111111111 ' }],
    [{ value: '222222222221' }],
    [{ account_number: '0111 111 111' }],
    [{ account_number: '0111-111-111' }],
  ])('an identification by confirmed credentials is refused when it is spelled %j', async (spelling) => {
    const made = await create()
    await identify(made.customer_code)
    await api.settle()
    const refusal = [400, invalid('Customer already validated using the same credentials')]
    expect(await identify(made.customer_code, spelling)).toEqual(refusal)
    expect(await outcomes()).toHaveLength(1)
  })

  test.each(['x', '2222222222', '2222222222211', '22222-22221', '２２２２２２２２２２１', true])(
    'an identification by the BVN %j, which cannot exist, is refused at once',
    async (bvn) => {
      const { customer_code } = await create()
      const [status, body] = await identify(customer_code, { bvn })
      const message = bvn === true ? 'Please enter a valid `bvn`' : 'Invalid BVN'
      expect([status, (body as { message: string }).message]).toEqual([400, message])
      const assigned = { email: 'zero@example.com', first_name: 'Zero', last_name: 'Sum', phone: '+2348123456789' }
      const wanted = { ...assigned, preferred_bank: 'test-bank', country: 'NG' }
      const { bank_code, account_number } = credential
      const answer = await call('POST', '/dedicated_account/assign', { ...wanted, bvn, bank_code, account_number })
      expect(answer.statusCode).toBe(400)
      await api.settle()
      expect(await outcomes()).toEqual([])
    },
  )

  test('an identification leaves no BVN or account number readable in the database', async () => {
    const made = await create()
    await identify(made.customer_code, { value: '98765432109', account_number: '0555555555' })
    await api.settle()
    const rows = await api.service.db.query<{ row: string }>(sql`
      select row_to_json(k)::text as row from identity_checks k where merchant_id = ${tenant.merchant.id}
      union all
      select row_to_json(e)::text from events e where merchant_id = ${tenant.merchant.id}
    `)
    expect(rows.length).toBeGreaterThan(0)
    for (const { row } of rows) expect(row).not.toMatch(/222222222221|98765432109|0555555555/)
  })
})

describe('errors of the Paystack surface', () => {
  const unauthorized = (message: string) => ({
    status: false,
    message,
    meta: { nextStep: 'Ensure that you provide the correct authorization key for the request' },
    type: 'validation_error',
    code: 'invalid_Key',
  })

  test.each([
    ['no header', {}, 'No Authorization Header was found'],
    ['an empty header', { authorization: '' }, 'No Authorization Header was found'],
    ['a wrong key', { authorization: 'Bearer sk_test_0000000000' }, 'Invalid key'],
    ['a public key', { authorization: 'Bearer pk_test_0000000000' }, 'Invalid key'],
    ['no bearer', { authorization: 'Basic abc' }, 'Invalid key'],
  ])('a Paystack request with %s answers 401', async (_what, headers, message) => {
    const answer = await api.app.inject({ method: 'GET', url: '/customer', headers })
    expect([answer.statusCode, answer.json()]).toEqual([401, unauthorized(message)])
  })

  test('the bearer scheme and the header name may be written in any case', async () => {
    const headers = { AUTHORIZATION: `bEaReR ${tenant.secret}` }
    expect((await api.app.inject({ method: 'GET', url: '/customer', headers })).statusCode).toBe(200)
  })

  test('an unknown address and an unknown method on the Paystack surface answer 404 in the envelope', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/nothing'],
      ['DELETE', '/customer/CUS_x'],
      ['PATCH', '/customer/CUS_x'],
      ['POST', '/customer/CUS_x/nothing'],
    ] as const) {
      const answer = await call(method, path)
      expect([answer.statusCode, answer.json()]).toEqual([404, notFound(`There is nothing at ${method} ${path}`)])
    }
  })

  test('an address that cannot be decoded answers 400 in Paystack’s envelope', async () => {
    const answer = await call('GET', '/customer/%zz')
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      invalid('The address has a percent sign that encodes nothing'),
    ])
  })

  test('a Paystack request behind a base address that ends in a slash is understood', async () => {
    const made = await create()
    expect((await call('GET', `//customer/${made.customer_code}`)).statusCode).toBe(200)
  })
})
