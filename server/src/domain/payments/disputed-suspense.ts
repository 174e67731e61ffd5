import { sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, lockCount, type TxContext } from '../context.ts'
import { firstAccountId } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { finishDecision, takeFromSuspense } from '../wallet/suspense.ts'
import { noteAssigned } from './assigned-money.ts'
import { findHold } from './dispute-holds.ts'
import type { Dispute } from './dispute-records.ts'
import { bookedOf, type DisputedMoney, findDisputedMoney } from './disputed-money.ts'
import {
  countedBefore,
  countedOf,
  givenBackAfter,
  isOfRefund,
  listParts,
  type PaymentPart,
  partIds,
  readTaking,
  type StoredTaking,
  type Taking,
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
  /** No part of the payment has it: it is the merchant's. Default false. */
  isOfNoPart?: boolean | undefined
}

/**
 * What a dispute takes, once and for all for this time that it is lost, part by part. Null where another caller has booked this time
 * before, and the dispute was decided otherwise since.
 *
 * @param taken.ofRefund the refund of ours that has taken it; null for any other
 */
export async function sharesToTake(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  { money, ofRefund }: { money: DisputedMoney; ofRefund: string | null },
): Promise<[Share, ...Share[]] | null> {
  const amount = bookedOf(dispute, money)
  const alone = wholeOf(dispute, money)
  if (alone !== null) return [{ money: alone, amount }]
  const takings = await inTransaction(context, (tx) => planTakings(tx, tenant, dispute, { amount, ofRefund }))
  return takings === null ? null : sharesOf(context, tenant, money, takings)
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
  if (dispute.takings.length > 0) return sharesOf(context, tenant, money, dispute.takings)
  // It was lost before a dispute could take from several parts.
  const parts = await listParts(context, tenant, money.transactionId)
  const part = parts.findLast(({ disputeId }) => disputeId === dispute.id) ?? (parts[0] as PaymentPart)
  return sharesOf(context, tenant, money, [{ partId: part.id, amount }])
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
  money: DisputedMoney,
  takings: readonly Omit<Taking, 'time'>[],
): Promise<[Share, ...Share[]]> {
  const merchants: DisputedMoney = { ...money, kind: 'pay_in', owner: { kind: 'merchant_balance' }, decision: null }
  const shares: Share[] = []
  for (const { partId, amount } of takings) {
    if (partId === null) shares.push({ money: merchants, amount, isOfNoPart: true })
    else shares.push({ money: await partNow(context, tenant, partId), amount })
  }
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
  dispute: Dispute,
  { amount, ofRefund }: { amount: bigint; ofRefund: string | null },
): Promise<Taking[] | null> {
  const { id, movements, transactionId } = dispute
  const { merchant } = tenant
  // What is left of the parts is not decided about, nor taken by another dispute, until the commit.
  await lockCount(tx, tenant, 'suspense')
  const [known] = await tx.db.query<{ takings: StoredTaking[]; movements: number }>(sql`
    select d.takings, d.movements from disputes d where d.merchant_id = ${merchant.id} and d.id = ${id} for update
  `)
  const before = (known?.takings ?? []).filter(({ time }) => time === movements)
  if (before.length > 0) return before.map(readTaking)
  if (known?.movements !== movements) return null
  const parts = inOrder(await listParts(tx, tenant, transactionId), { id })
  const own =
    (await findOwnHold(tx, tenant, dispute, parts)) ?? (await findLike(tx, tenant, dispute, { amount, ofRefund }))
  const takings = share(parts, own, amount).map((each): Taking => ({ ...each, time: movements }))
  await tx.db.query(sql`
    update disputes d set takings = ${writeTakings(takings)}::json, given_back = ${givenBackAfter(sql`d`)}
    where d.merchant_id = ${merchant.id} and d.id = ${id}
  `)
  return takings
}

/** What a dispute itself has brought back first, then what nobody has, then the others as they came. */
function inOrder(parts: readonly PaymentPart[], { id }: Pick<Dispute, 'id'>): PaymentPart[] {
  const own = parts.filter(({ disputeId }) => disputeId === id)
  const others = parts.filter(({ disputeId }) => disputeId !== id)
  const isOpen = ({ assignedId, left }: PaymentPart) => assignedId === null && left > 0n
  return [...own.toReversed(), ...others.toSorted((one, other) => Number(isOpen(other)) - Number(isOpen(one)))]
}

/** The part of which something is reserved for what takes it. */
interface OwnPart {
  partId: string
  /** Minor units. */
  reserved: bigint
  /** It is taken of before the others are. */
  isFirst: boolean
}

