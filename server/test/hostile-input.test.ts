import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listRoutes, openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings } from './belongings.ts'
import { answerProblem, envelopeProblem } from './hostile-answers.ts'
import {
  adminKey,
  asHeader,
  base64url,
  credentialFor,
  endingQuery,
  goodItem,
  goodValues,
  type Hostile,
  hostileRequest,
  propertiesOf,
} from './hostile-requests.ts'
import { hostileText } from './hostile-values.ts'
import { testSeed as seed } from './random.ts'
import { storedRows } from './stored-rows.ts'

/** The seed is printed. Setting it again repeats a run. */
const numRuns = Number(process.env.MTEJA_TEST_RUNS ?? 20)
const timeoutMs = 20_000 + numRuns * 1000

let api: TestApi
let own: Belongings

beforeAll(async () => {
  api = await openTestApi({ adminKey })
  own = await makeBelongings(api, api.tenant)
})
afterAll(() => api.close())

// The tests are made before the application is built, so each test finds its route by name.
const pages = [
  '/authorize/:accessCode',
  '/checkout/:id',
  '/pay/:accessCode',
  '/statement/:token',
  '/transaction/export/:name',
]
const routeNames = (await listRoutes({ adminKey }))
  .filter((route) => !route.hidden || pages.includes(route.url))
  .map((route) => route.name)

