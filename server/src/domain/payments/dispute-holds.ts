import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type AccountName, doTogether, type LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Dispute, listDisputesOf } from './dispute-records.ts'
import { isDecided } from './dispute-states.ts'
import { bookedOf, type DisputedMoney, findDisputedMoney, movementToOwner } from './disputed-money.ts'
import { listParts } from './payment-parts.ts'

/* The amount of an open dispute is reserved, as far as it is there, so that it is not spent meanwhile. */

/**
 * Reserves what is available of the amount of an open dispute, once somebody has the money: of the first part of it that has anything
 * available. A customer who has spent it meanwhile has nothing reserved, and owes the rest if the dispute is lost.
 */
export async function holdAmount(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
): Promise<void> {
  if (dispute.holdId === null || isDecided(dispute.state)) return
  if (money.kind !== 'suspended') return holdOf(context, tenant, dispute, money)
  for (const { id, assignedId, left } of await listParts(context, tenant, money.transactionId)) {
    const part = assignedId === null || left <= 0n ? null : await findDisputedMoney(context, tenant, id)
    if (part !== null) await holdOf(context, tenant, dispute, { ...part, amount: left })
  }
}

/** Reserves available money of one part. A dispute that has its hold gets no second one. */
async function holdOf(context: FreeContext, tenant: Tenant, dispute: Dispute, money: DisputedMoney): Promise<void> {
  const { id, holdId, movements, currency } = dispute
  const originalId = movementToOwner(money)
  if (holdId === null || originalId === null) return
  const from = money.owner as AccountName
  const common = { action: 'place', id: holdId, currency, from, originalId } as const
  for (let time = 1; time <= 3; time++) {
    const available = await availableOf(context, tenant, { ...from, currency, originalId })
    const wanted = bookedOf(dispute, money)
    const held = available < wanted ? available : wanted
    if (held <= 0n) return
    const command: LedgerCommand = {
      ...common,
      amount: held,
      description: null,
      expiresAt: null,
      event: null,
      request: null,
      ownKey: movements === 0 ? `dispute/${id}/hold/${time}` : `dispute/${id}/${movements}/hold/${time}`,
    }
    const [placed] = await doTogether(context, tenant, [command])
    if (!(placed instanceof ServiceError)) return
  }
}

/** What is available in an account, at most what is left of the movement that brought it. */
async function availableOf(
  context: Context,
  { merchant, mode }: Tenant,
  { kind, customer, currency, originalId }: AccountName & { currency: Currency; originalId: string },
): Promise<bigint> {
  const owner = sql`(select c.id from customers c where c.merchant_id = ${merchant.id} and c.code = ${customer ?? null}::text)`
  const [row] = await context.db.query<{ available: bigint }>(sql`
    select least(a.posted - a.held, t.amount - coalesce(f.amount, 0))::bigint as available
    from ledger_accounts a
    join ledger_transactions t on t.merchant_id = a.merchant_id and t.id = ${originalId}::uuid
    left join refund_totals f on f.merchant_id = t.merchant_id and f.transaction_id = t.id
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.kind = ${kind} and a.currency = ${currency}
      and ${kind === 'customer_cash' ? sql`a.customer_id = ${owner}` : sql`a.customer_id is null`}
  `)
  return row?.available ?? 0n
}

/** The end of the hold, if it is placed. The money may be another's by then, so the hold says whose it is. */
export async function releasesOf(
  context: Context,
  { merchant, mode }: Tenant,
  { holdId, currency }: Dispute,
): Promise<LedgerCommand[]> {
  if (holdId === null) return []
  const [hold] = await context.db.query<{
    original_id: string
    kind: AccountName['kind']
    customer: string | null
  }>(sql`
    select h.original_id, a.kind, c.code as customer
    from holds h
    join ledger_accounts a on a.merchant_id = h.merchant_id and a.id = h.account_id
    left join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
    where h.merchant_id = ${merchant.id} and h.mode = ${mode} and h.id = ${holdId} and h.status = 'placed'
  `)
  if (hold === undefined) return []
  const from = hold.customer === null ? { kind: hold.kind } : { kind: hold.kind, customer: hold.customer }
  const common = { action: 'release', id: holdId, currency, holdId, event: null, request: null } as const
  return [{ ...common, from: from as AccountName, originalId: hold.original_id }]
}

export async function releaseHold(context: FreeContext, { merchant, mode }: Tenant, dispute: Dispute) {
  const tenant = { merchant, mode }
  const commands = await releasesOf(context, tenant, dispute)
  // Where it is refused, somebody else has released it meanwhile.
  if (commands.length > 0) await doTogether(context, tenant, commands)
}

/** Reserves money that was just assigned from suspense for the disputes of it that are open. They are its new owner's. */
export async function holdAssigned(
  context: FreeContext,
  { merchant, mode }: Tenant,
  suspendedId: string,
): Promise<void> {
  // A fact is nobody's.
  const tenant = { merchant, mode }
  const [payment] = await listParts(context, tenant, suspendedId)
  const paymentId = payment?.id ?? suspendedId
  const disputes = (await listDisputesOf(context, tenant, paymentId)).filter(({ state }) => !isDecided(state))
  const found = disputes.length === 0 ? null : await findDisputedMoney(context, tenant, suspendedId)
  if (found?.decision == null) return
  // It is posted, and its row does not say so yet.
  const money = { ...found, decision: { ...found.decision, isPosted: true } }
  for (const dispute of disputes) {
    await context.db.query(sql`
      update disputes set customer_id = ${money.customerId}::bigint
      where merchant_id = ${merchant.id} and id = ${dispute.id} and state = ${dispute.state}
        and original_id = ${suspendedId}::uuid
    `)
    await holdOf(context, tenant, dispute, money)
  }
}
