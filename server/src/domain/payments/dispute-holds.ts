import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context, FreeContext } from '../context.ts'
import { type AccountName, doTogether, doTogetherNoting, type LedgerCommand } from '../ledger/commands.ts'
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
  for (let time = 1; time <= 3; time++) {
    const available = await availableOf(context, tenant, { ...from, currency, originalId })
    const wanted = bookedOf(dispute, money)
    const held = available < wanted ? available : wanted
    if (held <= 0n) return
    const ownKey = movements === 0 ? `dispute/${id}/hold/${time}` : `dispute/${id}/${movements}/hold/${time}`
    const place = placeOf(dispute, { id: holdId, from, originalId, amount: held }, ownKey)
    const [placed] = await doTogether(context, tenant, [place])
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

/**
 * Reserves another amount for an open dispute that has its hold, as far as it is there: a new hold takes the place of the old one, in one
 * commit.
 */
export async function holdOther(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  amount: bigint,
): Promise<void> {
  const { id, currency } = dispute
  let hold = await findHold(context, tenant, dispute)
  if (hold === null || isDecided(dispute.state)) return
  const { from, originalId } = hold
  for (let time = 1; time <= 3; time++) {
    const held = hold?.amount ?? 0n
    const parts = money.kind === 'suspended' ? await listParts(context, tenant, money.transactionId) : []
    const part = parts.find(({ assignedId }) => assignedId === originalId)
    const available = await availableOf(context, tenant, { ...from, currency, originalId })
    const most = [bookedOf({ amount }, money), held + available, ...(part === undefined ? [] : [held + part.left])]
    const wanted = most.reduce((least, each) => (each < least ? each : least))
    if (wanted === held || wanted <= 0n) return
    const holdId = uuidV7(context.random, context.clock.now())
    const place = placeOf(dispute, { id: holdId, from, originalId, amount: wanted }, `dispute/${id}/hold/${holdId}`)
    const releases = hold === null ? [] : [releaseOf(dispute, hold)]
    const outcomes = await doTogetherNoting(
      context,
      tenant,
      [...releases, place],
      sql`
        noted as (
          update disputes r set hold_id = n.id from done_now n where r.merchant_id = ${tenant.merchant.id} and r.id = ${id}
        )
      `,
    )
    if (!(outcomes.at(-1) instanceof ServiceError)) return
    // The owner has spent some of it meanwhile.
    hold = null
  }
}

/** A hold of a dispute. The money may be another's since, so the hold says whose it is. */
interface PlacedHold {
  id: string
  from: AccountName
  originalId: string
  /** Minor units. */
  amount: bigint
}

/** The hold of a dispute; null where none is placed. */
export async function findHold(
  context: Context,
  { merchant, mode }: Tenant,
  { holdId }: Dispute,
): Promise<PlacedHold | null> {
  if (holdId === null) return null
  const [row] = await context.db.query<{
    original_id: string
    amount: bigint
    kind: 'merchant_balance'
    customer: string | null
  }>(sql`
    select h.original_id, h.amount, a.kind, c.code as customer
    from holds h
    join ledger_accounts a on a.merchant_id = h.merchant_id and a.id = h.account_id
    left join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
    where h.merchant_id = ${merchant.id} and h.mode = ${mode} and h.id = ${holdId} and h.status = 'placed'
  `)
  if (row === undefined) return null
  const { kind, customer, original_id: originalId, amount } = row
  return { id: holdId, from: customer === null ? { kind } : { kind: 'customer_cash', customer }, originalId, amount }
}

function placeOf({ currency }: Dispute, hold: PlacedHold, ownKey: string): LedgerCommand {
  const none = { description: null, expiresAt: null, event: null, request: null }
  return { action: 'place', ...hold, currency, ...none, ownKey }
}

function releaseOf({ currency }: Dispute, { id, from, originalId }: PlacedHold): LedgerCommand {
  return { action: 'release', id, holdId: id, currency, from, originalId, event: null, request: null }
}

/** The end of the hold, if it is placed. */
export async function releasesOf(context: Context, tenant: Tenant, dispute: Dispute): Promise<LedgerCommand[]> {
  const hold = await findHold(context, tenant, dispute)
  return hold === null ? [] : [releaseOf(dispute, hold)]
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
