import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** How far a merchant's oldest events or deliveries were removed, because they were older than they are kept. */
export interface Removal {
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
