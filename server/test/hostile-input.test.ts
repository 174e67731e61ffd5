import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import fc, { type Arbitrary } from 'fast-check'
import type { FastifySchema } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorSchema as cashfulErrorSchema } from '../src/surfaces/cashful/schemas.ts'
import { errorSchema as mtejaErrorSchema } from '../src/surfaces/mteja/schemas.ts'
import { errorSchema as paystackErrorSchema } from '../src/surfaces/paystack/schemas.ts'
import { listRoutes, openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings } from './belongings.ts'
import { hostileText, hostileValue, spoiltBytes, type Written, writeObject, writeValue } from './hostile-values.ts'
import { storedRows } from './stored-rows.ts'

/** The seed is printed. Setting it again repeats a run. */
const seed = Number(process.env.MTEJA_TEST_SEED ?? Date.now() % 2 ** 31)
const numRuns = Number(process.env.MTEJA_TEST_RUNS ?? 20)
const timeoutMs = 20_000 + numRuns * 1000
const adminKey = 'operator-0123456789'

let api: TestApi
let own: Belongings

beforeAll(async () => {
  api = await openTestApi({ adminKey })
  own = await makeBelongings(api, api.tenant)
})
afterAll(() => api.close())

/** A request in which the caller chooses every byte but the path. */
interface Hostile {
  path: string
  headers: Record<string, string>
  body: Buffer | undefined
}

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
      let before = await storedRows(api.service.db, api.tenant)
      await fc.assert(
        fc.asyncProperty(hostileRequest(route), async (request) => {
          const answer = await send(route.method, request, credentialFor(route))
          expectDocumented(route, answer, request)
          const after = await storedRows(api.service.db, api.tenant)
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
        const good = members.map(([name, member]) => [name, goodValues(name, member)[0]])
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
      const good = Object.fromEntries(members.map(([name, member]) => [name, goodValues(name, member)[0]]))
      const queries = Object.entries(propertiesOf(route.schema.querystring))
      const needed = queries
        .filter(([name]) => (route.schema.querystring as { required?: string[] }).required?.includes(name))
        .map(([name, member]) => `${name}=${goodValues(name, member)[0]}`)
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
            const changed = inner === undefined ? value : JSON.stringify(goodValues(name, member)[0])
            await sendBody(route, path, { ...written(good), [name]: changed })
            for (const part of Object.keys(inner ?? {})) {
              const whole = {
                ...written((member.items ? goodItem(name, member) : goodValues(name, member)[0]) as object),
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
      const answer = await send(route.method, { path, headers: {}, body }, credentialFor(route))
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
      statuses: [401],
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

/** A good item of a list of objects. */
function goodItem(name: string, { items }: ObjectSchema): unknown {
  const [list] = goodValues(name, { type: 'array' })
  if (Array.isArray(list)) return list[0]
  return Object.fromEntries(
    Object.entries(items?.properties ?? {}).map(([inner, each]) => [inner, goodValues(inner, each)[0]]),
  )
}

async function sendBody(route: TestRoute, path: string, members: Record<string, string>): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await expectAnswer(route, { path, headers, body: Buffer.from(objectOf(members)) })
}

function propertiesOf(schema: unknown): Record<string, ObjectSchema> {
  return (schema as ObjectSchema | undefined)?.properties ?? {}
}

async function expectAnswer(route: TestRoute, request: Hostile): Promise<void> {
  expectDocumented(route, await send(route.method, request, credentialFor(route)), request)
}

function credentialFor(route: TestRoute): string {
  return /^\/v1\/(merchants|signing-keys|ledger)/.test(route.url) ? adminKey : api.tenant.secret
}

/** A request that reaches the route: its path is well-formed, whatever values it has. */
function hostileRequest(route: TestRoute): Arbitrary<Hostile> {
  const { schema } = route
  const params = fc.tuple(
    ...route.url.split('/').map((part) => (part.startsWith(':') ? hostileParam() : fc.constant(part))),
  )
  const address = fc
    .tuple(params, hostileQuery(schema))
    .map(([parts, query]) => parts.join('/') + endingQuery(route, query))
  const body = route.method === 'GET' ? fc.constant(undefined) : fc.option(hostileBody(schema), { nil: undefined })
  return fc.record({ path: address, headers: hostileHeaders, body })
}

/** The stream of events ends only when the request asks for an end. */
function endingQuery({ url }: TestRoute, query: string): string {
  if (url !== '/v1/events/stream') return query
  return `${query === '' ? '?' : `${query}&`}seconds=0`
}

/** The name of an existing thing, half of the time. Otherwise the requests would reach little code. */
function hostileParam(): Arbitrary<string> {
  const encoded = hostileText.filter((text) => text !== '' && text !== '.' && text !== '..' && text.isWellFormed())
  return fc.oneof(fc.constantFrom(...Object.values(own)).map(encodeURIComponent), encoded.map(encodeURIComponent))
}

function hostileQuery(schema: FastifySchema): Arbitrary<string> {
  const known = Object.keys(propertiesOf(schema.querystring))
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('limit', ...known) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'limit[]',
        'limit[a]',
        '__proto__',
        'constructor[prototype][x]',
        '',
        '%00',
        '%F0%9F%98%80',
      ),
    },
  )
  const value = fc.oneof(
    hostileText.filter((text) => text.isWellFormed()).map(encodeURIComponent),
    fc.constantFrom('%00', '%zz', '%ED%A0%80', '1', '50', '10.0', '1e%2B21', '-0', 'Infinity', '1e400', 'true'),
    fc.constantFrom(...Object.values(own)).map(encodeURIComponent),
  )
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 4 })
  return pairs.map((each) => (each.length === 0 ? '' : `?${each.map((pair) => pair.join('=')).join('&')}`))
}

