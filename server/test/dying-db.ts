import type { FreeDb, Queryable } from '../src/db/database.ts'

/**
 * The database of a server that is killed at its statement number `last`: before the statement is sent, or once it is done. All
 * that is committed by then stays, and nothing more is done.
 */
export function dyingDb(db: FreeDb, last: number, moment: 'before' | 'after'): { db: FreeDb; asked: () => number } {
  let asked = 0
  const dying = (real: Queryable): Queryable['query'] => {
    return async (statement) => {
      asked += 1
      if (asked > last || (asked === last && moment === 'before')) throw new Error('killed')
      const rows = await real.query(statement)
      if (asked === last) throw new Error('killed')
      return rows as never
    }
  }
  const own: FreeDb = {
    ...db,
    query: dying(db),
    transaction: (work) => db.transaction((tx) => work({ transaction: 'open', query: dying(tx) })),
    lane() {
      const lane = db.lane()
      return { depth: lane.depth, query: dying(lane) }
    },
    close: () => Promise.resolve(),
  }
  return { db: own, asked: () => asked }
}
