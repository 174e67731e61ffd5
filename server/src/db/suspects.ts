import { DatabaseBusyError } from './errors.ts'
import type { Sql } from './sql.ts'

/** Suspicion ends after this time. */
const suspectMs = 10_000

/** The position of a row, which PostgreSQL names when a statement has waited for the lock of a row. */
const rowPosition = /\(\d+,\d+\)/

/**
 * The statements that lately waited in vain for the lock of a table. While a table is locked, each call that needs the table
 * holds a connection until its time is over, and soon calls hold all connections. So suspects get connections of their own.
 */
export class Suspects {
  readonly #until = new Map<string, number>()

  /** Suspects the statements that `error` was thrown for, if the error says that a table is locked. */
  note(key: string, error: unknown): void {
    if (!(error instanceof DatabaseBusyError) || error.reason !== 'lock' || isOfRow(error)) return
    this.#until.set(key, performance.now() + suspectMs)
  }

  has(key: string): boolean {
    if (this.#until.size === 0) return false
    const until = this.#until.get(key)
    if (until === undefined || until > performance.now()) return until !== undefined
    this.#until.delete(key)
    return false
  }

  clear(key: string): void {
    this.#until.delete(key)
  }
}

/** The name under which all transactions are suspected: their statements are not known before they are sent. */
export const transactionKey = 'transaction'

export function keyOf({ name, text }: Sql): string {
  return name || text
}

/** The lock of one row concerns few calls: the others of the same statement must not suffer for it. */
function isOfRow({ cause }: DatabaseBusyError): boolean {
  return typeof cause === 'object' && cause !== null && 'where' in cause && rowPosition.test(String(cause.where))
}
