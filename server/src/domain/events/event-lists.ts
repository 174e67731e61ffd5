import { ServiceError } from '../../base/errors.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import type { EventType, RecordedEvent } from './events.ts'
import { eventName } from './ids.ts'
import { refuseForeignPlace, refuseRemoved } from './removals.ts'

export interface EventFilter {
  type?: EventType | undefined
  /** The customer of the event. For a transfer, the sender. */
  customer?: { id: bigint } | undefined
  /** The event happened at this time or after it. */
  from?: Date | undefined
  /** The event happened before this time. */
  until?: Date | undefined
}

/** A step of a walk from the newest to the oldest. */
export interface Step<Id> {
  limit: number
  /** Only rows older than the row with this id. */
  before?: Id | undefined
}

/**
 * The rows that a step found, newest first. There may be fewer than asked for, or none, and more rows beyond `next`.
 */
export interface Found<Item> {
  items: Item[]
  /** Where the next step begins; null at the end. */
  next: bigint | null
}

/** How many rows a step looks at. A filter that few rows fit answers the rows found by then. */
export const maxWalked = 10_000

/** Rows numbered next to each other may be dated by clocks this far apart. */
const clockSlackMs = 60_000

export interface EventRow {
  id: bigint
  mode: Mode
  type: EventType
  data: RecordedEvent['data']
  created_at: Date
}

/** A step walks along an index over at most `maxWalked` rows, wherever the step begins. Throws `invalid_request`. */
export async function listEvents(
  context: Context,
  tenant: Tenant,
  filter: EventFilter,
  step: Step<bigint>,
): Promise<Found<RecordedEvent>> {
  const { type, customer } = filter
  if (step.before !== undefined) {
    const name = eventName(context, step.before)
    await refuseForeignPlace(context, tenant, 'events', { id: step.before, name })
  }
  const walk = sql`
    select k.id, k.mode, k.type, k.data, k.created_at from events k
    where k.merchant_id = ${tenant.merchant.id}
      ${customer === undefined ? nothing : sql`and k.customer_id = ${customer.id}`}
      ${step.before === undefined ? nothing : sql`and k.id < ${step.before}`}
      ${withinPeriod(sql`'events'`, tenant, filter)}
    order by k.id desc
    limit ${maxWalked}
  `
  const rows = await context.db.query<EventRow>(sql`
    select e.* from (${walk}) e
    where e.mode = ${tenant.mode}
      ${type === undefined ? nothing : sql`and e.type = ${type}`}
      ${datedWithin(sql`e.created_at`, filter)}
    order by e.id desc
    limit ${step.limit + 1}
  `)
  const found = rows.map((row) => readEvent(context, tenant, row))
  return foundOf(context, found, step.limit, walk)
}

/** Throws `event_not_found`, `no_longer_kept`. */
export async function getEvent(context: Context, tenant: Tenant, id: bigint): Promise<RecordedEvent> {
  const [row] = await context.db.query<EventRow>(sql`
    select id, mode, type, data, created_at from events
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and id = ${id}
  `)
  if (row !== undefined) return readEvent(context, tenant, row)
  const name = eventName(context, id)
  await refuseRemoved(context, tenant, { kind: 'events', id, name })
  throw new ServiceError('event_not_found', `There is no event "${name}"`)
}

export function readEvent(context: Context, { merchant }: Tenant, row: EventRow): RecordedEvent {
  const { id, mode, type, data, created_at } = row
  const publicId = eventName(context, id)
  return { id, publicId, merchantCode: merchant.code, mode, type, data, createdAt: created_at }
}

/** Narrows a walk of `k` by id to about a period, so that rows outside the period are not looked at. */
export function withinPeriod(
  table: Sql,
  { merchant }: Tenant,
  { from, until }: Pick<EventFilter, 'from' | 'until'>,
): Sql {
  const firstSince = (time: Date) =>
    sql`(select first_id_since(${table}::regclass, ${merchant.id}, ${time}::timestamptz))`
  const later = (time: Date, ms: number) => new Date(time.getTime() + ms)
  return sql`
    ${from === undefined ? nothing : sql`and k.id >= ${firstSince(later(from, -clockSlackMs))}`}
    ${until === undefined ? nothing : sql`and k.id < ${firstSince(later(until, clockSlackMs))}`}
  `
}

/** The condition for exactly the period. */
export function datedWithin(column: Sql, { from, until }: Pick<EventFilter, 'from' | 'until'>): Sql {
  return sql`
    ${from === undefined ? nothing : sql`and ${column} >= ${from}`}
    ${until === undefined ? nothing : sql`and ${column} < ${until}`}
  `
}

/** The answer of a step. `found` holds one row more than `limit` where there are that many. */
export async function foundOf<Item extends { id: bigint }>(
  context: Context,
  found: Item[],
  limit: number,
  walk: Sql,
): Promise<Found<Item>> {
  const items = found.slice(0, limit)
  if (found.length > limit) return { items, next: (items.at(-1) as Item).id }
  const [end] = await context.db.query<{ id: bigint }>(sql`
    select w.id from (${walk}) w order by w.id desc offset ${maxWalked - 1}
  `)
  return { items, next: end?.id ?? null }
}
