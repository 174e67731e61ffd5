import { UpstreamError } from '../../base/upstream-error.ts'
import type { Queryable } from '../../db/database.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { type Mode, readTenant, type Tenant, type TenantRow, tenantColumns } from './tenant.ts'

type RowId = bigint | string

/** Rows of one table whose work is done later than they are written. */
export interface DueTask<Given extends FreeContext, Row, Id extends RowId = bigint> {
  /** Names the task in the log and in the metrics, as `start/background.ts` does. */
  readonly name: string
  /** The table, read as `d`. It has merchant_id, mode, id, due_at and attempts. */
  readonly table: Sql
  /** The type of its ids; default bigint. */
  readonly idType?: Sql
  /** The column that stands for due_at; default that name. */
  readonly dueAt?: Sql
  /** The rows that are not done: the condition of the table's index on due_at. */
  readonly open: Sql
  /** Further conditions for the work on a due row, beginning with `and`. Default none. */
  readonly ready?: Sql
  /** The columns that `work` reads, besides tenant, id, due_at and attempts. */
  readonly columns: Sql
  /**
   * Does the next step of a row. Throws when the step must be tried again. A step that is done and leaves the row open sets
   * `attempts` to 0: each step has its own patience.
   */
  work(context: Given, row: Row & DueRow<Id>): Promise<void>
  /** Default: a step is tried until it works. */
  readonly patience?: Patience<Given, Row & DueRow<Id>>
  /** Default: a step that fails by a fault of this service is only in the log. */
  readonly fault?: Fault<Given, Row & DueRow<Id>>
}

/** A step that fails again and again, and not because an upstream cannot be asked. It is tried again all the same. */
interface Fault<Given, Row> {
  /** The number of failures in a row from which on it is noted. */
  readonly attempts: number
  /** May be called again for the same fault. */
  note(context: Given, row: Row): Promise<void>
}

/** The end of trying a step for which an upstream cannot be asked. A bug is tried again until it is mended. */
interface Patience<Given, Row> {
  /** The number of failures in a row after which the step is given up. */
  readonly attempts: number
  giveUp(context: Given, row: Row, error: UpstreamError): Promise<void>
}

export interface DueRow<Id extends RowId = bigint> {
  readonly tenant: Tenant
  readonly id: Id
  readonly due_at: Date
  /** The number of times in a row that the present step has failed. */
  readonly attempts: number
}

const ownName = sql`due_at`

/** The number of rows that one round works on, over all tenants. */
const perRound = 100
/** The number of rows to choose from. */
const perLook = 1000
/** The number of rows that one round works on at a time, and the most of one tenant over all rounds of a server. */
const atOnce = 10
/** The time for which a row belongs to one server. It is longer than the work may take. */
const claimMs = 60_000
/** A row whose work failed is due again after this time, then after twice as long each time. */
const firstRetryMs = 30_000
const maxRetryMs = 60 * 60 * 1000
/** After so many failures in a row twice the wait is longer than the longest. */
const doublings = Math.ceil(Math.log2(maxRetryMs / firstRetryMs))

/** The rows of one task that a server works on at this moment. Rounds that overlap share it. */
export interface Places {
  /** How many of each tenant. */
  readonly taken: Map<string, number>
  /** Whether a round looks for due rows. Another one then does nothing: looks at a database that hangs do not pile up. */
  isLooking: boolean
}

export function createPlaces(): Places {
  return { taken: new Map(), isLooking: false }
}

/**
 * Works on the due rows of a task, taking turns between tenants, and answers how many were done. Any number of servers may
 * do so at once, because each row is claimed first. A row whose work throws is counted, is due again later, and keeps no other
 * row waiting. The failures of one merchant's rows are one subject of the failure log. The rows of a killed server are due again after a minute.
 *
 * @param places given where rounds overlap: then rows that take long, of a tenant whose party answers slowly, fill that tenant's
 *   places, and a round passes over its other rows
 */
