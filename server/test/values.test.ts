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
    expect((await send('GET', '/v1/events/stream?after=' + listed.json().data[0].id + '&seconds=0')).statusCode).toBe(
      200,
    )
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
      'metadata has the member "\\"" twice; send it once',
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
      '{"transfers":[{"amount":1,"amount":2}]}',
      'transfers has the member "amount" twice; send it once',
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
