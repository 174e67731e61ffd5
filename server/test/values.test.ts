import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'

// Values of requests on all surfaces: kept as they came, read exactly, or refused in words that show them as they were sent.

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
})

const form = 'application/x-www-form-urlencoded'

async function send(method: string, path: string, payload?: string, headers: Record<string, string> = {}) {
  const answer = await api.app.inject({
    method: method as 'POST',
    url: path,
    headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json', ...headers },
    ...(payload === undefined ? {} : { payload }),
  })
  return answer
}

/** The words and the field of a refusal, in any envelope. */
async function refusal(method: string, path: string, payload?: string, headers?: Record<string, string>) {
  const answer = await send(method, path, payload, headers)
  const { message, error } = answer.json()
  return [answer.statusCode, [message ?? error.message].flat().join('; ')]
}

const customer = async (phone = '+2348031234567') =>
  (await send('POST', '/api/canary/customers', `{"phoneNumber":"${phone}"}`)).json().id as string

describe('data that a caller stores', () => {
  const data = '{"id":175928847299117063,"10":"a","9":{"2":1.10,"1":null},"b":[1e2,null,-0],"none":null}'

  test('data of an event comes back as it came from both lists, and from the event', async () => {
    await send('POST', '/v1/webhook-endpoints', '{"url":"https://example.com/a"}')
    const body = `{"merchantId":"${tenant.merchant.code}","type":"custom.order","data":${data}}`
    expect((await send('POST', '/api/canary/events', body)).statusCode).toBe(201)
    expect((await send('GET', '/api/canary/events')).body).toContain(`"data":${data}`)
    const listed = await send('GET', '/v1/events')
    expect(listed.body).toContain(`"data":${data}`)
    expect((await send('GET', `/v1/events/${listed.json().data[0].id}`)).body).toContain(`"data":${data}`)
  })

  test('metadata of a form keeps the order of its members, also of numbers', async () => {
    const fields = 'email=a%40example.com&metadata[10]=a&metadata[9]=b&metadata[cart][0]=x&metadata[0]=c'
    const made = await send('POST', '/customer', fields, { 'content-type': form })
    const kept = '"metadata":{"10":"a","9":"b","cart":["x"],"0":"c"}'
    expect(made.body).toContain(kept)
    expect((await send('GET', '/customer/a@example.com')).body).toContain(kept)
  })

  test('a null of the request itself means not given, beside metadata with a null', async () => {
    const made = await send('POST', '/customer', '{"email":"n@example.com","phone":null,"metadata":{"a":null}}')
    expect([made.statusCode, made.json().data.metadata]).toEqual([200, { a: null }])
  })
})