export async function doDue<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  task: DueTask<Given, Row, Id>,
  places: Places = createPlaces(),
): Promise<number> {
  if (places.isLooking) return 0
  places.isLooking = true
  const waiting = await findDue(context, task, places).finally(() => {
    places.isLooking = false
  })
  let done = 0
  const workers = Array.from({ length: atOnce }, async () => {
    for (;;) {
      const next = waiting.findIndex((each) => hasPlace(places, ownerOf(each)))
      const row = waiting[next]
      if (row === undefined) return
      waiting.splice(next, 1)
      const owner = ownerOf(row)
      enter(places, owner, 1)
      try {
        if (await doRow(context, task, row)) done += 1
      } finally {
        enter(places, owner, -1)
      }
    }
  })
  // Waits for all workers, also when one throws, because the database is closed when the background work has stopped.
  const ends = await Promise.allSettled(workers)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return done
}

function hasPlace({ taken }: Places, owner: string): boolean {
  return (taken.get(owner) ?? 0) < atOnce
}

function ownerOf({ tenant: { merchant, mode } }: DueRow<RowId>): string {
  return keyOf({ merchant_id: merchant.id, mode })
}

/** Takes a place, or gives it back. */
function enter({ taken }: Places, owner: string, by: 1 | -1): void {
  const count = (taken.get(owner) ?? 0) + by
  if (count > 0) taken.set(owner, count)
  else taken.delete(owner)
}

async function findDue<Given extends FreeContext, Row, Id extends RowId>(
  { db, clock }: Given,
  task: DueTask<Given, Row, Id>,
  places: Places,
): Promise<(Row & DueRow<Id>)[]> {
  const { table, idType = sql`bigint`, dueAt = ownName, columns } = task
  const oldest = await findOldest(db, clock.now(), task)
  const found = inTurns(oldest.filter((row) => hasPlace(places, keyOf(row)))).slice(0, perRound)
  if (found.length === 0) return []
  const rows = await db.query<Row & Omit<DueRow<Id>, 'tenant'> & TenantRow>(sql`
    select ${tenantColumns}, d.mode, d.id, d.${dueAt} as due_at, d.attempts, ${columns}
    from unnest(
      ${found.map((each) => each.merchant_id)}::integer[], ${found.map((each) => each.id)}::${idType}[]
    ) with ordinality as f (merchant_id, id, place)
    join ${table} d on d.merchant_id = f.merchant_id and d.id = f.id
    join merchants m on m.id = d.merchant_id
    order by f.place
  `)
  return rows.map((row) => ({ ...row, tenant: readTenant(row) }))
}

interface FoundRow {
  merchant_id: number
  mode: Mode
  id: RowId
}

/**
 * The rows that have been due the longest, some of every tenant. So no tenant's rows are hidden behind thousands of
 * another's.
 */
async function findOldest(
  db: Queryable,
  now: Date,
  { table, dueAt = ownName, open, ready }: Pick<DueTask<never, unknown>, 'table' | 'dueAt' | 'open' | 'ready'>,
): Promise<FoundRow[]> {
  const found: FoundRow[] = []
  for (;;) {
    const oldest = await db.query<FoundRow>(sql`
      select d.merchant_id, d.mode, d.id
      from ${table} d
      where ${open} and d.${dueAt} <= ${now} ${ready ?? nothing} ${found.length === 0 ? nothing : ofOthers(found)}
      order by d.${dueAt}
      limit ${perLook}
    `)
    found.push(...oldest)
    if (oldest.length < perLook) return found
  }
}

function ofOthers(found: FoundRow[]): Sql {
  const [merchants, modes] = [found.map((each) => each.merchant_id), found.map((each) => each.mode)]
  return sql`and (d.merchant_id, d.mode) not in (select * from unnest(${merchants}::integer[], ${modes}::text[]))`
}

function keyOf({ merchant_id, mode }: Pick<FoundRow, 'merchant_id' | 'mode'>): string {
  return `${merchant_id}/${mode}`
}

/** The first row of each tenant, then the second of each, and so on. */
function inTurns(rows: FoundRow[]): FoundRow[] {
  const counts = new Map<string, number>()
  const numbered = rows.map((row) => {
    const key = keyOf(row)
    const turn = (counts.get(key) ?? 0) + 1
    counts.set(key, turn)
    return { row, turn }
  })
  return numbered.sort((a, b) => a.turn - b.turn).map(({ row }) => row)
}

