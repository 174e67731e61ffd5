import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { defaultLimits, type Limits } from '../src/domain/context.ts'
import { openTestApi, type TestApi } from './api.ts'
import { createTestTenant, type TestTenant } from './service.ts'
import { createWallets } from './wallets.ts'

// A tenant that takes more than its share is refused, and no other tenant notices. docs/operating.md has the table.

let api: TestApi
let tenant: TestTenant
let limits: { -readonly [Name in keyof Limits]: Limits[Name] }
beforeAll(async () => {
  api = await openTestApi()
  limits = api.service.limits
})
afterAll(() => api.close())
beforeEach(async () => {
  Object.assign(limits, defaultLimits)
  tenant = await createTestTenant(api.service)
})

const call = (method: string, path: string, body?: unknown, bearer = tenant.secret) =>
  api.call(method, path, body, bearer)

function refusal(answer: { statusCode: number; json(): { error?: { code: string } } }) {
  return [answer.statusCode, answer.json().error?.code]
}

describe('things that a tenant has at most so many of', () => {
  test('webhook endpoints, also when they are made at once and by the other API', async () => {
    limits.endpoints = 3
    const body = { url: 'http://localhost:1/hooks' }
    const answers = await Promise.all(Array.from({ length: 6 }, () => call('POST', '/v1/webhook-endpoints', body)))
    const made = answers.filter(({ statusCode }) => statusCode === 201)
    expect(made.length).toBe(3)
    for (const each of answers) if (!made.includes(each)) expect(refusal(each)).toEqual([409, 'too_many_endpoints'])
    const cashful = await call('POST', '/api/canary/webhook-endpoints', { ...body, events: ['customer.created'] })
    expect([cashful.statusCode, cashful.json().error]).toEqual([409, 'Conflict'])
    // The one address in Paystack's style is not among them, and a removed endpoint makes room.
    expect((await call('POST', '/v1/webhook-endpoints', { ...body, style: 'paystack' })).statusCode).toBe(201)
    await call('DELETE', `/v1/webhook-endpoints/${made[0]?.json().id}`)
    await call('DELETE', `/v1/webhook-endpoints/${made[1]?.json().id}`)
    expect((await call('POST', '/v1/webhook-endpoints', body)).statusCode).toBe(201)
    const other = await createTestTenant(api.service)
    expect((await call('POST', '/v1/webhook-endpoints', body, other.secret)).statusCode).toBe(201)
  })

  test('active API keys, of each mode by itself', async () => {
    limits.apiKeys = 3
    const answers = await Promise.all(Array.from({ length: 4 }, () => call('POST', '/v1/api-keys', {})))
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 201, 409, 409])
    expect(refusal(await call('POST', '/v1/api-keys', {}))).toEqual([409, 'too_many_api_keys'])
    const id = answers.find(({ statusCode }) => statusCode === 201)?.json().id
    await call('DELETE', `/v1/api-keys/${id}`)
    const { id: last } = (await call('POST', '/v1/api-keys', {})).json()
    // Where all keys that are allowed exist, each can be replaced, with an overlap and once.
    const replace = (id: string) => call('POST', `/v1/api-keys/${id}/replace`, {})
    const replaced = await replace(last)
    expect(replaced.statusCode, replaced.body).toBe(201)
    expect(refusal(await replace(last))).toEqual([409, 'too_many_api_keys'])
    expect(refusal(await call('POST', '/v1/api-keys', {}))).toEqual([409, 'too_many_api_keys'])
    // In their overlap are as many keys as are allowed, and no more.
    let newest = replaced.json().id
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) {
      const next = await replace(newest)
      statuses.push(next.statusCode)
      newest = next.json().id ?? newest
    }
    expect(statuses).toEqual([201, 201, 409, 409])
  })

  test('a refusal is not remembered: the same request with the same key succeeds once there is room', async () => {
    limits.endpoints = 1
    const { id } = (await call('POST', '/v1/webhook-endpoints', { url: 'http://localhost:1/a' })).json()
    const again = () =>
      api.app.inject({
        method: 'POST',
        url: '/v1/webhook-endpoints',
        headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'once' },
        payload: { url: 'http://localhost:1/b' },
      })
    expect(refusal(await again())).toEqual([409, 'too_many_endpoints'])
    await call('DELETE', `/v1/webhook-endpoints/${id}`)
    expect((await again()).statusCode).toBe(201)
  })
})

