import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { openTestLog, type TestLog } from '../../../test/log-lines.ts'

const levels = { debug: 20, info: 30, error: 50 }

let api: TestApi
let log: TestLog

beforeAll(async () => {
  log = openTestLog('debug')
  api = await openTestApi({ log: log.server })
})
afterAll(() => api.close())
afterEach(() => {
  log.lines.length = 0
})

/** Sends a request. Answers the lines with the request id of its answer. */
async function linesOf(method: string, path: string, body?: unknown, bearer?: string | null) {
  const { headers } = await api.call(method, path, body, bearer)
  const requestId = headers['x-request-id'] as string
  return { requestId, lines: log.lines.filter((line) => line.requestId === requestId) }
}

describe('a request is logged in one line', () => {
  test('the log line of a request has method, route, status, duration, merchant, key and the x-request-id of the answer', async () => {
    const { requestId, lines } = await linesOf('GET', '/customer/ada@example.com?from=2026-01-01')
    expect(lines).toEqual([
      {
        level: levels.info,
        requestId,
        method: 'GET',
        route: '/customer/:email_or_code',
        status: 404,
        durationMs: expect.any(Number),
        merchant: api.tenant.merchant.code,
        apiKeyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        msg: 'request',
      },
    ])
    expect(log.lines).toHaveLength(1)
  })

  test('the log line of an unauthorized request has no merchant and no key', async () => {
    const { requestId, lines } = await linesOf('POST', '/customer', { email: 'ada@example.com' }, 'sk_test_wrong')
    const route = '/customer'
    expect(lines).toEqual([
      {
        level: levels.info,
        requestId,
        method: 'POST',
        route,
        status: 401,
        durationMs: expect.any(Number),
        msg: 'request',
      },
    ])
  })

  test.each([
    ['GET', '/v1/ada@example.com', 404],
    ['GET', '/api/canary/ada@example.com', 404],
    ['GET', '/ada@example.com', 404],
    ['GET', '/customer/ada@example.com%zz', 400],
  ])('the log line of an unknown address has the route "unknown": %s %s', async (method, path, status) => {
    const { lines } = await linesOf(method, path)
    expect(lines).toMatchObject([{ level: levels.info, method, route: 'unknown', status, msg: 'request' }])
  })

  test.each(['/healthz', '/readyz', '/metrics'])(
    'a request to %s is logged only at debug, because machines ask every few seconds',
    async (path) => {
      const { lines } = await linesOf('GET', path)
      expect(lines).toMatchObject([{ level: levels.debug, route: path, status: 200 }])
    },
  )
})

describe('an answer that does not arrive whole is logged', () => {
  let origin: string
  beforeAll(async () => {
    origin = await api.app.listen({ host: '127.0.0.1', port: 0 })
  })

  /** The line of the request. */
  async function lineOf(requestId: string) {
    return vi.waitFor(() => {
      const line = log.lines.find((each) => each.requestId === requestId && each.msg === 'request')
      if (line === undefined) throw new Error('not yet')
      return line
    }, 60_000)
  }

  test.each(['GET', 'POST'])('a %s whose caller has left is logged with the status 499', async (method) => {
    const leaving = new AbortController()
    let reject = (_error: Error) => {}
    const promise = new Promise<never>((_resolve, refuse) => {
      reject = refuse
    })
    const slow = [
      vi.spyOn(api.service.db, 'query').mockReturnValue(promise),
      vi.spyOn(api.service.db, 'transaction').mockReturnValue(promise),
    ]
    const call = fetch(`${origin}/v1/webhook-endpoints`, {
      method,
      headers: {
        authorization: `Bearer ${api.tenant.secret}`,
        'content-type': 'application/json',
        'x-request-id': `leaving-${method}`,
      },
      signal: leaving.signal,
      ...(method === 'GET' ? {} : { body: '{"url": "http://localhost:1/hooks"}' }),
    }).catch((error: Error) => error.name)
    await vi.waitFor(() => expect(slow.some(({ mock }) => mock.calls.length > 0)).toBe(true), 60_000)
    leaving.abort()
    expect(await call).toBe('AbortError')
    expect(await lineOf(`leaving-${method}`)).toMatchObject({ method, route: '/v1/webhook-endpoints', status: 499 })
    reject(new Error('too late'))
    for (const each of slow) each.mockRestore()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const ofRequest = log.lines.filter(({ requestId, msg }) => requestId === `leaving-${method}` && msg === 'request')
    expect(ofRequest).toHaveLength(1)
  })

  test('a stream that broke off after its beginning is logged with the status 500 and the error', async () => {
    const requestId = 'breaking-off'
    const real = api.service.db.query.bind(api.service.db)
    const breaking = vi.spyOn(api.service.db, 'query')
    breaking.mockImplementation(((statement: { text: string }) =>
      statement.text.includes('is_told') || breaking.mock.calls.length > 3
        ? Promise.reject(new TypeError('a bug'))
        : real(statement as never)) as never)
    const answer = await fetch(`${origin}/v1/events/stream`, {
      headers: { authorization: `Bearer ${api.tenant.secret}`, 'x-request-id': requestId },
    })
    expect(answer.status).toBe(200)
    await expect(answer.text()).rejects.toThrow()
    breaking.mockRestore()
    expect(await lineOf(requestId)).toMatchObject({ route: '/v1/events/stream', status: 500 })
    expect(log.lines.find(({ msg }) => msg === 'the answer broke off')).toMatchObject({
      level: levels.error,
      requestId,
      route: '/v1/events/stream',
      err: { message: 'a bug' },
    })
  })
})

test('a fault of the server is logged at error with the request id, the route and the stack, beside the request’s line', async () => {
  const bug = vi.spyOn(api.service.db, 'query').mockRejectedValue(new TypeError('a bug'))
  const { lines } = await linesOf('GET', '/customer/ada@example.com')
  bug.mockRestore()
  const route = '/customer/:email_or_code'
  expect(lines).toMatchObject([
    { level: levels.error, route, msg: 'request failed', err: { type: 'TypeError', message: 'a bug' } },
    { level: levels.info, route, status: 500, msg: 'request' },
  ])
  expect(lines[0]?.err).toMatchObject({ stack: expect.stringContaining('requests.test.ts') })
})

test('the log has no value of a request or an error', async () => {
  const secret = 'ada@example.com'
  const refused = Object.assign(new Error(`duplicate key (${secret})\nKey (email)=(${secret})`), {
    code: '23505',
    constraint: 'customers_email',
    table: 'customers',
    detail: `Key (email)=(${secret}) already exists.`,
  })
  const unreadable = await Promise.reject(secret).catch((text) => {
    try {
      return JSON.parse(text)
    } catch (error) {
      return error
    }
  })
  const bug = vi.spyOn(api.service.db, 'query')
  for (const error of [refused, unreadable, secret, null]) {
    bug.mockRejectedValue(error)
    await api.call('GET', `/customer/${secret}?x=${secret}`)
  }
  bug.mockRestore()
  await api.call('POST', '/customer', { email: secret, first_name: secret })
  await api.call('POST', '/customer', { email: 'no e-mail', first_name: secret })
  await api.call('POST', '/customer', `{"email": "${secret}`)
  await api.app.inject({ method: 'GET', url: `/${secret}`, headers: { 'x-request-id': secret, cookie: secret } })
  expect(log.text()).not.toContain(secret)
  expect(log.text()).not.toContain(api.tenant.secret)
  expect(log.lines.filter(({ level }) => level === levels.error)).toHaveLength(4)
  expect(log.text()).toContain('"message":"database error 23505","code":"23505","constraint":"customers_email"')
})
