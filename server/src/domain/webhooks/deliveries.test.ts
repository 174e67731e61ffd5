import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliverDue } from '../../../test/deliver.ts'
import { openTestLog, type TestLog } from '../../../test/log-lines.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { createWallets } from '../../../test/wallets.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { createMeter } from '../../base/meter.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import { lockCustomer } from '../customers/customers.ts'
import { type EventType, recordEvent } from '../events/events.ts'
import type { Mode } from '../merchants/tenant.ts'
import { claimDeliveries, maxParallel } from './claims.ts'
import { createDeliver, type EventRenderers } from './deliveries.ts'
import {
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  getWebhookEndpoint,
  giveUpStrayDeliveries,
  rotateWebhookSecret,
  setPaystackWebhook,
  updateWebhookEndpoint,
} from './endpoints.ts'
import { writeFanOuts } from './fan-outs.ts'
import { disabledAfterMs } from './outcomes.ts'
import type { WebhookAnswer, WebhookRequest } from './sender.ts'

let base: TestService
beforeAll(async () => {
  base = await openTestService()
})
afterAll(() => base.close())

const minute = 60_000
const hour = 60 * minute

const renderers: EventRenderers = {
  paystack: ({ type, data }) => ({ event: type, data: data.details }),
  standard: ({ publicId, type, data }) => ({ id: publicId, type, data: data.details }),
}

type Answer = number | string
/** A tenant whose receiver answers what it is told to. */
interface Setting {
  service: TestService
  tenant: TestTenant
  sent: (WebhookRequest & { note: unknown; at: number })[]
  /** Statuses, or errors, to answer with. */
  answers: (request: WebhookRequest) => Answer | Promise<Answer>
  log: TestLog
}

async function setUp(mode: Mode = 'test'): Promise<Setting> {
  await base.db.query(sql`
    update deliveries set status = 'failed', failure_reason = 'Of another test', next_attempt_at = null
    where status = 'pending'
  `)
  const setting: Setting = { sent: [], answers: () => 200 } as never
  const webhookSender = {
    async send(request: WebhookRequest): Promise<WebhookAnswer> {
      const at = setting.service.clock.now().getTime()
      setting.sent.push({ ...request, note: JSON.parse(request.body).data?.note, at })
      const answer = await setting.answers(request)
      if (typeof answer === 'string') return { error: answer, durationMs: 5 }
      return { status: answer, headers: { 'x-r': '1' }, body: 'said', durationMs: 5 }
    },
    mayReach: base.webhookSender.mayReach,
    close: async () => {},
  }
  setting.log = openTestLog()
  const failures = createFailureLog(base.clock, setting.log.log)
  setting.service = { ...base, webhookSender, failures, meter: createMeter() }
  setting.tenant = await createTestTenant(setting.service, { mode })
  return setting
}

/** Something happens to the customer. */
async function happen({ service, tenant }: Setting, code: string, note: unknown, type: EventType = 'identity.failed') {
  await inTransaction(service, async (tx) => {
    const customer = await lockCustomer(tx, tenant, { code })
    await recordEvent(tx, tenant, { type, customer, details: { note } })
  })
}

async function deliver({ service }: Setting, given = renderers): Promise<number> {
  let count = 0
  for (;;) {
    const done = await deliverDue(service, given)
    if (done === 0) return count
    count += done
  }
}

async function readDeliveries({ service, tenant }: Setting) {
  return service.db.query(sql`
    select status, attempt_count, failure_reason, next_attempt_at from deliveries
    where merchant_id = ${tenant.merchant.id} order by id
  `)
}

const hooks = { url: 'http://localhost:3000/hooks' }

