import type { Sql } from './sql.ts'

/** Anything that can be asked: the pool or an open transaction. Rows come back as plain objects, snake_case as in SQL. */
export interface Queryable {
  /**
   * Values come back as: int8 bigint, numeric string, timestamptz Date, date string, json parsed, the rest as in `pg`.
   * Database errors keep the `code`, `constraint` and `table` of `pg`.
   * @throws DatabaseUnavailableError when the database is away
   */
  query<Row = Record<string, unknown>>(statement: Sql): Promise<Row[]>
}

/** The pool. Each call may use another connection. */
export interface Db extends Queryable {
  readonly engine: 'embedded' | 'postgresql'
  /** Whether this is an open transaction that is used as a database: see `joinTransaction`. */
  readonly isTransaction: boolean
  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. Read committed.
   * Nothing is retried. A database error that `work` swallowed has spoilt the transaction and is thrown at the end.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** It holds nothing while nothing is asked. */
  lane(): Lane
  /** Waits for what is running, then closes. */
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
 * A way for statements to follow each other: sent before the one before is answered, they are done in the order they were
 * sent, each in a commit of its own, and one that fails does not stop the next. So the database never waits for the next.
 */
export interface Lane extends Queryable {
  /** How many are worth having under way at once: 1 on the embedded engine, where they would keep others waiting. */
  readonly depth: 1 | 2
}

/**
 * An open transaction; its statements run one after the other, also when asked for at once. On the embedded engine it
 * holds the only connection: never await the pool inside one.
 */
export interface Tx extends Queryable {
  readonly transaction: 'open'
}

/** A database as `openDatabase` returns it: it can also be worked on as the user who connected, for migrations. */
export interface OwnedDb extends FreeDb {
  /**
   * Lends one connection without the application's role and closes it afterwards. What `work` changed about roles holds
   * for every later query of this process.
   */
  asOwner<T>(work: (session: OwnerSession) => Promise<T>): Promise<T>
}

/** A connection of its own, of the user who connected. */
export interface OwnerSession extends Queryable {
  /** One statement written in a file or in the code, without parameters. */
  execute(statement: string): Promise<unknown>
}
