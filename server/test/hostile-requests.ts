import fc, { type Arbitrary } from 'fast-check'
import type { FastifySchema } from 'fastify'
import type { TestRoute } from './api.ts'
import type { Belongings } from './belongings.ts'
import { hostileText, hostileValue, spoiltBytes, type Written, writeObject, writeValue } from './hostile-values.ts'

export const adminKey = 'operator-0123456789'

/** A request in which the caller chooses every byte but the path. */
export interface Hostile {
  path: string
  headers: Record<string, string>
  body: Buffer | undefined
}

/** The operator's key for the routes that only the operator may call. */
export function credentialFor(route: TestRoute, secret: string): string {
  return /^\/v1\/(merchants|operator|signing-keys|ledger)/.test(route.url) ? adminKey : secret
}

/** A request that reaches the route: its path is well-formed, whatever values it has. */
export function hostileRequest(route: TestRoute, own: Belongings): Arbitrary<Hostile> {
  const { schema } = route
  const params = fc.tuple(
    ...route.url.split('/').map((part) => (part.startsWith(':') ? hostileParam(own) : fc.constant(part))),
  )
  const address = fc
    .tuple(params, hostileQuery(schema, own))
    .map(([parts, query]) => parts.join('/') + endingQuery(route, query))
  const body = route.method === 'GET' ? fc.constant(undefined) : fc.option(hostileBody(schema, own), { nil: undefined })
  return fc.record({ path: address, headers: hostileHeaders, body })
}

/** The stream of events ends only when the request asks for an end. */
export function endingQuery({ url }: TestRoute, query: string): string {
  if (url !== '/v1/events/stream') return query
  return `${query === '' ? '?' : `${query}&`}seconds=0`
}

/** The name of an existing thing, half of the time. Otherwise the requests would reach little code. */
function hostileParam(own: Belongings): Arbitrary<string> {
  const encoded = hostileText.filter((text) => text !== '' && text !== '.' && text !== '..' && text.isWellFormed())
  return fc.oneof(fc.constantFrom(...Object.values(own)).map(encodeURIComponent), encoded.map(encodeURIComponent))
}

function hostileQuery(schema: FastifySchema, own: Belongings): Arbitrary<string> {
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

export function asHeader(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, '?')
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

export interface ObjectSchema {
  properties?: Record<string, ObjectSchema>
  examples?: unknown[]
  enum?: unknown[]
  type?: string
  items?: ObjectSchema
}

function hostileBody(schema: FastifySchema, own: Belongings): Arbitrary<Buffer> {
  const object = hostileObject((schema.body as ObjectSchema | undefined) ?? {}, own)
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
function hostileObject(schema: ObjectSchema, own: Belongings): Arbitrary<Written> {
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) =>
    fc.oneof(
      { weight: 5, arbitrary: goodValue(name, member, own).map((value): [string, Written][] => [[name, value]]) },
      { weight: 3, arbitrary: hostileMember(member, own).map((value): [string, Written][] => [[name, value]]) },
      { weight: 1, arbitrary: fc.constant<[string, Written][]>([]) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(goodValue(name, member, own), hostileValue)
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

function hostileMember(member: ObjectSchema, own: Belongings): Arbitrary<Written> {
  return member.properties === undefined ? hostileValue : fc.oneof(hostileValue, hostileObject(member, own))
}

function goodValue(name: string, member: ObjectSchema, own: Belongings): Arbitrary<Written> {
  const values = goodValues(name, member, own)
  return values.length > 0 ? fc.constantFrom(...values.map(writeValue)) : hostileValue
}

export function goodValues(name: string, member: ObjectSchema, own: Belongings): unknown[] {
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
    const whole = Object.entries(member.properties).map(([inner, each]) => [inner, goodValues(inner, each, own)[0]])
    return [Object.fromEntries(whole)]
  }
  return member.examples ?? member.enum ?? (member.type === 'string' ? ['text'] : [])
}

/** A good item of a list of objects. */
export function goodItem(name: string, { items }: ObjectSchema, own: Belongings): unknown {
  const [list] = goodValues(name, { type: 'array' }, own)
  if (Array.isArray(list)) return list[0]
  return Object.fromEntries(
    Object.entries(items?.properties ?? {}).map(([inner, each]) => [inner, goodValues(inner, each, own)[0]]),
  )
}

export function propertiesOf(schema: unknown): Record<string, ObjectSchema> {
  return (schema as ObjectSchema | undefined)?.properties ?? {}
}
