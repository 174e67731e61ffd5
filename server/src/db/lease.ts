import type pg from 'pg'
import type { Tx } from './database.ts'
import { DatabaseUnavailableError, toDatabaseError } from './errors.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { Sql } from './sql.ts'

/**
 * A connection borrowed from the pool. It turns connection errors into {@link DatabaseUnavailableError} and remembers
 * whether the connection may be used again.
 */
export class Lease {
  readonly #client: pg.PoolClient
  readonly #onAway: (error: DatabaseUnavailableError) => void
  #broken = false

  /** @param onAway is told when the connection is lost */
  constructor(client: pg.PoolClient, onAway: (error: DatabaseUnavailableError) => void) {
    this.#client = client
    this.#onAway = onAway
  }

  /** Sends a statement as a prepared one. */
  async query<Row>({ name, text, values }: Sql): Promise<Row[]> {
    const result = await this.#watch(this.#client.query({ name, text, values: [...values] }))
    return result.rows as Row[]
  }

  /** Sends a statement without parameters as it is. Returns the command PostgreSQL says it has run. */
  async execute(statement: string): Promise<string> {
    const result = await this.#watch(this.#client.query(statement))
    return result.command
  }

  /** See `Db.transaction`. */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const tx = new OpenTransaction(this)
    await this.execute('begin isolation level read committed')
    try {
      const result = await work(tx)
      await tx.finish()
      await this.#commit()
      return result
    } catch (error) {
      await tx.finish()
      await this.#rollBack()
      throw error
    }
  }

  /** Gives the connection back, or closes a connection that is broken or is to be discarded. */
  release(use: 'again' | 'discard' = 'again'): void {
    this.#client.release(this.#broken || use === 'discard')
  }

  /** PostgreSQL answers the commit of a transaction in which a statement failed by rolling back, without an error. */
  async #commit(): Promise<void> {
    if ((await this.execute('commit')) === 'COMMIT') return
    throw new Error('The transaction was rolled back: one of its statements had failed and the error was swallowed')
  }

  /** A connection that may still be inside the transaction must not reach its next user. */
  async #rollBack(): Promise<void> {
    await this.execute('rollback').catch(() => {
      this.#broken = true
    })
  }

  async #watch<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      const reason = toDatabaseError(error)
      if (reason instanceof DatabaseUnavailableError) {
        this.#broken = true
        this.#onAway(reason)
      }
      throw reason
    }
  }
}