describe(`hostile input (MTEJA_TEST_SEED=${seed}, MTEJA_TEST_RUNS=${numRuns})`, () => {
  test.for(routeNames)(
    '%s is answered as documented, in the envelope of its surface, and a refusal changes nothing',
    { timeout: timeoutMs },
    async (name) => {
      const route = api.routes.find((each) => each.name === name) as TestRoute
      // A call that asks somebody outside is recorded in the trail before it asks, and may be refused afterwards.
      const rowsOf = async () =>
        (await storedRows(api.service.db, api.tenant)).filter(
          (row) => route.once !== 'around work outside' || !row.startsWith('trail '),
        )
      let before = await rowsOf()
      await fc.assert(
        fc.asyncProperty(hostileRequest(route, own), async (request) => {
          const answer = await send(route.method, request, credentialFor(route, api.tenant.secret))
          expect(answerProblem(route, answer, request)).toBe(null)
          const after = await rowsOf()
          if (answer.statusCode >= 400) expect(after).toEqual(before)
          before = after
        }),
        { seed, numRuns },
      )
    },
  )

  test.each(['toString', 'constructor', '__proto__'])(
    '%s, which every object has, is no name or value of the service',
    { timeout: timeoutMs },
    async (value) => {
      for (const route of api.routes) {
        const path = route.url.replace(/:\w+/g, own.customerCode)
        for (const name of Object.keys(propertiesOf(route.schema.querystring))) {
          const address = endingQuery(route, `${path}?${name}=${value}`)
          await expectAnswer(route, { path: address, headers: {}, body: undefined })
        }
        const members = Object.entries(propertiesOf(route.schema.body))
        const good = members.map(([name, member]) => [name, goodValues(name, member, own)[0]])
        for (const [name] of members) {
          const body = Buffer.from(JSON.stringify({ ...Object.fromEntries(good), [name]: value }))
          await expectAnswer(route, { path, headers: { 'content-type': 'application/json' }, body })
        }
      }
    },
  )

  test('a number at any bound is answered as documented on every route, wherever a request has a value', {
    timeout: timeoutMs * 5,
  }, async () => {
    for (const route of api.routes.filter((each) => !each.hidden)) {
      const path = route.url.replace(/:\w+/g, own.customerCode)
      const members = Object.entries(propertiesOf(route.schema.body))
      const good = Object.fromEntries(members.map(([name, member]) => [name, goodValues(name, member, own)[0]]))
      const queries = Object.entries(propertiesOf(route.schema.querystring))
      const needed = queries
        .filter(([name]) => (route.schema.querystring as { required?: string[] }).required?.includes(name))
        .map(([name, member]) => `${name}=${goodValues(name, member, own)[0]}`)
      for (const number of boundaryNumbers) {
        const params = route.url.replace(/:\w+/g, number)
        if (params !== route.url)
          await expectAnswer(route, { path: endingQuery(route, params), headers: {}, body: undefined })
        for (const [name] of queries) {
          const address = endingQuery(route, `${path}?${[...needed, `${name}=${number}`].join('&')}`)
          await expectAnswer(route, { path: address, headers: {}, body: undefined })
        }
        for (const value of members.length === 0 ? [] : [number, `"${number}"`]) {
          for (const [name, member] of members) {
            const inner = member.properties ?? member.items?.properties
            const changed = inner === undefined ? value : JSON.stringify(goodValues(name, member, own)[0])
            await sendBody(route, path, { ...written(good), [name]: changed })
            for (const part of Object.keys(inner ?? {})) {
              const whole = {
                ...written((member.items ? goodItem(name, member, own) : goodValues(name, member, own)[0]) as object),
                [part]: value,
              }
              await sendBody(route, path, {
                ...written(good),
                [name]: member.items ? `[${objectOf(whole)}]` : objectOf(whole),
              })
            }
          }
        }
      }
    }
  })

  test('an invalid Authorization header opens nothing', { timeout: timeoutMs }, async () => {
    const closed = api.routes.filter((route) => route.statuses.includes(401))
    const header = fc.oneof(
      hostileText.map(asHeader),
      fc.constantFrom('Bearer', 'Bearer ', 'Basic YTpi', 'Bearer a b', 'Bearer sk_test_', `Bearer ${'x'.repeat(5000)}`),
      hostileText.map((text) => `Bearer ${asHeader(text)}`),
      hostileText.map((text) => `Bearer sk_test_${asHeader(text)}`),
      fc.tuple(hostileText, hostileText).map((parts) => `Bearer ${parts.map(base64url).join('.')}.`),
      hostileText.map(
        (text) => `Bearer ${base64url('{"alg":"none"}')}.${base64url(JSON.stringify({ merchant_id: text }))}.`,
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...closed), header, async (route, authorization) => {
        const path = route.url.replace(/:\w+/g, 'x')
        const answer = await send(route.method, { path, headers: { authorization }, body: undefined })
        expect([answer.statusCode, envelopeProblem(path, answer.statusCode, answer.body)]).toEqual([401, null])
      }),
      { seed, numRuns: numRuns * 5 },
    )
  })

  test.each(['cashful', 'paystack'])('a refused create through %s leaves no customer', async (surface) => {
    const path = surface === 'cashful' ? '/api/canary/customers' : '/customer'
    const good = { email: 'half@example.com', phoneNumber: '0821234567' }
    const spoilers = ['\ud800', '\0', 'x'.repeat(20_000), ...(surface === 'cashful' ? [['a'], 'text'] : [['a'], '[]'])]
    const before = await storedRows(api.service.db, api.tenant)
    for (const spoiler of spoilers) {
      const metadata = typeof spoiler === 'string' && spoiler.length !== 4 && spoiler !== '[]' ? { spoiler } : spoiler
      expect((await api.call('POST', path, { ...good, metadata })).statusCode).toBe(400)
    }
    expect(await storedRows(api.service.db, api.tenant)).toEqual(before)
    expect((await api.call('GET', '/customer/half@example.com')).statusCode).toBe(404)
  })

  test('a body over 1 MiB is refused with 413 on every route that takes a body', async () => {
    const body = Buffer.from(`{"name":"${'x'.repeat(1024 * 1024)}"}`)
    for (const route of api.routes.filter((each) => each.schema.body !== undefined)) {
      const path = route.url.replace(/:\w+/g, 'x')
      const answer = await send(route.method, { path, headers: {}, body }, credentialFor(route, api.tenant.secret))
      expect([route.name, answer.statusCode, envelopeProblem(path, 413, answer.body)]).toEqual([route.name, 413, null])
    }
  })
})

