import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { envelopeProblem } from '../../../test/hostile-answers.ts'
import { type BusyReason, DatabaseBusyError } from '../../db/errors.ts'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api.close())

const get = (path: string) => api.call('GET', path, undefined, null)

describe('health', () => {
  test('/healthz says that the process runs, whatever the database does', async () => {
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('gone'))
    const answer = await get('/healthz')
    outage.mockRestore()
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }])
  })

  test('/readyz says whether the database answers', async () => {
    expect((await get('/readyz')).json()).toEqual({ status: 'ready' })
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('gone'))
    const answer = await get('/readyz')
    outage.mockRestore()
    expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'database unreachable' }])
  })

  test('/readyz says that the disk is full while the database refuses to store anything, and reads are answered', async () => {
    const full = vi.spyOn(api.service.db, 'isFull', 'get').mockReturnValue(true)
    const [answer, health, read] = [
      await get('/readyz'),
      await get('/api/canary/health'),
      await api.call('GET', '/customer'),
    ]
    full.mockRestore()
    expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'database storage full' }])
    expect([health.statusCode, health.json().error.database.message]).toEqual([503, 'The database has no space left'])
    expect(read.statusCode).toBe(200)
  })

  test('/readyz answers in time although the database does not, by a lane or without', async () => {
    const hangs = () => new Promise<never>(() => undefined)
    for (const outage of [
      vi.spyOn(api.service.db, 'query').mockImplementation(hangs),
      vi.spyOn(api.service.db, 'lane').mockReturnValue({ depth: 1, query: hangs }),
    ]) {
      const answer = await get('/readyz')
      outage.mockRestore()
      expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'database unreachable' }])
    }
  })

  test('Cashful’s health names the service that is down', async () => {
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('gone'))
    const answer = await get('/api/canary/health')
    outage.mockRestore()
    const down = { database: { status: 'down', message: 'The database cannot be reached' } }
    const up = { 'cashful-api': { status: 'up' } }
    expect([answer.statusCode, answer.json()]).toEqual([
      503,
      { status: 'error', info: up, error: down, details: { ...up, ...down } },
    ])
  })
})

test.each(['/metrics', '/readyz', '/healthz'])(
  '%s is answered in this one spelling, so that the exact rule of a proxy holds',
  async (path) => {
    for (const spelling of [path, `${path}?a=1`]) expect((await get(spelling)).statusCode).toBe(200)
    const others = [
      `/${path}`,
      `${path}/`,
      `${path}//`,
      `${path}/?a`,
      `/%${path.charCodeAt(1).toString(16)}${path.slice(2)}`,
    ]
    for (const spelling of others) {
      const answer = await get(spelling)
      expect([spelling, answer.statusCode]).toEqual([spelling, 404])
      expect(envelopeProblem(spelling, 404, answer.body)).toBeNull()
    }
  },
)

test('a server that is about to close says so in each of its health checks', async () => {
  const draining = await api.openAnother({ draining: AbortSignal.abort() })
  const ask = (path: string) => draining.call('GET', path, undefined, null)
  const [ready, cashful] = [await ask('/readyz'), await ask('/api/canary/health')]
  expect([ready.statusCode, ready.json()]).toEqual([503, { status: 'closing' }])
  const down = { 'cashful-api': { status: 'down', message: 'The server is closing' } }
  expect([cashful.statusCode, cashful.json()]).toEqual([503, { status: 'error', info: {}, error: down, details: down }])
  await draining.close()
})

describe('/metrics', () => {
  test('/metrics counts requests by route, never by address', async () => {
    await api.call('GET', '/customer/secret@example.com')
    await get('/nothing-here')
    const { body, headers } = await get('/metrics')
    expect(headers['content-type']).toMatch(/^text\/plain/)
    expect(body).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/customer\/:email_or_code",status="404"\} 1/,
    )
    expect(body).toContain('process_cpu_user_seconds_total')
    expect(body).not.toMatch(/secret@example|nothing-here/)
  })

  test('/metrics counts failures of the server', async () => {
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('a bug'))
    const answer = await api.call('GET', '/customer')
    outage.mockRestore()
    expect([answer.statusCode, answer.body]).toEqual([500, expect.not.stringContaining('a bug')])
    expect((await get('/metrics')).body).toMatch(/http_request_failures_total [1-9]/)
  })
})

/** What a caller is told of each reason for which the database has not done a statement. */
const busyMessages: [BusyReason, string][] = [
  ['time', 'The database did not answer in time; try again in a moment'],
  ['lock', 'The database did not answer in time; try again in a moment'],
  ['space', 'The database cannot store anything at the moment; try again in a moment'],
]

