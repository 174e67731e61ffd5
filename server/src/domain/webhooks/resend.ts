import { ServiceError } from '../../base/errors.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import { withinPeriod } from '../events/event-lists.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { checkEndpoint, type DeliveryFilter, deliveryNotFound, fitting } from './delivery-lists.ts'

/** So many are sent again by one call; a filter that fits more is refused. */
export const maxResent = 10_000

/**
 * Sends a delivery once more, at once and with a new round of tries, whatever became of it. Throws `delivery_not_found`,
 * and `invalid_request` where its endpoint was deleted or disabled.
 */
export async function resendDelivery(service: Service, tenant: Tenant, id: bigint): Promise<void> {
  const rows = await resend(service, tenant, [id])
  if (rows.length > 0) return
  const [found] = await service.db.query(sql`
    select id from deliveries where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and id = ${id}
  `)
  if (found === undefined) throw deliveryNotFound(service, id)
  throw new ServiceError('invalid_request', 'Its endpoint was deleted or disabled; what was disabled can be enabled')
}

/**
 * Sends again what fits the filter, of endpoints that are told of events; without a status what has failed. Answers how
 * many. Throws `webhook_endpoint_not_found`, and `invalid_request` for more than `maxResent`.
 */
export async function resendDeliveries(service: Service, tenant: Tenant, filter: DeliveryFilter): Promise<number> {
  const ids = await findResendable(service, tenant, filter)
  if (ids.length > maxResent) {
    const message = `More than ${maxResent} deliveries fit; ask for a shorter period or one endpoint`
    throw new ServiceError('invalid_request', message)
  }
  return (await resend(service, tenant, ids)).length
}

/** How many `resendDeliveries` would send, counted to `maxResent` + 1. Throws `webhook_endpoint_not_found`. */
export async function countResendable(service: Service, tenant: Tenant, filter: DeliveryFilter): Promise<number> {
  return (await findResendable(service, tenant, filter)).length
}

async function findResendable(service: Service, tenant: Tenant, filter: DeliveryFilter): Promise<bigint[]> {
  const { endpointId, status = 'failed' } = filter
  await checkEndpoint(service, tenant, endpointId)
  const rows = await service.db.query<{ id: bigint }>(sql`
    select k.id from deliveries k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
      and k.endpoint_id = any(array(${toldEndpoints(tenant)}))
      ${endpointId === undefined ? nothing : sql`and k.endpoint_id = ${endpointId}`}
      ${withinPeriod(sql`'deliveries'`, tenant, filter)}
      ${fitting(sql`k`, { ...filter, status })}
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

/** One that is being attempted is left to that attempt, which then is the first of the new round. */
function resend(service: Service, tenant: Tenant, ids: bigint[]): Promise<{ id: bigint }[]> {
  const now = service.clock.now()
  return service.db.query<{ id: bigint }>(sql`
    update deliveries d set
      status = 'pending', try_count = 0, failure_reason = null, next_attempt_at = ${now}::timestamptz,
      updated_at = ${now}::timestamptz
    where d.merchant_id = ${tenant.merchant.id} and d.mode = ${tenant.mode} and d.id = any(${ids}::bigint[])
      and d.endpoint_id = any(array(${toldEndpoints(tenant)}))
    returning d.id
  `)
}