test('an event is told to each endpoint of its tenant and mode that asked for its type, in one commit with it', async () => {
  const setting = await setUp()
  const { service, tenant } = setting
  const [code = ''] = await createWallets(service, tenant, 1)
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/all' })
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/some', eventTypes: ['identity.failed'] })
  await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/none', eventTypes: ['hold.placed'] })
  await createWebhookEndpoint(service, { ...tenant, mode: 'live' }, { url: 'https://example.com/live' })
  await createWebhookEndpoint(service, await createTestTenant(service), { url: 'http://localhost:1/other' })
  await setPaystackWebhook(service, tenant, 'http://localhost:1/paystack', tenant.secret)
  await happen(setting, code, 1)
  await happen(setting, code, 2, 'customer.updated')
  expect(await deliver(setting)).toBe(4)
  const told = setting.sent.map(({ url, note }) => `${new URL(url).pathname} ${note}`)
  expect(told.sort()).toEqual(['/all 1', '/all 2', '/paystack 1', '/some 1'])
})

test('a change that is rolled back is told to nobody', async () => {
  const setting = await setUp()
  const { service, tenant } = setting
  const [code = ''] = await createWallets(service, tenant, 1)
  await createWebhookEndpoint(service, tenant, hooks)
  const failing = inTransaction(service, async (tx) => {
    const customer = await lockCustomer(tx, tenant, { code })
    await recordEvent(tx, tenant, { type: 'customer.updated', customer })
    throw new Error('a bug')
  })
  await expect(failing).rejects.toThrow('a bug')
  expect(await deliver(setting)).toBe(0)
})

describe('events of one customer', () => {
  test('events of one customer arrive in order, each after the one before was acknowledged; other customers do not wait', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [one = '', two = ''] = await createWallets(service, tenant, 2)
    await createWebhookEndpoint(service, tenant, hooks)
    for (let i = 0; i < 5; i++) {
      await happen(setting, one, `one ${i}`)
      await happen(setting, two, `two ${i}`)
    }
    let fails = true
    setting.answers = ({ body }) => (fails && body.includes('one') ? 500 : 200)
    expect(await deliver(setting)).toBe(6)
    expect(setting.sent.filter(({ note }) => String(note).startsWith('one')).map(({ note }) => note)).toEqual(['one 0'])
    fails = false
    expect(await deliver(setting)).toBe(0)
    await happen(setting, one, 'one 5')
    expect(await deliver(setting)).toBe(0)
    service.clock.advance(10_000)
    expect(await deliver(setting)).toBe(6)
    for (const each of ['one', 'two']) {
      const notes = setting.sent.map(({ note }) => String(note)).filter((note) => note.startsWith(each))
      expect([...new Set(notes)]).toEqual([...notes].sort().filter((note, i, all) => note !== all[i - 1]))
    }
    expect((await readDeliveries(setting)).every(({ status }) => status === 'delivered')).toBe(true)
  })

  test('an event goes out when the one before it of the same customer has failed for good', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    await createWebhookEndpoint(service, tenant, hooks)
    await happen(setting, code, 'first')
    await happen(setting, code, 'second')
    setting.answers = ({ body }) => (body.includes('first') ? 500 : 200)
    for (let i = 0; i < 30 && !setting.sent.some(({ note }) => note === 'second'); i++) {
      await deliver(setting)
      service.clock.advance(hour * 4)
    }
    expect(await readDeliveries(setting)).toMatchObject([
      { status: 'failed', failure_reason: 'Answered 500', attempt_count: 10 },
      { status: 'delivered', failure_reason: null, attempt_count: 1 },
    ])
  })

  test('a thousand waiting events of one customer are told in order, while the newest come in, by two processes at once', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    await createWebhookEndpoint(service, tenant, hooks)
    await inTransaction(service, async (tx) => {
      const customer = await lockCustomer(tx, tenant, { code })
      for (let i = 0; i < 300; i++)
        await recordEvent(tx, tenant, { type: 'customer.updated', customer, details: { note: i } })
    })
    const working = [deliver(setting), deliver(setting)]
    for (let i = 300; i < 320; i++) await happen(setting, code, i)
    await Promise.all(working)
    while ((await deliver(setting)) > 0);
    expect(setting.sent.map(({ note }) => note)).toEqual(Array.from({ length: 320 }, (_, i) => i))
  })
})

