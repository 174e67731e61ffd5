import type pg from 'pg'
import type { Db, Lane, OwnedDb, OwnerSession, Tx } from './database.ts'
import type { DatabaseWatch } from './database-watch.ts'
import { toDatabaseError } from './errors.ts'
import { Lanes, oneAtATime } from './lanes.ts'
import { Lease } from './lease.ts'
import { type Sql, sql } from './sql.ts'

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

/** A database behind a `pg` pool. Both engines are this class; they differ in what the pool connects to. */
export class PooledDatabase implements OwnedDb {
  readonly engine: Db['engine']
  readonly isTransaction = false
  readonly #pool: pg.Pool
  readonly #lanes: Lanes
  readonly #watch: DatabaseWatch
  readonly #afterClose: () => Promise<void>
  /** Connections that work with the application's role. The set is emptied when roles may have changed. */
  #prepared = new WeakSet<pg.PoolClient>()
  #closed: Promise<void> | undefined

  /** @param afterClose releases the engine or the lock under the pool; called once the pool has ended */
  constructor(engine: Db['engine'], pool: pg.Pool, watch: DatabaseWatch, afterClose: () => Promise<void>) {
    this.engine = engine
    this.#pool = pool
    this.#lanes = new Lanes(() => this.#borrow(), Math.floor(pool.options.max / 2))
    this.#watch = watch
    this.#afterClose = afterClose
    watch.onOpened(pool)
    // An idle connection that dies emits an 'error' event, and without a listener Node ends the process. The user of a
    // busy connection learns of its death by the query that fails.
    pool.on('error', watch.onAway)
    pool.on('connect', (client) => client.on('error', () => undefined))
  }

  query<Row>(statement: Sql): Promise<Row[]> {
    return this.#lend((lease) => lease.query<Row>(statement))
  }

  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#lend((lease) => lease.transaction(work))
  }

  lane(): Lane {
    return this.#pool.options.max > 1 ? this.#lanes.open() : oneAtATime(this)
  }

  async asOwner<T>(work: (session: OwnerSession) => Promise<T>): Promise<T> {
    const lease = new Lease(await this.#connect(), this.#watch.onAway)
    try {
      await lease.execute('set search_path to public; reset role')
      return await work(lease)
    } finally {
      lease.release('discard')
      this.#prepared = new WeakSet()
    }
  }

  /** May be called again: a second signal may come during the shutdown. */
  close(): Promise<void> {
    this.#closed ??= this.#pool.end().then(this.#afterClose)
    return this.#closed
  }

  async #lend<T>(work: (lease: Lease) => Promise<T>): Promise<T> {
    const lease = await this.#borrow()
    try {
      return await work(lease)
    } finally {
      lease.release()
    }
  }

  async #borrow(): Promise<Lease> {
    const client = await this.#connect()
    const lease = new Lease(client, this.#watch.onAway)
    try {
      if (!this.#prepared.has(client)) await this.#prepare(client, lease)
      this.#watch.onConnected()
      return lease
    } catch (error) {
      lease.release()
      throw error
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect()
    } catch (error) {
      const reason = toDatabaseError(error)
      this.#watch.onAway(reason)
      throw reason
    }
  }

  async #prepare(client: pg.PoolClient, lease: Lease): Promise<void> {
    await lease.execute('set search_path to public')
    const [role] = await lease.query<{ may: boolean }>(mayBecomeApplicationRole)
    if (role?.may) await lease.execute(`set role ${applicationRole}`)
    this.#prepared.add(client)
  }
}