const hostileHeaders: Arbitrary<Record<string, string>> = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('application/json', 'application/x-www-form-urlencoded') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '',
          ';',
          'json',
          'text/html',
          'application/json; charset=latin1',
          'multipart/form-data',
          '*/*',
        ),
      },
    ),
    'x-request-id': hostileText.map(asHeader),
    'idempotency-key': hostileText.map(asHeader),
    accept: hostileText.map(asHeader),
    'x-http-method-override': fc.constant('DELETE'),
  },
  { requiredKeys: [] },
)

function asHeader(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, '?')
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

interface ObjectSchema {
  properties?: Record<string, ObjectSchema>
  examples?: unknown[]
  enum?: unknown[]
  type?: string
  items?: ObjectSchema
}

function hostileBody(schema: FastifySchema): Arbitrary<Buffer> {
  const object = hostileObject((schema.body as ObjectSchema | undefined) ?? {})
  const form = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...formNames(schema)), hostileText), hostileText), {
    maxLength: 6,
  })
  return fc.oneof(
    { weight: 6, arbitrary: object.chain((value) => spoiltBytes(value.json)) },
    { weight: 1, arbitrary: hostileValue.chain((value) => spoiltBytes(value.json)) },
    {
      weight: 1,
      arbitrary: form.chain((pairs) => spoiltBytes(pairs.map((pair) => pair.map(looselyEncoded).join('=')).join('&'))),
    },
  )
}

function formNames(schema: FastifySchema): string[] {
  const names = Object.keys(propertiesOf(schema.body))
  return [
    ...names,
    ...names.map((name) => `${name}[a]`),
    'metadata[a][b][c][d][e][f][g]',
    'metadata[__proto__][x]',
    'a[]',
  ]
}

function looselyEncoded(text: string): string {
  return text.isWellFormed() && !text.includes('%') ? encodeURIComponent(text) : text.replaceAll('&', '')
}

/**
 * Each member is good, hostile or missing. Sometimes a member comes twice, sometimes with unknown members beside it.
 */
function hostileObject(schema: ObjectSchema): Arbitrary<Written> {
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) =>
    fc.oneof(
      { weight: 5, arbitrary: goodValue(name, member).map((value): [string, Written][] => [[name, value]]) },
      { weight: 3, arbitrary: hostileMember(member).map((value): [string, Written][] => [[name, value]]) },
      { weight: 1, arbitrary: fc.constant<[string, Written][]>([]) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(goodValue(name, member), hostileValue)
          .map((two): [string, Written][] => two.map((value) => [name, value])),
      },
    ),
  )
  // Not often, because a surface that refuses unknown members would look at nothing else.
  const strangers = fc.oneof(
    { weight: 9, arbitrary: fc.constant<[string, Written][]>([]) },
    { weight: 1, arbitrary: fc.tuple(hostileText, hostileValue).map((one): [string, Written][] => [one]) },
  )
  return fc.tuple(fc.tuple(...members), strangers).map(([known, unknown]) => writeObject([...known.flat(), ...unknown]))
}

function hostileMember(member: ObjectSchema): Arbitrary<Written> {
  return member.properties === undefined ? hostileValue : fc.oneof(hostileValue, hostileObject(member))
}

function goodValue(name: string, member: ObjectSchema): Arbitrary<Written> {
  const values = goodValues(name, member)
  return values.length > 0 ? fc.constantFrom(...values.map(writeValue)) : hostileValue
}

