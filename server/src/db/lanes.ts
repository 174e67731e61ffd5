import type { Lane } from './database.ts'
import type { Lease } from './lease.ts'
import type { Sql } from './sql.ts'

interface LentConnection {
  readonly lease: Promise<Lease>
  /** Lanes that have statements under way on it. */
  lanes: number
}

/**
 * Lends each lane a connection while any of its statements is under way. Where more lanes are busy than may have one,
 * they share: the rest of the pool stays free for transactions and for what takes longer.
 */
export class Lanes {
  readonly #borrow: () => Promise<Lease>
  readonly #max: number
  readonly #lent = new Set<LentConnection>()

  /** @param max connections lent at once, at least one */
  constructor(borrow: () => Promise<Lease>, max: number) {
    this.#borrow = borrow
    this.#max = max
  }

  open(): Lane {
    let underWay = 0
    let connection: LentConnection
    const query = async <Row>(statement: Sql): Promise<Row[]> => {
      if (underWay === 0) connection = this.#lend()
      underWay += 1
      try {
        const lease = await connection.lease
        return await lease.query<Row>(statement)
      } finally {
        underWay -= 1
        if (underWay === 0) this.#takeBack(connection)
      }
    }
    return { depth: 2, query }
  }

  #lend(): LentConnection {
    const connection = this.#lent.size < this.#max ? this.#lendAnother() : this.#leastBusy()
    connection.lanes += 1
    return connection
  }

  #lendAnother(): LentConnection {
    const connection = { lease: this.#borrow(), lanes: 0 }
    this.#lent.add(connection)
    return connection
  }

  #leastBusy(): LentConnection {
    return [...this.#lent].reduce((least, each) => (each.lanes < least.lanes ? each : least))
  }

  #takeBack(connection: LentConnection): void {
    connection.lanes -= 1
    if (connection.lanes > 0) return
    this.#lent.delete(connection)
    // Where none could be borrowed, the statement has said so.
    connection.lease.then(
      (lease) => lease.release(),
      () => undefined,
    )
  }
}
