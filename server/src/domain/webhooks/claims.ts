import { argument, functionCall, listArgument } from '../../db/function-call.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { RecordedEvent, WebhookStyle } from '../events/events.ts'
import { eventName } from '../events/ids.ts'
import type { Mode } from '../merchants/tenant.ts'
import { styleRules } from './styles.ts'

/** A delivery that this process has taken on, to be attempted now. */
export interface ClaimedDelivery {
  merchantId: number
  id: bigint
  mode: Mode
  endpointId: string
  style: WebhookStyle
  url: string
  /** The sealed secrets that sign its attempts: the endpoint's secret, and the former secret while it is valid. */
  sealedSecrets: Buffer[]
  tryCount: number
  /** Stored at the first attempt, null before it. Every later attempt sends the same body. */
  body: string | null
  event: RecordedEvent
}

interface ClaimedRow {
  merchant_id: number
  merchant_code: string
  id: bigint
  mode: Mode
  endpoint_id: string
  style: WebhookStyle
  url: string
  secret: Buffer
  previous_secret: Buffer | null
  previous_secret_expires_at: Date | null
  try_count: number
  body: string | null
  event_id: bigint
  type: RecordedEvent['type']
  data: RecordedEvent['data']
  occurred_at: Date
}

/** How many deliveries one process attempts at once: for an endpoint, for an endpoint that is failing, and in all. */
export const maxParallel = { perEndpoint: 20, perFailing: 2, inAll: 256 } as const

/**
 * After its time-out an attempt has this long to be recorded. An attempt that is not recorded by then belongs to a
 * process that has died.
 */
const leaseSlackMs = 5_000

/**
 * Takes on deliveries that are due, no more than there is room for. Deliveries of one customer to one endpoint are
 * taken on one after another, and tenants take turns. Any number of processes may claim at once:
 * `claim_deliveries.sql` says how.
 *
 * @param underWay the deliveries that this process attempts at the moment
 */
export async function claimDeliveries(
  context: Context,
  underWay: Iterable<Pick<ClaimedDelivery, 'merchantId' | 'mode' | 'endpointId'>> = [],
): Promise<ClaimedDelivery[]> {
  const now = context.clock.now()
  const busy = [...underWay]
  const inAll = maxParallel.inAll - busy.length
  if (inAll <= 0) return []
  const call = functionCall('claim_deliveries_v2', {
    p_now: argument('timestamptz', now),
    p_busy_merchants: listArgument(
      'integer',
      busy.map((each) => each.merchantId),
    ),
    p_busy_modes: listArgument(
      'text',
      busy.map((each) => each.mode),
    ),
    p_busy_endpoints: listArgument(
      'uuid',
      busy.map((each) => each.endpointId),
    ),
    p_per_endpoint: argument('integer', maxParallel.perEndpoint),
    p_per_failing: argument('integer', maxParallel.perFailing),
    p_in_all: argument('integer', inAll),
    p_paystack_lease: argument('interval', leaseOf('paystack')),
    p_standard_lease: argument('interval', leaseOf('standard')),
  })
  const rows = await context.db.query<ClaimedRow>(sql`select * from ${call}`)
  return rows.map((row) => readClaimed(context, row, now))
}

function leaseOf(style: WebhookStyle): string {
  return `${styleRules[style].timeoutMs + leaseSlackMs} milliseconds`
}

function readClaimed(context: Context, row: ClaimedRow, now: Date): ClaimedDelivery {
  const isPreviousValid = row.previous_secret_expires_at !== null && row.previous_secret_expires_at > now
  return {
    merchantId: row.merchant_id,
    id: row.id,
    mode: row.mode,
    endpointId: row.endpoint_id,
    style: row.style,
    url: row.url,
    sealedSecrets: isPreviousValid ? [row.secret, row.previous_secret as Buffer] : [row.secret],
    tryCount: row.try_count,
    body: row.body,
    event: {
      id: row.event_id,
      publicId: eventName(context, row.event_id),
      merchantCode: row.merchant_code,
      mode: row.mode,
      type: row.type,
      data: row.data,
      createdAt: row.occurred_at,
    },
  }
}

/**
 * The time since which the longest waiting delivery has been due. A delivery under way does not wait. Costs an index
 * look-up for each endpoint.
 */
export function oldestDueDelivery(now: Date): Sql {
  return sql`
    select min(d.next_attempt_at)
    from webhook_endpoints w
    cross join lateral (
      select o.next_attempt_at from deliveries o
      where o.merchant_id = w.merchant_id and o.endpoint_id = w.id and ${isDue(now)}
      order by o.next_attempt_at
      limit 1
    ) d
    where w.deleted_at is null and w.disabled_at is null
  `
}

/** How many deliveries are due and not under way, counted up to a maximum. */
export function countDueDeliveries(now: Date, max: number): Sql {
  return sql`
    select count(*)
    from (
      select from webhook_endpoints w
      cross join lateral (
        select from deliveries o
        where o.merchant_id = w.merchant_id and o.endpoint_id = w.id and ${isDue(now)}
        limit ${max}
      ) d
      where w.deleted_at is null and w.disabled_at is null
      limit ${max}
    ) due
  `
}

function isDue(now: Date): Sql {
  return sql`
    o.next_attempt_at <= ${now}::timestamptz and (o.claimed_until is null or o.claimed_until <= ${now}::timestamptz)
  `
}
