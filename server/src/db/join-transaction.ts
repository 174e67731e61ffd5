import type { Db, Tx, TxDb } from './database.ts'
import { oneAtATime } from './lanes.ts'

/** The open transaction as a database: a transaction begun on it joins it. */
export function joinTransaction(db: Pick<Db, 'engine'>, tx: Tx): TxDb {
  return {
    engine: db.engine,
    isTransaction: true,
    query: (statement) => tx.query(statement),
    transaction: (work) => work(tx),
    lane: () => oneAtATime(tx),
    close: async () => {},
  }
}