describe('a receiver that always fails is tried again', () => {
  async function triesOf(mode: Mode, style: 'paystack' | 'standard', url: string) {
    const setting = await setUp(mode)
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    if (style === 'paystack') await setPaystackWebhook(service, tenant, url, tenant.secret)
    else await createWebhookEndpoint(service, tenant, { url })
    setting.answers = () => 500
    await happen(setting, code, 0)
    for (let minutes = 0; minutes < 85 * 60; minutes++) {
      // A round without anything due asks the database for nothing but that.
      const [row] = await service.db.query<{ next: Date | null }>(sql`
        select next_attempt_at as next from deliveries where merchant_id = ${tenant.merchant.id}
      `)
      if (row?.next == null) break
      service.clock.advance(Math.max(0, row.next.getTime() - service.clock.now().getTime()))
      await deliver(setting)
    }
    const waits = setting.sent.slice(1).map(({ at }, i) => at - (setting.sent[i]?.at ?? 0))
    return { setting, waits }
  }

  /** Each wait is that long, or up to a tenth more. */
  function expectWaits(waits: number[], expected: number[]): void {
    expect(waits.length).toBe(expected.length)
    for (const [i, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(expected[i] ?? 0)
      expect(wait).toBeLessThanOrEqual((expected[i] ?? 0) * 1.1 + 1)
    }
  }

  test('a failing receiver is tried in Paystack’s live style every 3 minutes for the first 4 tries, then hourly for 72 hours', async () => {
    const { setting, waits } = await triesOf('live', 'paystack', 'https://example.com/hooks')
    expectWaits(waits, [...Array(3).fill(3 * minute), ...Array(72).fill(hour)])
    expect(await readDeliveries(setting)).toMatchObject([{ status: 'failed', attempt_count: 76 }])
    expect(setting.sent[0]).toMatchObject({ timeoutMs: 30_000, mode: 'live' })
  })

  test('a failing receiver is tried in Paystack’s test style hourly for 10 hours', async () => {
    const { waits, setting } = await triesOf('test', 'paystack', hooks.url)
    expectWaits(waits, Array(10).fill(hour))
    expect(setting.sent[0]).toMatchObject({ timeoutMs: 30_000, mode: 'test' })
  })

  test('a failing receiver is tried in the standard style within 76 hours', async () => {
    const { waits, setting } = await triesOf('test', 'standard', hooks.url)
    expectWaits(waits, [5_000, 5 * minute, 30 * minute, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hour)])
    expect(new Set(setting.sent.map(({ body }) => body)).size).toBe(1)
    expect(new Set(setting.sent.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })
})

test('a delivery in Paystack’s style is acknowledged by 200 only, in the standard style by any success', async () => {
  for (const [style, status, expected] of [
    ['paystack', 200, 'delivered'],
    ['paystack', 204, 'pending'],
    ['paystack', 302, 'pending'],
    ['standard', 204, 'delivered'],
    ['standard', 302, 'pending'],
    ['standard', 400, 'pending'],
  ] as const) {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    if (style === 'paystack') await setPaystackWebhook(service, tenant, hooks.url, tenant.secret)
    else await createWebhookEndpoint(service, tenant, hooks)
    setting.answers = () => status
    await happen(setting, code, 0)
    await deliver(setting)
    expect([style, status, (await readDeliveries(setting))[0]?.status]).toEqual([style, status, expected])
  }
})

test('a receiver that was down comes back and gets everything, in order', async () => {
  const setting = await setUp()
  const { service, tenant } = setting
  const codes = await createWallets(service, tenant, 4)
  await createWebhookEndpoint(service, tenant, hooks)
  setting.answers = () => 'The connection was refused'
  for (let i = 0; i < 12; i++) {
    for (const code of codes) await happen(setting, code, `${code} ${String(i).padStart(2, '0')}`)
    service.clock.advance(10 * minute)
    await deliver(setting)
  }
  setting.answers = () => 200
  setting.sent.length = 0
  service.clock.advance(3 * hour)
  await deliver(setting)
  expect(setting.sent).toHaveLength(48)
  for (const code of codes) {
    const notes = setting.sent.map(({ note }) => String(note)).filter((note) => note.startsWith(code))
    expect(notes).toEqual([...notes].sort())
  }
  expect((await readDeliveries(setting)).every(({ status }) => status === 'delivered')).toBe(true)
})

test('each attempt to deliver is kept with what was sent and answered', async () => {
  const setting = await setUp()
  const { service, tenant } = setting
  const [code = ''] = await createWallets(service, tenant, 1)
  await createWebhookEndpoint(service, tenant, hooks)
  const answers: Answer[] = ['No answer within 15 s', 503, 200]
  setting.answers = () => answers.shift() ?? 200
  await happen(setting, code, 0)
  for (let i = 0; i < 3; i++) {
    await deliver(setting)
    service.clock.advance(hour)
  }
  const attempts = await service.db.query(sql`
    select number, status, error, response_body, response_headers, url, request_headers, duration_ms
    from delivery_attempts where merchant_id = ${tenant.merchant.id} order by number
  `)
  expect(attempts).toMatchObject([
    { number: 1, status: null, error: 'No answer within 15 s', url: hooks.url, duration_ms: 5 },
    { number: 2, status: 503, error: null, response_body: 'said' },
    { number: 3, status: 200, error: null, response_headers: { 'x-r': '1' } },
  ])
  expect(attempts[0]?.request_headers).toMatchObject({ 'webhook-id': expect.stringMatching(/^evt_[0-9a-f]{32}$/) })
})

describe('reports to the operator', () => {
  /** How many attempts had this outcome. */
  async function countOf({ service }: Setting, outcome: string): Promise<number> {
    const name = `mteja_webhook_attempt_duration_seconds_count{outcome="${outcome}"} `
    return Number((await service.meter.render()).split(name)[1]?.split('\n')[0] ?? 0)
  }

  test('the operator is told of an endpoint that answers 401, then 500, then nothing, then well again, in four lines and by counts', async () => {
    const setting = await setUp()
    const { service, tenant, log } = setting
    const { endpoint } = await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/hooks/their-secret' })
    const answers: Answer[] = [401, 401, 500, 500, 'No answer within 15 s', 'No answer within 15 s', 200, 200]
    const startedAt = service.clock.now().toISOString()
    for (const answer of answers) {
      setting.answers = () => answer
      const [code = ''] = await createWallets(service, tenant, 1)
      await happen(setting, code, 0)
      await deliverDue(service, renderers)
      service.clock.advance(30_000)
    }
    const subject = `webhook endpoint we_${endpoint.id}`
    const members = { level: 40, subject, merchant: tenant.merchant.code, mode: 'test' }
    const lines = log.lines.map(({ failures: _count, ...rest }) => rest)
    expect(lines).toEqual([
      { ...members, reason: 'Answered 401', msg: 'begins to fail' },
      { ...members, reason: 'Answered 500', since: startedAt, msg: 'still fails' },
      { ...members, reason: 'No answer within 15 s', since: startedAt, msg: 'still fails' },
      { level: 40, subject, since: startedAt, msg: 'works again' },
    ])
    expect(await countOf(setting, 'refused')).toBeGreaterThanOrEqual(4)
    expect(await countOf(setting, 'unanswered')).toBeGreaterThanOrEqual(2)
    expect(await countOf(setting, 'acknowledged')).toBeGreaterThanOrEqual(2)
    expect(log.text()).not.toMatch(/their-secret|@example/)
  })

  test('the operator is told of nothing while all is well', async () => {
    const setting = await setUp()
    const { service, tenant, log } = setting
    await createWebhookEndpoint(service, tenant, hooks)
    await createWallets(service, tenant, 3)
    await deliver(setting)
    expect([await countOf(setting, 'acknowledged'), log.lines]).toEqual([3, []])
  })
})

describe('a fault of ours', () => {
  const broken: EventRenderers = {
    ...renderers,
    standard: (event) => {
      if (event.type === 'identity.failed') throw new TypeError('a bug')
      return renderers.standard(event)
    },
  }

  test('a fault of ours in making a webhook postpones that webhook only, and the endpoint is not blamed', async () => {
    const setting = await setUp()
    const { service, tenant, log } = setting
    const [one = '', two = ''] = await createWallets(service, tenant, 2)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    await happen(setting, one, 'first')
    await happen(setting, two, 'second', 'customer.updated')
    await deliver(setting, broken)
    expect(setting.sent.map(({ note }) => note)).toEqual(['second'])
    expect(await readDeliveries(setting)).toMatchObject([
      { status: 'pending', attempt_count: 1, failure_reason: expect.stringContaining('could not be made') },
      { status: 'delivered' },
    ])
    expect(await deliver(setting, broken)).toBe(0)
    expect(await getWebhookEndpoint(service, tenant, endpoint.id)).toMatchObject({ failingSince: null })
    service.clock.advance(10_000)
    await deliver(setting)
    expect(setting.sent.map(({ note }) => note)).toEqual(['second', 'first'])
    const subject = 'making a webhook of identity.failed in the standard style'
    expect(log.lines).toMatchObject([
      { subject, msg: 'begins to fail', err: { type: 'TypeError', message: 'a bug' } },
      { subject, msg: 'works again' },
    ])
  })

  test('a fault of ours that stays makes the webhook be given up at last, and what waited behind it goes out', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    await happen(setting, code, 'first')
    await happen(setting, code, 'second', 'customer.updated')
    for (let i = 0; i < 30 && setting.sent.length === 0; i++) {
      await deliver(setting, broken)
      service.clock.advance(hour * 4)
    }
    expect(await readDeliveries(setting)).toMatchObject([
      { status: 'failed', attempt_count: 10 },
      { status: 'delivered' },
    ])
    expect(await getWebhookEndpoint(service, tenant, endpoint.id)).toMatchObject({ disabledAt: null })
  })

  test('a fault of ours with the secret of one endpoint does not hold up another', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/other' })
    await service.db.query(sql`update webhook_endpoints set secret = '\\x00' where id = ${endpoint.id}`)
    await happen(setting, code, 0)
    await deliver(setting)
    expect(setting.sent.map(({ url }) => url)).toEqual(['http://localhost:1/other'])
  })

  test('an answer that the database does not take is recorded without its text, and is not asked for again', async () => {
    const setting = await setUp()
    const { service, tenant, log } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    await createWebhookEndpoint(service, tenant, hooks)
    const send = async (): Promise<WebhookAnswer> => ({ status: 200, headers: {}, body: 'a\0b', durationMs: 5 })
    await happen(setting, code, 0)
    await deliver({
      ...setting,
      service: { ...service, webhookSender: { send, mayReach: () => true, close: async () => {} } },
    })
    expect(await readDeliveries(setting)).toMatchObject([{ status: 'delivered', attempt_count: 1 }])
    expect(log.lines).toMatchObject([{ subject: 'webhook records', msg: 'begins to fail' }])
  })
})

