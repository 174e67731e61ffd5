import { DatabaseUnavailableError } from '../../db/errors.ts'
import { sql } from '../../db/sql.ts'
import { type FreeContext, perContext } from '../context.ts'
import { doTogether, type LedgerCommand } from '../ledger/commands.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns, tenantKey } from '../merchants/tenant.ts'
import { type Hold, type HoldRow, holdColumns, holdEvent, readHold } from './holds.ts'

interface DueHold {
  tenant: Tenant
  hold: Hold
}

/** A hold whose expiry failed steps aside for this time at first, then for twice as long at each failure. */
const firstRestMs = 30_000
const longestRestMs = 60 * 60 * 1000

/**
 * By the hold's id. Only the ledger writes holds, so the time of the next try is kept in this process. Another server has its
 * own list.
 */
const restingOf = perContext(() => new Map<string, { until: number; failures: number }>())

/**
 * Gives up every hold that is due, one batch for each tenant, and answers how many were given up. Any number of servers may do
 * so at once. A hold whose expiry fails is logged and counted, steps aside, and keeps no other hold waiting.
 */
export async function expireDueHolds(context: FreeContext): Promise<number> {
  const byTenant = new Map<string, DueHold[]>()
  for (const each of await selectDueHolds(context)) {
    const key = tenantKey(each.tenant)
    byTenant.set(key, [...(byTenant.get(key) ?? []), each])
  }
  let expired = 0
  for (const holds of byTenant.values()) expired += await expireTogether(context, holds)
  return expired
}

/** Where a batch fails, its holds are tried one by one: only the broken hold is left. */
async function expireTogether(context: FreeContext, holds: DueHold[]): Promise<number> {
  const [first] = holds
  if (first === undefined) return 0
  try {
    await doTogether(context, first.tenant, holds.map(expiry))
    for (const { hold } of holds) restingOf(context).delete(hold.id)
    return holds.length
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) throw error
    if (holds.length === 1) return letRest(context, first, error)
    let expired = 0
    for (const each of holds) expired += await expireTogether(context, [each])
    return expired
  }
}

function expiry({ hold }: DueHold): LedgerCommand {
  return {
    action: 'expire',
    id: hold.id,
    currency: hold.currency,
    from: { kind: 'customer_cash', customer: hold.customerCode },
    holdId: hold.id,
    event: holdEvent('hold.expired', hold, {}),
    request: null,
  }
}

/** Answers 0, the number of holds that were given up. */
function letRest(context: FreeContext, { tenant, hold }: DueHold, error: unknown): number {
  const resting = restingOf(context)
  const failures = (resting.get(hold.id)?.failures ?? 0) + 1
  const restMs = Math.min(firstRestMs * 2 ** (failures - 1), longestRestMs)
  resting.set(hold.id, { until: context.clock.now().getTime() + restMs, failures })
  const members = { task: 'holds', merchant: tenant.merchant.id, mode: tenant.mode, row: hold.id, attempt: failures }
  context.log.error({ ...members, err: error }, 'a hold could not be expired; it is tried again later')
  context.meter.counter('mteja_background_failures_total', { task: 'holds' }).add(1)
  return 0
}

async function selectDueHolds(context: FreeContext): Promise<DueHold[]> {
  const now = context.clock.now()
  const resting = [...restingOf(context)].filter(([, { until }]) => until > now.getTime()).map(([id]) => id)
  const rows = await context.db.query<HoldRow & TenantRow>(sql`
    select ${holdColumns}, h.mode, ${tenantColumns}
    from holds h
    join customers c on c.merchant_id = h.merchant_id and c.id = h.customer_id
    join merchants m on m.id = h.merchant_id
    where h.status = 'placed' and h.expires_at <= ${now} and h.id <> all(${resting}::uuid[])
    order by h.expires_at
    limit 250
  `)
  return rows.map((row) => ({ tenant: readTenant(row), hold: readHold(row) }))
}
