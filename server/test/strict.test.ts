import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sentences } from '../src/surfaces/http/validation.ts'
import { listRoutes, openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings } from './belongings.ts'

// Walks the schemas of all routes: /v1 refuses what it does not know, every number has bounds, every keyword has words.

const adminKey = 'operator-0123456789'

interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  examples?: unknown[]
  enum?: unknown[]
  additionalProperties?: unknown
  minimum?: number
  maximum?: number
  pattern?: string
  [keyword: string]: unknown
}

interface Place {
  /** `POST /v1/holds body.amount` */
  name: string
  schema: Schema
}

/** The schema and every schema in it. */
function* schemasIn(schema: Schema, name: string): Generator<Place> {
  yield { name, schema }
  for (const [member, each] of Object.entries(schema.properties ?? {})) yield* schemasIn(each, `${name}.${member}`)
  if (schema.items !== undefined) yield* schemasIn(schema.items, `${name}.0`)
  for (const each of schema.anyOf ?? []) yield* schemasIn(each, name)
}

function requestSchemas({ name, schema }: TestRoute): Place[] {
  return (['body', 'querystring', 'params'] as const).flatMap((part) =>
    schema[part] === undefined ? [] : [...schemasIn(schema[part] as Schema, `${name} ${part}`)],
  )
}

const routes = (await listRoutes({ adminKey })).filter((route) => !route.hidden)
const places = routes.flatMap(requestSchemas)
const ours = routes.filter(({ url }) => url.startsWith('/v1/'))

describe('every number of a request', () => {
  /** Numbers that one function reads, for reasons of the wire, and that it brings within bounds. */
  const readElsewhere: Record<string, RegExp> = {
    parseAmount: /\.(amount|totalAmount|refund_amount)$/,
    readReference: /^POST \/dedicated_account(\/split)? body\.customer$/,
    readPageRequest: /^GET \/api\/canary\/.* querystring\.(limit|offset)$/,
  }

  test('a number of any surface has a minimum and a maximum that the database can take', () => {
    const numbers = places.filter(({ schema }) =>
      [schema.type].flat().some((type) => type === 'integer' || type === 'number'),
    )
    expect(numbers.length).toBeGreaterThan(20)
    const unbounded = numbers
      .filter(({ name }) => !Object.values(readElsewhere).some((pattern) => pattern.test(name)))
      .filter(
        ({ schema: { minimum, maximum } }) => !(Number.isFinite(minimum) && Number(maximum) <= Number.MAX_SAFE_INTEGER),
      )
    expect(unbounded.map(({ name }) => name)).toEqual([])
  })

  test('each exception is needed', () => {
    for (const pattern of Object.values(readElsewhere)) expect(places.some(({ name }) => pattern.test(name))).toBe(true)
  })
})

test('every list of /v1 that takes days answers whose days they are', () => {
  const byDays = ours.filter(({ method, schema }) => {
    const { properties = {} } = (schema.querystring ?? {}) as Schema
    return method === 'GET' && ['from', 'to', 'at'].some((name) => name in properties)
  })
  expect(byDays.length).toBeGreaterThan(6)
  const silent = byDays.filter(({ schema }) => {
    const { properties = {} } = (schema.response as Record<string, Schema>)[200] as Schema
    return !('timeZone' in properties)
  })
  expect(silent.map(({ name }) => name)).toEqual([])
})

describe('the words for a malformed request', () => {
  /** Keywords that judge nothing. */
  const silent = [
    'anyOf',
    'x-unit',
    'x-reads',
    'description',
    'examples',
    'properties',
    'items',
    'default',
    'deprecated',
    '$id',
    'title',
    '~kind',
    '~unsafe',
    '~optional',
  ]
  const used = new Set(places.flatMap(({ schema }) => Object.keys(schema)))

  test('there are words for every keyword that a schema of a request uses, and for no other', () => {
    const judging = [...used].filter((keyword) => !silent.includes(keyword) && keyword !== 'additionalProperties')
    expect(judging.sort()).toEqual(Object.keys(sentences).sort())
  })

  test('each pattern of a schema has an example, which the message shows', () => {
    const patterns = places.filter(({ schema }) => schema.pattern !== undefined)
    const wrong = patterns.filter(
      ({ schema: { examples = [], pattern } }) => !new RegExp(pattern ?? '').test(String(examples[0])),
    )
    expect(wrong.map(({ name }) => name)).toEqual([])
  })
})