/** All that may be under way; one call takes on a part of it where statements are short. */
async function claimAll(service: TestService, underWay: Claimed[] = []): Promise<Claimed[]> {
  const taken: Claimed[] = []
  for (;;) {
    const more = await claimDeliveries(service, [...underWay, ...taken])
    if (more.length === 0) return taken
    taken.push(...more)
  }
}

type Claimed = Awaited<ReturnType<typeof claimDeliveries>>[number]

describe('an endpoint', () => {
  test('an endpoint that hangs holds no more than its share, and another is told meanwhile', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const codes = await createWallets(service, tenant, 4 * maxParallel.perEndpoint)
    const dead = await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/dead' })
    await createWebhookEndpoint(service, tenant, { url: 'http://localhost:1/alive' })
    for (const code of codes) await happen(setting, code, 0)
    const first = await claimAll(service)
    expect(first.length).toBe(2 * maxParallel.perEndpoint)
    const deliver = createDeliver(service, renderers)
    await Promise.all(first.filter(({ endpointId }) => endpointId !== dead.endpoint.id).map(deliver))
    const busy = first.filter(({ endpointId }) => endpointId === dead.endpoint.id)
    for (let round = 0; round < 3; round++) {
      const more = await claimAll(service, busy)
      expect(more.map(({ endpointId }) => endpointId)).not.toContain(dead.endpoint.id)
      expect(more.length).toBe(maxParallel.perEndpoint)
      await Promise.all(more.map(deliver))
    }
    expect(await claimAll(service, busy)).toEqual([])
  })

  test('256 silent attempts of one merchant leave room for the next delivery of any other', async () => {
    const setting = await setUp()
    const { service } = setting
    const addSilent = async () => {
      const tenant = await createTestTenant(service)
      for (let i = 0; i < 13; i++) await createWebhookEndpoint(service, tenant, { url: `http://localhost:1/${i}` })
      await createWallets(service, tenant, maxParallel.perEndpoint)
      await writeFanOuts(service)
      return tenant
    }
    const countOf = (claimed: { merchantId: number }[], { merchant }: TestTenant) =>
      claimed.filter(({ merchantId }) => merchantId === merchant.id).length
    const silent = [await addSilent()]
    const underWay = await claimAll(service)
    expect(underWay.length).toBe(maxParallel.inAll / 2)
    expect(await claimAll(service, underWay)).toEqual([])
    // More such merchants take their share of the rest, and always leave some.
    for (let i = 0; i < 4; i++) {
      silent.push(await addSilent())
      underWay.push(...(await claimAll(service, underWay)))
    }
    expect(silent.map((each) => countOf(underWay, each))).toEqual([128, 64, 32, 16, 8])
    const [code = ''] = await createWallets(service, setting.tenant, 1)
    await createWebhookEndpoint(service, setting.tenant, hooks)
    await happen(setting, code, 'victim')
    const next = await claimAll(service, underWay)
    expect(countOf(next, setting.tenant)).toBe(1)
  })

  test('one call takes on no more than one statement may do', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const codes = await createWallets(service, tenant, maxParallel.perEndpoint)
    for (let i = 0; i < 13; i++) await createWebhookEndpoint(service, tenant, { url: `http://localhost:1/${i}` })
    for (const code of codes) await happen(setting, code, 0)
    const first = await claimDeliveries(service)
    expect(first.length).toBe(service.db.engine === 'embedded' ? 20 : maxParallel.inAll / 2)
    // Of the endpoints in turn.
    expect(new Set(first.map(({ endpointId }) => endpointId)).size).toBe(13)
  })

  test('a failing endpoint is sent to by two attempts at a time, until it works again', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const codes = await createWallets(service, tenant, 5)
    await createWebhookEndpoint(service, tenant, hooks)
    setting.answers = () => 500
    await happen(setting, codes[0] ?? '', 0)
    await deliver(setting)
    for (const code of codes.slice(1)) await happen(setting, code, 1)
    const tried = await claimAll(service)
    expect(tried.length).toBe(maxParallel.perFailing)
    setting.answers = () => 200
    await Promise.all(tried.map(createDeliver(service, renderers)))
    expect((await claimAll(service)).length).toBe(2)
  })

  test('the endpoints of one tenant take turns', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const codes = await createWallets(service, tenant, maxParallel.perEndpoint)
    for (let i = 0; i < 13; i++) await createWebhookEndpoint(service, tenant, { url: `http://localhost:1/${i}` })
    for (const code of codes) await happen(setting, code, 0)
    const counts = new Map<string, number>()
    for (const { endpointId } of await claimAll(service)) counts.set(endpointId, (counts.get(endpointId) ?? 0) + 1)
    expect([...counts.values()].sort()).toEqual([9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10].sort())
  })

  test('an endpoint that acknowledges nothing for five days is disabled, for a reason that can be seen, and can be enabled', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = '', late = ''] = await createWallets(service, tenant, 2)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    setting.answers = () => 500
    await happen(setting, code, 0)
    await deliver(setting)
    service.clock.advance(disabledAfterMs - hour)
    await deliver(setting)
    expect(await getWebhookEndpoint(service, tenant, endpoint.id)).toMatchObject({ disabledAt: null })
    service.clock.advance(hour)
    await happen(setting, late, 1)
    await deliver(setting)
    const disabled = await getWebhookEndpoint(service, tenant, endpoint.id)
    expect(disabled.disabledReason).toMatch(/^It has acknowledged nothing since 20/)
    expect(await readDeliveries(setting)).toMatchObject([{ status: 'failed' }, { status: 'failed' }])
    await happen(setting, code, 2)
    expect(await readDeliveries(setting)).toHaveLength(2)

    await updateWebhookEndpoint(service, tenant, endpoint.id, { enabled: true })
    setting.answers = () => 200
    await happen(setting, code, 3)
    expect(await deliver(setting)).toBe(1)
    expect(await getWebhookEndpoint(service, tenant, endpoint.id)).toMatchObject({
      disabledAt: null,
      disabledReason: null,
      failingSince: null,
    })
  })

  test('an endpoint that says it is gone is disabled at once', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    setting.answers = () => 410
    await happen(setting, code, 0)
    await deliver(setting)
    expect(await getWebhookEndpoint(service, tenant, endpoint.id)).toMatchObject({
      disabledReason: 'It answered 410 Gone',
    })
  })

  test('an endpoint that is deleted is told nothing more, also of an event that was recorded in that moment', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    await happen(setting, code, 0)
    await deleteWebhookEndpoint(service, tenant, endpoint.id)
    expect(await readDeliveries(setting)).toMatchObject([
      { status: 'failed', failure_reason: 'The endpoint was deleted', next_attempt_at: null },
    ])
    await service.db.query(sql`
      update deliveries set status = 'pending', next_attempt_at = ${service.clock.now()}
      where merchant_id = ${tenant.merchant.id}
    `)
    expect(await deliver(setting)).toBe(0)
    expect(await giveUpStrayDeliveries(service)).toBe(1)
    expect(await readDeliveries(setting)).toMatchObject([{ status: 'failed' }])
  })

  test('a delivery is signed with both secrets for a while after a change', async () => {
    const setting = await setUp()
    const { service, tenant } = setting
    const [code = ''] = await createWallets(service, tenant, 1)
    const { endpoint } = await createWebhookEndpoint(service, tenant, hooks)
    const count = async () => {
      await happen(setting, code, 0)
      await deliver(setting)
      return setting.sent.at(-1)?.headers['webhook-signature']?.split(' ').length
    }
    expect(await count()).toBe(1)
    const { secret } = await rotateWebhookSecret(service, tenant, endpoint.id, hour)
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/)
    expect(await count()).toBe(2)
    service.clock.advance(hour)
    expect(await count()).toBe(1)
  })
})