describe('a member that comes twice', () => {
  const meta = (json: string) => `{"phoneNumber":"+2348031234567","metadata":${json}}`

  test.each([
    ['/api/canary/customers', meta('{"\\u0061":1,"a":2}'), 'metadata has the member "a" twice; send it once'],
    ['/api/canary/customers', meta('{"x\\/y":1,"x/y":2}'), 'metadata has the member "x/y" twice; send it once'],
    [
      '/api/canary/customers',
      meta('{"a":[{"\\"":1,"\\u0022":2}]}'),
      'metadata.a.0 has the member "\\"" twice; send it once',
    ],
    [
      '/api/canary/purchases',
      '{"amount":1,"currency":"NGN","amount":5}',
      'The body has the member "amount" twice; send it once',
    ],
    [
      '/v1/holds',
      '{"customerId":"a","amount":1,"\\u0061mount":5}',
      'The body has the member "amount" twice; send it once',
    ],
    [
      '/v1/transfers/batch',
      '{"transfers":[{"amount":1},{"description":"a, [b]","amount":2},{"amount":1,"amount":2}]}',
      'transfers.2 has the member "amount" twice; send it once',
    ],
    [
      '/transaction/initialize',
      '{"email":"a@example.com","amount":1,"amount":2}',
      'The body has the member "amount" twice; send it once',
    ],
    [
      '/customer',
      '{"email":"a@example.com","metadata":"{\\"a\\":1,\\"a\\":2}"}',
      'metadata has the member "a" twice; send it once',
    ],
    [
      '/charge',
      '{"email":"a@example.com","amount":1,"card":"{\\"number\\":1,\\"number\\":2}"}',
      'card has the member "number" twice; send it once',
    ],
  ])('%s refuses %s', async (path, body, message) => {
    expect(await refusal('POST', path, body)).toEqual([400, message])
  })

  test.each(['amount=1&amount=2', 'amount=1&%61mount=2'])('a form with %s is refused', async (fields) => {
    const body = `email=a%40example.com&${fields}`
    expect(await refusal('POST', '/transaction/initialize', body, { 'content-type': form })).toEqual([
      400,
      'The form has "amount" twice; send it once',
    ])
  })

  test('a filter with a member twice is refused, because a list without its filter shows too much', async () => {
    const filter = encodeURIComponent('{"ids":["CUS_a"],"i\\u0064s":[]}')
    expect(await refusal('GET', `/api/canary/customers?filter=${filter}`)).toEqual([
      400,
      'filter has the member "ids" twice; send it once',
    ])
  })
})

describe('a number is read from its text', () => {
  const rule = 'amount must be a whole number of minor units from 1 to 9007199254740991, not '

  test.each(['0.9999999999999999999', '9007199254740993', '1.00000000000000000001', '1e21', '-1', '1.5'])(
    'the amount %s is refused on every surface, and shown as it was sent',
    async (amount) => {
      const [from, to] = [await customer(), await customer('+2348031234568')]
      const currency = '"currency":"NGN"'
      const cases = [
        [
          '/api/canary/purchases',
          `{"merchantId":"${tenant.merchant.code}","customerId":"${from}","productId":"p","amount":${amount},"quantity":1,${currency}}`,
        ],
        [
          '/api/canary/transfers',
          `{"merchantId":"${tenant.merchant.code}","fromCustomerId":"${from}","toCustomerId":"${to}","amount":${amount},${currency}}`,
        ],
        ['/v1/holds', `{"customerId":"${from}","amount":${amount}}`],
        ['/v1/sandbox/pay-ins', `{"customerId":"${from}","amount":${amount}}`],
      ] as const
      for (const [path, body] of cases)
        expect([path, ...(await refusal('POST', path, body))]).toEqual([path, 400, `${rule}${amount}`])
      const body = `{"email":"a@example.com","amount":${amount}}`
      expect(await refusal('POST', '/transaction/initialize', body)).toEqual([400, 'Invalid Amount Sent'])
    },
  )

  test.each(['5000.0', '5e3', '50.00E2', '5000'])('the amount %s is 5000', async (amount) => {
    const made = await send('POST', '/v1/sandbox/pay-ins', `{"customerId":"${await customer()}","amount":${amount}}`)
    expect([made.statusCode, made.json().amount]).toEqual([201, 5000])
  })

  test.each([
    [
      '/v1/events?limit=100000000000000000001',
      'limit in the address must be a whole number from 1 to 100, not 100000000000000000001',
    ],
    ['/v1/events?limit=1e30', 'limit in the address must be a whole number from 1 to 100, not 1e30'],
    [
      '/v1/events?limit=0.99999999999999999999',
      'limit in the address must be a whole number from 1 to 100, not 0.99999999999999999999',
    ],
    [
      '/customer?perPage=9223372036854775807',
      '"perPage" must be a whole number from 1 to 1000000000000, not "9223372036854775807"',
    ],
    [
      '/customer?page=1.00000000000000000001',
      '"page" must be a whole number from 1 to 1000000000000, not "1.00000000000000000001"',
    ],
  ])('%s is refused, and shown as it was sent', async (path, message) => {
    expect(await refusal('GET', path)).toEqual([400, message])
  })

  test('the statement’s after is shown as it was sent', async () => {
    const path = `/v1/customers/${await customer()}/statement?from=2026-01-01&to=2026-02-01&after=9223372036854775807`
    expect((await refusal('GET', path))[1]).toMatch(
      /^after in the address must be a whole number .*, not 9223372036854775807$/,
    )
  })

  test('a Cashful limit beyond every number is the longest page', async () => {
    const { pagination } = (await send('GET', '/api/canary/customers?limit=99999999999999999999&offset=1.0')).json()
    expect(pagination).toMatchObject({ limit: 100, offset: 1 })
  })

  test('a long number that Paystack’s API takes as a text keeps its digits', async () => {
    const made = await send('POST', '/customer', '{"email":"p@example.com","phone":23480312345678901234}')
    expect(made.json().data.phone).toBe('23480312345678901234')
  })
})

