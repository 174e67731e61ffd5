import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { deliverDue } from '../../../../test/deliver.ts'
import { openReceiver, type Receiver } from '../../../../test/receiver.ts'
import { createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { createWallets } from '../../../../test/wallets.ts'
import { sql } from '../../../db/sql.ts'
import { writeFanOuts } from '../../../domain/webhooks/fan-outs.ts'
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

/** A tenant whose endpoint got the events of `count` new customers, and the deliveries, newest first. */
async function setUp(count: number, status = 200) {
  receiver.status = status
  receiver.received.length = 0
  const tenant = await createTestTenant(api.service)
  const endpoint = (await ask(tenant, 'POST', '/webhook-endpoints', { url: receiver.url })).body
  const codes: string[] = []
  for (let i = 0; i < count; i++) codes.push(...(await createWallets(api.service, tenant, 1)))
  await deliver()
  const { data } = (await ask(tenant, 'GET', '/deliveries')).body
  return { tenant, endpoint, codes, deliveries: data }
}

async function ask(tenant: TestTenant, method: string, path: string, body?: object) {
  const answer = await api.call(method, `/v1${path}`, body, tenant.secret)
  return { status: answer.statusCode, body: answer.json() }
}

const deliver = () => deliverDue(api.service, eventRenderers)

test('a delivery is listed, and retrieved with the body sent and the answer received', async () => {
  const { tenant, endpoint, codes, deliveries } = await setUp(1)
  expect(deliveries).toHaveLength(1)
  expect(deliveries[0]).toMatchObject({
    endpointId: endpoint.id,
    eventType: 'customer.created',
    customerId: codes[0],
    status: 'delivered',
    attemptCount: 1,
    nextAttemptAt: null,
    failureReason: null,
  })
  const { body } = await ask(tenant, 'GET', `/deliveries/${deliveries[0].id}`)
  expect(body).toMatchObject(deliveries[0])
  const [sent] = receiver.received
  expect(body.attempts).toEqual([
    {
      number: 1,
      startedAt: expect.any(String),
      durationMs: expect.any(Number),
      request: {
        url: receiver.url,
        headers: expect.objectContaining({ 'webhook-signature': sent?.headers['webhook-signature'] }),
        body: sent?.body,
      },
      response: { status: 200, headers: expect.objectContaining({ 'x-receiver': 'here' }), body: 'noted' },
      error: null,
    },
  ])
  expect(sent?.headers['webhook-id']).toBe(deliveries[0].eventId)
  expect(JSON.stringify(body)).not.toContain(endpoint.secret)
})

test('a failed delivery attempt shows the reason and the time of the next attempt', async () => {
  const { tenant, deliveries } = await setUp(1, 500)
  const { body } = await ask(tenant, 'GET', `/deliveries/${deliveries[0].id}`)
  expect(body).toMatchObject({
    status: 'pending',
    failureReason: 'Answered 500',
    attempts: [{ response: { status: 500 } }],
  })
  expect(Date.parse(body.nextAttemptAt)).toBeGreaterThanOrEqual(api.service.clock.now().getTime() + 5_000)
})

test('deliveries are filtered and listed page by page to the end', async () => {
  const { tenant, endpoint, codes, deliveries } = await setUp(3)
  const ids = deliveries.map(({ id }: { id: string }) => id)
  const list = async (query: string) => {
    const { body } = await ask(tenant, 'GET', `/deliveries?${query}`)
    return { ids: body.data.map(({ id }: { id: string }) => id), next: body.nextBefore }
  }
  const first = await list('limit=2')
  expect(first.ids).toEqual(ids.slice(0, 2))
  expect(await list(`limit=2&before=${first.next}`)).toEqual({ ids: ids.slice(2), next: null })
  expect((await list(`customerId=${codes[1]}`)).ids).toEqual([ids[1]])
  expect((await list(`endpointId=${endpoint.id}&status=delivered&eventType=customer.created`)).ids).toEqual(ids)
  expect((await list('status=failed')).ids).toEqual([])
  expect((await list('eventType=hold.placed')).ids).toEqual([])
  expect((await list('from=2099-01-01')).ids).toEqual([])
  expect((await list('from=2020-01-01&to=2099-01-01')).ids).toEqual(ids)
})

test('a delivery is sent again at once, also after it was delivered', async () => {
  const { tenant, deliveries } = await setUp(1)
  const { id } = deliveries[0]
  expect(await ask(tenant, 'POST', `/deliveries/${id}/resend`)).toMatchObject({
    status: 200,
    body: { status: 'pending' },
  })
  expect(await deliver()).toBe(1)
  const [first, second] = receiver.received
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect((await ask(tenant, 'GET', `/deliveries/${id}`)).body).toMatchObject({ status: 'delivered', attemptCount: 2 })
})

test('a failed delivery that is sent again has a new round of retries', async () => {
  const { tenant, deliveries } = await setUp(1, 500)
  for (let i = 0; i < 9; i++) {
    api.service.clock.advance(30 * 3600_000)
    await api.service.db.query(sql`update webhook_endpoints set failing_since = null`)
    await deliver()
  }
  const { id } = deliveries[0]
  const find = async () => (await ask(tenant, 'GET', `/deliveries/${id}`)).body
  expect(await find()).toMatchObject({ status: 'failed', attemptCount: 10 })
  await ask(tenant, 'POST', `/deliveries/${id}/resend`)
  await deliver()
  expect(await find()).toMatchObject({ status: 'pending', attemptCount: 11 })
})

test('failed deliveries are counted first and then sent again, to endpoints that are enabled', async () => {
  const { tenant, endpoint, codes } = await setUp(3)
  const gone = (await ask(tenant, 'POST', '/webhook-endpoints', { url: 'http://localhost:1/gone' })).body
  await createWallets(api.service, tenant, 1)
  await ask(tenant, 'DELETE', `/webhook-endpoints/${gone.id}`)
  await deliver()
  await api.service.db.query(sql`
    update deliveries set status = 'failed', failure_reason = 'In this test', next_attempt_at = null
    where merchant_id = ${tenant.merchant.id}
  `)
  const preview = async (query = '') => (await ask(tenant, 'GET', `/deliveries/resend-preview?${query}`)).body.count
  expect(await preview()).toBe(4)
  expect(await preview(`customerId=${codes[0]}`)).toBe(1)
  expect(await preview('status=delivered')).toBe(0)
  const resend = (body: object) => ask(tenant, 'POST', '/deliveries/resend', body)
  expect((await resend({ customerId: codes[0] })).body).toEqual({ count: 1 })
  expect(await preview()).toBe(3)
  receiver.received.length = 0
  expect((await resend({ endpointId: endpoint.id, from: '2020-01-01' })).body).toEqual({ count: 3 })
  await deliver()
  expect(receiver.received).toHaveLength(4)
  expect(await preview()).toBe(0)
})

test('sending more than ten thousand deliveries again at once is refused', async () => {
  const { tenant, deliveries } = await setUp(1)
  await api.service.db.query(sql`
    update deliveries set status = 'failed', failure_reason = 'In this test' where merchant_id = ${tenant.merchant.id}
  `)
  expect(deliveries).toHaveLength(1)
  await api.service.db.query(sql`
    insert into events (merchant_id, mode, type, data, created_at)
    select ${tenant.merchant.id}, 'test', 'hold.placed', '{"details":{}}', now() from generate_series(1, 10000)
  `)
  await writeFanOuts(api.service)
  await api.service.db.query(sql`
    update deliveries set status = 'failed', failure_reason = 'In this test', next_attempt_at = null
    where merchant_id = ${tenant.merchant.id}
  `)
  const refused = await ask(tenant, 'POST', '/deliveries/resend', {})
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining('More than 10000')])
  expect((await ask(tenant, 'GET', '/deliveries/resend-preview')).body).toMatchObject({ count: 10_001 })
  expect((await ask(tenant, 'POST', '/deliveries/resend', { eventType: 'customer.created' })).body).toEqual({
    count: 1,
  })
})

test('a delivery to a deleted endpoint can be retrieved, but not sent again', async () => {
  const { tenant, endpoint, deliveries } = await setUp(1)
  await ask(tenant, 'DELETE', `/webhook-endpoints/${endpoint.id}`)
  expect((await ask(tenant, 'GET', `/deliveries?endpointId=${endpoint.id}`)).body.data).toHaveLength(1)
  expect((await ask(tenant, 'POST', `/deliveries/${deliveries[0].id}/resend`)).body.error).toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('deleted or disabled'),
  })
})

test('another tenant’s deliveries and endpoints answer 404', async () => {
  const { endpoint, deliveries } = await setUp(1)
  const other = await createTestTenant(api.service)
  for (const [method, path] of [
    ['GET', `/deliveries/${deliveries[0].id}`],
    ['POST', `/deliveries/${deliveries[0].id}/resend`],
    ['GET', '/deliveries/dlv_1'],
    ['GET', `/deliveries?endpointId=${endpoint.id}`],
    ['GET', `/deliveries/resend-preview?endpointId=${endpoint.id}`],
  ] as const) {
    expect((await ask(other, method, path)).status).toBe(404)
  }
  expect(await deliver()).toBe(0)
})
