import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { eventTypes } from '../../../domain/events/events.ts'

const path = '/api/canary/events'

let api: TestApi
let tenant: TestTenant

beforeAll(async () => {
  api = await openTestApi()
  tenant = await createTestTenant(api.service)
  for (const events of [['*'], ['checkout.loaded', 'custom.order.shipped'], ['purchase.succeeded']]) {
    await call('POST', '/api/canary/webhook-endpoints', { url: 'https://example.com/hooks', events })
  }
})
afterAll(() => api.close())

const call = (method: string, at: string, body?: unknown) => api.call(method, at, body, tenant.secret)
const record = (event: object) => call('POST', path, { merchantId: tenant.merchant.code, data: {}, ...event })
const told = async (type: string) => (await call('GET', `${path}?type=${type}`)).json()

describe('recording an event of the merchant', () => {
  test('an event of the merchant is told to the endpoints that want it, and the answer has no body', async () => {
    const event = { type: 'checkout.loaded', data: { sessionId: 'cs_1', seen: [1, 'ö'] } }
    const answer = await record({ ...event, relatedEntityId: 'cs_1', relatedEntityType: 'CheckoutSession' })
    expect([answer.statusCode, answer.body, answer.headers['content-length']]).toEqual([201, '', '0'])
    expect(answer.headers).not.toHaveProperty('content-type')
    const { data } = await told('checkout.loaded')
    expect(data).toHaveLength(2)
    expect(data[0]).toMatchObject({
      ...event,
      status: 'pending',
      relatedEntityId: 'cs_1',
      relatedEntityType: 'CheckoutSession',
    })
    await record({ type: 'custom.order.shipped', data: { order: 5 } })
    const shipped = (await told('custom.order.shipped')).data
    expect(shipped).toHaveLength(2)
    expect(shipped[0]).not.toHaveProperty('relatedEntityId')
    const listed = (await call('GET', '/v1/events?type=custom.order.shipped')).json().data
    expect(listed).toMatchObject([{ type: 'custom.order.shipped', customerId: null, data: { order: 5 } }])
  })

  test('an event of the merchant is recorded without an Accept header, and for any', async () => {
    for (const accept of [{}, { accept: '*/*' }, { accept: 'application/json' }, { accept: 'text/plain' }]) {
      const headers = { authorization: `Bearer ${tenant.secret}`, ...accept }
      const payload = { merchantId: tenant.merchant.code, type: 'custom.accepted', data: {} }
      expect((await api.app.inject({ method: 'POST', url: path, headers, payload })).statusCode).toBe(201)
    }
  })

  test.each([
    ...eventTypes,
    'payout.failed',
    'checkout.opened',
    'custom',
    'custom.',
    'Custom.x',
    'custom.a b',
    'order.shipped',
  ])('an event of the type %s cannot be recorded by a merchant', async (type) => {
    const answer = await record({ type })
    expect([answer.statusCode, answer.json().message[0]]).toEqual([
      400,
      expect.stringMatching(/^type must be checkout\.loaded or begin with custom\./),
    ])
    expect((await told(type)).pagination.total).toBe(0)
  })

  test('an event is refused without data, with large data, and for another merchant', async () => {
    expect((await record({ type: 'custom.x', data: undefined })).statusCode).toBe(400)
    expect((await record({ type: 'custom.x', data: 'text' })).statusCode).toBe(400)
    expect((await record({ type: 'custom.x', data: { big: 'x'.repeat(16_384) } })).json().message).toEqual([
      'data must be at most 16 KiB of JSON',
    ])
    expect((await record({ type: 'custom.x', merchantId: api.tenant.merchant.code })).statusCode).toBe(404)
    expect((await record({ type: 'custom.x', merchantId: undefined })).statusCode).toBe(400)
  })

  test('an event with an Idempotency-Key is recorded once', async () => {
    const headers = { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'event-1' }
    const payload = { merchantId: tenant.merchant.code, type: 'custom.once', data: {} }
    for (const replayed of [undefined, 'true']) {
      const answer = await api.app.inject({ method: 'POST', url: path, headers, payload })
      expect([answer.statusCode, answer.body, answer.headers['idempotent-replayed']]).toEqual([201, '', replayed])
    }
    expect((await told('custom.once')).pagination.total).toBe(1)
  })
})

test('the types of events are listed in the shape that every client reads', async () => {
  const answer = (await call('GET', `${path}/types`)).json()
  expect(Object.keys(answer)).toEqual(['data'])
  const names = [...eventTypes, 'checkout.loaded']
  expect(answer.data).toEqual(names.map((name) => ({ id: name, name, isActive: true })))
})

test('a webhook endpoint is told of the merchant’s own types only where it names types that can exist', async () => {
  const add = (events: string[]) =>
    call('POST', '/api/canary/webhook-endpoints', { url: 'https://example.com/', events })
  expect((await add(['custom.order.shipped', 'purchase.succeeded'])).statusCode).toBe(201)
  for (const events of [['purchase.suceeded'], ['custom.'], ['checkout.opened']]) {
    expect((await add(events)).statusCode).toBe(400)
  }
})
