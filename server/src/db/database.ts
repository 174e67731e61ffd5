import type { Sql } from './sql.ts'

/**
 * Anything that can be asked: the pool or an open transaction. Rows come back as plain objects, snake_case as in SQL.
 */
export interface Queryable {
  /**
   * Values come back as: int8 bigint, numeric string, timestamptz Date, date string, json parsed, the rest as in `pg`.
   * Database errors keep the `code`, `constraint` and `table` of `pg`.
   * @throws DatabaseUnavailableError when the database is away
   * @throws DatabaseBusyError when the statement was undone for want of time or space
   */
  query<Row = Record<string, unknown>>(statement: Sql): Promise<Row[]>
}

/** The pool. Each call may use another connection. */
export interface Db extends Queryable {
  readonly engine: 'embedded' | 'postgresql'
  /** Whether this is an open transaction that is used as a database: see `joinTransaction`. */
  readonly isTransaction: boolean
  /** Whether the database refused to store something in the last ten seconds, because its disk is full. */
  readonly isFull: boolean
  /** For statements that may take as long as they need: of exports and of the verification. */
  readonly unhurried: Queryable
  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. Read committed.
   * Nothing is retried. A database error that `work` swallowed has spoilt the transaction and is thrown at the end.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Opens a lane. A lane holds no connection while none of its statements is under way. */
  lane(): Lane
  /** Waits for the statements that are running, then closes. */
  close(): Promise<void>
}

/** The pool, outside any transaction. */
export interface FreeDb extends Db {
  readonly isTransaction: false
}

/** An open transaction that is used as a database: a transaction begun on it joins it. */
export interface TxDb extends Db {
  readonly isTransaction: true
}

/**
 * A way to send a statement before the last statement is answered, so that the database never waits for the next one.
 * Statements are done in the order they were sent, each in its own commit. A statement that fails does not stop the
 * next.
 */
export interface Lane extends Queryable {
  /** How many statements should be under way at once: 1 on the embedded engine, where a second would block others. */
  readonly depth: 1 | 2
}

/**
 * An open transaction. Its statements run one after the other, also when asked for at once. On the embedded engine it
 * holds the only connection: never await the pool inside a transaction.
 */
export interface Tx extends Queryable {
  readonly transaction: 'open'
}

/** A database as `openDatabase` returns it. Migrations can also work on it as the user who connected. */
export interface OwnedDb extends FreeDb {
  /**
   * Lends one connection without the application's role and without limits of time, and closes it afterwards. Changes that `work` makes to roles
   * hold for every later query of this process.
   */
  asOwner<T>(work: (session: OwnerSession) => Promise<T>): Promise<T>
}

/** A separate connection with the rights of the user who connected. */
export interface OwnerSession extends Queryable {
  /** Runs one statement without parameters, written in a file or in the code. */
  execute(statement: string): Promise<unknown>
}