describe('faults of the server', () => {
  test.each([
    ['/customer', { status: false, type: 'api_error', code: 'unknown' }],
    ['/api/canary/customers', { statusCode: 503, error: 'Service Unavailable' }],
    ['/v1/api-keys', { error: { code: 'busy' } }],
  ])('an unreachable database answers 503 with Retry-After at %s', async (path, body) => {
    const away = Object.assign(new Error('gone'), { name: 'DatabaseUnavailableError' })
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(away)
    const answer = await api.call('GET', path)
    outage.mockRestore()
    expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toMatchObject([503, '1', body])
  })

  test.each(busyMessages)(
    'a statement that the database has undone (%s) is answered by 503, not by 500',
    async (reason, message) => {
      const busy = new DatabaseBusyError(reason, new Error('select secret from table'))
      for (const path of ['/customer', '/api/canary/customers', '/v1/api-keys']) {
        const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(busy)
        const answer = await api.call('GET', path)
        outage.mockRestore()
        expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
        expect(answer.body).toContain(message)
      }
    },
  )

  test.each([
    ['/customer', { status: false, message: 'Something went wrong on our side; nothing was changed' }],
    ['/api/canary/customers', { statusCode: 500, error: 'Internal Server Error' }],
    ['/v1/api-keys', { error: { code: 'internal' } }],
  ])('a bug answers 500 without internals at %s', async (path, body) => {
    const bug = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('select secret from table'))
    const answer = await api.call('GET', path)
    bug.mockRestore()
    expect([answer.statusCode, answer.json()]).toMatchObject([500, body])
    expect(answer.body).not.toContain('secret')
  })
})

describe('every answer', () => {
  test.each(['/healthz', '/customer', '/api/canary/customers', '/v1/nothing', '/customer/%zz', '/docs/cashful.json'])(
    'every answer of %s has a request id, the caller’s own where it is valid',
    async (url) => {
      const ask = async (given?: string) => {
        const headers = given === undefined ? {} : { 'x-request-id': given }
        return (await api.app.inject({ method: 'GET', url, headers })).headers['x-request-id']
      }
      expect(await ask()).toMatch(/^[0-9a-f-]{36}$/)
      expect(await ask('order-7:retry.1')).toBe('order-7:retry.1')
      for (const unfit of ['', 'a b', 'x'.repeat(101), '<script>']) {
        expect(await ask(unfit)).toMatch(/^[0-9a-f-]{36}$/)
      }
    },
  )

  const calls = [
    ['/customer/CUS_x', 'PUT'],
    ['/api/canary/customers/CUS_x', 'PATCH'],
    ['/v1/api-keys/x', 'DELETE'],
  ] as const

  test.each([
    [['*'], '*'] as const,
    [['https://till.example', 'https://shop.example'], 'https://shop.example'] as const,
  ])(
    'with the origins %j an answer of every surface may be read by a page of another origin, and a preflight says so',
    async (corsOrigins, allowed) => {
      const { app } = await api.openAnother({ corsOrigins })
      const headers = { origin: 'https://shop.example' }
      for (const [url, method] of calls) {
        const preflight = await app.inject({
          method: 'OPTIONS',
          url,
          headers: {
            ...headers,
            'access-control-request-method': method,
            'access-control-request-headers': 'authorization, x-api-key, content-type',
          },
        })
        expect([preflight.statusCode, preflight.body]).toEqual([204, ''])
        expect(preflight.headers).toMatchObject({
          'access-control-allow-origin': allowed,
          'access-control-allow-methods': expect.stringContaining(method),
          'access-control-allow-headers': 'authorization, x-api-key, content-type',
        })
        expect(preflight.headers).not.toHaveProperty('access-control-allow-credentials')
        const answer = await app.inject({ method, url, headers })
        expect([answer.statusCode, answer.headers['access-control-allow-origin']]).toEqual([401, allowed])
      }
      const stranger = await app.inject({ url: '/customer', headers: { origin: 'https://evil.example' } })
      expect(stranger.headers['access-control-allow-origin']).toBe(allowed === '*' ? '*' : undefined)
      const metrics = await app.inject({ url: '/metrics', headers })
      expect(metrics.headers).not.toHaveProperty('access-control-allow-origin')
      for (const url of ['/metrics', '/readyz', '/healthz']) {
        const asked = { ...headers, 'access-control-request-method': 'GET' }
        const preflight = await app.inject({ method: 'OPTIONS', url, headers: asked })
        expect([preflight.statusCode, preflight.headers.allow]).toEqual([405, 'GET, HEAD'])
        expect(envelopeProblem(url, 405, preflight.body)).toBe(null)
        expect(preflight.headers).not.toHaveProperty('access-control-allow-origin')
      }
      expect((await app.inject({ method: 'OPTIONS', url: '/customer' })).statusCode).toBe(204)
    },
  )

  test('without origins no page of another origin may read an answer', async () => {
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' }
    for (const [url] of calls) {
      const preflight = await api.app.inject({ method: 'OPTIONS', url, headers })
      expect(preflight.statusCode).toBeGreaterThanOrEqual(400)
      const answer = await api.app.inject({ url, headers })
      for (const { headers } of [preflight, answer]) {
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      }
    }
  })

  test('an answer is kept by no cache, and read as no other type than its own', async () => {
    for (const url of ['/customer', '/api/canary/authentication/token', '/v1/api-keys', '/metrics', '/nothing']) {
      const { headers } = await api.call('GET', url)
      expect([headers['cache-control'], headers['x-content-type-options']]).toEqual(['no-store', 'nosniff'])
    }
  })
})