describe('/v1 refuses what it does not know', () => {
  let api: TestApi
  let own: Belongings
  beforeAll(async () => {
    api = await openTestApi({ adminKey })
    own = await makeBelongings(api, api.tenant)
  })
  afterAll(() => api.close())

  const send = (route: TestRoute, query: string, body?: unknown) => {
    const isOperators = /^\/v1\/(merchants|operator|signing-keys|ledger)/.test(route.url)
    const path = route.url.replace(/:\w+/g, own.customerCode)
    return api.call(route.method, `${path}${query}`, body, isOperators ? adminKey : api.tenant.secret)
  }

  test.each(ours.map(({ name }) => name))(
    '%s refuses a parameter that it does not know, and names it',
    async (name) => {
      const route = ours.find((each) => each.name === name) as TestRoute
      const body = route.schema.body === undefined ? undefined : exampleOf(route.schema.body as Schema)
      const answer = await send(route, `?${requiredQuery(route)}dryRun=true`, body)
      expect([answer.statusCode, answer.json().error]).toMatchObject([
        400,
        { code: 'invalid_request', field: 'dryRun' },
      ])
      expect(answer.json().error.message).toMatch(/^dryRun in the address is not known; /)
    },
  )

  const writing = ours.filter(({ method }) => method !== 'GET' && method !== 'DELETE')

  test.each(writing.map(({ name }) => name))(
    '%s refuses a member that it does not know, at every depth and whatever its value',
    async (name) => {
      const route = writing.find((each) => each.name === name) as TestRoute
      const body = (route.schema.body ?? {}) as Schema
      const depths = [...schemasIn(body, '')].filter(
        ({ schema, name: at }) => at === '' || schema.properties !== undefined,
      )
      expect(depths.length).toBeGreaterThan(0)
      for (const [{ name: at }, value] of depths.flatMap((depth) =>
        ['2030-01-01', null].map((each) => [depth, each] as const),
      )) {
        const path = at.split('.').filter(Boolean)
        const sent = structuredClone(exampleOf(body)) as object
        const target = path.reduce((value, step) => (value as Record<string, unknown>)[step], sent as unknown) as object
        Object.assign(target, { scheduledFor: value })
        const answer = await send(route, '', sent)
        const field = [...path, 'scheduledFor'].join('.')
        expect([at, answer.statusCode, answer.json().error]).toMatchObject([
          at,
          400,
          { code: 'invalid_request', field },
        ])
        expect(answer.json().error.message).toContain(`${field} is not known; `)
      }
    },
  )

  test.each([
    ['POST /v1/api-keys', { nam: 'x' }, 'nam is not known; did you mean name?'],
    [
      'POST /v1/sandbox/mandates/:reference/approve',
      { bank: '058' },
      'bank is not known; known is accountNumber, bankCode',
    ],
    [
      'POST /v1/holds',
      { customerId: 'x', amount: 1, expires_at: '2030-01-01' },
      'expires_at is not known; did you mean expiresAt?',
    ],
    ['POST /v1/refunds', { transactionId: 'x', amonut: 1 }, 'amonut is not known; did you mean amount?'],
    [
      'POST /v1/refunds',
      { transactionId: 'x', dryRun: true },
      'dryRun is not known; known is transactionId, amount, reason',
    ],
    ['POST /v1/holds/:id/release', { amount: 5 }, 'amount is not known; nothing can be given here'],
    [
      'POST /v1/api-keys',
      { '"<b>\n': 1 },
      '"\\"<b>\\n" is not known; known is name, role, scopes, personId, expiresAt',
    ],
  ])('%s with %j says: %s', async (name, body, message) => {
    const route = ours.find((each) => each.name === name) as TestRoute
    const answer = await send(route, '', body)
    expect([answer.statusCode, answer.json().error.message]).toEqual([400, message])
  })

  test('the field of a refusal is the name as it was sent, whatever its letters', async () => {
    for (const name of ['limit[]', 'limit"', 'li mit']) {
      const answer = await api.call('GET', `/v1/events?${encodeURIComponent(name)}=1`)
      expect([answer.statusCode, answer.json().error.field]).toEqual([400, name])
    }
  })

  const texts = ours
    .flatMap((route) => requestSchemas(route).map((place) => ({ ...place, route, at: place.name.split(' ')[2] ?? '' })))
    .filter(({ at, schema }) => !at.startsWith('params') && isText(schema))
  const isFree = ({ schema }: { schema: Schema }) => schema['x-reads'] === 'free text'

  test('only texts that nothing reads may be blank', () => {
    expect(texts.length).toBeGreaterThan(90)
    expect(texts.filter(isFree).map(({ name }) => name)).toEqual([
      'POST /v1/customers/:id/risk-action body.reason',
      'POST /v1/holds body.description',
      'POST /v1/pay-ins body.description',
      'POST /v1/approvals/:id/deny body.reason',
      'POST /v1/refunds body.reason',
      'POST /v1/reversals body.reason',
      'POST /v1/disputes/:id/accept body.message',
      'POST /v1/disputes/:id/decline body.message',
      'POST /v1/payouts body.reason',
      'POST /v1/payouts/batch body.payouts.0.reason',
      'POST /v1/payouts/:id/deny body.reason',
      'POST /v1/recipients body.description',
      'POST /v1/transfers/batch body.transfers.0.description',
      'POST /v1/sandbox/pay-ins body.description',
      'POST /v1/sandbox/dedicated-accounts/:accountNumber/transfers body.narration',
    ])
  })

  test.each(texts.filter((text) => !isFree(text)).map(({ name }) => name))(
    '%s is refused if it is blank',
    async (name) => {
      const { route, at } = texts.find((each) => each.name === name) as (typeof texts)[number]
      const [part, ...path] = at.split('.')
      for (const blank of ['', ' ', '\t\n', '\u3000']) {
        const body = structuredClone(exampleOf((route.schema.body ?? {}) as Schema)) as object
        const isQuery = part === 'querystring'
        if (!isQuery) put(body, path, blank)
        const query = isQuery ? `?${requiredQuery(route, path[0])}${path[0]}=${encodeURIComponent(blank)}` : ''
        const answer = await send(route, query, route.method === 'GET' ? undefined : body)
        expect([answer.statusCode, answer.json().error.field]).toEqual([400, path.join('.')])
      }
    },
  )

  test.each([
    ['POST', '/v1/holds', { customerId: 'x', amount: 1, expiresAt: ' ' }, 'expiresAt must not be blank'],
    ['GET', '/v1/events?from=', undefined, 'from in the address must not be blank'],
    ['GET', '/v1/events?limit[]=1', undefined, 'limit[] in the address is not known; did you mean limit?'],
    ['GET', '/v1/events?limit=', undefined, 'limit in the address must be a whole number from 1 to 100, not ""'],
    ['POST', '/v1/deliveries/resend', { from: '' }, 'from must not be blank'],
  ])('%s %s with %j says: %s', async (method, path, body, message) => {
    const answer = await api.call(method, path, body)
    expect([answer.statusCode, answer.json().error.message]).toEqual([400, message])
  })

  test('a time that is blank is not given on the APIs of Cashful and Paystack', async () => {
    expect((await api.call('GET', '/api/canary/events?startDate=&endDate=%20')).statusCode).toBe(200)
    expect((await api.call('GET', '/transaction?from=&to=%20')).statusCode).toBe(200)
  })

  test('metadata may have any members, and a known member that is null counts as not given', async () => {
    const endpoint = { url: 'https://example.com/', metadata: { anything: { nested: 1 } }, events: null }
    const answer = await api.call('POST', '/v1/webhook-endpoints', endpoint)
    expect([answer.statusCode, answer.json().metadata]).toEqual([201, { anything: { nested: 1 } }])
  })

  test('the APIs of Cashful and Paystack ignore what they do not know', async () => {
    const body = { phoneNumber: '0821234567', email: 'more@example.com', loyalty: 'gold' }
    expect((await api.call('POST', '/api/canary/customers?dryRun=1', body)).statusCode).toBe(201)
    expect((await api.call('POST', '/customer?dryRun=1', body)).statusCode).toBe(200)
  })

  test('an unknown address is 404, whatever is sent to it', async () => {
    expect((await api.call('POST', '/v1/nothing?a=1', { b: 1 })).statusCode).toBe(404)
  })

  test('a thousand faults are not all told', async () => {
    const transfers = Array.from({ length: 1000 }, () => ({ fromCustomerId: 1, toCustomerId: 'b', amount: 1 }))
    const { message } = (await api.call('POST', '/v1/transfers/batch', { transfers })).json().error
    expect(message).toMatch(/^transfers\.0\.fromCustomerId must be a string, not 1; .*; and 990 more$/)
  })

  test.each([
    [[], 'transfers must have at least 1 item, not 0'],
    [
      Array.from({ length: 1001 }, () => ({ fromCustomerId: 'a', toCustomerId: 'b', amount: 1 })),
      'transfers must have at most 1000 items, not 1001',
    ],
    [
      [{ fromCustomerId: 'a', toCustomerId: 'x'.repeat(101), amount: 1 }],
      'transfers.0.toCustomerId must be at most 100 characters, not 101',
    ],
    [
      [{ fromCustomerId: 'a', toCustomerId: 'b', amount: '10' }],
      'transfers.0.amount must be a whole number of minor units from 1 to 9007199254740991, not "10"',
    ],
    [[{ fromCustomerId: 'a', amount: 1 }], 'transfers.0.toCustomerId is required'],
  ])('a malformed batch is refused in plain words', async (transfers, message) => {
    const answer = await api.call('POST', '/v1/transfers/batch', { transfers })
    expect([answer.statusCode, answer.json().error.message]).toEqual([400, message])
  })

  test.each([
    ['/v1/events?limit=0', 'limit in the address must be a whole number from 1 to 100, not 0'],
    ['/v1/events?limit=1.5', 'limit in the address must be a whole number from 1 to 100, not 1.5'],
    ['/v1/deliveries?status=lost', 'status in the address must be one of [pending, delivered, failed], not "lost"'],
  ])('GET %s says: %s', async (path, message) => {
    expect((await api.call('GET', path)).json().error.message).toBe(message)
  })
})

/** The parameters that a route needs, except one. */
function requiredQuery({ schema }: TestRoute, except?: string): string {
  const { properties = {}, required = [] } = schema.querystring as Schema
  const others = required.filter((name) => name !== except)
  return others.map((name) => `${name}=${exampleOf(properties[name] as Schema)}&`).join('')
}

function isText({ type, enum: values }: Schema): boolean {
  return [type].flat().includes('string') || values !== undefined
}

function put(target: object, path: string[], value: unknown): void {
  const parent = path.slice(0, -1).reduce((each, step) => (each as Record<string, unknown>)[step], target as unknown)
  Object.assign(parent as object, { [path.at(-1) ?? '']: value })
}

/** A value that fits the schema. */
function exampleOf(schema: Schema): unknown {
  if (schema.examples !== undefined && schema.items?.properties === undefined) return schema.examples[0]
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.items !== undefined) return [exampleOf(schema.items)]
  if (schema.type === 'object' || schema.type === undefined) {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, each]) => [name, exampleOf(each)]))
  }
  if (schema.type === 'boolean') return true
  return schema.type === 'string' ? 'text' : 1
}
