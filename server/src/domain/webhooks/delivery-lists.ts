import { ServiceError } from '../../base/errors.ts'
import type { Page } from '../../base/page.ts'
import type { NumberedPage } from '../../db/numbered-lists.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import {
  datedWithin,
  type EventRow,
  type Found,
  foundOf,
  maxWalked,
  readEvent,
  type Step,
  withinPeriod,
} from '../events/event-lists.ts'
import type { EventType, RecordedEvent } from '../events/events.ts'
import { refuseForeignPlace, refuseRemoved } from '../events/removals.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { deliveryName, endpointName } from './ids.ts'

export type DeliveryStatus = 'pending' | 'delivered' | 'failed'

/** One event told, or to be told, to one endpoint. */
export interface Delivery {
  id: bigint
  publicId: string
  endpointId: string
  event: RecordedEvent
  status: DeliveryStatus
  attemptCount: number
  /** Null for a delivery that is settled, is under way, or waits for an earlier delivery of the same customer. */
  nextAttemptAt: Date | null
  lastAttemptAt: Date | null
  deliveredAt: Date | null
  /** The reason why the last attempt failed, or why there will be no attempt. */
  failureReason: string | null
  createdAt: Date
  updatedAt: Date
}

export interface DeliveryAttempt {
  number: number
  startedAt: Date
  durationMs: number
  url: string
  requestHeaders: Record<string, string>
  /** An answer, or the error that came in place of an answer. */
  answer: { status: number; headers: Record<string, string>; body: string } | null
  error: string | null
}

export interface DeliveryFilter {
  endpointId?: string | undefined
  status?: DeliveryStatus | undefined
  eventType?: EventType | undefined
  customer?: Pick<Customer, 'id'> | undefined
  /** The event happened at this time or after it. */
  from?: Date | undefined
  /** The event happened before this time. */
  until?: Date | undefined
}

interface DeliveryRow {
  id: bigint
  endpoint_id: string
  status: DeliveryStatus
  attempt_count: number
  next_attempt_at: Date | null
  last_attempt_at: Date | null
  delivered_at: Date | null
  failure_reason: string | null
  created_at: Date
  updated_at: Date
  event_id: bigint
  event_mode: EventRow['mode']
  event_type: EventType
  event_data: EventRow['data']
  event_created_at: Date
}

/** The columns of a delivery, with `d` for deliveries and `e` for its event. An attempt under way has claimed it. */
const columns = sql`
  d.id, d.endpoint_id, d.status, d.attempt_count, d.last_attempt_at, d.delivered_at, d.failure_reason, d.created_at,
  d.updated_at, case when d.claimed_until is null then d.next_attempt_at end as next_attempt_at,
  e.id as event_id, e.mode as event_mode, e.type as event_type, e.data as event_data, e.created_at as event_created_at
`

/** How many of a delivery's attempts are shown: the newest attempts. */
const shownAttempts = 100

/** As `listEvents`. Throws `webhook_endpoint_not_found`. */
export async function listDeliveries(
  context: Context,
  tenant: Tenant,
  filter: DeliveryFilter,
  step: Step<bigint>,
): Promise<Found<Delivery>> {
  await checkEndpoint(context, tenant, filter.endpointId)
  if (step.before !== undefined) {
    const name = deliveryName(context, step.before)
    await refuseForeignPlace(context, tenant, 'deliveries', { id: step.before, name })
  }
  const walk = sql`
    select k.* from deliveries k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
      ${filter.endpointId === undefined ? nothing : sql`and k.endpoint_id = ${filter.endpointId}`}
      ${step.before === undefined ? nothing : sql`and k.id < ${step.before}`}
      ${filter.status === 'failed' ? ofStatus(sql`k`, filter.status) : nothing}
      ${withinPeriod(sql`'deliveries'`, tenant, filter)}
    order by k.id desc
    limit ${maxWalked}
  `
  const rows = await context.db.query<DeliveryRow>(sql`
    select ${columns} from (${walk}) d
    join events e on e.merchant_id = d.merchant_id and e.id = d.event_id
    where true ${fitting(sql`d`, filter)}
    order by d.id desc
    limit ${step.limit + 1}
  `)
  return foundOf(
    context,
    rows.map((row) => readDelivery(context, tenant, row)),
    step.limit,
    walk,
  )
}

