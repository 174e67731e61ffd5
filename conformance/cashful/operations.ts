import { listDefects, type Shape } from '../src/shape.ts'
import type { WireResponse } from '../src/wire.ts'
import * as dto from './shapes.ts'

interface Operation {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** `{id}` stands for the customer's id. */
  path: string
  /** The only 2xx code. With another one the Python client returns None without an error. */
  success: 200 | 201
  /** Null for an answer without a body: the .NET client parses any body that is there. */
  body: Shape | null
  errors: dto.ErrorStatus[]
}

const customers = '/api/canary/customers'

/** The operations served, with every status that the contract declares, except 500, which must never come. */
export const operations = {
  createCustomer: { method: 'POST', path: customers, success: 201, body: dto.customer, errors: [400, 401, 409] },
  listCustomers: {
    method: 'GET',
    path: customers,
    success: 200,
    body: dto.pageOf(dto.customer),
    errors: [400, 401, 404],
  },
  retrieveCustomer: {
    method: 'GET',
    path: `${customers}/{id}`,
    success: 200,
    body: dto.customer,
    errors: [401, 404],
  },
  updateCustomer: {
    method: 'PATCH',
    path: `${customers}/{id}`,
    success: 200,
    body: dto.customer,
    errors: [400, 401, 404, 409],
  },
  getCustomerBalance: {
    method: 'GET',
    path: `${customers}/{id}/balance`,
    success: 200,
    body: dto.balance,
    errors: [401, 404],
  },
  listCustomerTransactions: {
    method: 'GET',
    path: `${customers}/{id}/transactions`,
    success: 200,
    body: dto.pageOf(dto.transaction),
    errors: [401, 404],
  },
  listCustomerPaymentMethods: {
    method: 'GET',
    path: `${customers}/{id}/payment-methods`,
    success: 200,
    body: dto.pageOf(dto.paymentMethod),
    errors: [401, 404],
  },
  updateCustomersBulk: {
    method: 'PATCH',
    path: `${customers}/bulk`,
    success: 200,
    body: dto.bulk,
    errors: [400, 401, 404, 409],
  },
  deleteCustomersBulk: {
    method: 'DELETE',
    path: `${customers}/bulk`,
    success: 200,
    body: dto.bulk,
    errors: [400, 401, 404, 409],
  },
  listEventTypes: {
    method: 'GET',
    path: '/api/canary/events/types',
    success: 200,
    body: dto.eventTypes,
    errors: [401],
  },
  createEvent: { method: 'POST', path: '/api/canary/events', success: 201, body: null, errors: [400, 401, 404] },
  listTransfers: {
    method: 'GET',
    path: '/api/canary/transfers',
    success: 200,
    body: dto.pageOf(dto.transfer),
    errors: [400, 401, 404],
  },
  createPayout: {
    method: 'POST',
    path: '/api/canary/payouts',
    success: 201,
    body: dto.payout,
    errors: [400, 401, 402],
  },
  listPayouts: {
    method: 'GET',
    path: '/api/canary/payouts',
    success: 200,
    body: dto.pageOf(dto.payout),
    errors: [400, 401, 404],
  },
  listPaymentMethods: {
    method: 'GET',
    path: '/api/canary/payment-methods',
    success: 200,
    body: dto.pageOf(dto.ownPaymentMethod),
    errors: [400, 401, 404],
  },
  getMerchantBalance: {
    method: 'GET',
    path: '/api/canary/balance',
    success: 200,
    body: dto.merchantBalance,
    errors: [400, 401, 404],
  },
  getBalanceHistory: {
    method: 'GET',
    path: '/api/canary/balance/history',
    success: 200,
    body: dto.pageOf(dto.merchantTransaction),
    errors: [400, 401, 404],
  },
  health: { method: 'GET', path: '/api/canary/health', success: 200, body: dto.health, errors: [] },
  token: {
    method: 'GET',
    path: '/api/canary/authentication/token',
    success: 200,
    body: dto.token,
    errors: [401],
  },
  jwks: { method: 'GET', path: '/api/canary/authentication/jwks', success: 200, body: dto.jwks, errors: [] },
} satisfies Record<string, Operation>

export type OperationName = keyof typeof operations

/**
 * Every part of a response that would break one of the published clients, one sentence each. `expected` is the
 * documented status that the request must get.
 */
export function listResponseDefects(name: OperationName, expected: number, response: WireResponse): string[] {
  const { success, body, errors }: Operation = operations[name]
  const error = errors.find((status) => status === expected)
  if (expected !== success && error === undefined) return [`${expected} is not a documented status of ${name}`]
  if (error === undefined && body === null) return listEmptyDefects(expected, response)
  return [
    ...listEnvelopeDefects(expected, response),
    ...listDefects(error === undefined ? (body as Shape) : dto.errorEnvelope(error), response.json),
  ]
}

/** The same check for a path that is no operation. Its answer must be a 404 in the same envelope. */
export function listUnknownRouteDefects(response: WireResponse): string[] {
  return [...listEnvelopeDefects(404, response), ...listDefects(dto.errorEnvelope(404), response.json)]
}

function listEmptyDefects(expected: number, { status, text }: WireResponse): string[] {
  return [
    ...(status === expected ? [] : [`the status is ${status}, expected ${expected}: ${text}`]),
    ...(text === '' ? [] : [`the body is ${text}, expected none`]),
  ]
}

const jsonType = /^application\/json(; ?charset=utf-8)?$/i

function listEnvelopeDefects(expected: number, { status, headers, text }: WireResponse): string[] {
  const type = headers['content-type'] ?? 'missing'
  return [
    ...(status === expected ? [] : [`the status is ${status}, expected ${expected}: ${text}`]),
    ...(jsonType.test(type) ? [] : [`the content type is ${type}, expected application/json`]),
  ]
}