/** The customers that a stream tells of, until there are so many. Then the stream is left. */
async function readCustomers(answer: Response, count: number): Promise<string[]> {
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  const customers: string[] = []
  while (customers.length < count) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`The stream ended after ${customers.length} customers`)
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    customers.push(...lines.filter(Boolean).flatMap((line) => JSON.parse(line).customerId ?? []))
  }
  await reader.cancel()
  return customers
}

describe('things that are under way at most so many at once', () => {
  test('event streams: one more is refused with Retry-After, one that ends makes room, and each has every event', async () => {
    limits.streams = 2
    const origin = await api.app.listen({ port: 0, host: '127.0.0.1' })
    const headers = { authorization: `Bearer ${tenant.secret}` }
    const open = [
      await fetch(`${origin}/v1/events/stream`, { headers }),
      await fetch(`${origin}/v1/events/stream`, { headers }),
    ]
    const refused = await call('GET', '/v1/events/stream')
    expect([...refusal(refused), refused.headers['retry-after']]).toEqual([429, 'too_many_streams', '1'])
    const other = await createTestTenant(api.service)
    expect((await call('GET', '/v1/events/stream?seconds=0', undefined, other.secret)).statusCode).toBe(200)
    const codes = await createWallets(api.service, tenant, 3)
    for (const answer of open) expect((await readCustomers(answer, 3)).sort()).toEqual(codes.toSorted())
    await expect.poll(async () => (await call('GET', '/v1/events/stream?seconds=0')).statusCode).toBe(200)
  })

  test('batches of transfers wait for each other, and those beyond the limit are refused and not done', async () => {
    const [from = '', to = ''] = await createWallets(api.service, tenant, 2)
    await call('POST', '/v1/sandbox/pay-ins', { customerId: from, amount: 100_000, currency: 'ZAR' })
    const transfers = Array.from({ length: 300 }, () => ({ fromCustomerId: from, toCustomerId: to, amount: 1 }))
    const answers = await Promise.all(
      Array.from({ length: 14 }, () => call('POST', '/v1/transfers/batch', { transfers })),
    )
    const done = answers.filter(({ statusCode }) => statusCode === 200)
    expect(done.length).toBeGreaterThanOrEqual(10)
    expect(done.length).toBeLessThan(14)
    for (const each of answers) if (!done.includes(each)) expect(refusal(each)).toEqual([429, 'too_many_batches'])
    const { posted } = (await call('GET', `/v1/customers/${to}/balances`)).json().balances[0]
    expect(posted).toBe(300 * done.length)
  })
})

test('a large read that is cut into slices answers what one statement would answer', async () => {
  const [from = '', to = ''] = await createWallets(api.service, tenant, 2)
  await call('POST', '/v1/sandbox/pay-ins', { customerId: from, amount: 1000, currency: 'ZAR' })
  for (let i = 1; i <= 7; i++) {
    if (i === 4) api.service.clock.advance(3 * 24 * 3600_000)
    await call('POST', '/api/canary/transfers', { fromCustomerId: from, toCustomerId: to, amount: i, currency: 'ZAR' })
  }
  const read = async (path: string) => (await call('GET', path)).json()
  const day = api.service.clock.now().toISOString().slice(0, 10)
  const paths = ['/api/canary/analytics', `/v1/customers/${from}/statement?from=2026-01-01&to=${day}`]
  const whole = await Promise.all(paths.map(read))
  expect(whole[1]).toMatchObject({ totalIn: 1000, totalOut: 28 })
  for (const rowsPerSlice of [1, 3, 8, 9]) {
    limits.rowsPerSlice = rowsPerSlice
    expect(await Promise.all(paths.map(read))).toEqual(whole)
  }
})

