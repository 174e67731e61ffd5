import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { claimDeliveries } from '../src/domain/webhooks/claims.ts'
import { createDeliver } from '../src/domain/webhooks/deliveries.ts'
import { eventRenderers } from '../src/start/webhook-bodies.ts'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'

/** JSON that JavaScript reads as other numbers, and in another order. Without blanks, as it is answered. */
const metadata =
  '{"id":175928847299117063,"big":12345678901234567890,"edge":9007199254740993,"price":1.10,"rate":1.0,"small":1e-9,' +
  '"10":"a","9":"b","nested":{"2":[-0,{"1":2.50,"0":null}],"1":"c"},"plain":7}'

let api: TestApi
let tenant: TestTenant
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())
beforeEach(async () => {
  tenant = await createTestTenant(api.service, { country: 'NG', currencies: ['NGN'] })
})

async function send(method: string, path: string, body?: string, more: Record<string, string> = {}) {
  const answer = await api.app.inject({
    method: method as 'POST',
    url: path,
    headers: { authorization: `Bearer ${tenant.secret}`, 'content-type': 'application/json', ...more },
    ...(body === undefined ? {} : { payload: body }),
  })
  expect([answer.statusCode, answer.body]).toEqual([expect.toSatisfy((status) => status < 300), expect.anything()])
  return answer
}

const createCustomer = () =>
  send(
    'POST',
    '/api/canary/customers',
    `{"phoneNumber":"+2348031234567","email":"ada@example.com","metadata":${metadata}}`,
  )

