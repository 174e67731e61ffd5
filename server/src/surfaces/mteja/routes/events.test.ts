import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../../../../test/api.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../../../../test/service.ts'
import { createWallets } from '../../../../test/wallets.ts'
import { sql } from '../../../db/sql.ts'
import { inTransaction } from '../../../domain/context.ts'
import { recordEvent } from '../../../domain/events/events.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

interface Line {
  id: string
  type: string
  name: string
  customerId: string
  body: object
  position: string
}

async function get(tenant: TestTenant, path: string) {
  const answer = await api.call('GET', path, undefined, tenant.secret)
  return { status: answer.statusCode, body: answer.json() }
}

/** The lines that the stream has now. */
async function streamed(tenant: TestTenant, query: string): Promise<Line[]> {
  const answer = await api.call('GET', `/v1/events/stream?seconds=0&${query}`, undefined, tenant.secret)
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson'])
  return answer.body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

const idsOf = (lines: { id: string }[]) => lines.map(({ id }) => id)

test('events are listed newest first, page by page to the end, and retrieved', async () => {
  const tenant = await createTestTenant(api.service)
  const codes: string[] = []
  for (let i = 0; i < 5; i++) codes.push(...(await createWallets(api.service, tenant, 1)))
  const first = await get(tenant, '/v1/events?limit=2')
  const second = await get(tenant, `/v1/events?limit=2&before=${first.body.nextBefore}`)
  const third = await get(tenant, `/v1/events?limit=2&before=${second.body.nextBefore}`)
  const all = [first, second, third].flatMap(({ body }) => body.data)
  expect(all.map(({ customerId }) => customerId)).toEqual(codes.toReversed())
  expect(third.body.nextBefore).toBe(null)
  expect(all[0]).toMatchObject({ type: 'customer.created', data: { merchantId: tenant.merchant.code } })
  expect(await get(tenant, `/v1/events/${all[0].id}`)).toEqual({ status: 200, body: all[0] })
})

test('events are filtered by type, customer and period', async () => {
  const tenant = await createTestTenant(api.service)
  const [one = ''] = await createWallets(api.service, tenant, 1)
  const [two = ''] = await createWallets(api.service, tenant, 1)
  api.service.clock.advance(3 * 3600_000)
  const later = api.service.clock.now().toISOString()
  for (const code of [one, two]) {
    await api.call('PUT', `/customer/${code}`, { first_name: 'Ada' }, tenant.secret)
    await api.call('POST', '/customer/set_risk_action', { customer: code, risk_action: 'allow' }, tenant.secret)
  }
  const types = async (query: string) =>
    (await get(tenant, `/v1/events?${query}`)).body.data.map(
      ({ type, customerId }: Line) => `${type} ${customerId === one ? 1 : 2}`,
    )
  expect(await types('type=customer.updated')).toEqual(['customer.updated 2', 'customer.updated 1'])
  expect(await types(`customerId=${one}`)).toEqual([
    'customer.risk_action_changed 1',
    'customer.updated 1',
    'customer.created 1',
  ])
  expect(await types(`customerId=${one}&from=${later}&type=customer.updated`)).toEqual(['customer.updated 1'])
  expect(await types(`from=${later}`)).toHaveLength(4)
  expect(await types(`to=${new Date(Date.parse(later) + 1).toISOString()}`)).toHaveLength(6)
  expect(await types(`to=${later}`)).toEqual(['customer.created 2', 'customer.created 1'])
  expect(await types('from=2099-01-01')).toEqual([])
  expect(await types('to=2001-01-01')).toEqual([])
})

test('a filter with few matches looks at no more than ten thousand events a step, and says where to continue', async () => {
  const tenant = await createTestTenant(api.service)
  const [code] = await createWallets(api.service, tenant, 1)
  await api.service.db.query(sql`
    insert into events (merchant_id, mode, type, data, created_at)
    select ${tenant.merchant.id}, 'test', 'hold.placed', '{}', now() from generate_series(1, 10000)
  `)
  const first = await get(tenant, '/v1/events?type=customer.created')
  expect(first.body.data).toEqual([])
  const second = await get(tenant, `/v1/events?type=customer.created&before=${first.body.nextBefore}`)
  expect(second.body.data.map(({ customerId }: Line) => customerId)).toEqual([code])
  expect(second.body.nextBefore).toBe(null)
})

test('an unknown event and another tenant’s event are refused by name', async () => {
  const [tenant, other] = [await createTestTenant(api.service), await createTestTenant(api.service)]
  await createWallets(api.service, tenant, 1)
  const [event] = (await get(tenant, '/v1/events')).body.data
  for (const path of [`/v1/events/${event.id}`, `/v1/events/stream?seconds=0&after=${event.id}`]) {
    expect((await get(other, path)).body.error).toMatchObject({ code: 'event_not_found' })
  }
  expect((await get(tenant, '/v1/events/evt_1')).status).toBe(404)
  expect((await get(tenant, '/v1/events?before=evt_1')).status).toBe(400)
  expect((await get(tenant, `/v1/events?before=${event.id}`)).status).toBe(200)
  const place = await get(other, `/v1/events?before=${event.id}`)
  expect([place.status, place.body.error]).toMatchObject([400, { code: 'invalid_request', field: 'before' }])
  expect((await get(tenant, '/v1/events?type=nothing')).body.error).toMatchObject({
    code: 'invalid_request',
    field: 'type',
    message: expect.stringContaining('"nothing"'),
  })
})

test('the stream begins now, continues after an event, and repeats no more than the events shortly before it', async () => {
  const tenant = await createTestTenant(api.service)
  await createWallets(api.service, tenant, 1)
  const [now] = await streamed(tenant, '')
  expect(Object.keys(now as Line)).toEqual(['position'])
  await createWallets(api.service, tenant, 2)
  const shortly = await streamed(tenant, `after=${now?.position}`)
  expect(shortly.map(({ type }) => type)).toEqual(Array(2).fill('customer.created'))
  api.service.clock.advance(60_000)
  await createWallets(api.service, tenant, 1)
  const [last] = (await get(tenant, '/v1/events')).body.data
  api.service.clock.advance(60_000)
  await createWallets(api.service, tenant, 2)
  const later = await streamed(tenant, `after=${last.id}`)
  expect(idsOf(later)).toEqual(idsOf((await get(tenant, '/v1/events?limit=2')).body.data).toReversed())
})

test('the stream has no events of another tenant or of the other mode', async () => {
  const tenant = await createTestTenant(api.service)
  const live = await addTestKey(api.service, tenant.merchant, 'live')
  const [begin] = await streamed(live, '')
  await createWallets(api.service, tenant, 2)
  await createWallets(api.service, await createTestTenant(api.service), 2)
  const lines = await streamed(live, `after=${begin?.position}`)
  expect(lines.map((line) => Object.keys(line))).toEqual([['position']])
})

test('the stream in Paystack’s style has the events Paystack has a name for, with the webhook’s body', async () => {
  const tenant = await createTestTenant(api.service)
  const [code = ''] = await createWallets(api.service, tenant, 1)
  const [begin] = await streamed(tenant, '')
  const identity = {
    country: 'NG',
    type: 'bank_account',
    account_number: '0111111111',
    bvn: '222222222221',
    bank_code: '007',
    first_name: 'Uchenna',
    last_name: 'Okoro',
  }
  await api.call('POST', `/customer/${code}/identification`, identity, tenant.secret)
  await api.settle()
  const lines = await streamed(tenant, `style=paystack&after=${begin?.position}`)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({
    type: 'identity.succeeded',
    name: 'customeridentification.success',
    customerId: code,
    body: { event: 'customeridentification.success', data: { customer_code: code } },
  })
})

test('an event that is committed after one with a higher id is streamed, and no event twice', async (context) => {
  // The embedded engine has one connection, so its ids are always in the order of the commits.
  if (api.service.db.engine === 'embedded') return context.skip()
  const tenant = await createTestTenant(api.service)
  const follow = follower(await listen(), tenant, 'style=standard')
  await follow.begun
  await inTransaction(api.service, async (tx) => {
    await recordEvent(tx, tenant, {
      type: 'payment_intent.failed',
      customer: null,
      details: { paymentIntentId: 'pi_low' },
    })
    await inTransaction(api.service, (other) =>
      recordEvent(other, tenant, {
        type: 'payment_intent.failed',
        customer: null,
        details: { paymentIntentId: 'pi_high' },
      }),
    )
    await follow.until(1)
  })
  await follow.until(2)
  await sleep(600)
  const told = follow.lines.map(({ body }) => (body as { data: { id: string } }).data.id)
  expect(told).toEqual(['pi_high', 'pi_low'])
  await follow.leave()
})

test('a closing server ends its streams', async () => {
  const another = await openTestApi()
  const origin = await another.app.listen({ port: 0, host: '127.0.0.1' })
  const follow = follower(origin, another.tenant, '')
  await follow.begun
  await another.close()
  await follow.ended
})

async function listen(): Promise<string> {
  return api.app.server.listening ? api.app.listeningOrigin : api.app.listen({ port: 0, host: '127.0.0.1' })
}

/** Reads a stream until it ends or is left. */
function follower(origin: string, tenant: TestTenant, query: string) {
  const left = new AbortController()
  const lines: Line[] = []
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const ended = read().catch(() => {})
  async function read() {
    const headers = { authorization: `Bearer ${tenant.secret}` }
    const answer = await fetch(`${origin}/v1/events/stream?${query}`, { headers, signal: left.signal })
    let rest = ''
    for await (const chunk of answer.body as ReadableStream<Uint8Array>) {
      begin()
      const parts = (rest + Buffer.from(chunk).toString()).split('\n')
      rest = parts.pop() as string
      lines.push(...parts.map((part) => JSON.parse(part)).filter((line) => 'id' in line))
    }
  }
  return {
    lines,
    begun,
    ended,
    async until(count: number) {
      for (let i = 0; lines.length < count; i++) {
        if (i > 200) throw new Error(`there are ${lines.length} lines, not ${count}`)
        await sleep(50)
      }
    },
    async leave() {
      left.abort()
      await ended
    },
  }
}