/** What an open dispute has reserved. */
async function findOwnHold(
  tx: TxContext,
  tenant: Tenant,
  dispute: Dispute,
  parts: readonly PaymentPart[],
): Promise<OwnPart | null> {
  const hold = await findHold(tx, tenant, dispute)
  if (hold === null) return null
  const part = parts.find(({ assignedId }) => assignedId === hold.originalId)
  return part === undefined ? null : { partId: part.id, reserved: hold.amount, isFirst: false }
}

/**
 * What a refund of ours gives back that the account has made by another way than was asked for: the refund itself, after a person has
 * settled it as failed; or one of its amount in the dashboard, while nobody can say whether the account has it, or after the account has
 * said otherwise than the person who has settled it as processed.
 */
async function findLike(
  { db }: TxContext,
  tenant: Tenant,
  { id, category, transactionId }: Dispute,
  { amount, ofRefund }: { amount: bigint; ofRefund: string | null },
): Promise<OwnPart | null> {
  if (category !== 'refund') return null
  const [refund] = await db.query<{ original_id: string; reserved: bigint }>(sql`
    select r.original_id, case when r.id = ${ofRefund}::uuid then 0 else r.amount end::bigint as reserved
    from refunds r
    where r.merchant_id = ${tenant.merchant.id} and r.original_id in (${partIds(tenant, sql`${transactionId}::uuid`)})
      and (
        r.id = ${ofRefund}::uuid
        or ${ofRefund}::uuid is null and r.amount = ${amount} and (
            r.state in ('unknown', 'needsAttention') and r.verdict is null or r.state = 'failed' and r.verdict = 'processed'
          )
          -- Each stands for one refund of the dashboard.
          and not exists (
            select from disputes d
            cross join json_array_elements(d.takings) k
            where d.merchant_id = r.merchant_id and d.original_id = ${transactionId}::uuid and d.id <> ${id} and d.category = 'refund'
              and (d.state = 'lost' or (k ->> 'time')::integer = d.movements) and d.created_at >= r.created_at and k ->> 'partId' = r.original_id::text and (k ->> 'amount')::bigint = r.amount
          )
      )
    order by r.id
    limit 1
  `)
  return refund === undefined ? null : { partId: refund.original_id, reserved: refund.reserved, isFirst: true }
}

/**
 * Takes an amount of the parts in their order: first what is free, or reserved for what takes it; then what is reserved for others,
 * that can then not go back as well. More than there was is taken of the owner of the first one, or else of the merchant.
 */
function share(parts: readonly PaymentPart[], own: OwnPart | null, amount: bigint): Omit<Taking, 'time'>[] {
  const taken = new Map(parts.map(({ id }) => [id, 0n]))
  const ordered = own?.isFirst ? parts.toSorted((one) => (one.id === own.partId ? -1 : 1)) : parts
  let rest = amount
  const take = (most: (part: PaymentPart) => bigint) => {
    for (const part of ordered) {
      const before = taken.get(part.id) as bigint
      const more = most(part) - before
      const some = more < rest ? more : rest
      if (some <= 0n) continue
      taken.set(part.id, before + some)
      rest -= some
    }
  }
  take(({ id, left }) => (own?.partId === id ? left + own.reserved : left))
  take(({ left, held }) => left + held)
  const first = ordered.find(({ id }) => (taken.get(id) as bigint) > 0n) ?? ordered[0]
  const hasOwner = first !== undefined && first.assignedId !== null
  if (hasOwner) taken.set(first.id, (taken.get(first.id) as bigint) + rest)
  const shares: Omit<Taking, 'time'>[] = ordered.map(({ id }) => ({ partId: id, amount: taken.get(id) as bigint }))
  if (!hasOwner) shares.push({ partId: null, amount: rest })
  return shares.filter((each) => each.amount > 0n)
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

/** What other disputes say of the same giving back, and what this one has said before. */
async function sumTold(
  { db }: Context,
  { merchant }: Tenant,
  { id, transactionId }: Dispute,
  { money, movementId }: { money: DisputedMoney; movementId: string },
): Promise<bigint> {
  const part = sql`${money.transactionId}::text`
  const [row] = await db.query<{ amount: bigint }>(sql`
    select coalesce(sum(case d.id when ${id}::uuid then ${countedBefore(part)} else ${countedOf(part)} end), 0)::bigint as amount
    from disputes d
    where d.merchant_id = ${merchant.id} and d.original_id = ${transactionId}::uuid
      and ${movementId}::uuid = any(d.movement_ids) and not ${isOfRefund}
  `)
  return row?.amount ?? 0n
}
