import type { Queryable } from '../../../db/database.ts'

/** The books that are verified, and how they are read. */
export interface Books {
  readonly db: Queryable
  /** The number of rows of one read. A read is one statement, so all rows that it compares are from one moment. */
  readonly pageSize: number
  /** The rows that were found sound so far. */
  readonly counts: Record<'entries' | 'transactions' | 'accounts' | 'holds' | 'customers', number>
}

/** One part of the verification. It yields the number of rows of each read, and throws `UnsoundRowError`. */
export type Part = AsyncGenerator<number, void>

/** The first row that is wrong; the message names the row and the fault. */
export class UnsoundRowError extends Error {
  override readonly name = 'UnsoundRowError'
}