describe('bytes sent to a listening server', () => {
  let port: number
  beforeAll(async () => {
    await api.app.listen({ port: 0, host: '127.0.0.1' })
    port = (api.app.server.address() as AddressInfo).port
  })

  const end = '\r\n\r\n'
  const host = 'Host: x\r\nConnection: close'
  const json = 'Content-Type: application/json'
  const bearer = () => `Authorization: Bearer ${api.tenant.secret}`

  test.each<{ what: string; bytes: () => string | Buffer; statuses: number[]; path: string }>([
    { what: 'no HTTP', bytes: () => `hello${end}`, statuses: [400], path: '' },
    { what: 'a TLS hello', bytes: () => Buffer.from('160301020001', 'hex'), statuses: [400], path: '' },
    { what: 'an unknown method', bytes: () => `EAT /customer HTTP/1.1\r\n${host}${end}`, statuses: [400], path: '' },
    { what: 'HTTP/2 without asking', bytes: () => `PRI * HTTP/2.0${end}SM${end}`, statuses: [400], path: '' },
    { what: 'no Host', bytes: () => `GET /customer HTTP/1.1${end}`, statuses: [400], path: '' },
    {
      what: 'headers over 16 KiB',
      bytes: () => `GET /api/canary/customers HTTP/1.1\r\n${host}\r\nX-A: ${'a'.repeat(20_000)}${end}`,
      statuses: [431],
      path: '/api/canary/customers',
    },
    {
      what: 'headers that go on arriving after they were refused',
      bytes: () => `GET /v1/customers HTTP/1.1\r\n${host}\r\nX-A: ${'a'.repeat(4_000_000)}${end}`,
      statuses: [431],
      path: '/v1/customers',
    },
    {
      what: 'an address over 16 KiB',
      bytes: () => `GET /v1/${'a'.repeat(20_000)} HTTP/1.1\r\n${host}${end}`,
      statuses: [431],
      path: '/v1/',
    },
    {
      what: 'two lengths that differ',
      bytes: () => `POST /v1/api-keys HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\nContent-Length: 3${end}{}}`,
      statuses: [400],
      path: '/v1/api-keys',
    },
    {
      what: 'a length and chunks',
      bytes: () =>
        `POST /customer HTTP/1.1\r\n${host}\r\nContent-Length: 2\r\nTransfer-Encoding: chunked${end}2\r\n{}\r\n0${end}`,
      statuses: [400],
      path: '/customer',
    },
    {
      what: 'a chunk of no size',
      bytes: () =>
        `POST /customer HTTP/1.1\r\n${host}\r\n${bearer()}\r\nTransfer-Encoding: chunked${end}zz\r\n{}${end}`,
      statuses: [400],
      path: '/customer',
    },
    {
      what: 'a NUL in a header',
      bytes: () => `GET /customer HTTP/1.1\r\n${host}\r\nX-A: a\0b${end}`,
      statuses: [400],
      path: '/customer',
    },
    {
      what: 'a path of raw bytes that are no UTF-8',
      bytes: () => Buffer.from(`GET /customer/\xff\xfe HTTP/1.1\r\n${host}\r\n${bearer()}${end}`, 'latin1'),
      statuses: [400, 404],
      path: '/customer',
    },
    {
      what: 'a whole URL as the address',
      bytes: () => `GET http://elsewhere/customer/nobody HTTP/1.1\r\n${host}\r\n${bearer()}${end}`,
      statuses: [404],
      path: '/customer',
    },
    {
      what: 'two Authorization headers',
      bytes: () => `GET /customer HTTP/1.1\r\n${host}\r\nAuthorization: Bearer sk_test_nobody0000\r\n${bearer()}${end}`,
      statuses: [400],
      path: '/customer',
    },
    {
      what: 'an expectation we cannot meet',
      bytes: () => `POST /customer HTTP/1.1\r\n${host}\r\n${bearer()}\r\nExpect: miracles\r\nContent-Length: 0${end}`,
      statuses: [417],
      path: '',
    },
    {
      what: 'chunks that never were',
      bytes: () =>
        `POST /customer HTTP/1.1\r\n${host}\r\n${bearer()}\r\n${json}\r\nTransfer-Encoding: chunked${end}0${end}`,
      statuses: [400],
      path: '/customer',
    },
    {
      what: 'a compressed body',
      bytes: () =>
        Buffer.concat([
          Buffer.from(
            `POST /v1/api-keys HTTP/1.1\r\n${host}\r\n${bearer()}\r\nContent-Encoding: gzip\r\nContent-Length: 4${end}`,
          ),
          Buffer.from('1f8b0800', 'hex'),
        ]),
      statuses: [415],
      path: '/v1/api-keys',
    },
  ])('$what is refused in the envelope of the surface', async ({ bytes, statuses, path }) => {
    const { status, body } = await exchange(port, bytes())
    expect(statuses).toContain(status)
    if (body !== '') expect(envelopeProblem(path, status, body)).toBe(null)
  })

  test.each([
    '/customer',
    '/v1/api-keys',
    '/api/canary/customers',
    '/healthz',
    '/readyz',
    '/metrics',
    '/docs',
    '/docs/mteja.json',
    '/app',
    '/app/assets/x.js',
    '/pay/x',
    '/checkout/x',
    '/statement/x',
    '/webhooks/paystack',
    '/nothing',
  ])('a header that says one thing, and comes twice, is refused at %s in its envelope', async (path) => {
    for (const header of [
      'Host: a',
      'Authorization: Bearer x',
      'X-Api-Key: x',
      'Idempotency-Key: x',
      'Content-Type: a/b',
    ]) {
      const { status, body } = await exchange(port, `GET ${path} HTTP/1.1\r\n${host}\r\n${header}\r\n${header}${end}`)
      expect([path, header, status]).toEqual([path, header, 400])
      if (!path.startsWith('/app')) expect(envelopeProblem(path, status, body)).toBe(null)
    }
  })

  test('any path, by any method, is answered in the envelope of the surface it belongs to', {
    timeout: timeoutMs,
  }, async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'customer',
        'api',
        'canary',
        'customers',
        'v1',
        'api-keys',
        'sandbox',
        'docs',
        'static',
        'authorize',
      ),
      fc.constantFrom(
        '',
        '.',
        '..',
        '%2e%2e',
        '%2F',
        '%00',
        '%zz',
        '%',
        '%ED%A0%80',
        ';a=1',
        '*',
        ':id',
        '%F0%9F%98%80',
      ),
      fc.constantFrom(
        'index.html',
        'healthz',
        'x'.repeat(600),
        'x'.repeat(6000),
        'set_risk_action',
        '__proto__',
        '1e9',
      ),
    )
    const path = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `/${pieces.join('/')}`)
    const query = fc.constantFrom(
      '',
      '?',
      '?%zz',
      '?a=%00',
      '?limit[]=1&limit[a][b]=2',
      '?=&&=',
      `?${'a=1&'.repeat(2000)}`,
    )
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE')
    const bearer = fc.constantFrom(api.tenant.secret, adminKey, null)
    await fc.assert(
      fc.asyncProperty(method, path, query, bearer, async (method, path, query, credential) => {
        const authorization = credential === null ? '' : `\r\nAuthorization: Bearer ${credential}`
        const { status, body } = await exchange(
          port,
          `${method} ${path}${query} HTTP/1.1\r\n${host}${authorization}${end}`,
        )
        expect(status).toBeLessThan(500)
        if (method !== 'HEAD' && status >= 400) expect(envelopeProblem(path, status, body)).toBe(null)
      }),
      { seed, numRuns: numRuns * 10 },
    )
  })

  test('the server answers after all hostile input', async () => {
    const { status } = await exchange(port, `GET /healthz HTTP/1.1\r\n${host}${end}`)
    expect(status).toBe(200)
  })
})

