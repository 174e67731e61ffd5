import type { Lane, Queryable } from './database.ts'
import { DatabaseUnavailableError } from './errors.ts'
import type { Lease } from './lease.ts'
import type { Sql } from './sql.ts'

interface LentConnection {
  readonly lease: Promise<Lease>
  /** How many lanes have statements under way on this connection. */
  lanes: number
  isLost: boolean
}

/** The use of a connection by one lane. */
interface Use {
  readonly connection: LentConnection
  underWay: number
}

/** A lane that sends a statement once the last statement is answered. */
export function oneAtATime(db: Queryable): Lane {
  return { depth: 1, query: (statement) => db.query(statement) }
}

/**
 * Lends each lane a connection while any of its statements is under way. Where more lanes are busy than `max`, lanes
 * share connections: the rest of the pool stays free for transactions and for long statements.
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
    let current: Use | undefined
    const query = async <Row>(statement: Sql): Promise<Row[]> => {
      // A lost connection is not used: statements under way on it fail, and this statement would fail too.
      if (current === undefined || current.connection.isLost) current = { connection: this.#lend(), underWay: 0 }
      const use = current
      use.underWay += 1
      try {
        const lease = await use.connection.lease
        return await lease.query<Row>(statement)
      } catch (error) {
        if (error instanceof DatabaseUnavailableError) this.#lose(use.connection)
        throw error
      } finally {
        use.underWay -= 1
        if (use.underWay === 0) this.#takeBack(use.connection)
        if (use.underWay === 0 && current === use) current = undefined
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
    const connection = { lease: this.#borrow(), lanes: 0, isLost: false }
    this.#lent.add(connection)
    return connection
  }

  #leastBusy(): LentConnection {
    return [...this.#lent].reduce((least, each) => (each.lanes < least.lanes ? each : least))
  }

  #lose(connection: LentConnection): void {
    connection.isLost = true
    this.#lent.delete(connection)
  }

  #takeBack(connection: LentConnection): void {
    connection.lanes -= 1
    if (connection.lanes > 0) return
    this.#lent.delete(connection)
    // Where no connection could be borrowed, the statement has thrown that error already.
    connection.lease.then(
      (lease) => lease.release(),
      () => undefined,
    )
  }
}
