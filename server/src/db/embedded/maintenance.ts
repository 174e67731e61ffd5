import type { PGlite } from '@electric-sql/pglite'
import type { MaintenanceTimes } from './messages.ts'

/**
 * The chores that are needed, as statements: a checkpoint first, then the most needed. A table needs a vacuum by autovacuum's own
 * defaults: rows dead or added, and an age at which old rows must be frozen. A large table needs it after fewer rows, because
 * a vacuum may write the pages of all these rows to the log. A table is also analyzed after a tenth of its rows has changed. The log
 * needs a checkpoint so that its files stay below 64 MB, and so that a start after a crash reads them in less than half a second.
 */
const findChores = `
  with counts as (
    select
      schemaname, stats.relname, n_dead_tup, n_ins_since_vacuum, n_mod_since_analyze, reltuples, relfrozenxid,
      (12 * 1024 * 1024) / coalesce(relpages::float8 * 8192 / nullif(greatest(reltuples, 0), 0), 256) as rows_at_once
    from pg_stat_all_tables as stats
    join pg_class on pg_class.oid = relid
    where schemaname !~ '^pg_toast'
  ), needs as (
    select
      format('%I.%I', schemaname, relname) as name,
      greatest(
        n_dead_tup / least(50 + 0.2 * greatest(reltuples, 0), rows_at_once),
        n_ins_since_vacuum / least(1000 + 0.2 * greatest(reltuples, 0), rows_at_once),
        age(relfrozenxid) / 200e6
      ) as vacuum,
      n_mod_since_analyze / (50 + 0.1 * greatest(reltuples, 0)) as analysis
    from counts
  ), tables as (
    select
      case when analysis > 1 then 'vacuum (analyze) ' else 'vacuum ' end || name as statement,
      greatest(vacuum, analysis) as need
    from needs
  ), log as (
    select
      'checkpoint' as statement,
      pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn) / (10 * 1024 * 1024) as need
    from pg_control_checkpoint()
  )
  select statement, need::float8 as need
  from (select * from tables union all select * from log) as chores
  where need > 1
  order by statement = 'checkpoint' desc, need desc`

/** When a chore has this need, chores are done under load too. With less need they wait for a quiet moment. */
const urgent = 2
/**
 * A table's chore is not repeated for this many looks. One that fails, or that leaves its table as needy as before, keeps no other
 * chore and no call waiting.
 */
const looksOfRest = 10

/** A checkpoint that finds no space is a panic of PostgreSQL, so it is not begun with less: a file of the log, and some pages. */
const checkpointBytes = 32 * 1024 * 1024

interface Chore {
  readonly statement: string
  /** Above 1 for a chore that is needed. */
  readonly need: number
}

/**
 * The work of autovacuum and of the checkpointer, which this build does not have: 800,000 rows were written and no table
 * was ever vacuumed. Chores are done one at a time and never inside a caller's transaction.
 */
export class Maintenance {
  readonly #engine: PGlite
  readonly #times: MaintenanceTimes
  readonly #freeBytes: () => number
  readonly #tell: (error: string | null) => void
  /** Milliseconds that calls have taken since the last look. */
  #busyMs = 0
  #lookedAt = performance.now()
  #isQuiet = false
  #looks = 0
  /** The number of the look before which a chore is not repeated, by its statement. */
  readonly #resting = new Map<string, number>()
  /** Chores that could not be done the last time, by their statements. */
  readonly #failed = new Set<string>()
  #wanted = false
  #positionAtLastLook = ''

  /**
   * @param freeBytes answers the space that is left on the disk
   * @param tell is called after each look: with null, or the reason why a chore could not be done
   */
  constructor(engine: PGlite, times: MaintenanceTimes, freeBytes: () => number, tell: (error: string | null) => void) {
    this.#engine = engine
    this.#times = times
    this.#freeBytes = freeBytes
    this.#tell = tell
  }

  /** Looks for chores from time to time. `inTurn` runs work after all calls that came before. */
  start(inTurn: (work: () => Promise<void>) => void): void {
    // A turn of the event loop lets the calls in that came meanwhile.
    const again = () => setImmediate(() => inTurn(() => this.#look(again)))
    const look = () => {
      this.#measure()
      inTurn(() => this.#look(again))
    }
    setInterval(look, this.#times.everyMs).unref()
  }

  /** Counts the time of a call, and does the chores that had to wait for the end of its transaction. */
  async afterCall(durationMs: number): Promise<void> {
    this.#busyMs += durationMs
    if (this.#wanted) await this.#look(() => undefined)
  }

  #measure(): void {
    const now = performance.now()
    this.#isQuiet = this.#busyMs <= this.#times.quietShare * (now - this.#lookedAt)
    this.#lookedAt = now
    this.#busyMs = 0
    this.#looks += 1
  }

  async #look(again: () => void): Promise<void> {
    this.#wanted = this.#engine.isInTransaction()
    if (this.#wanted) return
    try {
      if (await this.#work()) again()
      if (this.#failed.size === 0) this.#tell(null)
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error))
    }
  }

  /** Does one chore if one may be done now. */
  async #work(): Promise<boolean> {
    if (!(await this.#hasWritten())) return false
    const needed = await this.#findNeeded()
    const due = needed.filter(({ statement }) => (this.#resting.get(statement) ?? 0) <= this.#looks)
    // A checkpoint comes before an urgent vacuum, which adds as much to the log as it likes.
    const chore = this.#isQuiet || due.some(({ need }) => need >= urgent) ? due[0] : undefined
    if (chore === undefined) {
      if (needed.length === 0) this.#positionAtLastLook = await this.#position()
      return false
    }
    if (chore.statement === 'checkpoint' && this.#freeBytes() < checkpointBytes) {
      throw new Error('the disk has less than 32 MB left, which a checkpoint needs')
    }
    if (chore.statement !== 'checkpoint') this.#resting.set(chore.statement, this.#looks + looksOfRest)
    this.#failed.add(chore.statement)
    await this.#asOwner(() => this.#engine.exec(chore.statement))
    this.#failed.delete(chore.statement)
    return true
  }

  async #findNeeded(): Promise<Chore[]> {
    // Otherwise the counts of the last second are missing, and perhaps no later call comes that would add them.
    await this.#engine.query('select pg_stat_force_next_flush()')
    const { rows } = await this.#engine.query<Chore>(findChores)
    for (const statement of this.#failed) {
      if (!rows.some((chore) => chore.statement === statement)) this.#failed.delete(statement)
    }
    return rows
  }

  /** The cheap question that spares the dear one while nothing is written. */
  async #hasWritten(): Promise<boolean> {
    return (await this.#position()) !== this.#positionAtLastLook
  }

  async #position(): Promise<string> {
    const row = await this.#ask<{ position: string }>('select pg_current_wal_insert_lsn()::text as position')
    return row?.position ?? ''
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