test('the same request with its currency in another case, or with a slash more, is done once', async () => {
  const id = await customer()
  const body = (currency: string) => `{"customerId":"${id}","amount":100,"currency":"${currency}"}`
  const key = { 'idempotency-key': 'k1' }
  const first = await send('POST', '/v1/sandbox/pay-ins', body('NGN'), key)
  for (const [path, currency] of [
    ['', 'ngn'],
    ['/', 'NGN'],
    ['/', ' nGn '],
  ] as const) {
    const again = await send('POST', `/v1/sandbox/pay-ins${path}`, body(currency), key)
    expect([again.statusCode, again.body, again.headers['idempotent-replayed']]).toEqual([201, first.body, 'true'])
  }
  const other = await send('POST', '/v1/sandbox/pay-ins', body('NGN').replace('100', '101'), key)
  expect(other.statusCode).toBe(409)
})

describe('days and times', () => {
  const hold = async (expiresAt: string) =>
    send('POST', '/v1/holds', `{"customerId":"${await funded()}","amount":10,"expiresAt":"${expiresAt}"}`)
  async function funded() {
    const id = await customer()
    await send('POST', '/v1/sandbox/pay-ins', `{"customerId":"${id}","amount":100}`)
    return id
  }
  /** A day of Lagos in the near future. */
  const soon = (days: number) =>
    new Date(api.service.clock.now().getTime() + (days * 24 + 1) * 3_600_000).toISOString().slice(0, 10)

  test('a hold and a payment intent that expire on a day last to the end of that day, by the merchant’s clocks', async () => {
    const end = `${soon(3)}T23:00:00.000Z`
    expect((await hold(soon(3))).json().expiresAt).toBe(end)
    const intent = await send(
      'POST',
      '/api/canary/payment-intents',
      `{"amount":10,"currency":"NGN","expiresAt":"${soon(3)}"}`,
    )
    expect(intent.json().expiresAt).toBe(end)
    expect((await hold(soon(0))).statusCode).toBe(201)
  })

  test.each([
    [
      '/v1/events?from=2026-01-01T10:00:00+01:00',
      'from must be a time such as 2024-01-01 or 2024-01-01T00:00:00.000Z, not "2026-01-01T10:00:00 01:00"; a plus sign in an address is written %2B',
    ],
    ['/v1/events?from=2026-01-01%2010:00', 'ok'],
    ['/v1/events?from=0000-01-01', 'from must be a day and a time that exist, not "0000-01-01"'],
    ['/transaction?from=2026-02-30&to=2026-01-01T10:00:00+01:00', "Invalid 'from' date passed"],
    [
      `/api/canary/customers?filter=${encodeURIComponent('{"createdAt":"yesterday"}')}`,
      'filter.createdAt must be a time such as 2024-01-01 or 2024-01-01T00:00:00.000Z, not "yesterday"',
    ],
    [
      `/api/canary/customers?filter=${encodeURIComponent('{"updatedAt":["2026-01-01",""]}')}`,
      'filter.updatedAt must be a time such as 2024-01-01 or 2024-01-01T00:00:00.000Z, not ""',
    ],
  ])('%s is answered: %s', async (path, message) => {
    const answer = await send('GET', path)
    const { message: told, error } = answer.json()
    expect(answer.statusCode === 200 ? 'ok' : [told ?? error.message].flat().join()).toBe(message)
  })

  test('the plus sign of addresses is not mentioned for a body', async () => {
    const answer = await hold('2026-01-01T10:00:00 01:00')
    expect(answer.json().error.message).toMatch(/not "2026-01-01T10:00:00 01:00"$/)
  })
})

