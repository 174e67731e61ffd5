import type { Lane, Queryable } from './database.ts'
import { DatabaseUnavailableError } from './errors.ts'
import type { Lease } from './lease.ts'
import type { Sql } from './sql.ts'

interface LentConnection {
  readonly lease: Promise<Lease>
  /** Lanes that have statements under way on it. */
  lanes: number
  isLost: boolean
}

/** What a lane has of a connection. */
interface Use {
  readonly connection: LentConnection
  underWay: number
}

/** A lane on which the next is sent once the one before is answered. */
export function oneAtATime(db: Queryable): Lane {
  return { depth: 1, query: (statement) => db.query(statement) }
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
    let current: Use | undefined
    const query = async <Row>(statement: Sql): Promise<Row[]> => {
      // Not on one that is lost: what is still under way there fails, and this would with it.
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
    // Where none could be borrowed, the statement has said so.
    connection.lease.then(
      (lease) => lease.release(),
      () => undefined,
    )
  }
}
