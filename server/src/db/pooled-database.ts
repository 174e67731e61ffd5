import type pg from 'pg'
import { ConnectionPool, type PoolOptions } from './connection-pool.ts'
import type { Db, Lane, OwnedDb, OwnerSession, Queryable, Tx } from './database.ts'
import type { DatabaseWatch } from './database-watch.ts'
import type { DatabaseBusyError } from './errors.ts'
import { oneAtATime } from './lanes.ts'
import type { Lease } from './lease.ts'
import type { Sql } from './sql.ts'
import { keyOf, Suspects, transactionKey } from './suspects.ts'

/** The two engines differ in these. */
export interface DatabaseOptions extends Omit<PoolOptions, 'onBusy' | 'onConnected'> {
  readonly pool: pg.Pool
  /** Further connections, for statements that wait for a table. None where there is only one connection. */
  readonly spare?: pg.Pool
  readonly watch: DatabaseWatch
  /** The database is given up when it has been silent for this time. Default never. */
  readonly silenceMs?: number
  /** Closes all connections at once, without a word to the database. */
  abandon?(): void
  /** Is called ten times a second where there is a `silenceMs`. */
  onLook?(now: number): void
  /** Releases the engine or the lock under the pool. Called once the pool has ended. */
  afterClose(): Promise<void>
}

/** After a statement was refused for want of space, the disk counts as full for this time. */
const fullMs = 10_000
const lookMs = 100

/** A database behind a `pg` pool. Both engines are this class; they differ in what the pool connects to. */
export class PooledDatabase implements OwnedDb {
  readonly engine: Db['engine']
  readonly isTransaction = false
  readonly unhurried: Queryable
  readonly #pool: ConnectionPool
  readonly #spare: ConnectionPool | undefined
  readonly #hasLanes: boolean
  readonly #suspects = new Suspects()
  readonly #afterClose: () => Promise<void>
  readonly #looking: NodeJS.Timeout | undefined
  #fullUntil = 0
  #closed: Promise<void> | undefined

  constructor({ pool, spare, watch, silenceMs, abandon, onLook, afterClose, ...options }: DatabaseOptions) {
    this.engine = options.engine
    this.#afterClose = afterClose
    this.#hasLanes = pool.options.max > 1
    const all = {
      ...options,
      onBusy: (error: DatabaseBusyError) => this.#noteBusy(error),
      onConnected: watch.onConnected,
    }
    this.#pool = new ConnectionPool(pool, all)
    this.#spare = spare && new ConnectionPool(spare, all)
    this.unhurried = { query: (statement) => this.#pool.lend((lease) => lease.queryUnhurried(statement)) }
    watch.onOpened(pool)
    if (silenceMs === undefined || abandon === undefined) return
    const look = () => {
      const now = performance.now()
      if (Math.max(this.#pool.silentMs(now), this.#spare?.silentMs(now) ?? 0) > silenceMs) abandon()
      onLook?.(now)
    }
    this.#looking = setInterval(look, lookMs).unref()
  }

  get isFull(): boolean {
    return this.#fullUntil > performance.now()
  }

  query<Row>(statement: Sql): Promise<Row[]> {
    return this.#lend(keyOf(statement), (lease) => lease.query<Row>(statement))
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#lend(transactionKey, (lease) => lease.transaction(work))
  }

  lane(): Lane {
    if (!this.#hasLanes || this.#spare === undefined) return oneAtATime(this)
    return new WaryLane(this.#pool.lanes.open(), this.#spare.lanes.open(), this.#suspects)
  }

  asOwner<T>(work: (session: OwnerSession) => Promise<T>): Promise<T> {
    return this.#pool.lendAsOwner(work)
  }

  /** May be called again: a second signal may come during the shutdown. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#spare?.end()])
    clearInterval(this.#looking)
    await this.#afterClose()
  }

  async #lend<T>(key: string, work: (lease: Lease) => Promise<T>): Promise<T> {
    const isSuspect = this.#spare !== undefined && this.#suspects.has(key)
    try {
      const answer = await (isSuspect ? this.#spare : this.#pool).lend(work)
      if (isSuspect) this.#suspects.clear(key)
      return answer
    } catch (error) {
      this.#suspects.note(key, error)
      throw error
    }
  }

  #noteBusy({ reason }: DatabaseBusyError): void {
    if (reason === 'space') this.#fullUntil = performance.now() + fullMs
  }
}

/**
 * A lane whose statements go over the spare connections while they are suspects. Before it changes over, it waits for the statements
 * under way: statements of a lane are done in the order they were sent.
 */
class WaryLane implements Lane {
  readonly depth = 2
  readonly #usual: Lane
  readonly #spare: Lane
  readonly #suspects: Suspects
  #current: Lane
  /** Settles when all statements that were sent are answered. */
  #last: Promise<unknown> = Promise.resolve()
  /** The answers that a change-over waits for. */
  #gate: Promise<unknown> | undefined

  constructor(usual: Lane, spare: Lane, suspects: Suspects) {
    this.#usual = usual
    this.#spare = spare
    this.#suspects = suspects
    this.#current = usual
  }

  query<Row>(statement: Sql): Promise<Row[]> {
    const key = keyOf(statement)
    const lane = this.#suspects.has(key) ? this.#spare : this.#usual
    const isChange = lane !== this.#current
    if (isChange) this.#gate = this.#last
    this.#current = lane
    const gate = this.#gate
    const answer = gate === undefined ? lane.query<Row>(statement) : gate.then(() => lane.query<Row>(statement))
    // Registered after the statement: no later statement passes it.
    if (isChange) void gate?.then(() => this.#open(gate))
    this.#last = answer.then(
      () => {
        if (lane === this.#spare) this.#suspects.clear(key)
      },
      (error: unknown) => this.#suspects.note(key, error),
    )
    return answer
  }

  #open(gate: Promise<unknown>): void {
    if (this.#gate === gate) this.#gate = undefined
  }
}
