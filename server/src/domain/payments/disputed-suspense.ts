import { sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, lockCount, type TxContext } from '../context.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { finishDecision, takeFromSuspense } from '../wallet/suspense.ts'
import { noteAssigned } from './assigned-money.ts'
import type { Dispute } from './dispute-records.ts'
import { bookedOf, type DisputedMoney, findDisputedMoney } from './disputed-money.ts'
import {
  isOfRefund,
  listParts,
  type PaymentPart,
  readTaking,
  type StoredTaking,
  type Taking,
  takenOf,
  writeTakings,
} from './payment-parts.ts'

/*
 * Money that is taken back is booked to whoever has it at that moment. Money in suspense may be open, assigned or given back
 * by then, and money of a dispute that was lost and won afterwards is in suspense as money of its own: so a dispute takes from
 * the parts of the payment that have something left.
 */

/** What a dispute takes of money, as this is now, or gives back to it. */
export interface Share {
  money: DisputedMoney
  /** Minor units. */
  amount: bigint
}

/**
 * What a dispute takes, once and for all for this time that it is lost, part by part. Null where another caller has booked this time
 * before, and the dispute was decided otherwise since.
 */
export async function sharesToTake(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
): Promise<[Share, ...Share[]] | null> {
  const amount = bookedOf(dispute, money)
  const alone = wholeOf(dispute, money)
  if (alone !== null) return [{ money: alone, amount }]
  const takings = await inTransaction(context, (tx) => planTakings(tx, tenant, dispute, amount))
  return takings === null ? null : sharesOf(context, tenant, takings)
}

/** What a dispute has taken when it was lost. */
export async function sharesTaken(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
): Promise<[Share, ...Share[]]> {
  const amount = bookedOf(dispute, money)
  const alone = wholeOf(dispute, money)
  if (alone !== null) return [{ money: alone, amount }]
  if (dispute.takings.length > 0) return sharesOf(context, tenant, dispute.takings)
  // It was lost before a dispute could take from several parts.
  const [part] = inOrder(await listParts(context, tenant, money.transactionId), dispute)
  return sharesOf(context, tenant, [{ partId: (part as PaymentPart).id, amount }])
}

/** Money that is one part and stays it; null for money in suspense. */
function wholeOf({ accountId }: Dispute, money: DisputedMoney): DisputedMoney | null {
  // Money that was moved by hand has left the account that took it back.
  const isByHand = accountId >= firstAccountId && (money.outside.at ?? 0n) < firstAccountId
  if (isByHand) return { ...money, outside: { kind: 'outside', at: accountId } }
  return money.kind === 'suspended' ? null : money
}

async function sharesOf(
  context: FreeContext,
  tenant: Tenant,
  takings: readonly Omit<Taking, 'time'>[],
): Promise<[Share, ...Share[]]> {
  const shares: Share[] = []
  for (const { partId, amount } of takings) shares.push({ money: await partNow(context, tenant, partId), amount })
  return shares as [Share, ...Share[]]
}

/** Money of suspense where it is now. What a person has decided about it is done. */
export async function partNow(context: FreeContext, tenant: Tenant, partId: string): Promise<DisputedMoney> {
  await finishDecision(context, tenant, partId, noteAssigned)
  return (await findDisputedMoney(context, tenant, partId)) as DisputedMoney
}

/** Writes down what a dispute takes of each part. Whoever comes second finds the shares of the first. */
async function planTakings(
  tx: TxContext,
  tenant: Tenant,
  { id, movements, transactionId, holdId }: Dispute,
  amount: bigint,
): Promise<Taking[] | null> {
  const { merchant } = tenant
  // What is left of the parts is not decided about, nor taken by another dispute, until the commit.
  await lockCount(tx, tenant, 'suspense')
  const [known] = await tx.db.query<{ takings: StoredTaking[]; movements: number }>(sql`
    select d.takings, d.movements from disputes d where d.merchant_id = ${merchant.id} and d.id = ${id} for update
  `)
  const before = (known?.takings ?? []).filter(({ time }) => time === movements)
  if (before.length > 0) return before.map(readTaking)
  if (known?.movements !== movements) return null
  const [hold] = await tx.db.query<OwnHold>(sql`
    select h.original_id, h.amount from holds h
    where h.merchant_id = ${merchant.id} and h.id = ${holdId}::uuid and h.status = 'placed'
  `)
  const parts = inOrder(await listParts(tx, tenant, transactionId), { id })
  const takings = share(parts, hold, amount).map((each): Taking => ({ ...each, time: movements }))
  await tx.db.query(sql`
    update disputes set takings = ${writeTakings(takings)}::json where merchant_id = ${merchant.id} and id = ${id}
  `)
  return takings
}