export interface StandardDeliveryFilter extends Pick<DeliveryFilter, 'from' | 'until'> {
  /** Deliveries with any of these statuses. A text that is no status matches none. */
  statuses?: readonly string[] | undefined
  /** Deliveries of events of any of these types. */
  eventTypes?: readonly string[] | undefined
  ids?: readonly bigint[] | undefined
}

/**
 * Deliveries to endpoints of the standard style, newest or oldest first. `total` is counted as in a search of customers.
 */
export async function listStandardDeliveries(
  context: Context,
  tenant: Tenant,
  filter: StandardDeliveryFilter,
  page: NumberedPage,
): Promise<Page<Delivery>> {
  const { statuses, eventTypes, ids, from, until } = filter
  const order = (id: Sql) => (page.direction === 'asc' ? id : sql`${id} desc`)
  const rows = await context.db.query<DeliveryRow & { total: bigint }>(sql`
    with told as materialized (
      select w.id from webhook_endpoints w
      where w.merchant_id = ${tenant.merchant.id} and w.mode = ${tenant.mode} and w.style = 'standard'
    ),
    matches as materialized (
      select k.id from deliveries k
      where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
        and k.endpoint_id = any(array(select id from told)::uuid[])
        ${withinPeriod(sql`'deliveries'`, tenant, filter)}
        ${fitting(sql`k`, { from, until })}
        ${statuses === undefined ? nothing : ofStatuses(sql`k`, statuses)}
        ${eventTypes === undefined ? nothing : sql`and k.event_type = any(${[...eventTypes]}::text[])`}
        ${ids === undefined ? nothing : sql`and k.id = any(${[...ids]}::bigint[])`}
      order by ${order(sql`k.id`)}
      limit ${Math.max(countedDeliveries, page.offset + page.limit + 1)}
    )
    select t.total, ${columns}
    from (select count(*) as total from matches) t
    left join (
      select id from matches order by ${order(sql`id`)} limit ${page.limit} offset ${page.offset}
    ) p on true
    left join deliveries d on d.merchant_id = ${tenant.merchant.id} and d.id = p.id
    left join events e on e.merchant_id = d.merchant_id and e.id = d.event_id
    order by ${order(sql`d.id`)}
  `)
  const items = rows.filter((row) => row.id !== null).map((row) => readDelivery(context, tenant, row))
  return { items, total: Number(rows[0]?.total ?? 0) }
}

/** The total is counted up to this number, as in a search of customers. */
const countedDeliveries = 1000

/** Throws `delivery_not_found`, `no_longer_kept`. */
export async function getDelivery(context: Context, tenant: Tenant, id: bigint): Promise<Delivery> {
  const [row] = await context.db.query<DeliveryRow>(sql`
    select ${columns} from deliveries d
    join events e on e.merchant_id = d.merchant_id and e.id = d.event_id
    where d.merchant_id = ${tenant.merchant.id} and d.mode = ${tenant.mode} and d.id = ${id}
  `)
  if (row === undefined) return refuseMissing(context, tenant, id)
  return readDelivery(context, tenant, row)
}

/** The body that was sent, null before the first attempt, and the last hundred attempts, oldest first. */
export async function getDeliveryAttempts(
  context: Context,
  tenant: Tenant,
  id: bigint,
): Promise<{ body: string | null; attempts: DeliveryAttempt[] }> {
  const [delivery] = await context.db.query<{ body: string | null }>(sql`
    select body from deliveries where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and id = ${id}
  `)
  if (delivery === undefined) return refuseMissing(context, tenant, id)
  const rows = await context.db.query<AttemptRow>(sql`
    select number, started_at, duration_ms, url, request_headers, status, response_headers, response_body, error
    from delivery_attempts
    where merchant_id = ${tenant.merchant.id} and delivery_id = ${id}
    order by number desc
    limit ${shownAttempts}
  `)
  return { body: delivery.body, attempts: rows.map(readAttempt).reverse() }
}