test('a delivery that a process took on and never reported is sent again once its time has run out', async () => {
  const setting = await setUp()
  const { service, tenant } = setting
  const [code = ''] = await createWallets(service, tenant, 1)
  await createWebhookEndpoint(service, tenant, hooks)
  await happen(setting, code, 'first')
  await happen(setting, code, 'second')
  expect(await claimDeliveries(service)).toHaveLength(1)
  expect(await deliver(setting)).toBe(0)
  service.clock.advance(19_000)
  expect(await deliver(setting)).toBe(0)
  service.clock.advance(1_000)
  expect(await deliver(setting)).toBe(2)
  expect(setting.sent.map(({ note }) => note)).toEqual(['first', 'second'])
})

describe('the URL of an endpoint', () => {
  test.each([
    ['test', 'http://localhost:3000/hooks', true],
    ['test', 'http://[fd00::1]/', true],
    ['test', 'http://169.254.169.254/', false],
    ['test', 'ftp://localhost/', false],
    ['test', 'localhost:3000', false],
    ['test', '', false],
    ['test', 'http://user:pass@localhost/', false],
    ['live', 'https://example.com/hooks', true],
    ['live', 'http://example.com/hooks', false],
    ['live', 'https://localhost/hooks', false],
    ['live', 'https://[fd00::1]/', false],
    ['live', 'https://2130706433/', false],
    ['live', 'https://[::ffff:127.0.0.1]/', false],
  ] as const)(
    'the URL of an endpoint is judged by its mode: in %s mode, %s (accepted: %s)',
    async (mode, url, isAccepted) => {
      const { service, tenant } = await setUp(mode)
      const made = createWebhookEndpoint(service, tenant, { url })
      if (isAccepted) expect((await made).endpoint.url).toBe(new URL(url).href)
      else await expect(made).rejects.toMatchObject({ code: 'invalid_request', field: 'url' })
    },
  )
})
