import type { PageRequest } from '../base/page.ts'
import { type Sql, sql } from './sql.ts'

/** The rows from `first` to `last` of a list whose rows are numbered 1, 2, 3 … within their tenant. */
export interface NumberedList {
  table: Sql
  /** Numbers, or expressions that give them. */
  first: Sql
  last: Sql
}

/** The tenant whose rows are listed. */
interface RowOwner {
  merchant: { id: number }
  mode: string
}

/** Two queries: one row with the `total`, and the whole rows of one page. */
export interface PageQueries {
  total: Sql
  rows: Sql
}

/** A page of a numbered list: newest first, or oldest first where the direction is `asc`. */
export type NumberedPage = PageRequest & { direction?: 'asc' | 'desc' | undefined }

/** A page by number: the total and any page are index look-ups, however far the offset. */
export function pageByNumber(
  { table, first, last }: NumberedList,
  { merchant, mode }: RowOwner,
  { limit, offset, direction }: NumberedPage,
): PageQueries {
  const newest = sql`(${last}) - ${offset}::bigint`
  const oldest = sql`(${first}) + ${offset}::bigint`
  const within =
    direction === 'asc'
      ? sql`n.number >= ${oldest} and n.number < ${oldest} + ${limit}::bigint`
      : sql`n.number <= ${newest} and n.number > ${newest} - ${limit}::bigint`
  return {
    total: sql`select (${last}) - (${first}) + 1 as total`,
    rows: sql`
      select n.* from ${table} n
      where n.merchant_id = ${merchant.id} and n.mode = ${mode}
        and n.number >= (${first}) and n.number <= (${last}) and ${within}
    `,
  }
}

/** The order of the rows of such a page, with `row` for their table. */
export function numberOrder(row: Sql, { direction }: NumberedPage): Sql {
  return direction === 'asc' ? sql`${row}.number` : sql`${row}.number desc`
}

/**
 * A page of the rows that match: the matches are counted, and read as far as the page ends.
 *
 * @param matching `from … where …`, with `n` for the table whose rows are listed
 */
export function pageOfMatches(matching: Sql, page: NumberedPage): PageQueries {
  const { limit, offset } = page
  return {
    total: sql`select count(*) as total ${matching}`,
    rows: sql`select n.* ${matching} order by ${numberOrder(sql`n`, page)} limit ${limit} offset ${offset}`,
  }
}
