import type { Db, Tx, TxDb } from './database.ts'
import { oneAtATime } from './lanes.ts'

/** The open transaction as a database: a transaction begun on it joins it. */
export function joinTransaction(db: Pick<Db, 'engine' | 'isFull'>, tx: Tx): TxDb {
  return {
    engine: db.engine,
    isTransaction: true,
    isFull: db.isFull,
    unhurried: tx,
    query: (statement) => tx.query(statement),
    transaction: (work) => work(tx),
    lane: () => oneAtATime(tx),
    close: async () => {},
  }
}
