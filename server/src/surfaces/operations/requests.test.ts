import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { openTestApi, type TestApi } from '../../../test/api.ts'
import { openTestLog, type TestLog } from '../../../test/log-lines.ts'

const levels = { debug: 20, info: 30, error: 50 }

let api: TestApi
let log: TestLog

beforeAll(async () => {
  log = openTestLog('debug')
  api = await openTestApi({ log: log.log })
})
afterAll(() => api.close())
afterEach(() => {
  log.lines.length = 0
})

/** Sends a request, and answers the lines that carry the request id of its answer. */
async function linesOf(method: string, path: string, body?: unknown, bearer?: string | null) {
  const { headers } = await api.call(method, path, body, bearer)
  const requestId = headers['x-request-id'] as string
  return { requestId, lines: log.lines.filter((line) => line.requestId === requestId) }
}

describe('a request is logged in one line', () => {
  test('with method, route, status, duration, merchant and key, found by the x-request-id of the answer', async () => {
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

  test('without merchant and key where nobody is known', async () => {
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
  ])('as of an unknown route: %s %s', async (method, path, status) => {
    const { lines } = await linesOf(method, path)
    expect(lines).toMatchObject([{ level: levels.info, method, route: 'unknown', status, msg: 'request' }])
  })

  test.each(['/healthz', '/readyz', '/metrics'])(
    'only at debug where a machine asks %s every few seconds',
    async (path) => {
      const { lines } = await linesOf('GET', path)
      expect(lines).toMatchObject([{ level: levels.debug, route: path, status: 200 }])
    },
  )
})

test('a fault of ours is logged at error with the request id, the route and the stack, beside the line of its request', async () => {
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

test('no value of a request or an error gets into the log', async () => {
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
