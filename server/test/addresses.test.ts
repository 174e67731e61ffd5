import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillPath, listRoutes, openTestApi, type TestApi } from './api.ts'

const adminKey = 'operator-0123456789'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi({ adminKey })
})
afterAll(() => api.close())

const named = (await listRoutes({ adminKey })).filter(({ url }) => url.includes(':') && !url.startsWith('/webhooks'))
const pages = ['/pay', '/checkout', '/authorize', '/statement']
const isPage = (url: string) => pages.some((page) => url.startsWith(`${page}/`))

async function ask(method: string, url: string, path: string) {
  const bearer = /^\/v1\/(merchants|ledger)/.test(url) ? adminKey : api.tenant.secret
  const body = method === 'GET' || method === 'DELETE' ? undefined : {}
  const answer = await api.call(method, path, body, isPage(url) ? null : bearer)
  return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.body }
}

test.each(named.map(({ name }) => name))('%s answers a name of any length as an unknown name', async (name) => {
  const [method = '', url = ''] = name.split(' ')
  const pathOf = (value: string) =>
    fillPath(url, Object.fromEntries([...url.matchAll(/:(\w+)/g)].map(([, each]) => [each as string, value])))
  const unknown = await ask(method, url, pathOf('x1'))
  for (const length of [501, 5000]) {
    const answer = await ask(method, url, pathOf('x'.repeat(length)))
    expect(answer.body).not.toContain('percent sign')
    expect(answer.type).toBe(unknown.type)
    // A member that is refused comes before the name, and a name has a longest length on some routes.
    if (/must be at most|too long|longer/.test(answer.body)) expect(answer.status).toBe(400)
    else expect(answer.status).toBe(unknown.status)
  }
})

describe('a page at an address that encodes nothing', () => {
  test.each(pages)('%s answers an address that encodes nothing by a page for a person', async (page) => {
    for (const path of [`${page}/%zz`, `${page}/%`, `${page}/a%E0%A4?x=1`]) {
      const answer = await api.call('GET', path, undefined, null)
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
      expect(answer.body).toMatch(/<h1>.+<\/h1><p>(There is no|This link has expired)/)
    }
  })

  test.each(['/v1/holds/%zz', '/customer/%zz', '/api/canary/customers/%zz', '/payments/%zz'])(
    '%s is refused in the envelope of its API, with the reason',
    async (path) => {
      const answer = await api.call('GET', path)
      expect([answer.statusCode, answer.body]).toEqual([400, expect.stringContaining('a percent sign that encodes')])
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    },
  )
})

test('a browser that asks for the head of the root is answered as for the root', async () => {
  for (const accept of ['text/html', 'text/html,*/*;q=0.8', 'application/json', '*/*', undefined]) {
    const headers = accept === undefined ? {} : { accept }
    const [get, head] = await Promise.all(
      (['GET', 'HEAD'] as const).map((method) => api.app.inject({ method, url: '/?a=1', headers })),
    )
    expect([accept, head?.statusCode, head?.headers['content-type'], head?.body]).toEqual([
      accept,
      get?.statusCode,
      get?.headers['content-type'],
      '',
    ])
  }
})
