import { expect } from 'vitest'
import type { Merchant } from '../src/merchant.ts'
import { exchange, type WireRequest, type WireResponse } from '../src/wire.ts'
import type { Dialect } from './dialects.ts'
import { listResponseDefects, type OperationName, operations } from './operations.ts'

export interface CustomerBody {
  id: string
  merchantId: string
  phoneNumber: string
  email?: string
  name?: string
  metadata: Record<string, unknown>
}

export interface Page<Item> {
  data: Item[]
  pagination: { limit: number; offset: number; total: number; hasMore: boolean }
}

export type Query = Record<string, string | undefined>

/** The input of a call. A member of `body` or `query` that is undefined is left out as the dialect does it. */
export interface CallInput {
  id?: string
  query?: Query
  body?: Record<string, unknown>
  /** Default: the test merchant's token. Null: no `Authorization` header, as the clients do without a token. */
  token?: string | null
}

/**
 * Makes one call as the dialect's client would. Fails for every part of the answer that would break any of the clients.
 * `status` is the documented status to expect.
 */
export async function call(
  merchant: Merchant,
  dialect: Dialect,
  operation: OperationName,
  status: number,
  input: CallInput = {},
): Promise<unknown> {
  const response = await exchange(merchant.url, writeRequest(merchant, dialect, operation, input))
  return expectAnswer(operation, status, response)
}

/** The body of an answer, after a check that it is the documented one. */
export function expectAnswer(operation: OperationName, status: number, response: WireResponse): unknown {
  expect(listResponseDefects(operation, status, response)).toEqual([])
  return response.json
}

function writeRequest(
  merchant: Merchant,
  dialect: Dialect,
  operation: OperationName,
  { id = '', query = {}, body, token = merchant.key }: CallInput,
): WireRequest {
  const { method, path, body: answer } = operations[operation]
  const target = path.replace('{id}', encodeURIComponent(id)) + writeQuery(dialect, query)
  const { Accept, ...others } = dialect.headers
  const accept = answer === null && dialect.acceptNothing === null ? {} : Accept === undefined ? {} : { Accept }
  const headers = { ...accept, ...others, ...writeCredential(dialect, token) }
  if (!body) return { method, target, headers }
  const members = Object.entries(body).map(([name, value]) => [name, value === undefined ? dialect.unset : value])
  return {
    method,
    target,
    headers: { ...headers, 'Content-Type': dialect.contentType },
    body: dialect.writeJson(Object.fromEntries(members)),
  }
}

function writeCredential({ credential }: Dialect, token: string | null): Record<string, string> {
  if (token === null) return {}
  return { [credential]: credential === 'Authorization' ? `Bearer ${token}` : token }
}

function writeQuery(dialect: Dialect, query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const pairs = given.map(([name, value]) => `${name}=${dialect.writeQueryValue(value)}`)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}