describe('requests per second', () => {
  // Seconds go by only when a test says so.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const surfaces = [
    ['/v1/api-keys', (body: { error: { code: string } }) => body.error.code, 'too_many_requests'],
    [
      '/api/canary/balance',
      (body: { statusCode: number; error: string }) => `${body.statusCode} ${body.error}`,
      '429 Too Many Requests',
    ],
    ['/customer', (body: { status: boolean; code: string }) => `${body.status} ${body.code}`, 'false rate_limited'],
  ] as const

  test.each(surfaces)(
    'a key that asks %s too often is refused in the envelope, with the time to wait',
    async (path, read, expected) => {
      const limited = await api.openAnother({ rates: { requestsPerSecond: 3 } })
      const get = (bearer: string) => limited.call('GET', path, undefined, bearer)
      const answers = [await get(tenant.secret), await get(tenant.secret), await get(tenant.secret)]
      const counts = answers.map(({ headers }) => [headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']])
      const refused = await get(tenant.secret)
      expect(counts).toEqual([
        ['3', '2'],
        ['3', '1'],
        ['3', '0'],
      ])
      expect([refused.statusCode, read(refused.json() as never)]).toEqual([429, expected])
      expect(refused.headers).toMatchObject({
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '1',
        'retry-after': '1',
      })
      const other = await createTestTenant(api.service)
      expect((await get(other.secret)).statusCode).toBe(200)
      vi.setSystemTime(Date.now() + 1000)
      expect((await get(tenant.secret)).statusCode).toBe(200)
      await limited.close()
    },
  )

  test.each([3, 4, 7, 40])('of %i requests at once as many are taken as a second allows', async (count) => {
    const limited = await api.openAnother({ rates: { requestsPerSecond: 3 } })
    const asked = Array.from({ length: count }, () => limited.call('GET', '/v1/customers', undefined, tenant.secret))
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode)
    expect(statuses.filter((status) => status === 200)).toHaveLength(3)
    expect(statuses.filter((status) => status === 429)).toHaveLength(count - 3)
    await limited.close()
  })

  test('a refusal for too many requests is not remembered under the Idempotency-Key', async () => {
    const limited = await api.openAnother({ rates: { requestsPerSecond: 1 } })
    const post = () =>
      limited.app.inject({
        method: 'POST',
        url: '/api/canary/customers',
        headers: { authorization: `Bearer ${tenant.secret}`, 'idempotency-key': 'same' },
        payload: { phoneNumber: '+27821234567', name: 'Thandi Nkosi' },
      })
    const answers = [await limited.call('GET', '/api/canary/balance', undefined, tenant.secret), await post()]
    vi.setSystemTime(Date.now() + 1000)
    answers.push(await post())
    expect(answers.at(-1)?.statusCode).toBe(201)
    await limited.close()
  })

  test('an address with too many wrong keys is refused unheard, behind a trusted proxy only that address', async () => {
    const rates = { failedAuthenticationsPerMinute: 3 }
    const limited = await api.openAnother({ rates, trustProxy: ['127.0.0.1'], adminKey: 'operator-0123456789' })
    const from = async (address: string, bearer: string, url = '/v1/api-keys') => {
      const headers = { authorization: `Bearer ${bearer}`, 'x-forwarded-for': address }
      return limited.app.inject({ method: 'GET', url, headers })
    }
    const wrong = 'sk_test_0000000000000000'
    const statuses = []
    for (let i = 0; i < 5; i++) statuses.push((await from('198.51.100.1', wrong)).statusCode)
    expect(statuses).toEqual([401, 401, 401, 429, 429])
    const refused = await from('198.51.100.1', tenant.secret)
    expect([...refusal(refused), Number(refused.headers['retry-after']) > 50]).toEqual([429, 'too_many_requests', true])
    for (let i = 0; i < 5; i++) expect((await from('198.51.100.2', tenant.secret)).statusCode).toBe(200)
    // Some proxies write the port too.
    const withPorts = ['198.51.100.1:443', '203.0.113.9, 198.51.100.1:80']
    for (const each of withPorts) expect((await from(each, tenant.secret)).statusCode).toBe(429)
    // The keys of the operator and addresses of IPv6 in one network are counted too.
    for (let i = 0; i < 3; i++) await from(`2001:db8::${i}`, 'not-the-operators-key', '/v1/merchants')
    for (const each of ['2001:db8::9', '[2001:db8::9]:443', '[2001:db8::9]']) {
      expect((await from(each, 'operator-0123456789', '/v1/merchants')).statusCode).toBe(429)
    }
    await limited.close()
  })

  test('without a trusted proxy X-Forwarded-For is not believed', async () => {
    const limited = await api.openAnother({ rates: { failedAuthenticationsPerMinute: 2 } })
    const from = (address: string) =>
      limited.app.inject({ method: 'GET', url: '/customer', headers: { 'x-forwarded-for': address } })
    const answers = [await from('198.51.100.1'), await from('198.51.100.2'), await from('198.51.100.3')]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 429])
    await limited.close()
  })

  test('without the settings nothing is counted', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('GET', '/v1/api-keys')))
    expect(answers.every(({ statusCode, headers }) => statusCode === 200 && !('x-ratelimit-limit' in headers))).toBe(
      true,
    )
  })
})
