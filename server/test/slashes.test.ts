import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillPath, listRoutes, openTestApi, type TestApi } from './api.ts'

const adminKey = 'operator-0123456789'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi({ adminKey })
})
afterAll(() => api.close())

const routes = await listRoutes({ adminKey })
const names = new Set(routes.map(({ name }) => name))

/** Cashful's clients write an item's address from its id, also from an empty one: a slash after a list is no list. */
const isListWithItems = ({ name, url }: { name: string; url: string }) =>
  url.startsWith('/api/canary/') && [...names].some((each) => each.startsWith(`${name}/:`) && !/\/:\w+\//.test(each))

const tested = routes.filter(
  // A stream does not end, and a path of any characters may end in any of them.
  // The addresses of an operator have one spelling: see operations.test.ts.
  ({ url }) => !url.endsWith('*') && !['/', '/v1/events/stream', '/metrics', '/readyz', '/healthz'].includes(url),
)

async function ask(method: string, path: string, headers: Record<string, string> = {}) {
  const isOperators = /^\/+v1\/(merchants|operator|signing-keys|ledger)/.test(path)
  const authorization = `Bearer ${isOperators ? adminKey : api.tenant.secret}`
  const answer = await api.app.inject({
    method: method as 'GET',
    url: path,
    headers: { authorization, ...headers },
    ...(method === 'GET' || method === 'DELETE' ? {} : { payload: {} }),
  })
  return { status: answer.statusCode, body: answer.body, location: answer.headers.location }
}

function pathOf(url: string): string {
  const params = [...url.matchAll(/:(\w+)/g)].map(([, name]) => [name as string, 'x1'])
  return fillPath(url, Object.fromEntries(params))
}

describe('a slash at the end of a path', () => {
  const others = tested.filter((route) => !isListWithItems(route))

  test.each(others.map(({ name }) => name))(
    '%s is answered with and without a slash at its end alike',
    async (name) => {
      const [method = '', url = ''] = name.split(' ')
      const path = pathOf(url)
      const plain = await ask(method, path)
      for (const spelling of [`${path}/`, `${path}//`, `/${path}/`, `${path}/?`]) {
        const slashed = await ask(method, spelling)
        expect([spelling, slashed.status, slashed.location]).toEqual([spelling, plain.status, plain.location])
        expect(slashed.body).not.toContain('There is nothing at')
      }
    },
  )

  const lists = tested.filter(isListWithItems)

  test.each(lists.map(({ name }) => name))(
    '%s with a slash at its end is an item with an empty id, not the list',
    async (name) => {
      const [method = '', url = ''] = name.split(' ')
      const { status, body } = await ask(method, `${url}/?limit=1`)
      expect([status, JSON.parse(body).message]).toEqual([404, [`There is nothing at ${method} ${url}/`]])
    },
  )

  test('the lists of Cashful’s API that have items are known', () => {
    expect(lists.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['GET /api/canary/customers', 'GET /api/canary/payment-intents']),
    )
  })

  test.each(['/nothing/', '/customer/x/cards/', '/api/canary/nothing/', '/v1/nothing/', '/docs/nothing/', '//'])(
    'the unknown path %s is answered 404 in the envelope of its surface, named without its slash',
    async (path) => {
      const { status, body } = await ask('GET', path)
      expect([status, JSON.parse(body)]).toEqual([404, expect.any(Object)])
      expect(body).toContain(`GET ${path === '//' ? '/' : path.slice(0, -1)}`)
    },
  )

  test('a request that is repeated with its key and another spelling of its path is answered as before', async () => {
    const headers = { 'idempotency-key': 'slash', 'content-type': 'application/json' }
    const send = (url: string) =>
      api.app.inject({
        method: 'POST',
        url,
        headers: { authorization: `Bearer ${api.tenant.secret}`, ...headers },
        payload: { email: 'slash@example.com' },
      })
    const first = await send('/customer')
    const again = await send('/customer/')
    expect([again.statusCode, again.headers['idempotent-replayed'], again.body]).toEqual([200, 'true', first.body])
  })
})
