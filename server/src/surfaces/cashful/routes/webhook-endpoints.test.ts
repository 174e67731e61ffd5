import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { deliverDue } from '../../../../test/deliver.ts'
import { openReceiver, type Received, type Receiver } from '../../../../test/receiver.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { createWallets } from '../../../../test/wallets.ts'
import { eventRenderers } from '../../../start/webhook-bodies.ts'

let api: TestApi
let receiver: Receiver
beforeAll(async () => {
  api = await openTestApi()
  receiver = await openReceiver()
})
afterAll(async () => {
  await receiver.close()
  await api.close()
})

function ask(tenant: TestTenant, method: string, path: string, body?: object) {
  return api.call(method, `/api/canary${path}`, body, tenant.secret)
}

const hooks = { events: ['*'] }

test('creating a webhook endpoint answers exactly the documented members, and the secret in a header', async () => {
  const tenant = await createTestTenant(api.service)
  const body = { url: receiver.url, events: ['customer.created'], metadata: { team: 'a' } }
  const made = await ask(tenant, 'POST', '/webhook-endpoints', body)
  expect(made.statusCode).toBe(201)
  expect(made.json()).toEqual({
    id: expect.stringMatching(/^we_/),
    merchantId: tenant.merchant.code,
    ...body,
    active: true,
    createdAt: expect.any(String),
    updatedAt: expect.any(String),
  })
  const secret = String(made.headers['webhook-secret'])
  await createWallets(api.service, tenant, 1)
  await deliverDue(api.service, eventRenderers)
  const { headers, body: sent } = receiver.received.at(-1) as Received
  const signedAt = new Date(Number(headers['webhook-timestamp']) * 1000)
  expect(headers['webhook-signature']).toBe(new Webhook(secret).sign(String(headers['webhook-id']), signedAt, sent))
  const list = await ask(tenant, 'GET', '/webhook-endpoints')
  expect(list.json()).toEqual({
    data: [made.json()],
    pagination: { limit: 50, offset: 0, total: 1, hasMore: false },
  })
  expect(list.headers['webhook-secret']).toBe(undefined)
})

test('creating a webhook endpoint again with the same key answers the same endpoint and secret', async () => {
  const tenant = await createTestTenant(api.service)
  const make = () =>
    api.app.inject({
      method: 'POST',
      url: '/api/canary/webhook-endpoints',
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'endpoint-1' },
      payload: { ...hooks, url: receiver.url },
    })
  const [first, second] = [await make(), await make()]
  expect(second.body).toBe(first.body)
  expect(second.headers['webhook-secret']).toBe(first.headers['webhook-secret'])
  expect(second.headers['idempotent-replayed']).toBe('true')
})

test('an unknown event and another merchant’s id are refused by name', async () => {
  const refused = await ask(api.tenant, 'POST', '/webhook-endpoints', { url: receiver.url, events: ['payout.flew'] })
  expect(refused.statusCode).toBe(400)
  expect(refused.json().message[0]).toContain('"payout.flew", which is no event')
  const other = await ask(api.tenant, 'POST', '/webhook-endpoints', {
    ...hooks,
    url: receiver.url,
    merchantId: 'mer_x',
  })
  expect(other.statusCode).toBe(404)
})

test('a webhook endpoint is removed once, and Paystack’s endpoint is not in Cashful’s API', async () => {
  const tenant = await createTestTenant(api.service)
  const { id } = (await ask(tenant, 'POST', '/webhook-endpoints', { ...hooks, url: receiver.url })).json()
  const removed = await ask(tenant, 'DELETE', `/webhook-endpoints/${id}`)
  expect([removed.statusCode, removed.json()]).toEqual([200, { id, deleted: true, deletedAt: expect.any(String) }])
  expect((await ask(tenant, 'DELETE', `/webhook-endpoints/${id}`)).statusCode).toBe(404)
  const body = { url: receiver.url, style: 'paystack' }
  const paystack = (await api.call('POST', '/v1/webhook-endpoints', body, tenant.secret)).json()
  expect((await ask(tenant, 'DELETE', `/webhook-endpoints/${paystack.id}`)).statusCode).toBe(404)
  expect((await ask(tenant, 'GET', '/webhook-endpoints')).json().pagination.total).toBe(0)
})

test('events are listed once for each endpoint, with the body sent and the state of its delivery', async () => {
  const tenant = await createTestTenant(api.service)
  const good = (await ask(tenant, 'POST', '/webhook-endpoints', { ...hooks, url: receiver.url })).json()
  const bad = (await ask(tenant, 'POST', '/webhook-endpoints', { ...hooks, url: 'http://127.0.0.1:1/' })).json()
  const paystack = { url: receiver.url, style: 'paystack' }
  await api.call('POST', '/v1/webhook-endpoints', paystack, tenant.secret)
  const [code] = await createWallets(api.service, tenant, 1)
  await deliverDue(api.service, eventRenderers)
  const list = async (query = '') => (await ask(tenant, 'GET', `/events?${query}`)).json()
  const { data, pagination } = await list()
  expect(pagination).toEqual({ limit: 50, offset: 0, total: 2, hasMore: false })
  const common = {
    id: expect.stringMatching(/^dlv_/),
    merchantId: tenant.merchant.code,
    type: 'customer.created',
    data: expect.objectContaining({ id: code }),
    attempts: 1,
    relatedEntityId: code,
    relatedEntityType: 'Customer',
    lastAttemptAt: expect.any(String),
    createdAt: expect.any(String),
    updatedAt: expect.any(String),
  }
  expect(data).toHaveLength(2)
  expect(data).toContainEqual({
    ...common,
    webhookEndpointId: good.id,
    status: 'delivered',
    deliveredAt: expect.any(String),
  })
  expect(data).toContainEqual({
    ...common,
    webhookEndpointId: bad.id,
    status: 'pending',
    nextRetryAt: expect.any(String),
  })
  expect(
    (await list('status=pending')).data.map(
      (each: typeof common & { webhookEndpointId: string }) => each.webhookEndpointId,
    ),
  ).toEqual([bad.id])
  expect((await list('type=customer.created&limit=1')).pagination).toEqual({
    limit: 1,
    offset: 0,
    total: 2,
    hasMore: true,
  })
  expect((await list('offset=1')).data).toEqual([data[1]])
  expect((await list('type=payout.failed')).data).toEqual([])
  const today = api.service.clock.now().toISOString().slice(0, 10)
  expect((await list(`startDate=${today}&endDate=${today}`)).pagination.total).toBe(2)
  expect((await list('startDate=2099-01-01')).pagination.total).toBe(0)
  expect((await list('endDate=2001-01-01')).pagination.total).toBe(0)
})
