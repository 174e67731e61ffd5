import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { listRoutes, openTestApi, type TestApi } from '../../../test/api.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
const publicUrl = 'https://wallet.example:8443'

let api: TestApi

beforeAll(async () => {
  api = await openTestApi({ publicUrl })
})
afterAll(() => api.close())

const ask = (path: string, accept: string, method: 'GET' | 'POST' | 'PUT' = 'GET') =>
  api.app.inject({ method, url: path, headers: { accept } })

describe('the start page', () => {
  test.each(['/', '/?utm_source=x', '//', '/app'])('a browser that asks for %s is shown a page', async (path) => {
    const { statusCode, headers, body } = await ask(path, browser)
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(body).toContain('<h1>Mteja</h1>')
  })

  test.each(['text/html', 'TEXT/HTML', 'application/json;q=0.5, text/html;q=0.9', 'text/*', 'text/html, */*;q=0.1'])(
    'a caller of / that prefers a page by %s is shown it',
    async (accept) => {
      const { statusCode, headers } = await ask('/', accept)
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    },
  )

  test('the start page has the addresses of the APIs and the first calls, with the address of this server', async () => {
    const { body } = await ask('/', browser)
    for (const part of ['/api/canary</code>', '</code>', '/v1</code>'])
      expect(body).toContain(`<code>${publicUrl}${part}`)
    expect(body).toContain(`curl ${publicUrl}/api/canary/customers -H`)
    expect(body).not.toContain('127.0.0.1')
  })

  test('every link of the start page leads to something', async () => {
    const { body } = await ask('/', browser)
    const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, link]) => link as string)
    expect(links).toContain('/docs')
    for (const link of links) expect([link, (await ask(link, browser)).statusCode]).toEqual([link, 200])
  })

  test('the first calls of the start page work as they are written', async () => {
    const { body } = await ask('/', browser)
    const [, text = ''] = /<pre>(.*?)<\/pre>/s.exec(body) ?? []
    const calls = text
      .replaceAll('&#39;', "'")
      .replaceAll('\\\n', '')
      .split('\n')
      .filter((line) => line.startsWith('curl '))
    expect(calls).toHaveLength(5)
    let customer = ''
    for (const line of calls) {
      const [, url = ''] = /^curl (\S+)/.exec(line) ?? []
      const [, data] = /-d ['"](.*)['"]$/.exec(line) ?? []
      const payload = data?.replaceAll('\\"', '"').replace('$CUSTOMER', customer)
      const answer = await api.app.inject({
        method: data === undefined ? 'GET' : 'POST',
        url: url.slice(publicUrl.length).replace('$CUSTOMER', customer),
        headers: { authorization: `Bearer ${api.tenant.secret}`, 'content-type': 'application/json' },
        ...(payload === undefined ? {} : { payload }),
      })
      expect([line, answer.statusCode < 300]).toEqual([line, true])
      customer ||= answer.json().id
    }
  })

  test('the start page says when the database cannot be reached', async () => {
    const outage = vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('gone'))
    const { statusCode, body } = await ask('/', browser)
    outage.mockRestore()
    expect([statusCode, body]).toEqual([200, expect.stringContaining('The database cannot be reached')])
  })

  test.each([
    ['GET', '*/*'],
    ['GET', 'application/json'],
    ['GET', 'application/json, text/plain, */*'],
    ['GET', 'text/html;q=0'],
    ['GET', 'text/html;q=0, application/json'],
    ['GET', '*/*, text/html;q=0.0'],
    ['GET', 'application/json, text/html;q=0.9'],
    ['GET', 'text/htmlx, text/plain'],
    ['GET', 'application/x-text/html'],
    ['GET', ''],
    ['POST', browser],
    ['PUT', browser],
  ] as const)('%s of / that accepts %s is answered in Paystack’s envelope', async (method, accept) => {
    const answer = await ask('/', accept, method)
    expect([answer.statusCode, answer.json()]).toEqual([401, expect.objectContaining({ status: false })])
    const known = await api.app.inject({
      method,
      url: '/',
      headers: { accept, authorization: `Bearer ${api.tenant.secret}` },
    })
    expect([known.statusCode, known.json()]).toEqual([404, expect.objectContaining({ status: false })])
  })

  test('a browser has an icon for every page', async () => {
    const { statusCode, headers, body } = await ask('/favicon.ico', 'image/avif,image/*,*/*;q=0.8')
    expect([statusCode, headers['content-type']]).toEqual([200, 'image/svg+xml'])
    expect(body).toMatch(/^<svg /)
  })
})

/** The first segments of the addresses of Paystack's API, served here or not. */
const paystackSegments = [
  'apple-pay',
  'address_verification',
  'balance',
  'bank',
  'bulkcharge',
  'charge',
  'country',
  'customer',
  'decision',
  'dedicated_account',
  'directdebit',
  'dispute',
  'integration',
  'order',
  'page',
  'paymentrequest',
  'plan',
  'product',
  'refund',
  'settlement',
  'split',
  'storefront',
  'subaccount',
  'subscription',
  'terminal',
  'transaction',
  'transfer',
  'transferrecipient',
  'virtual_terminal',
]

/** Not in the reference, but no pages: a file behind a link, and a call that is always refused. */
const noPages = ['/transaction/export/:name', '/dedicated_account/split']

test('no page stands on an address that a client of an API may call', async () => {
  const routes = await listRoutes({ adminKey: 'operator-0123456789' })
  const segmentOf = (url: string) => url.split('/')[1] as string
  const taken = new Set([
    ...paystackSegments,
    ...routes.filter(({ hidden }) => !hidden).map(({ url }) => segmentOf(url)),
  ])
  const pages = routes
    .filter(({ hidden, url }) => hidden && url !== '*' && !noPages.includes(url))
    .map(({ url }) => segmentOf(url))
  expect(pages).toContain('app')
  expect(pages.filter((segment) => taken.has(segment))).toEqual([])
})
