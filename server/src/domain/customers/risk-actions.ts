import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange } from '../context.ts'
import { recordEvent } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer } from '../trail/trail.ts'
import {
  type Customer,
  type CustomerReference,
  lockCustomer,
  type RiskAction,
  refuseStale,
  saveCustomer,
} from './customers.ts'

export interface NewRiskAction {
  riskAction: RiskAction
  /** For people. It is shown with the customer and in the trail, and removed with the person. */
  reason?: string | null | undefined
  /** When the customer was last updated, as far as the caller knows. Default: whatever they are is changed. */
  seenAt?: Date | undefined
}

/** A risk action that was set. */
export interface RiskChange {
  riskAction: RiskAction
  reason: string | null
  by: Doer
  at: Date
}

/**
 * Sets how the merchant treats the customer. A customer with `deny` cannot send, spend or be paid. Throws
 * `customer_not_found`, and `changed_meanwhile` for a customer who was updated after `seenAt`.
 */
export async function setRiskAction(
  context: Context,
  tenant: Tenant,
  reference: CustomerReference,
  { riskAction, reason = null, seenAt }: NewRiskAction,
): Promise<Customer> {
  return inTransaction(context, async (tx) => {
    const current = await lockCustomer(tx, tenant, reference)
    refuseStale(current, seenAt)
    const now = context.clock.now()
    const next: Customer = { ...current, riskAction, updatedAt: now }
    await saveCustomer(tx, tenant, next)
    const [row] = await tx.db.query<{ id: bigint }>(sql`
      insert into risk_changes (merchant_id, mode, customer_id, risk_action, reason, actor_id, created_at)
      values (
        ${tenant.merchant.id}, ${tenant.mode}, ${current.id}, ${riskAction}, ${reason || null}, ${tenant.actor?.id ?? null},
        ${now}
      )
      returning id
    `)
    // The trail is kept for good, so it has the name of the reason, which listTrail looks up.
    const after = { riskAction, ...(reason ? { riskChangeId: Number(row?.id) } : {}) }
    noteChange(tx, { object: current.code, before: { riskAction: current.riskAction }, after })
    await recordEvent(tx, tenant, { type: 'customer.risk_action_changed', customer: next })
    return next
  })
}

/** The risk action that was set last; null for a customer whose risk action was never set since reasons are kept. */
export async function getLastRiskChange(
  context: Context,
  { merchant }: Tenant,
  { id }: Pick<Customer, 'id'>,
): Promise<RiskChange | null> {
  const [row] = await context.db.query<
    DoerRow & { risk_action: RiskAction; reason: string | null; created_at: Date }
  >(sql`
    select r.risk_action, r.reason, r.created_at, ${doerColumns}
    from (
      select * from risk_changes k
      where k.merchant_id = ${merchant.id} and k.customer_id = ${id}
      order by k.id desc
      limit 1
    ) r
    ${joinDoer(sql`r`)}
  `)
  if (row === undefined) return null
  return { riskAction: row.risk_action, reason: row.reason, by: readDoer(row), at: row.created_at }
}
