import type pg from 'pg'
import { DatabaseBusyError, DatabaseUnavailableError, toDatabaseError } from './errors.ts'
import { Lanes } from './lanes.ts'
import { Lease, type Session } from './lease.ts'
import { sql } from './sql.ts'

/** The role the server works with once a migration has made it. */
const applicationRole = 'mteja_app'

/**
 * Since PostgreSQL 16 a member of a role may be forbidden to become the role (`grant … with set false`). PostgreSQL 15
 * does not know the right `set`, so it is asked for membership.
 */
const mayBecomeApplicationRole = sql`
  select case
      when current_setting('server_version_num')::integer >= 160000 then pg_has_role(oid, 'set')
      else pg_has_role(oid, 'member')
    end as may
  from pg_roles
  where rolname = ${applicationRole}`

export interface PoolOptions extends Session {
  /** Statements that set up each connection that serves calls. */
  readonly settings: readonly string[]
  /** Statements that set up a connection of the owner. */
  readonly ownerSettings: readonly string[]
  /** Waits until a connection can be opened. Throws `DatabaseUnavailableError`. */
  ready?(): Promise<void> | undefined
  /** Is told when a connection was lent. */
  onConnected(): void
}

/** Connections that work with the application's role, lent one at a time. */
export class ConnectionPool {
  readonly lanes: Lanes
  readonly #pool: pg.Pool
  readonly #options: PoolOptions
  readonly #lent = new Set<Lease>()
  /** Connections that have the role and the settings. The set is emptied when roles may have changed. */
  #prepared = new WeakSet<pg.PoolClient>()

  constructor(pool: pg.Pool, options: PoolOptions) {
    this.#pool = pool
    this.#options = options
    this.lanes = new Lanes(() => this.borrow(), Math.max(1, Math.floor(pool.options.max / 2)))
    // An idle connection that dies emits an 'error' event, and without a listener Node ends the process. The user of a
    // busy connection learns of its death by the query that fails.
    pool.on('error', (error) => options.onAway(error))
    pool.on('connect', (client) => client.on('error', () => undefined))
  }

  async lend<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const lease = await this.borrow()
    try {
      return await work(lease)
    } finally {
      lease.release()
    }
  }

  async borrow(): Promise<Lease> {
    const client = await this.#connect()
    const lease = this.#leaseOf(client)
    try {
      if (!this.#prepared.has(client)) await this.#prepare(client, lease)
      this.#options.onConnected()
      return lease
    } catch (error) {
      lease.release()
      throw error
    }
  }

  /** Lends a connection with the rights of the user who connected and closes it afterwards. Roles may have changed then. */
  async lendAsOwner<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const lease = this.#leaseOf(await this.#connect())
    lease.isUnhurried = true
    try {
      await lease.execute(['set search_path to public', 'reset role', ...this.#options.ownerSettings].join('; '))
      return await work(lease)
    } finally {
      lease.release('discard')
      this.#prepared = new WeakSet()
    }
  }

  /** For how long a connection has waited for an answer, in milliseconds: the longest of all. */
  silentMs(now: number): number {
    let longest = 0
    for (const lease of this.#lent) longest = Math.max(longest, lease.silentMs(now))
    return longest
  }

  end(): Promise<void> {
    return this.#pool.end()
  }

  async #connect(): Promise<pg.PoolClient> {
    const waiting = this.#options.ready?.()
    if (waiting !== undefined) await waiting
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw this.#read(error)
    }
  }

  #leaseOf(client: pg.PoolClient): Lease {
    const lease = new Lease(client, this.#options, (released) => this.#lent.delete(released))
    this.#lent.add(lease)
    return lease
  }

  async #prepare(client: pg.PoolClient, lease: Lease): Promise<void> {
    // Sent after the start of the connection, because a pooler refuses settings that come with it.
    await lease.execute(['set search_path to public', ...this.#options.settings].join('; '))
    const [role] = await lease.query<{ may: boolean }>(mayBecomeApplicationRole)
    if (role?.may) await lease.execute(`set role ${applicationRole}`)
    this.#prepared.add(client)
  }

  #read(error: unknown): unknown {
    const reason = toDatabaseError(error, this.#options.engine)
    if (reason instanceof DatabaseUnavailableError) this.#options.onAway(reason)
    else if (reason instanceof DatabaseBusyError) this.#options.onBusy(reason)
    return reason
  }
}
