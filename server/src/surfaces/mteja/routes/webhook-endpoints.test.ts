import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { deliverDue } from '../../../../test/deliver.ts'
import { openReceiver, type Received, type Receiver } from '../../../../test/receiver.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
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

async function ask(tenant: TestTenant, method: string, path: string, body?: object) {
  const answer = await api.call(method, `/v1/webhook-endpoints${path}`, body, tenant.secret)
  return { status: answer.statusCode, body: answer.json() }
}

/** A change by who has read the endpoint as it was at the time. */
function changeSeen(tenant: TestTenant, id: string, seenAt: string, payload: object) {
  return api.app.inject({
    method: 'PATCH',
    url: `/v1/webhook-endpoints/${id}`,
    headers: { authorization: `Bearer ${tenant.secret}`, 'if-match': `"${seenAt}"` },
    payload,
  })
}

/** The request that the receiver gets for a new customer of the tenant. */
async function deliverOne(tenant: TestTenant): Promise<Received | undefined> {
  receiver.received.length = 0
  await createWallets(api.service, tenant, 1)
  await deliverDue(api.service, eventRenderers)
  return receiver.received[0]
}

function verify({ body, headers }: Received, secret: string): unknown {
  // The library compares with the machine's clock, but the test's clock stands still.
  const timestamp = new Date(Number(headers['webhook-timestamp']) * 1000)
  const id = String(headers['webhook-id'])
  const expected = new Webhook(secret).sign(id, timestamp, body)
  expect(String(headers['webhook-signature']).split(' ')).toContain(expected)
  return JSON.parse(body)
}

test('a webhook endpoint is created with a secret shown once, listed, retrieved, sent to and removed', async () => {
  const tenant = await createTestTenant(api.service)
  const made = await ask(tenant, 'POST', '', { url: receiver.url, metadata: { team: 'a' } })
  const { secret, ...endpoint } = made.body
  expect(made.status).toBe(201)
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/)
  expect(endpoint).toMatchObject({
    id: expect.stringMatching(/^we_[0-9a-f-]{36}$/),
    style: 'standard',
    events: ['*'],
    enabled: true,
    metadata: { team: 'a' },
  })
  expect(await ask(tenant, 'GET', '')).toEqual({ status: 200, body: { data: [endpoint], total: 1 } })
  expect(await ask(tenant, 'GET', `/${endpoint.id}`)).toEqual({ status: 200, body: endpoint })
  const told = verify((await deliverOne(tenant)) as Received, secret)
  expect(told).toMatchObject({ type: 'customer.created', data: { merchantId: tenant.merchant.code } })
  expect(await ask(tenant, 'DELETE', `/${endpoint.id}`)).toMatchObject({
    status: 200,
    body: { id: endpoint.id, deleted: true },
  })
  expect(await deliverOne(tenant)).toBe(undefined)
  expect((await ask(tenant, 'GET', `/${endpoint.id}`)).body.error).toMatchObject({
    code: 'webhook_endpoint_not_found',
    message: `There is no webhook endpoint "${endpoint.id}"`,
  })
})

test('creating a webhook endpoint again with the same key answers the same endpoint and secret', async () => {
  const tenant = await createTestTenant(api.service)
  const make = () =>
    api.app.inject({
      method: 'POST',
      url: '/v1/webhook-endpoints',
      headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'endpoint-1' },
      payload: { url: receiver.url },
    })
  const [first, second] = [await make(), await make()]
  expect(second.json()).toEqual(first.json())
  expect((await ask(tenant, 'GET', '')).body.total).toBe(1)
})

test('a webhook endpoint can be moved, narrowed, disabled and enabled', async () => {
  const tenant = await createTestTenant(api.service)
  const { id } = (await ask(tenant, 'POST', '', { url: 'http://localhost:1/nowhere' })).body
  const change = (body: object) => ask(tenant, 'PATCH', `/${id}`, body)
  await change({ url: receiver.url, events: ['customer.created', 'customer.created'] })
  expect((await ask(tenant, 'GET', `/${id}`)).body).toMatchObject({ url: receiver.url, events: ['customer.created'] })
  expect(await deliverOne(tenant)).toBeDefined()
  expect((await change({ events: ['hold.placed'] })).body.events).toEqual(['hold.placed'])
  expect(await deliverOne(tenant)).toBe(undefined)
  expect((await change({ events: ['*'], enabled: false })).body).toMatchObject({
    events: ['*'],
    enabled: false,
    disabledReason: 'Disabled by hand',
  })
  expect(await deliverOne(tenant)).toBe(undefined)
  expect((await change({ enabled: true })).body).toMatchObject({ enabled: true, disabledReason: null })
  expect(await deliverOne(tenant)).toBeDefined()
})

test('a change of an endpoint that was changed meanwhile is refused, and changes nothing', async () => {
  const tenant = await createTestTenant(api.service)
  const { id, updatedAt } = (await ask(tenant, 'POST', '', { url: receiver.url })).body
  api.service.clock.advance(1000)
  const first = await changeSeen(tenant, id, updatedAt, { events: ['hold.placed'] })
  expect(first.statusCode).toBe(200)
  const late = await changeSeen(tenant, id, updatedAt, { events: ['*'] })
  expect([late.statusCode, late.json().error.code]).toEqual([412, 'changed_meanwhile'])
  expect((await ask(tenant, 'GET', `/${id}`)).body.events).toEqual(['hold.placed'])
  expect((await changeSeen(tenant, id, first.json().updatedAt, { events: ['*'] })).statusCode).toBe(200)
})