/** What a dispute itself has brought back first, then the parts as they came. */
function inOrder(parts: readonly PaymentPart[], { id }: Pick<Dispute, 'id'>): PaymentPart[] {
  const own = parts.filter(({ disputeId }) => disputeId === id)
  return [...own.toReversed(), ...parts.filter(({ disputeId }) => disputeId !== id)]
}

interface OwnHold {
  /** The movement that has assigned the part. */
  original_id: string
  amount: bigint
}

/**
 * Takes an amount of the parts in their order: first what is free, or reserved for this dispute; then what is reserved for others,
 * that can then not go back as well. More than there was is taken of the first one.
 */
function share(parts: readonly PaymentPart[], hold: OwnHold | undefined, amount: bigint): Omit<Taking, 'time'>[] {
  const taken = parts.map(() => 0n)
  let rest = amount
  const take = (most: (part: PaymentPart) => bigint) => {
    for (const [i, part] of parts.entries()) {
      const more = most(part) - (taken[i] as bigint)
      const some = more < rest ? more : rest
      if (some <= 0n) continue
      taken[i] = (taken[i] as bigint) + some
      rest -= some
    }
  }
  take(({ left, assignedId }) => (assignedId !== null && hold?.original_id === assignedId ? left + hold.amount : left))
  take(({ left, held }) => left + held)
  const first = Math.max(
    taken.findIndex((some) => some > 0n),
    0,
  )
  taken[first] = (taken[first] as bigint) + rest
  return parts.map(({ id }, i) => ({ partId: id, amount: taken[i] as bigint })).filter((each) => each.amount > 0n)
}

/** What has left suspense. */
export interface LeftSuspense {
  movementId: string
  /** Minor units. */
  amount: bigint
}

/**
 * Takes a share of money that nobody has out of suspense. Money that a person has given back is the same money: it went back once.
 * Answers what has left suspense, at most what was left of it; null where nothing was.
 *
 * @param time how often the dispute has moved money before, and which share of this time it is
 */
export async function leaveSuspense(
  context: FreeContext,
  { merchant, mode }: Tenant,
  dispute: Dispute,
  { money, amount, time }: Share & { time: string },
): Promise<LeftSuspense | null> {
  // A fact is nobody's.
  const tenant = { merchant, mode }
  const taken = await takeFromSuspense(context, tenant, money.transactionId, { disputeId: dispute.id, time, amount })
  if (taken !== null) return taken
  const decision = money.decision ?? (await findDisputedMoney(context, tenant, money.transactionId))?.decision ?? null
  if (decision?.outcome !== 'given_back') return null
  const left = decision.amount - (await sumTold(context, tenant, dispute, { money, movementId: decision.id }))
  if (left <= 0n) return null
  return { movementId: decision.id, amount: left < amount ? left : amount }
}

/** What other disputes say of the same giving back. */
async function sumTold(
  { db }: Context,
  { merchant }: Tenant,
  { id, transactionId }: Dispute,
  { money, movementId }: { money: DisputedMoney; movementId: string },
): Promise<bigint> {
  const [row] = await db.query<{ amount: bigint }>(sql`
    select coalesce(sum(${takenOf(sql`${money.transactionId}::text`)}), 0)::bigint as amount
    from disputes d
    where d.merchant_id = ${merchant.id} and d.original_id = ${transactionId}::uuid and d.id <> ${id}
      and ${movementId}::uuid = any(d.movement_ids) and not ${isOfRefund}
  `)
  return row?.amount ?? 0n
}
