import type { Sql } from './sql.ts'

/** Anything that can be asked: the pool or an open transaction. Rows come back as plain objects, snake_case as in SQL. */
export interface Queryable {
  query<Row = Record<string, unknown>>(statement: Sql): Promise<Row[]>
}

/** The pool. Each call may use another connection. */
export interface Db extends Queryable {
  readonly engine: 'embedded' | 'postgresql'
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. Read committed. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** An open transaction. On the embedded engine it holds the only connection: never await the pool inside one. */
export interface Tx extends Queryable {
  readonly transaction: 'open'
}