test('an endpoint is disabled and enabled by who has seen its last change, and by nobody else', async () => {
  const tenant = await createTestTenant(api.service)
  const { id, updatedAt } = (await ask(tenant, 'POST', '', { url: receiver.url })).body
  let seenAt = updatedAt
  for (const enabled of [false, true]) {
    api.service.clock.advance(1000)
    const changed = await changeSeen(tenant, id, seenAt, { enabled })
    expect([changed.statusCode, changed.json().enabled]).toEqual([200, enabled])
    seenAt = changed.json().updatedAt
    const late = await changeSeen(tenant, id, updatedAt, { enabled: !enabled })
    expect([late.statusCode, late.json().error.code]).toEqual([412, 'changed_meanwhile'])
    expect((await ask(tenant, 'GET', `/${id}`)).body).toMatchObject({ enabled, updatedAt: seenAt })
  }
  // Of two at once, one has not seen the change of the other.
  api.service.clock.advance(1000)
  const both = [false, false].map((enabled) => changeSeen(tenant, id, seenAt, { enabled }))
  expect((await Promise.all(both)).map(({ statusCode }) => statusCode).sort()).toEqual([200, 412])
})

test('after a rotation both secrets sign for the hours asked for, then only the new one', async () => {
  const tenant = await createTestTenant(api.service)
  const made = (await ask(tenant, 'POST', '', { url: receiver.url })).body
  const rotated = await ask(tenant, 'POST', `/${made.id}/rotate-secret`, { overlapHours: 2 })
  expect(rotated.status).toBe(200)
  expect(rotated.body.secret).not.toBe(made.secret)
  const during = (await deliverOne(tenant)) as Received
  verify(during, made.secret)
  verify(during, rotated.body.secret)
  api.service.clock.advance(2 * 3600_000)
  const after = (await deliverOne(tenant)) as Received
  verify(after, rotated.body.secret)
  expect(() => verify(after, made.secret)).toThrow()
})

test('a merchant has one webhook in Paystack’s style, signed with the key that set it', async () => {
  const tenant = await createTestTenant(api.service)
  const set = (url: string) => ask(tenant, 'POST', '', { url, style: 'paystack' })
  const first = await set('http://localhost:1/old')
  const second = await set(receiver.url)
  expect(second.body).toMatchObject({ id: first.body.id, style: 'paystack', url: receiver.url, secret: null })
  expect((await ask(tenant, 'GET', '')).body.total).toBe(1)
  const [code = ''] = await createWallets(api.service, tenant, 1)
  const identity = { country: 'NG', type: 'bank_account', account_number: '0111111111', bvn: '222222222221' }
  const names = { bank_code: '007', first_name: 'Uchenna', last_name: 'Okoro' }
  await api.call('POST', `/customer/${code}/identification`, { ...identity, ...names }, tenant.secret)
  await api.settle()
  receiver.received.length = 0
  await deliverDue(api.service, eventRenderers)
  const [{ headers, body }] = receiver.received as [Received]
  expect(headers['x-paystack-signature']).toBe(createHmac('sha512', tenant.secret).update(body).digest('hex'))
  expect(JSON.parse(body).event).toBe('customeridentification.success')
  expect(body).toBe(JSON.stringify(JSON.parse(body)))
  expect((await ask(tenant, 'POST', `/${second.body.id}/rotate-secret`, {})).status).toBe(400)
})

test('a webhook in Paystack’s style cannot be set by a token or with options Paystack does not have', async () => {
  const tenant = await createTestTenant(api.service)
  const { token } = (await api.call('GET', '/api/canary/authentication/token', undefined, tenant.secret)).json()
  const byToken = await ask({ ...tenant, secret: token }, 'POST', '', { url: receiver.url, style: 'paystack' })
  expect([byToken.status, byToken.body.error.message]).toEqual([403, expect.stringContaining('scope developers')])
  const narrowed = { url: receiver.url, style: 'paystack', events: ['identity.failed'] }
  expect((await ask(tenant, 'POST', '', narrowed)).body.error).toMatchObject({ field: 'events' })
})

test.each<[object, string]>([
  [{ url: 'x' }, 'url'],
  [{ url: 'ftp://example.com' }, 'url'],
  [{ url: 'http://localhost:0/hooks' }, 'url'],
  [{ url: 'https://user:word@example.com' }, 'url'],
  [{ url: 'http://169.254.169.254/latest' }, 'url'],
  [{ url: 'http://localhost:1', events: ['customer.exploded'] }, 'events'],
  [{ url: 'http://localhost:1', events: ['*', 'hold.placed'] }, 'events'],
  [{ url: 'http://localhost:1', events: [] }, 'events'],
  [{ url: 'http://localhost:1', style: 'other' }, 'style'],
])('a webhook endpoint of %j is refused by the name of %s', async (body, field) => {
  const answer = await ask(api.tenant, 'POST', '', body)
  expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_request'])
  expect(answer.body.error.field).toBe(field)
})

test('in live mode webhooks are sent only to https addresses of the open Internet', async () => {
  const live = await addTestKey(api.service, api.tenant.merchant, 'live')
  for (const url of ['http://example.com/', 'https://localhost/', 'https://127.0.0.1/', 'https://[::1]/']) {
    expect((await ask(live, 'POST', '', { url })).body.error).toMatchObject({ field: 'url' })
  }
  expect((await ask(live, 'POST', '', { url: 'https://example.com/' })).status).toBe(201)
})
