import type { Ask } from './ask.ts'
import { type Members, readList, readMembers, readSuccess, Unreadable } from './reading.ts'

/** Limits a list to things made in a period. With a `to` no new thing moves the pages while they are read. */
export interface Period {
  from?: Date | undefined
  to?: Date | undefined
}

export interface Listing extends Period {
  operation: string
  path: string
  /** Filters, in Paystack's own names. */
  query?: Record<string, string | number | undefined>
  status?: string | undefined
}

/** The largest page that every list of the account serves. */
const perPage = 100

/** A list of the account, and how each of its rows is read. */
export interface ReadableListing<Row> extends Listing {
  readRow: (row: Members) => Row
}

/** Reads one page of a list, counted from 1. Throws `UpstreamError`. */
export async function readPage<Row>(
  ask: Ask,
  { operation, path, query, status, from, to, readRow }: ReadableListing<Row>,
  page: number,
): Promise<{ rows: Row[]; isLast: boolean; total: number | null }> {
  const filters = { ...query, status, from: from?.toISOString(), to: to?.toISOString() }
  const answer = await ask({ operation, method: 'GET', path, query: { ...filters, perPage, page } })
  return readSuccess(operation, answer, (data) => ({
    isLast: page >= readPageCount(answer.body.meta, page),
    total: readTotal(answer.body.meta),
    rows: readList(data, 'data', readRow),
  }))
}

/** Reads a list page by page, in the account's order. A page is asked for when it is needed. Throws `UpstreamError`. */
export async function* listPages<Row>(ask: Ask, listing: ReadableListing<Row>): AsyncGenerator<Row[]> {
  for (let page = 1, isLast = false; !isLast; page++) {
    const read = await readPage(ask, listing, page)
    isLast = read.isLast
    yield read.rows
  }
}

/** A list that says not how long it is, or which page it shows, cannot be read to its end. */
function readPageCount(value: unknown, asked: number): number {
  const { page, pageCount } = readMembers(value, 'meta')
  if (page !== asked) throw new Unreadable('meta.page')
  if (!Number.isSafeInteger(pageCount)) throw new Unreadable('meta.pageCount')
  return pageCount as number
}

/** How many rows all pages have together; null where the list does not say. */
function readTotal(value: unknown): number | null {
  const { total } = readMembers(value, 'meta')
  return Number.isSafeInteger(total) ? (total as number) : null
}