describe('messages', () => {
  test.each([
    ['a\u200bb', 'reference may have letters, digits and any of "-._=", but not U+200B ZERO WIDTH SPACE'],
    ['a\u00a0b', 'reference may have letters, digits and any of "-._=", but not U+00A0 NO-BREAK SPACE'],
    ['a b', 'reference may have letters, digits and any of "-._=", but not " "'],
  ])('a reference %j is refused by the name of its character', async (reference, message) => {
    const body = JSON.stringify({ email: 'a@example.com', amount: 5000, reference })
    expect(await refusal('POST', '/transaction/initialize', body)).toEqual([400, message])
  })

  test.each([
    ['GET', '/v1/events?type=a%E2%80%8Bb', undefined],
    ['POST', '/v1/holds', '{"customerId":"CUS_a\\u200bb","amount":1}'],
    ['POST', '/v1/webhook-endpoints', '{"url":"a\\u200bb"}'],
  ])('%s %s shows an invisible character that was sent by its code', async (method, path, body) => {
    expect((await refusal(method, path, body))[1]).toContain('a<U+200B>b')
  })

  test.each([
    [
      '/v1/events/stream?after=12&seconds=0',
      'after must be the id of an event, evt_…, or a position that the stream has sent, not "12"',
    ],
    ['/v1/events?before=dlv_1', 'before must be the nextBefore of an earlier page, not "dlv_1"'],
    ['/v1/deliveries?before=1', 'before must be the nextBefore of an earlier page, not "1"'],
  ])('%s is refused as a parameter that was not read', async (path, message) => {
    expect(await refusal('GET', path)).toEqual([400, message])
  })

  test('a second reversal is told that nothing is left', async () => {
    const id = await customer()
    const payIn = (await send('POST', '/v1/sandbox/pay-ins', `{"customerId":"${id}","amount":100}`)).json().id
    const body = `{"transactionId":"${payIn}"}`
    expect((await send('POST', '/v1/reversals', body)).statusCode).toBe(201)
    const message = 'Nothing is left of the transaction to give back: it was refunded or reversed before'
    expect((await refusal('POST', '/v1/reversals', body))[1]).toBe(message)
    expect((await refusal('POST', '/v1/refunds', body))[1]).toBe(message)
  })

  test('an identification of another type than a bank account is refused in Paystack’s words', async () => {
    await send('POST', '/customer', '{"email":"id@example.com"}')
    const body =
      '{"first_name":"A","last_name":"B","type":"bvn","country":"NG","bvn":"22222222222","bank_code":"007","account_number":"0111111111"}'
    expect(await refusal('POST', '/customer/id@example.com/identification', body)).toEqual([
      400,
      'Please enter a valid `type`',
    ])
  })
})

test('the analytics and their summary count the same transactions: those in the default currency', async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN', 'ZAR'] })
  const id = await customer()
  for (const currency of ['NGN', 'NGN', 'ZAR'])
    await send('POST', '/v1/sandbox/pay-ins', `{"customerId":"${id}","amount":100,"currency":"${currency}"}`)
  const summary = (await send('GET', '/api/canary/analytics/summary')).json()
  const { transactions } = (await send('GET', '/api/canary/analytics')).json()
  expect([summary.transactions, transactions.monthly.count]).toEqual([2, 2])
})
