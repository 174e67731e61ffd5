import type { PGlite } from '@electric-sql/pglite'
import type { MaintenanceTimes } from './messages.ts'

/**
 * What is most in need, as a statement. The thresholds for tables are autovacuum's own defaults: rows dead, added or
 * changed, and an age at which old rows must be frozen. Its own log of up to 16 MB PostgreSQL reads in 0.2 s after a
 * crash; 250 MB took 2 s.
 */
const findChore = `
  with tables as (
    select
      format('vacuum (analyze) %I.%I', schemaname, stats.relname) as statement,
      greatest(
        n_dead_tup / (50 + 0.2 * greatest(reltuples, 0)),
        n_ins_since_vacuum / (1000 + 0.2 * greatest(reltuples, 0)),
        n_mod_since_analyze / (50 + 0.1 * greatest(reltuples, 0)),
        age(relfrozenxid) / 200e6
      ) as need
    from pg_stat_all_tables as stats
    join pg_class on pg_class.oid = relid
    where schemaname !~ '^pg_toast'
  ), log as (
    select
      'checkpoint' as statement,
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) / (16 * 1024 * 1024) as need
    from pg_control_checkpoint()
  )
  select statement
  from (select * from tables union all select * from log) as chores
  where need > 1
  order by need desc
  limit 1`

/**
 * What autovacuum and the checkpointer do elsewhere. This build runs neither: 800,000 rows went in and nothing was ever
 * vacuumed. Chores are done one at a time, one table each, in a quiet moment if there is one and never inside somebody's
 * transaction.
 */
export class Maintenance {
  readonly #engine: PGlite
  readonly #times: MaintenanceTimes
  readonly #tell: (error: string | null) => void
  #lastRequestAt = 0
  #waitingSince: number | undefined
  #wanted = false
  #positionAtLastLook = ''

  /** @param tell is called after each look: with null, or the reason why a chore could not be done */
  constructor(engine: PGlite, times: MaintenanceTimes, tell: (error: string | null) => void) {
    this.#engine = engine
    this.#times = times
    this.#tell = tell
  }

  /** Looks for chores from time to time. `inTurn` runs work after everything that was asked before. */
  start(inTurn: (work: () => Promise<void>) => void): void {
    const look = () => inTurn(() => this.#look(again))
    // A turn of the event loop lets in what was asked meanwhile.
    const again = () => setImmediate(look)
    setInterval(look, this.#times.everyMs).unref()
  }

  /** Somebody asks something. */
  noticeRequest(): void {
    this.#lastRequestAt = performance.now()
  }

  /** Does what had to wait for the end of a transaction. */
  async afterRequest(): Promise<void> {
    if (this.#wanted) await this.#look(() => undefined)
  }

  async #look(again: () => void): Promise<void> {
    this.#wanted = this.#engine.isInTransaction()
    if (this.#wanted) return
    try {
      if (await this.#work()) again()
      this.#tell(null)
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error))
    }
  }

  /** Does one chore if there is one and it may be done now. */
  async #work(): Promise<boolean> {
    if (!(await this.#hasWritten())) return false
    const chore = await this.#findChore()
    if (!chore) {
      this.#waitingSince = undefined
      this.#positionAtLastLook = await this.#position()
      return false
    }
    if (!this.#mayDisturb()) return false
    await this.#asOwner(() => this.#engine.exec(chore.statement))
    this.#waitingSince = undefined
    return true
  }

  async #findChore(): Promise<{ statement: string } | undefined> {
    // What was counted in the last second is otherwise not told yet, and nobody may come to ask later.
    await this.#ask('select pg_stat_force_next_flush()')
    return this.#ask(findChore)
  }

  /** The cheap question that spares the dear one while nothing is written. */
  async #hasWritten(): Promise<boolean> {
    return (await this.#position()) !== this.#positionAtLastLook
  }

  async #position(): Promise<string> {
    const row = await this.#ask<{ position: string }>('select pg_current_wal_insert_lsn()::text as position')
    return row?.position ?? ''
  }

  #mayDisturb(): boolean {
    const now = performance.now()
    this.#waitingSince ??= now
    return now - this.#lastRequestAt >= this.#times.idleMs || now - this.#waitingSince >= this.#times.patienceMs
  }

  /** The session may have taken on a role that must not vacuum. */
  async #asOwner(work: () => Promise<unknown>): Promise<void> {
    const before = await this.#ask<{ role: string }>(`select quote_ident(current_setting('role')) as role`)
    await this.#engine.exec('reset role')
    try {
      await work()
    } finally {
      await this.#engine.exec(`set role ${before?.role ?? 'none'}`)
    }
  }

  async #ask<Row>(statement: string): Promise<Row | undefined> {
    const { rows } = await this.#engine.query<Row>(statement)
    return rows[0]
  }
}
