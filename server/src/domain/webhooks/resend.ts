import { ServiceError } from '../../base/errors.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, noteChange } from '../context.ts'
import { withinPeriod } from '../events/event-lists.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { checkEndpoint, type DeliveryFilter, fitting, refuseMissing } from './delivery-lists.ts'
import { deliveryName, endpointName } from './ids.ts'

/** One call sends at most this many deliveries again. A filter that fits more deliveries is refused. */
export const maxResent = 10_000

/**
 * Sends a delivery once more, at once and with a new round of tries, whatever its status. Throws `delivery_not_found`,
 * and `invalid_request` where its endpoint was deleted or disabled, or is no longer told of such an event.
 */
export async function resendDelivery(context: Context, tenant: Tenant, id: bigint): Promise<void> {
  const rows = await resend(context, tenant, [id])
  if (rows.length > 0) return noteChange(context, { object: deliveryName(context, id), after: { resent: 1 } })
  const [found] = await context.db.query<{ told: boolean }>(sql`
    select ${isTold(sql`d`)} as told from deliveries d
    where d.merchant_id = ${tenant.merchant.id} and d.mode = ${tenant.mode} and d.id = ${id}
  `)
  if (found === undefined) return refuseMissing(context, tenant, id)
  if (!found.told) throw new ServiceError('invalid_request', 'The style of its endpoint cannot tell this event')
  throw new ServiceError('invalid_request', 'Its endpoint was deleted or disabled; what was disabled can be enabled')
}

/**
 * Sends again the deliveries that fit the filter, to endpoints that are still told of events. A filter without a
 * status means failed deliveries. Answers their number. Throws `webhook_endpoint_not_found`, and `invalid_request` for
 * more than `maxResent`.
 */
export async function resendDeliveries(context: Context, tenant: Tenant, filter: DeliveryFilter): Promise<number> {
  const ids = await findResendable(context, tenant, filter)
  if (ids.length > maxResent) {
    const message = `More than ${maxResent} deliveries fit; ask for a shorter period or one endpoint`
    throw new ServiceError('invalid_request', message)
  }
  const { length: resent } = await resend(context, tenant, ids)
  const object = filter.endpointId === undefined ? null : endpointName(filter.endpointId)
  noteChange(context, { object, after: { resent } })
  return resent
}

/** How many `resendDeliveries` would send, counted to `maxResent` + 1. Throws `webhook_endpoint_not_found`. */
export async function countResendable(context: Context, tenant: Tenant, filter: DeliveryFilter): Promise<number> {
  return (await findResendable(context, tenant, filter)).length
}

async function findResendable(context: Context, tenant: Tenant, filter: DeliveryFilter): Promise<bigint[]> {
  const { endpointId, status = 'failed' } = filter
  await checkEndpoint(context, tenant, endpointId)
  const rows = await context.db.query<{ id: bigint }>(sql`
    select k.id from deliveries k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
      and k.endpoint_id = any(array(${toldEndpoints(tenant)}))
      ${endpointId === undefined ? nothing : sql`and k.endpoint_id = ${endpointId}`}
      ${withinPeriod(sql`'deliveries'`, tenant, filter)}
      ${fitting(sql`k`, { ...filter, status })}
      and ${isTold(sql`k`)}
    order by k.id
    limit ${maxResent + 1}
  `)
  return rows.map(({ id }) => id)
}

function toldEndpoints({ merchant, mode }: Tenant): Sql {
  return sql`
    select w.id from webhook_endpoints w
    where w.merchant_id = ${merchant.id} and w.mode = ${mode} and w.deleted_at is null and w.disabled_at is null
  `
}

/** Whether the endpoint would be told of the event today: a former release told more. */
function isTold(delivery: Sql): Sql {
  return sql`exists (
    select from events e
    join webhook_endpoints w on w.merchant_id = e.merchant_id and w.id = ${delivery}.endpoint_id
    where e.merchant_id = ${delivery}.merchant_id and e.id = ${delivery}.event_id and is_told(w.style, e.type, e.data)
  )`
}

/** A delivery under way is left to its attempt, which becomes the first of the new round. */
function resend(context: Context, tenant: Tenant, ids: bigint[]): Promise<{ id: bigint }[]> {
  const now = context.clock.now()
  return context.db.query<{ id: bigint }>(sql`
    update deliveries d set
      status = 'pending', try_count = 0, failure_reason = null, next_attempt_at = ${now}::timestamptz,
      updated_at = ${now}::timestamptz
    where d.merchant_id = ${tenant.merchant.id} and d.mode = ${tenant.mode} and d.id = any(${ids}::bigint[])
      and d.endpoint_id = any(array(${toldEndpoints(tenant)}))
      and ${isTold(sql`d`)}
    returning d.id
  `)
}