/** The bounds of the types of the database and of JSON, and their neighbours. */
const boundaryNumbers = [
  '-1',
  '0',
  '1',
  '0.5',
  '2147483647',
  '2147483648',
  '-2147483649',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '1e21',
]

/** Each member as JSON. */
function written(object: object): Record<string, string> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, JSON.stringify(value ?? null)]))
}

function objectOf(members: Record<string, string>): string {
  return `{${Object.entries(members).map(([name, json]) => `${JSON.stringify(name)}:${json}`)}}`
}

async function sendBody(route: TestRoute, path: string, members: Record<string, string>): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await expectAnswer(route, { path, headers, body: Buffer.from(objectOf(members)) })
}

async function expectAnswer(route: TestRoute, request: Hostile): Promise<void> {
  const answer = await send(route.method, request, credentialFor(route, api.tenant.secret))
  expect(answerProblem(route, answer, request)).toBe(null)
}

async function send(method: string, { path, headers, body }: Hostile, credential?: string) {
  return api.app.inject({
    method: method as 'GET',
    url: path,
    headers: { ...headers, ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }) },
    ...(body === undefined ? {} : { payload: body }),
  })
}

/** Sends bytes and reads until the server ends the connection. */
async function exchange(port: number, bytes: string | Buffer): Promise<{ status: number; body: string }> {
  const socket = net.connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => undefined)
  socket.setTimeout(20_000, () => socket.destroy())
  socket.write(bytes)
  await once(socket, 'close')
  const answer = Buffer.concat(chunks).toString()
  const [head = '', ...body] = answer.split('\r\n\r\n')
  // Where Node itself answers before the application, it sends no chunk at all.
  return { status: Number(head.split(' ')[1]), body: body.join('\r\n\r\n').replace(/^0\r\n\r\n$/, '') }
}
