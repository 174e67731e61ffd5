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

/** Reads a list page by page, in the account's order. A page is asked for when it is needed. Throws `UpstreamError`. */
export async function* listPages<Row>(
  ask: Ask,
  { operation, path, query, status, from, to }: Listing,
  readRow: (row: Members) => Row,
): AsyncGenerator<Row[]> {
  const filters = { ...query, status, from: from?.toISOString(), to: to?.toISOString() }
  for (let page = 1, pageCount = 1; page <= pageCount; page++) {
    const answer = await ask({ operation, method: 'GET', path, query: { ...filters, perPage, page } })
    const rows = readSuccess(operation, answer, (data) => {
      pageCount = readPageCount(answer.body.meta, page)
      return readList(data, 'data', readRow)
    })
    yield rows
  }
}

/** A list that says not how long it is, or which page it shows, cannot be read to its end. */
function readPageCount(value: unknown, asked: number): number {
  const { page, pageCount } = readMembers(value, 'meta')
  if (page !== asked) throw new Unreadable('meta.page')
  if (!Number.isSafeInteger(pageCount)) throw new Unreadable('meta.pageCount')
  return pageCount as number
}