interface AttemptRow {
  number: number
  started_at: Date
  duration_ms: number
  url: string
  request_headers: Record<string, string>
  status: number | null
  response_headers: Record<string, string> | null
  response_body: string | null
  error: string | null
}

/** The conditions of a filter on the delivery itself. */
export function fitting(
  delivery: Sql,
  filter: Omit<DeliveryFilter, 'endpointId' | 'eventType'> & { eventType?: string | undefined },
): Sql {
  const { status, eventType, customer } = filter
  return sql`
    ${status === undefined ? nothing : ofStatus(delivery, status)}
    ${eventType === undefined ? nothing : sql`and ${delivery}.event_type = ${eventType}`}
    ${customer === undefined ? nothing : sql`and ${delivery}.customer_id = ${customer.id}`}
    ${datedWithin(sql`${delivery}.created_at`, filter)}
  `
}

/** Statuses are written into the SQL: the index of failed deliveries does not serve a status that is a parameter. */
const statusTexts = { pending: sql`'pending'`, delivered: sql`'delivered'`, failed: sql`'failed'` }

function ofStatus(delivery: Sql, status: DeliveryStatus): Sql {
  return sql`and ${delivery}.status = ${statusTexts[status]}`
}

function ofStatuses(delivery: Sql, statuses: readonly string[]): Sql {
  const known = (['pending', 'delivered', 'failed'] as const).filter((status) => statuses.includes(status))
  const [only] = known
  if (only === undefined) return sql`and false`
  if (known.length === 1) return ofStatus(delivery, only)
  return sql`and ${delivery}.status in (${known.map((each) => statusTexts[each]).reduce((all, each) => sql`${all}, ${each}`)})`
}

/** A deleted endpoint's deliveries can still be looked at. Throws `webhook_endpoint_not_found`. */
export async function checkEndpoint(context: Context, tenant: Tenant, id: string | undefined): Promise<void> {
  if (id === undefined) return
  const rows = await context.db.query(sql`
    select id from webhook_endpoints
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and id = ${id}
  `)
  if (rows.length === 0)
    throw new ServiceError('webhook_endpoint_not_found', `There is no webhook endpoint "${endpointName(id)}"`)
}

/** Throws `delivery_not_found`, or `no_longer_kept` for a delivery that was removed by its age. */
export async function refuseMissing(context: Context, tenant: Tenant, id: bigint): Promise<never> {
  const name = deliveryName(context, id)
  await refuseRemoved(context, tenant, { kind: 'deliveries', id, name })
  throw new ServiceError('delivery_not_found', `There is no delivery "${name}"`)
}

function readDelivery(context: Context, tenant: Tenant, row: DeliveryRow): Delivery {
  const event = {
    id: row.event_id,
    mode: row.event_mode,
    type: row.event_type,
    data: row.event_data,
    created_at: row.event_created_at,
  }
  return {
    id: row.id,
    publicId: deliveryName(context, row.id),
    endpointId: row.endpoint_id,
    event: readEvent(context, tenant, event),
    status: row.status,
    attemptCount: row.attempt_count,
    nextAttemptAt: row.next_attempt_at,
    lastAttemptAt: row.last_attempt_at,
    deliveredAt: row.delivered_at,
    failureReason: row.failure_reason,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function readAttempt(row: AttemptRow): DeliveryAttempt {
  const { status, response_headers, response_body } = row
  return {
    number: row.number,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    url: row.url,
    requestHeaders: row.request_headers,
    answer: status === null ? null : { status, headers: response_headers ?? {}, body: response_body ?? '' },
    error: row.error,
  }
}
