import { describe, expect, test } from 'vitest'
import type { WireResponse } from '../src/wire.ts'
import { listResponseDefects, listUnknownRouteDefects, type OperationName } from './operations.ts'

type Json = Record<string, unknown>

const stamps = { createdAt: '2025-01-15T10:30:00.000Z', updatedAt: '2025-01-15T10:30:00.000Z' }
const customer = {
  id: 'customer_789',
  merchantId: 'merchant_456',
  phoneNumber: '+27821234567',
  email: 'john.doe@example.com',
  name: 'John Doe',
  metadata: { source: null },
  ...stamps,
}
const pagination = { limit: 50, offset: 0, total: 1, hasMore: false }
const balance = { customerId: 'customer_789', amount: 5000, currency: 'ZAR', available: 5000, pending: 0 }
const entry = { type: 'purchase', amount: -50, currency: 'ZAR', balanceAfter: 4950, relatedEntityType: 'Purchase' }
const card = {
  customerId: 'customer_789',
  type: 'card',
  last4: '4242',
  expiryMonth: 8,
  expiryYear: 2030,
  isDefault: true,
}
const sent = {
  merchantId: 'merchant_456',
  fromCustomerId: 'customer_789',
  toCustomerId: 'customer_790',
  amount: 250,
  currency: 'ZAR',
  status: 'completed',
}
const paidOut = {
  merchantId: 'merchant_456',
  amount: 20000,
  currency: 'ZAR',
  status: 'pending',
  bankAccount: '****5678',
  metadata: {},
}
const earned = { merchantId: 'merchant_456', amount: 50, currency: 'ZAR', available: 50, pending: 0 }
const services = { database: { status: 'up' } }

/** A right answer of every operation. All members but the ones in `optionalMembers` are required. */
const samples: Record<Exclude<OperationName, 'createEvent'>, { status: number; body: Json }> = {
  createCustomer: { status: 201, body: customer },
  listCustomers: { status: 200, body: { data: [customer], pagination } },
  retrieveCustomer: { status: 200, body: customer },
  updateCustomer: { status: 200, body: customer },
  getCustomerBalance: { status: 200, body: { id: 'balance_001', ...balance, ...stamps } },
  listCustomerTransactions: { status: 200, body: { data: [{ id: 'txn_002', ...entry, ...stamps }], pagination } },
  listCustomerPaymentMethods: { status: 200, body: { data: [{ id: 'pm_001', ...card, ...stamps }], pagination } },
  updateCustomersBulk: { status: 200, body: { ids: ['cust_1'], count: 1 } },
  deleteCustomersBulk: { status: 200, body: { ids: ['cust_1'], count: 1 } },
  listEventTypes: {
    status: 200,
    body: { data: [{ id: 'e', name: 'purchase.succeeded', description: 'x', isActive: true }] },
  },
  listTransfers: { status: 200, body: { data: [{ id: 'transfer_001', ...sent, ...stamps }], pagination } },
  createPayout: { status: 201, body: { id: 'payout_001', ...paidOut, ...stamps } },
  listPayouts: { status: 200, body: { data: [{ id: 'payout_001', ...paidOut, ...stamps }], pagination } },
  listPaymentMethods: {
    status: 200,
    body: { data: [{ id: 'pm_001', provider: 'iveri', ...card, ...stamps }], pagination },
  },
  getMerchantBalance: { status: 200, body: { id: 'balance_001', ...earned, ...stamps } },
  getBalanceHistory: {
    status: 200,
    body: { data: [{ id: 'txn_002', merchantId: 'm', ...entry, ...stamps }], pagination },
  },
  health: { status: 200, body: { status: 'ok', info: services, error: {}, details: services } },
  token: { status: 200, body: { token: 'header.payload.signature' } },
  jwks: { status: 200, body: { keys: [{ kid: 'k1', kty: 'OKP', alg: 'EdDSA', use: 'sig', crv: 'Ed25519', x: 'AA' }] } },
}
const unauthorized = { statusCode: 401, message: ['Invalid key'], error: 'Unauthorized' }

const optionalMembers = new Set(
  'email name relatedEntityType last4 expiryMonth expiryYear isDefault use crv x description bankAccount'.split(' '),
)

/** A customer's name is optional, the name of a type of event is not. */
const isOptional = (operation: string, member: string) =>
  optionalMembers.has(member) && !(operation === 'listEventTypes' && member === 'name')

function respond(status: number, json: unknown, type = 'application/json; charset=utf-8'): WireResponse {
  return { status, headers: { 'content-type': type }, text: JSON.stringify(json), json }
}

/** Every object of the body whose members the contract names, with a function that replaces it. */
function* walkObjects(body: Json, replace: (changed: unknown) => unknown = (whole) => whole): Generator<Place> {
  yield { object: body, replace }
  for (const [name, value] of Object.entries(body)) {
    if (name === 'metadata') continue
    const inner = (changed: unknown) => replace({ ...body, [name]: changed })
    const [first] = Array.isArray(value) ? value : []
    if (isObject(first)) yield* walkObjects(first, (changed) => inner([changed]))
    if (isObject(value)) yield* walkObjects(value, inner)
  }
}

