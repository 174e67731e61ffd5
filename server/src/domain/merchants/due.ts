import { UpstreamError } from '../../base/upstream-error.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { FreeContext } from '../context.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from './tenant.ts'

type RowId = bigint | string

/** Rows of one table that are worked on later than they were written. */
export interface DueTask<Given extends FreeContext, Row, Id extends RowId = bigint> {
  /** Names the task in the log. */
  readonly name: string
  /** The table, read as `d`. It has merchant_id, mode, id, attempts, and the time when a row is due. */
  readonly table: Sql
  /** The column with the time when a row is due; default `due_at`. */
  readonly time?: Sql
  /** The rows that are not done. The table has partial indexes of them on the time and on (merchant_id, mode, time). */
  readonly open: Sql
  /** What else must hold before a row that is due can be worked on; default nothing. */
  readonly ready?: Sql
  /** What `work` reads of the row, besides its tenant, id, due_at and attempts. */
  readonly columns: Sql
  /** Does the next step of a row. It throws where the step is to be tried again. */
  work(context: Given, row: Row & DueRow<Id>): Promise<void>
}

export interface DueRow<Id extends RowId = bigint> {
  readonly tenant: Tenant
  readonly id: Id
  readonly due_at: Date
  /** How often the row's work has failed. */
  readonly attempts: number
}

const dueAt = sql`due_at`

/** How many rows one round takes on, of all tenants together. */
const perRound = 100
const atOnce = 10
/** While one server works on a row, no other does: longer than the work may take. */
const claimMs = 60_000
/** A row whose work failed is due again after this time, then after twice as long each time. */
const firstRetryMs = 30_000
const maxRetryMs = 60 * 60 * 1000

/**
 * Works on the rows of a task that are due, in turns of the tenants, and answers how many there were. Any number of
 * servers may do so at once: each row is claimed first. A row whose work throws is logged and due again later; it keeps
 * no other row waiting. What a killed server left is due again after a minute.
 */
export async function doDue<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  task: DueTask<Given, Row, Id>,
): Promise<number> {
  const rows = await findDue(context, task)
  const waiting = rows.values()
  const workers = Array.from({ length: atOnce }, async () => {
    for (const row of waiting) await doRow(context, task, row)
  })
  // Wait for all of them, also when one throws: the database is closed when the background work has stopped.
  const ends = await Promise.allSettled(workers)
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return rows.length
}

/** The oldest row of each tenant comes first, then the second oldest of each: nobody waits for another's thousands. */
async function findDue<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  { table, time = dueAt, open, ready, columns }: DueTask<Given, Row, Id>,
): Promise<(Row & DueRow<Id>)[]> {
  const now = context.clock.now()
  const rows = await context.db.query<Row & Omit<DueRow<Id>, 'tenant'> & TenantRow>(sql`
    with recursive tenants as (
      (
        select d.merchant_id, d.mode
        from ${table} d
        where ${open} and exists (select from ${table} d where ${open} and d.${time} <= ${now})
        order by d.merchant_id, d.mode
        limit 1
      )
      union all
      select n.merchant_id, n.mode
      from tenants t
      cross join lateral (
        select d.merchant_id, d.mode
        from ${table} d
        where ${open} and (d.merchant_id, d.mode) > (t.merchant_id, t.mode)
        order by d.merchant_id, d.mode
        limit 1
      ) n
    )
    select ${tenantColumns}, t.mode, due.*
    from tenants t
    join merchants m on m.id = t.merchant_id
    cross join lateral (
      select row_number() over (order by d.${time}) as turn, d.id, d.${time} as due_at, d.attempts, ${columns}
      from ${table} d
      where d.merchant_id = t.merchant_id and d.mode = t.mode and ${open} and d.${time} <= ${now} ${ready ?? nothing}
      order by d.${time}
      limit ${perRound}
    ) due
    order by due.turn, due.due_at
    limit ${perRound}
  `)
  return rows.map((row) => ({ ...row, tenant: readTenant(row) }))
}

async function doRow<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  task: DueTask<Given, Row, Id>,
  row: Row & DueRow<Id>,
): Promise<void> {
  const claimedUntil = await claim(context, task, row)
  if (claimedUntil === null) return
  try {
    await task.work(context, row)
  } catch (error) {
    logFailure(context, task.name, row, error)
    await postpone(context, task, row, claimedUntil)
  }
}

/** Answers until when; null where another server has the row. */
async function claim<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  { table, time = dueAt, open }: DueTask<Given, Row, Id>,
  row: DueRow<Id>,
): Promise<Date | null> {
  const until = new Date(context.clock.now().getTime() + claimMs)
  const rows = await context.db.query(sql`
    update ${table} d set ${time} = ${until}
    where d.merchant_id = ${row.tenant.merchant.id} and d.id = ${row.id} and d.${time} = ${row.due_at} and ${open}
    returning d.id
  `)
  return rows.length > 0 ? until : null
}

/** A row that was given another time during the work keeps that time. */
async function postpone<Given extends FreeContext, Row, Id extends RowId>(
  context: Given,
  { table, time = dueAt, open }: DueTask<Given, Row, Id>,
  row: DueRow<Id>,
  claimedUntil: Date,
): Promise<void> {
  const delayMs = Math.min(firstRetryMs * 2 ** row.attempts, maxRetryMs)
  await context.db.query(sql`
    update ${table} d set
      attempts = d.attempts + 1,
      ${time} = case
        when d.${time} = ${claimedUntil} then ${new Date(context.clock.now().getTime() + delayMs)}::timestamptz
        else d.${time}
      end
    where d.merchant_id = ${row.tenant.merchant.id} and d.id = ${row.id} and ${open}
  `)
}

function logFailure<Id extends RowId>(
  { log }: FreeContext,
  task: string,
  { tenant, id, attempts }: DueRow<Id>,
  error: unknown,
): void {
  const members = { task, merchant: tenant.merchant.id, mode: tenant.mode, row: String(id), attempt: attempts + 1 }
  if (error instanceof UpstreamError) {
    const { operation, outcome, status } = error
    log.warn({ ...members, operation, outcome, status }, 'a service outside could not be asked; it is asked again')
    return
  }
  log.error({ ...members, err: error }, 'a row of background work failed; it is tried again')
}
