import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { finishDecision, takeFromSuspense } from '../wallet/suspense.ts'
import { noteAssigned } from './assigned-money.ts'
import type { Dispute } from './dispute-records.ts'
import { type DisputedMoney, findDisputedMoney } from './disputed-money.ts'

/*
 * Money that is taken back is booked to whoever has it at that moment. Money in suspense may be open, assigned or given back
 * by then, and money of a dispute that was lost and won afterwards is in suspense as money of its own.
 */

/** The money of a dispute where it is now: as it came, or as it came back to suspense the last time. */
export async function moneyNow(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
): Promise<DisputedMoney> {
  // Money that was moved by hand has left the account that took it back.
  const isByHand = dispute.accountId >= firstAccountId && (money.outside.at ?? 0n) < firstAccountId
  if (isByHand) return { ...money, outside: { kind: 'outside', at: dispute.accountId } }
  if (money.kind !== 'suspended') return money
  const id = (await findReturned(context, tenant, dispute)) ?? money.transactionId
  const now = await findDisputedMoney(context, tenant, id)
  if (now?.decision == null || now.decision.isPosted) return now ?? money
  await finishDecision(context, tenant, id, noteAssigned)
  return (await findDisputedMoney(context, tenant, id)) ?? money
}

/** The last movement that brought the money of a dispute back to suspense. */
async function findReturned({ db }: Context, { merchant }: Tenant, { id }: Dispute): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(sql`
    select t.id
    from disputes d
    cross join unnest(d.movement_ids) with ordinality as m (id, place)
    join ledger_transactions t on t.merchant_id = d.merchant_id and t.id = m.id and t.kind = 'suspended'
    where d.merchant_id = ${merchant.id} and d.id = ${id}
    order by m.place desc
    limit 1
  `)
  return row?.id ?? null
}

/** What has left suspense. */
export interface LeftSuspense {
  movementId: string
  /** Minor units. */
  amount: bigint
}

/**
 * Takes money that nobody has out of suspense, for a dispute that wants `amount` of it. Money that a person has given back is the
 * same money: it went back once. Answers what has left suspense, at most what was left of it; null where nothing was.
 */
export async function leaveSuspense(
  context: FreeContext,
  { merchant, mode }: Tenant,
  dispute: Dispute,
  { money, amount }: { money: DisputedMoney; amount: bigint },
): Promise<LeftSuspense | null> {
  // A fact is nobody's.
  const tenant = { merchant, mode }
  const taking = { disputeId: dispute.id, time: dispute.movements, amount }
  const taken = await takeFromSuspense(context, tenant, money.transactionId, taking)
  if (taken !== null) return taken
  const decision = money.decision ?? (await findDisputedMoney(context, tenant, money.transactionId))?.decision ?? null
  if (decision?.outcome !== 'given_back') return null
  const left = decision.amount - (await sumTold(context, tenant, dispute, decision.id))
  if (left <= 0n) return null
  return { movementId: decision.id, amount: left < amount ? left : amount }
}

/** What other disputes say of the same giving back. A refund that was told before the dispute that it ends is that dispute. */
async function sumTold({ db }: Context, { merchant }: Tenant, { id }: Dispute, movementId: string): Promise<bigint> {
  const [row] = await db.query<{ amount: bigint }>(sql`
    select coalesce(sum(d.amount), 0)::bigint as amount
    from disputes d
    join disputes o on o.merchant_id = d.merchant_id and o.id = ${id} and o.original_id = d.original_id
    where d.merchant_id = ${merchant.id} and d.id <> o.id and ${movementId}::uuid = any(d.movement_ids)
      and not exists (
        select from disputes e
        where e.merchant_id = d.merchant_id and e.original_id = d.original_id and d.outside_id = 'refund/' || e.refund_name
      )
  `)
  return row?.amount ?? 0n
}