/** Answers whether the row's work was done, by this server and now. */
async function doRow<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  task: DueTask<Given, Row, Id>,
  row: Row & DueRow<Id>,
): Promise<boolean> {
  const claimedUntil = await claim(context, task, row)
  if (claimedUntil === null) return false
  const { merchant, mode } = row.tenant
  const subject = `background ${task.name} of ${merchant.code} in ${mode} mode`
  try {
    await task.work(context, row)
    context.failures.worked(subject)
    return true
  } catch (error) {
    const attempt = await postpone(context, task, row, claimedUntil)
    context.failures.failed(subject, { row: String(row.id), attempt, ...reasonOf(error) })
    context.meter.counter('mteja_background_failures_total', { task: task.name }).add(1)
    const { patience } = task
    const isOver = patience !== undefined && attempt >= patience.attempts
    if (isOver && error instanceof UpstreamError) await patience.giveUp(context, row, error)
    if (!(error instanceof UpstreamError)) await noteFault(context, task, row, attempt)
    return false
  }
}

/** A fault that cannot be noted keeps no other row waiting either. */
async function noteFault<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  { name, fault }: DueTask<Given, Row, Id>,
  row: Row & DueRow<Id>,
  attempt: number,
): Promise<void> {
  if (fault === undefined || attempt < fault.attempts) return
  try {
    await fault.note(context, row)
  } catch (error) {
    context.failures.failed(`faults of ${name}`, { row: String(row.id), attempt, ...reasonOf(error) })
  }
}

/** Claims a row and answers the end of the claim. Null if another server has the row. */
async function claim<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  { table, dueAt = ownName, open }: DueTask<Given, Row, Id>,
  row: DueRow<Id>,
): Promise<Date | null> {
  const until = new Date(context.clock.now().getTime() + claimMs)
  const rows = await context.db.query(sql`
    update ${table} d set ${dueAt} = ${until}
    where d.merchant_id = ${row.tenant.merchant.id} and d.id = ${row.id} and d.${dueAt} = ${row.due_at} and ${open}
    returning d.id
  `)
  return rows.length > 0 ? until : null
}

/**
 * Sets the time of the next try, and answers how often in a row the step has failed: the row knows, because a step before it
 * may have been done just now. A row whose time was changed during the work keeps that time.
 */
async function postpone<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  { table, dueAt = ownName, open }: DueTask<Given, Row, Id>,
  row: DueRow<Id>,
  claimedUntil: Date,
): Promise<number> {
  const [failed] = await context.db.query<{ attempts: number }>(sql`
    update ${table} d set
      attempts = d.attempts + 1,
      ${dueAt} = case
        when d.${dueAt} = ${claimedUntil} then ${context.clock.now()}::timestamptz + ${retryDelay(sql`d.attempts`)}
        else d.${dueAt}
      end
    where d.merchant_id = ${row.tenant.merchant.id} and d.id = ${row.id} and ${open}
    returning d.attempts
  `)
  return failed?.attempts ?? row.attempts + 1
}

/** The wait after a failure, as an interval, by the number of failures in a row before it. */
export function retryDelay(attempts: Sql): Sql {
  return sql`least(${firstRetryMs}::float8 * 2 ^ least(${attempts}, ${doublings}), ${maxRetryMs}) * interval '1 millisecond'`
}

/** The sum of the waits after the given number of failures in a row. */
function waitedFor(attempts: Sql): Sql {
  return sql`(
    ${firstRetryMs}::float8 * (2 ^ least(${attempts}, ${doublings}) - 1)
      + ${maxRetryMs}::float8 * greatest(${attempts} - ${doublings}, 0)
  ) * interval '1 millisecond'`
}

/**
 * Selects since when the row that has waited the longest has waited, also where that is yet to come. A row whose work fails is
 * due in the future, so its waits are added. Of all such rows the one that failed most often in a row has waited the longest.
 *
 * @param dueSince selects since when the oldest row has been due; default the smallest due_at
 */
export function oldestDue(
  { table, dueAt = ownName, open }: Pick<DueTask<never, unknown>, 'table' | 'dueAt' | 'open'>,
  dueSince: Sql = sql`select min(d.${dueAt}) from ${table} d where ${open}`,
): Sql {
  return sql`
    select least((${dueSince}), (
      select d.${dueAt} - ${waitedFor(sql`d.attempts`)}
      from ${table} d
      where ${open} and d.attempts > 0
      order by d.attempts desc, d.${dueAt}
      limit 1
    ))
  `
}

function reasonOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof UpstreamError)) return { err: error }
  const { operation, outcome, status } = error
  return { operation, outcome, status }
}
