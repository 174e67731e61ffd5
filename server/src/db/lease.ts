import type pg from 'pg'
import type { Tx } from './database.ts'
import { DatabaseBusyError, DatabaseUnavailableError, toDatabaseError } from './errors.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { Sql } from './sql.ts'

/** The properties that all connections of a database share. */
export interface Session {
  readonly engine: 'embedded' | 'postgresql'
  /** Whether statements are prepared. A pooler in transaction mode gives each transaction another connection. */
  readonly prepares: boolean
  /** Is told when a connection was lost, or could not be opened. */
  onAway(error: unknown): void
  /** Is told when the database has refused a statement for want of time or space. */
  onBusy(error: DatabaseBusyError): void
}

/**
 * A connection borrowed from the pool. It turns errors into our own, see `toDatabaseError`, and remembers whether the
 * connection may be used again.
 */
export class Lease {
  readonly #client: pg.PoolClient
  readonly #session: Session
  readonly #onReleased: (lease: Lease) => void
  /** Whether a statement may take as long as it needs. */
  isUnhurried = false
  #broken = false
  #underWay = 0
  #heardAt = 0

  constructor(client: pg.PoolClient, session: Session, onReleased: (lease: Lease) => void) {
    this.#client = client
    this.#session = session
    this.#onReleased = onReleased
  }

  /** Sends a statement as a prepared one. */
  async query<Row>({ name, text, values }: Sql): Promise<Row[]> {
    const prepared = { name: this.#session.prepares ? name : '', text, values: [...values] }
    const result = await this.#watch(this.#client.query(prepared))
    return result.rows as Row[]
  }

  /** Sends a statement without parameters as it is. Returns the command PostgreSQL says it has run. */
  async execute(statement: string): Promise<string> {
    const result = await this.#watch(this.#client.query(statement))
    return result.command
  }

  /** Runs a statement without any limit of time. */
  async queryUnhurried<Row>(statement: Sql): Promise<Row[]> {
    this.isUnhurried = true
    try {
      return await this.transaction(async (tx) => {
        await this.execute('set local statement_timeout = 0')
        return tx.query<Row>(statement)
      })
    } finally {
      this.isUnhurried = false
    }
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

  /** For how long the database has been silent although it owes an answer, in milliseconds. */
  silentMs(now: number): number {
    return this.#underWay === 0 || this.isUnhurried ? 0 : now - this.#heardAt
  }

  /** Gives the connection back, or closes a connection that is broken or is to be discarded. */
  release(use: 'again' | 'discard' = 'again'): void {
    this.#onReleased(this)
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
    if (this.#underWay === 0) this.#heardAt = performance.now()
    this.#underWay += 1
    try {
      return await answer
    } catch (error) {
      throw this.#read(error)
    } finally {
      this.#underWay -= 1
      this.#heardAt = performance.now()
    }
  }

  #read(error: unknown): unknown {
    const reason = toDatabaseError(error, this.#session.engine)
    if (reason instanceof DatabaseUnavailableError) {
      this.#broken = true
      this.#session.onAway(reason)
    } else if (reason instanceof DatabaseBusyError) this.#session.onBusy(reason)
    return reason
  }
}