describe('metadata comes back as it came', () => {
  test('metadata of a customer comes back as it came from every route of every surface', async () => {
    const made = await createCustomer()
    expect(made.body).toContain(metadata)
    const { id } = made.json()
    for (const path of [
      `/api/canary/customers/${id}`,
      '/api/canary/customers',
      `/customer/${id}`,
      '/customer',
      '/v1/events',
    ]) {
      expect([path, (await send('GET', path)).body]).toEqual([path, expect.stringContaining(metadata)])
    }
  })

  test('metadata of a customer comes back as it came after another member was changed', async () => {
    const { id } = (await createCustomer()).json()
    expect((await send('PATCH', `/api/canary/customers/${id}`, '{"name":"Ada"}')).body).toContain(metadata)
    const risk = await send('POST', '/customer/set_risk_action', `{"customer":"${id}","risk_action":"deny"}`)
    expect(risk.body).toContain(metadata)
  })

  test('metadata that is merged into a customer’s keeps the order and the numbers of both', async () => {
    const body = '{"phoneNumber":"+2348031234567","metadata":{"b":1.50,"2":"x","1":10000000000000000001}}'
    const { id } = (await send('POST', '/api/canary/customers', body)).json()
    const change = '{"metadata":{"0":2.0,"2":null,"b":1.500,"toString":9007199254740993}}'
    const merged = '{"b":1.500,"1":10000000000000000001,"0":2.0,"toString":9007199254740993}'
    expect((await send('PATCH', `/api/canary/customers/${id}`, change)).body).toContain(`"metadata":${merged},`)
    expect((await send('GET', `/api/canary/customers/${id}`)).body).toContain(`"metadata":${merged},`)
  })

  test('metadata of a Paystack customer comes back as it came, as an object and as JSON text', async () => {
    for (const given of [metadata, JSON.stringify(metadata)]) {
      const made = await send('POST', '/customer', `{"email":"c${given.length}@example.com","metadata":${given}}`)
      expect(made.body).toContain(metadata)
      const { customer_code } = made.json().data
      expect((await send('PUT', `/customer/${customer_code}`, `{"metadata":${given}}`)).body).toContain(metadata)
    }
  })

  test('metadata of a transaction comes back as it came from initialize, charge and verify', async () => {
    const body = `{"email":"ada@example.com","amount":5000,"reference":"r1","metadata":${metadata}}`
    await send('POST', '/transaction/initialize', body)
    expect((await send('GET', '/transaction/verify/r1')).body).toContain(metadata)
    expect((await send('GET', '/transaction')).body).toContain(metadata)
    const card = '"card":{"number":"4084084084084081","cvv":"408","expiry_month":"12","expiry_year":"2030"}'
    const charge = `{"email":"ada@example.com","amount":5000,"reference":"r2","metadata":${JSON.stringify(metadata)},${card}}`
    expect((await send('POST', '/charge', charge)).body).toContain(metadata)
    expect((await send('GET', '/transaction/verify/r2')).body).toContain(metadata)
  })

  test('metadata of a payment intent, a checkout session and a webhook endpoint comes back as it came', async () => {
    const { id: customerId } = (await createCustomer()).json()
    const intent = await send(
      'POST',
      '/api/canary/payment-intents',
      `{"customerId":"${customerId}","amount":5000,"currency":"NGN","metadata":${metadata}}`,
    )
    const session = await send(
      'POST',
      '/api/canary/checkout/sessions',
      `{"totalAmount":5000,"currency":"NGN","mode":"payment","metadata":${metadata}}`,
    )
    const endpoint = await send(
      'POST',
      '/api/canary/webhook-endpoints',
      `{"url":"https://example.com/hook","events":["customer.updated"],"metadata":${metadata}}`,
    )
    const read = [
      await send('GET', `/api/canary/payment-intents/${intent.json().id}`),
      await send('GET', `/api/canary/checkout/sessions/${session.json().id}`),
      await send('GET', '/api/canary/webhook-endpoints'),
    ]
    for (const answer of [intent, session, endpoint, ...read]) expect(answer.body).toContain(metadata)
  })

  test('metadata comes back as it came when a request is repeated with its key', async () => {
    const once = { 'idempotency-key': 'k1' }
    const body = `{"phoneNumber":"+2348031234567","metadata":${metadata}}`
    const first = await send('POST', '/api/canary/customers', body, once)
    const again = await send('POST', '/api/canary/customers', body, once)
    expect(again.body).toBe(first.body)
    const { id } = first.json()
    const change = `{"metadata":{"10":1.0,"1":${'9'.repeat(40)}}}`
    const changed = await send('PATCH', `/api/canary/customers/${id}`, change, { 'idempotency-key': 'k2' })
    const repeated = await send('PATCH', `/api/canary/customers/${id}`, change, { 'idempotency-key': 'k2' })
    expect([repeated.body, repeated.headers['idempotency-replayed'] ?? 'true']).toEqual([changed.body, 'true'])
  })

  test('a request with another digit in its metadata is another request', async () => {
    const body = (digit: number) => `{"phoneNumber":"+2348031234567","metadata":{"id":900719925474099${digit}}}`
    await send('POST', '/api/canary/customers', body(2), { 'idempotency-key': 'k3' })
    const other = await api.app.inject({
      method: 'POST',
      url: '/api/canary/customers',
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'k3' },
      payload: body(3),
    })
    expect([other.statusCode, other.body]).toEqual([409, expect.stringContaining('metadata')])
  })

  test('webhooks of both styles tell metadata as it came', async () => {
    const bodies: string[] = []
    const service = {
      ...api.service,
      webhookSender: {
        send: async (request: { body: string }) => {
          bodies.push(request.body)
          return { status: 200, headers: {}, body: '', durationMs: 1 }
        },
        mayReach: () => true,
        close: async () => {},
      },
    }
    await send('POST', '/v1/webhook-endpoints', '{"url":"https://example.com/a","style":"standard"}')
    await send('POST', '/v1/webhook-endpoints', '{"url":"https://example.com/b","style":"paystack"}')
    const body = `{"email":"ada@example.com","amount":5000,"reference":"w1","metadata":${metadata},"card":{"number":"4084084084084081","cvv":"408","expiry_month":"12","expiry_year":"2030"}}`
    await createCustomer()
    await send('POST', '/charge', body)
    for (let i = 0; i < 5; i++) {
      const claimed = await claimDeliveries(service)
      await Promise.all(claimed.map(createDeliver(service, eventRenderers)))
    }
    expect(bodies.some((each) => each.includes('"type":"customer.created"') && each.includes(metadata))).toBe(true)
    expect(bodies.some((each) => each.includes('"event":"charge.success"') && each.includes(metadata))).toBe(true)
  })
})

test.each([
  ['{"a":1,"b":2,"a":3}', 'metadata has the member "a" twice; send it once'],
  ['{"b":{"1":[{"x":1,"x":1}]}}', 'metadata.b.1.0 has the member "x" twice; send it once'],
  ['{"a":1e400}', 'metadata.a is a number too large to keep'],
])('metadata %s is refused, because it could not be kept', async (given, message) => {
  const answer = await api.app.inject({
    method: 'POST',
    url: '/api/canary/customers',
    headers: { authorization: `Bearer ${tenant.secret}` },
    payload: `{"phoneNumber":"+2348031234567","metadata":${given}}`,
  })
  expect([answer.statusCode, answer.json().message[0]]).toEqual([400, message])
})

test('a metadata text with quotes and colons, and one name in two objects, is no repetition', async () => {
  const given = '{"a":"\\":{\\"a\\":","b":{"a":1},"c":[{"a":1},{"a":2}]}'
  expect(
    (await send('POST', '/api/canary/customers', `{"phoneNumber":"+2348031234567","metadata":${given}}`)).body,
  ).toContain(given)
})

test('a search finds a number of metadata as it was written', async () => {
  const { id } = (await createCustomer()).json()
  for (const text of ['175928847299117063', '12345678901234567890', '1.10']) {
    const { data } = (await send('GET', `/api/canary/customers?search=${text}`)).json()
    expect(data.map((each: { id: string }) => each.id)).toEqual([id])
  }
})
