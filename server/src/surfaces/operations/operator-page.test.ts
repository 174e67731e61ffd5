import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { listRoutes, openTestApi, type TestApi } from '../../../test/api.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
const publicUrl = 'https://wallet.example:8443'

/** A page that is not built yet, and one that is. */
let api: TestApi
let built: TestApi
const folder = mkdtempSync(join(tmpdir(), 'mteja-page-'))
const script = 'document.title = "Mteja"'

beforeAll(async () => {
  api = await openTestApi({ publicUrl, pageFolder: pathToFileURL(join(folder, 'nothing/')) })
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<script nonce="__NONCE__" src="/app/assets/index-a1.js"></script>')
  writeFileSync(join(folder, 'assets/index-a1.js'), script)
  writeFileSync(join(folder, 'assets/index-a1.js.gz'), gzipSync(script))
  writeFileSync(join(folder, 'assets/secret.txt'), 'no part of the page')
  built = await api.openAnother({ publicUrl, pageFolder: pathToFileURL(`${folder}/`) })
})
afterAll(async () => {
  await built.close()
  await api.close()
  rmSync(folder, { recursive: true })
})

const ask = (path: string, accept: string, method: 'GET' | 'POST' | 'PUT' = 'GET') =>
  api.app.inject({ method, url: path, headers: { accept } })

describe('the start page, until the operator’s page is built', () => {
  test('the start page says that the page is being built, and reloads itself', async () => {
    const { body } = await ask('/app', browser)
    expect(body).toContain('<meta http-equiv="refresh" content="2">')
    expect(body).toContain('The operator’s page is being built')
  })

  test.each(['/', '/?utm_source=x', '//', '/app', '/app/customers/CUS_x'])(
    'a browser that asks for %s is shown a page',
    async (path) => {
      const { statusCode, headers, body } = await ask(path, browser)
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(body).toContain('<h1>Mteja</h1>')
    },
  )

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

describe('the operator’s page', () => {
  const askBuilt = (url: string, headers: Record<string, string> = {}) =>
    built.app.inject({ method: 'GET', url, headers: { accept: browser, ...headers } })

  test.each(['/', '/app', '/app/', '/app/customers/CUS_x?tab=holds', '/app/assets/'])(
    'a browser that asks for %s is given the page, which reads its own address',
    async (path) => {
      const { statusCode, headers, body } = await askBuilt(path)
      expect([statusCode, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
      expect(body).toContain('/app/assets/index-a1.js')
    },
  )

  test('the page may load and ask nothing but this server, and each answer has a nonce of its own for styles', async () => {
    const answers = await Promise.all([askBuilt('/app'), askBuilt('/app')])
    const nonces = answers.map(({ headers, body }) => {
      const policy = String(headers['content-security-policy'])
      const [, nonce = ''] = /'nonce-([^']+)'/.exec(policy) ?? []
      expect(policy).toBe(
        `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; connect-src 'self'; ` +
          "form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
      )
      expect([headers['cache-control'], headers['referrer-policy']]).toEqual(['no-store', 'no-referrer'])
      expect(body).toBe(`<script nonce="${nonce}" src="/app/assets/index-a1.js"></script>`)
      return nonce
    })
    expect(new Set(nonces).size).toBe(2)
  })

  test('a file of the page is kept for ever, and sent packed to a caller that unpacks it', async () => {
    const plain = await askBuilt('/app/assets/index-a1.js')
    expect([plain.statusCode, plain.body, plain.headers['content-encoding']]).toEqual([200, script, undefined])
    const packed = await askBuilt('/app/assets/index-a1.js', { 'accept-encoding': 'br, gzip' })
    expect([packed.headers['content-encoding'], packed.rawPayload]).toEqual(['gzip', gzipSync(script)])
    for (const { headers } of [plain, packed]) {
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
      expect([headers['content-type'], headers.vary]).toEqual(['text/javascript; charset=utf-8', 'accept-encoding'])
    }
  })

  test.each([
    '/app/assets/index-b2.js',
    '/app/assets/secret.txt',
    '/app/assets/..%2Findex.html',
    '/app/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '/app/assets/index-a1.js%00.js',
    '/app/assets/index-a1.js.gz',
  ])('%s is no file of the page', async (path) => {
    const { statusCode, headers } = await askBuilt(path)
    expect([statusCode, headers['cache-control']]).toEqual([404, 'no-store'])
  })

  test('a caller of / that asks for JSON is answered by Paystack’s API, whether the page is there or not', async () => {
    const { statusCode } = await askBuilt('/', { accept: 'application/json' })
    expect(statusCode).toBe(401)
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

/** Not in the reference, but no pages: files behind links, and a call that is always refused. */
const noPages = ['transaction', 'dispute', 'transfer']
  .map((name) => `/${name}/export/:name`)
  .concat('/dedicated_account/split')

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
