import { ServiceError } from '../../base/errors.ts'

const defaultPerPage = 50
const maxPerPage = 200

export interface ListQuery {
  perPage?: string | undefined
  page?: string | undefined
  from?: string | undefined
  to?: string | undefined
  use_cursor?: string | undefined
  next?: string | undefined
  previous?: string | undefined
}

export function readPerPage(query: ListQuery, field = 'perPage'): number {
  return Math.min(readCount(query.perPage, field) ?? defaultPerPage, maxPerPage)
}

export function readPageNumber(query: ListQuery): number {
  return readCount(query.page, 'page') ?? 1
}

export function wantsCursor(query: ListQuery): boolean {
  return query.use_cursor === 'true' || Boolean(query.next) || Boolean(query.previous)
}

export function pageMeta(page: number, perPage: number, total: number) {
  return { total, skipped: (page - 1) * perPage, perPage, page, pageCount: Math.max(1, Math.ceil(total / perPage)) }
}

/** The list that a cursor walks through. */
type CursorModel = 'customer' | 'transaction' | 'bank'

/** Base64 of `customer:<id>`, the form of Paystack's own cursors. */
export function writeCursor(model: CursorModel, id: bigint): string {
  return Buffer.from(`${model}:${id}`).toString('base64')
}

/** Throws `invalid_request` for a cursor that this server never wrote. */
export function readCursor(model: CursorModel, cursor: string, field: string): bigint {
  const [, of, id] = /^([a-z]+):(\d{1,18})$/.exec(Buffer.from(cursor, 'base64').toString('latin1')) ?? []
  if (of === model && id !== undefined) return BigInt(id)
  throw new ServiceError('invalid_request', `"${field}" must be a cursor from the meta of an earlier page`, field)
}

function readCount(text: string | undefined, field: string): number | undefined {
  if (text === undefined || text.trim() === '') return undefined
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= 1_000_000_000_000) return count
  throw new ServiceError('invalid_request', `"${field}" must be a positive number`, field)
}