function goodValues(name: string, member: ObjectSchema): unknown[] {
  const { customerCode, otherCode, email, cardCode, mandateMethodId, merchantId, purchaseId, payInId } = own
  const named: Record<string, unknown[]> = {
    customerId: [customerCode],
    customer: [customerCode, email],
    fromCustomerId: [customerCode],
    toCustomerId: [otherCode],
    transactionId: [purchaseId, payInId],
    transfers: [[{ fromCustomerId: customerCode, toCustomerId: otherCode, amount: 1 }]],
    productId: ['airtime'],
    amount: [1, 10.0, '5'],
    currency: ['ZAR', 'NGN'],
    email: [email, 'new@example.com'],
    authorization_code: [cardCode],
    authorization_id: [Number(mandateMethodId)],
    merchantId: [merchantId],
    phoneNumber: ['0821234567'],
    metadata: [{}, { a: [1, null] }],
    accountNumber: ['0123456789'],
    bankCode: ['058'],
  }
  if (named[name] !== undefined) return named[name]
  if (member.properties !== undefined) {
    const whole = Object.entries(member.properties).map(([inner, each]) => [inner, goodValues(inner, each)[0]])
    return [Object.fromEntries(whole)]
  }
  return member.examples ?? member.enum ?? (member.type === 'string' ? ['text'] : [])
}

async function send(method: string, { path, headers, body }: Hostile, credential?: string) {
  return api.app.inject({
    method: method as 'GET',
    url: path,
    headers: { ...headers, ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }) },
    ...(body === undefined ? {} : { payload: body }),
  })
}

const ajv = new Ajv({ strict: false })
formats.default(ajv, ['email', 'uri', 'date-time'])
const envelopes: Record<'cashful' | 'paystack' | 'mteja', (body: unknown) => boolean> = {
  cashful: ajv.compile({ ...cashfulErrorSchema, additionalProperties: false }),
  paystack: ajv.compile({ ...paystackErrorSchema, additionalProperties: false }),
  mteja: ajv.compile({ ...mtejaErrorSchema, additionalProperties: false }),
}

/** Null for a body in the envelope of the surface that the path belongs to. Otherwise the fault. */
function envelopeProblem(path: string, status: number, body: string): string | null {
  const address = path.replace(/\/{2,}/g, '/')
  if (/^\/(authorize|checkout|pay|statement)\//.test(address) && body.startsWith('<!doctype html>')) return null
  const surface = /^\/api\/canary(\/|$)/.test(address) ? 'cashful' : /^\/v1(\/|$)/.test(address) ? 'mteja' : 'paystack'
  try {
    const value = JSON.parse(body)
    if (!envelopes[surface](value)) return `no ${surface} envelope: ${body}`
    return surface === 'cashful' && value.statusCode !== status ? `statusCode is not ${status}: ${body}` : null
  } catch {
    return `no JSON: ${body}`
  }
}

/**
 * Only documented statuses are allowed, each in its envelope. Additional statuses are 413 for a body too large and 400
 * for an unreadable address or content type, because both are answered before any route. An idempotency key adds 400
 * and 409.
 */
function expectDocumented(
  route: TestRoute,
  answer: Awaited<ReturnType<typeof send>>,
  { path, headers }: Hostile,
): void {
  const unreadable =
    /%(?![\dA-F]{2})/i.test(path.split('?')[0] as string) ||
    !/^[\w.+-]+\/[\w.+-]+/.test(headers['content-type'] ?? 'a/b')
  const allowed = [
    ...(route.hidden ? [200, 400, 404] : route.statuses),
    413,
    ...(unreadable ? [400] : []),
    ...(headers['idempotency-key'] === undefined ? [] : [400, 409]),
  ]
  expect({ status: answer.statusCode, body: answer.body, allowed: allowed.includes(answer.statusCode) }).toMatchObject({
    allowed: true,
  })
  if (answer.statusCode < 400) return
  expect(envelopeProblem(path, answer.statusCode, answer.body)).toBe(null)
}

/** Sends bytes and reads until the server ends the connection. */
async function exchange(port: number, bytes: string | Buffer): Promise<{ status: number; body: string }> {
  const socket = net.connect(port, '127.0.0.1')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => undefined)
  socket.setTimeout(5000, () => socket.destroy())
  socket.write(bytes)
  await once(socket, 'close')
  const answer = Buffer.concat(chunks).toString()
  const [head = '', ...body] = answer.split('\r\n\r\n')
  // Where Node itself answers before the application, it sends no chunk at all.
  return { status: Number(head.split(' ')[1]), body: body.join('\r\n\r\n').replace(/^0\r\n\r\n$/, '') }
}
