import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** How far a merchant's oldest events or deliveries were removed, because they were older than they are kept. */
interface Removal {
  /** The highest id that was removed. */
  lastId: bigint
  /** The latest time of a removed event or delivery. */
  lastCreatedAt: Date
}

/** Null where nothing was removed yet. */
export async function findRemoval(
  { db }: Context,
  { merchant }: Tenant,
  kind: 'events' | 'deliveries',
): Promise<Removal | null> {
  const [row] = await db.query<{ last_id: bigint; last_created_at: Date }>(sql`
    select last_id, last_created_at from removals where merchant_id = ${merchant.id} and kind = ${kind}
  `)
  return row === undefined ? null : { lastId: row.last_id, lastCreatedAt: row.last_created_at }
}

/**
 * Throws `invalid_request` for a place in a list that is no item of the tenant, in the words for a text that names no place. The
 * place of an item that was removed meanwhile is one. A walk through events passes those of the other mode, so their places count.
 */
export async function refuseForeignPlace(
  context: Context,
  { merchant, mode }: Tenant,
  kind: 'events' | 'deliveries',
  { id, name }: { id: bigint; name: string },
): Promise<void> {
  const rows = await context.db.query(
    kind === 'events'
      ? sql`select id from events where merchant_id = ${merchant.id} and id = ${id}`
      : sql`select id from deliveries where merchant_id = ${merchant.id} and mode = ${mode} and id = ${id}`,
  )
  if (rows.length > 0) return
  const removal = await findRemoval(context, { merchant, mode }, kind)
  if (removal !== null && id <= removal.lastId) return
  const message = `before must be the nextBefore of an earlier page, not ${JSON.stringify(name)}`
  throw new ServiceError('invalid_request', message, 'before')
}

/** Throws `no_longer_kept` for the id of an event or delivery that is not there and is old enough to have been removed. */
export async function refuseRemoved(
  context: Context,
  tenant: Tenant,
  { kind, id, name }: { kind: 'events' | 'deliveries'; id: bigint; name: string },
): Promise<void> {
  const removal = await findRemoval(context, tenant, kind)
  if (removal === null || id > removal.lastId) return
  const until = removal.lastCreatedAt.toISOString()
  const message = `"${name}" is not there; ${kind} up to ${until} were removed, because they are kept for a limited time`
  throw new ServiceError('no_longer_kept', message)
}
