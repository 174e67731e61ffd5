import { Type } from 'typebox'
import { ServiceError } from '../../base/errors.ts'
import { exactNumber } from '../../base/lossless-json.ts'
import { flagSchema, isGiven, readFlag } from './queries.ts'

const defaultPerPage = 50
const maxPerPage = 200
const maxCount = 1_000_000_000_000

export interface ListQuery {
  perPage?: string | undefined
  /** The same as `perPage`: Paystack's reference has one name, its OpenAPI document the other. */
  per_page?: string | undefined
  page?: string | undefined
  from?: string | undefined
  to?: string | undefined
  use_cursor?: string | undefined
  next?: string | undefined
  previous?: string | undefined
}

/** The members of a query that ask for a page by number. */
export const pageQuery = {
  perPage: Type.Optional(Type.String({ description: 'Default 50, at most 200', examples: ['50'] })),
  page: Type.Optional(Type.String({ description: 'Default 1', examples: ['1'] })),
  per_page: Type.Optional(Type.String({ description: 'The same as perPage' })),
}

/** The members of a query that ask for a page by cursor. */
export const cursorQuery = {
  use_cursor: flagSchema('Answers cursors in place of page numbers'),
  next: Type.Optional(Type.String({ description: 'The cursor of the next page' })),
  previous: Type.Optional(Type.String({ description: 'The cursor of the previous page' })),
}

export function readPerPage({ perPage, per_page }: ListQuery): number {
  const count = isGiven(perPage) ? readCount(perPage, 'perPage') : readCount(per_page, 'per_page')
  return Math.min(count ?? defaultPerPage, maxPerPage)
}

export function readPageNumber(query: ListQuery): number {
  return readCount(query.page, 'page') ?? 1
}

export function wantsCursor(query: ListQuery): boolean {
  return readFlag(query.use_cursor, 'use_cursor') === true || Boolean(query.next) || Boolean(query.previous)
}

export function pageMeta(page: number, perPage: number, total: number) {
  return { total, skipped: (page - 1) * perPage, perPage, page, pageCount: Math.max(1, Math.ceil(total / perPage)) }
}

/** The list that a cursor walks through. */
type CursorModel = 'customer' | 'transaction' | 'dispute' | 'bank' | 'transfer' | 'recipient'

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

/** The place in a list by cursors that a query asks for. Throws `invalid_request`. */
export function readStep(model: CursorModel, query: ListQuery) {
  const { next, previous } = query
  return {
    limit: readPerPage(query),
    olderThan: next ? readCursor(model, next, 'next') : undefined,
    newerThan: previous && !next ? readCursor(model, previous, 'previous') : undefined,
  }
}

/** The cursors of the pages around a page that was found. */
export function stepMeta<Item>(
  model: CursorModel,
  query: ListQuery,
  { items, hasNewer, hasOlder }: { items: Item[]; hasNewer: boolean; hasOlder: boolean },
  idOf: (item: Item) => bigint,
) {
  const [newest, oldest] = [items.at(0), items.at(-1)]
  return {
    next: hasOlder && oldest !== undefined ? writeCursor(model, idOf(oldest)) : null,
    previous: hasNewer && newest !== undefined ? writeCursor(model, idOf(newest)) : null,
    perPage: readPerPage(query),
  }
}

function readCount(text: string | undefined, field: string): number | undefined {
  if (!isGiven(text)) return undefined
  const count = exactNumber(text.trim())
  if (count !== null && Number.isInteger(count) && count >= 1 && count <= maxCount) return count
  const message = `"${field}" must be a whole number from 1 to ${maxCount}, not ${JSON.stringify(text)}`
  throw new ServiceError('invalid_request', message, field)
}