interface Place {
  object: Json
  replace: (changed: unknown) => unknown
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const without = (object: Json, name: string) =>
  Object.fromEntries(Object.entries(object).filter(([key]) => key !== name))

describe.each(Object.entries(samples))('the checker on answers of %s', (name, { status, body }) => {
  const list = (answer: unknown) => listResponseDefects(name as OperationName, status, respond(status, answer))
  const places = [...walkObjects(body)]
  const members = places.flatMap((place) => Object.keys(place.object).map((member) => ({ ...place, member })))

  test(`the checker accepts the documented answer of ${name}`, () => {
    expect(list(body)).toEqual([])
  })

  test(`the checker refuses an undocumented member anywhere in an answer of ${name}`, () => {
    for (const { object, replace } of places) expect(list(replace({ ...object, surprise: 1 }))).toHaveLength(1)
  })

  test(`the checker refuses an answer of ${name} without a required member and accepts it without an optional one`, () => {
    for (const { object, replace, member } of members) {
      const defects = list(replace(without(object, member)))
      expect(defects, member).toHaveLength(isOptional(name, member) ? 0 : 1)
    }
  })

  test(`the checker refuses null in place of any member of an answer of ${name}`, () => {
    for (const { object, replace, member } of members) {
      expect(list(replace({ ...object, [member]: null })), member).not.toEqual([])
    }
  })

  test(`the checker refuses a wrong type of any member of an answer of ${name}`, () => {
    for (const { object, replace, member } of members) {
      const wrong = typeof object[member] === 'string' ? 4242 : String(object[member])
      expect(list(replace({ ...object, [member]: wrong })), member).not.toEqual([])
    }
  })

  test(`the checker refuses null, a bare list and no JSON as an answer of ${name}`, () => {
    for (const wrong of [null, [body], undefined]) expect(list(wrong)).not.toEqual([])
  })

  test(`the checker refuses any other 2xx status and any other content type in an answer of ${name}`, () => {
    const check = (answer: WireResponse) => listResponseDefects(name as OperationName, status, answer)
    for (const other of [200, 201, 202, 204].filter((code) => code !== status)) {
      expect(check(respond(other, body))).toHaveLength(1)
    }
    for (const type of ['text/html', 'text/plain; charset=utf-8', 'application/octet-stream', '']) {
      expect(check(respond(status, body, type))).toHaveLength(1)
    }
  })
})

test('the checker refuses an answer with a body where none is documented', () => {
  const list = (answer: WireResponse) => listResponseDefects('createEvent', 201, answer)
  const empty = { status: 201, headers: {}, text: '', json: undefined }
  expect(list(empty)).toEqual([])
  expect(list({ ...empty, status: 200 })).toHaveLength(1)
  expect(list({ ...empty, text: 'null', json: null })).toHaveLength(1)
})

describe('the checker on dates and numbers', () => {
  const retrieve = (changes: Json) =>
    listResponseDefects('retrieveCustomer', 200, respond(200, { ...customer, ...changes }))
  const readBalance = (changes: Json) => {
    const body = { ...samples.getCustomerBalance.body, ...changes }
    return listResponseDefects('getCustomerBalance', 200, respond(200, body))
  }

  test.each(['2025-01-15T10:30:00Z', '2025-01-15T12:30:00+02:00', '2025-01-15T10:30:00.123456789Z'])(
    'the checker accepts the date %s',
    (createdAt) => expect(retrieve({ createdAt })).toEqual([]),
  )

  test.each(['2025-01-15T10:30:00', '2025-01-15', '2025-13-15T10:30:00Z', 'yesterday', 1736937000000])(
    'the checker refuses the date %s',
    (createdAt) => expect(retrieve({ createdAt })).toHaveLength(1),
  )

  test('the checker refuses an amount with a fraction', () => {
    expect(readBalance({ amount: 50.5 })).toHaveLength(1)
  })
})

describe('the checker on errors', () => {
  const refuse = (body: unknown, status = 401) => listResponseDefects('retrieveCustomer', 401, respond(status, body))

  test('the checker accepts the documented error envelope', () => {
    expect(refuse(unauthorized)).toEqual([])
    expect(listUnknownRouteDefects(respond(404, { statusCode: 404, message: ['No'], error: 'Not Found' }))).toEqual([])
  })

  test.each([
    ['a message that is a string', { message: 'Invalid key' }],
    ['an empty list of messages', { message: [] }],
    ['a message that is no string', { message: [null] }],
    ['a status code that is not the status', { statusCode: 400 }],
    ['a status code that is a string', { statusCode: '401' }],
    ['the name of another error', { error: 'Bad Request' }],
    ['an undocumented member', { code: 'invalid_key' }],
  ])('the checker refuses an error envelope with %s', (_, changes) => {
    expect(refuse({ ...unauthorized, ...changes })).toHaveLength(1)
  })

  test.each(Object.keys(unauthorized))('the checker refuses an error envelope without %s', (member) => {
    expect(refuse(without(unauthorized, member))).toHaveLength(1)
  })

  test('the checker refuses an error status that the operation does not document', () => {
    const conflict = { statusCode: 409, message: ['Taken'], error: 'Conflict' }
    expect(listResponseDefects('retrieveCustomer', 409, respond(409, conflict))).toHaveLength(1)
    expect(refuse(conflict, 409)).not.toEqual([])
  })
})
