import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import { type Context, type FreeContext, inTransaction, lockCount, type TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { bookLoss, bookReturn, findRefundMovement } from './dispute-bookings.ts'
import { tellDispute } from './dispute-events.ts'
import { holdAmount, holdOther, releaseHold } from './dispute-holds.ts'
import { type Dispute, findDispute } from './dispute-records.ts'
import { type DisputeReport, refundNameOf } from './dispute-reports.ts'
import { reserves } from './dispute-settings.ts'
import { disputeArrows, isDecided } from './dispute-states.ts'
import { lookLater, noteTurn, ownTimeMs, type Turn } from './dispute-turns.ts'
import { type DisputedMoney, findDisputedMoney } from './disputed-money.ts'
import { isSettledAs } from './refund-ending.ts'

/*
 * Money that a payer takes back from outside. It is a fact, so it is booked whatever a state or a balance says, and once for a
 * dispute, however often and by whomever it is told: the key of a movement names the dispute and the number of the movement.
 * The movement, the state and the event are one commit.
 */

/** Where the disputed payment is. */
export interface DisputedAt {
  /** 0 for the sandbox. */
  accountId: bigint
  /** The account's name of the payment; null in the sandbox. */
  reference: string | null
}

/**
 * Brings a dispute to where somebody says that it is, and makes it if nobody has told of it before. Everybody who learns
 * something does this, in any order. Answers it as it then is; null for a refund at the account that a refund of ours was settled as.
 */
export async function learnDispute(
  context: FreeContext,
  tenant: Tenant,
  money: DisputedMoney,
  at: DisputedAt,
  report: DisputeReport,
): Promise<Dispute | null> {
  const name = { transactionId: money.transactionId, outsideId: report.outsideId }
  const known = await findDispute(context, tenant, name)
  // One that had failed, and is made after all, may be the one that a person has seen.
  const isAgain = known?.state === 'won' && report.state === 'lost'
  if (isAgain && (await inTransaction(context, (tx) => isOfOurs(tx, tenant, money, report)))) return null
  if (known === null) await insertDispute(context, tenant, money, at, report)
  else await refreshDispute(context, tenant, known, { money, at, report })
  const found = await findDispute(context, tenant, name)
  if (found === null) return null
  await holdAmount(context, tenant, found, money)
  const dispute = await giveBackOther(context, tenant, found, money, report)
  const wanted = { ...dispute, amount: amountOf(dispute, money, report) }
  const settled = await settleDispute(context, tenant, wanted, money, report)
  if (dispute.state !== 'lost' || isDecided(settled.state)) return settled
  // It is open again, with the amount that it has now.
  await refreshDispute(context, tenant, settled, { money, at, report })
  const opened = (await findDispute(context, tenant, name)) as Dispute
  await holdAmount(context, tenant, opened, money)
  return opened
}

/**
 * Gives back what a dispute has taken that is lost anew: by a refund of another amount; or, after its refund has failed, by a refund that was
 * booked by itself, after such a refund, or with another amount. Answers the dispute as it then is.
 */
async function giveBackOther(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  report: DisputeReport,
): Promise<Dispute> {
  if (dispute.state !== 'lost' || dispute.borneBy === null || report.state !== 'lost') return dispute
  const { refundName, isRefundFailed = false } = report
  const isOther = (report.amount ?? money.amount) !== dispute.amount
  const isAnew =
    refundName === null
      ? isRefundFailed && isOther
      : isOther || (isRefundFailed && (await isOfOthers(context, tenant, dispute)))
  // What has taken the money is not there any more.
  const back = { ...report, state: 'won', isRefundFailed: true } as const
  return isAnew ? settleDispute(context, tenant, dispute, money, back) : dispute
}

/** A refund that was booked by itself has ended the dispute now, or had ended it before. */
async function isOfOthers(context: Context, tenant: Tenant, dispute: Dispute): Promise<boolean> {
  return (await findRefundMovement(context, tenant, dispute)) !== null || isOfAnother(context, tenant, dispute)
}

/** Its movement is that of a refund that was booked by itself, and by which it is not lost any more. */
async function isOfAnother(
  { db }: Context,
  { merchant }: Tenant,
  { id, transactionId, movementId, refundName, refundNames }: Dispute,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from disputes r
    where r.merchant_id = ${merchant.id} and r.original_id = ${transactionId}::uuid and r.id <> ${id}
      and r.movement_id = ${movementId}::uuid and r.category = 'refund' and substr(r.outside_id, 8) <> ${refundName}::text
      and substr(r.outside_id, 8) = any(${refundNames}::text[])
  `)
  return rows.length > 0
}

/** Minor units. A dispute that was won may be lost with another amount. What is booked of it has its own. */
function amountOf(dispute: Dispute, money: DisputedMoney, report: DisputeReport): bigint {
  const { state, amount, movementId, takings } = dispute
  if (state === 'lost' || (state !== 'won' && movementId === null)) return amount
  if (report.state === 'lost') return report.amount ?? money.amount
  return isTaking(dispute) ? takings.reduce((sum, each) => sum + each.amount, 0n) : amount
}

/** A refund of ours was settled as this one, which has no dispute. */
async function isOfOurs(tx: TxContext, tenant: Tenant, money: DisputedMoney, report: DisputeReport): Promise<boolean> {
  if (report.category !== 'refund' || report.isOfDispute || report.ofRefund) return false
  const refund = { name: refundNameOf(report.outsideId), amount: report.amount ?? money.amount }
  return isSettledAs(tx, tenant, money.transactionId, refund)
}

async function insertDispute(
  context: Context,
  tenant: Tenant,
  money: DisputedMoney,
  { accountId, reference }: DisputedAt,
  report: DisputeReport,
): Promise<void> {
  const { merchant, mode } = tenant
  const now = context.clock.now()
  const { category, complaint, respondBy, refundName } = report
  const amount = report.amount ?? money.amount
  const holds = !isDecided(report.state) && (await reserves(context, tenant, money.owner))
  const messages = complaint === null ? [] : [{ sender: 'payer', body: complaint, createdAt: now.toISOString() }]
  const history = [{ state: 'open', by: accountId === 0n ? 'sandbox' : 'account', createdAt: now.toISOString() }]
  await inTransaction(context, async (tx) => {
    // Its number is the next one, so others wait.
    await lockCount(tx, tenant, 'disputes')
    if (await isOfOurs(tx, tenant, money, report)) return
    await tx.db.query(sql`
      with noted as (
        insert into disputes (
          merchant_id, id, mode, number, wire_id, account_id, outside_id, category, original_id, payment_intent_id,
          outside_reference, customer_id, asked_amount, amount, currency, complaint, respond_by, refund_name, refund_names, hold_id, after_decline, messages, history,
          due_at, created_at, updated_at
        )
        select
          ${merchant.id}, ${uuidV7(tx.random, now)}::uuid, ${mode}, n.number,
          case when n.number is not null then allocate_ids(${merchant.id}, 1) end, ${accountId}::bigint,
          ${report.outsideId}, ${category}, ${money.transactionId}::uuid, ${money.intentUuid}::uuid, ${reference}::text,
          ${money.customerId}::bigint, ${amount}::bigint, ${amount}::bigint, ${money.currency}, ${complaint}::text,
          ${respondBy}::timestamptz, ${refundName}::text, array_remove(array[${refundName}::text], null), ${holds ? uuidV7(tx.random, now) : null}::uuid,
          ${report.afterDecline ?? null}::text,
          ${JSON.stringify(messages)}::json, ${JSON.stringify(history)}::json,
          ${new Date(now.getTime() + ownTimeMs)}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
        from (
          select case when ${money.hasPayment && report.category !== 'refund'}::boolean then coalesce(max(k.number), 0) + 1 end
            as number
          from disputes k
          where k.merchant_id = ${merchant.id} and k.mode = ${mode}
        ) n
        on conflict on constraint disputes_outside do nothing
        returning *
      ),
      ${tellDispute(tenant, { changed: sql`noted`, type: 'dispute.opened', at: now })}
      select id from noted
    `)
  })
}

/** Notes what has become known of a dispute besides its state. An amount that is being booked, or was, does not change. */
async function refreshDispute(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  { money, at, report }: { money: DisputedMoney; at: DisputedAt; report: DisputeReport },
): Promise<void> {
  const { merchant } = tenant
  const { refundName, isRefundFailed = false, noRefunds = [] } = report
  const amount = report.amount ?? money.amount
  const isOther = amount !== dispute.amount && !isDecided(report.state) && !isTaking(dispute)
  if (isOther) await holdOther(context, tenant, dispute, money, amount)
  await context.db.query(sql`
    update disputes set
      account_id = ${at.accountId}::bigint, asked_amount = greatest(asked_amount, ${amount}::bigint),
      amount = case
        when state in ('won', 'lost') or exists (
          select from json_array_elements(takings) k where (k ->> 'time')::integer = movements
        ) then amount
        else ${amount}::bigint
      end,
      respond_by = coalesce(${report.respondBy}::timestamptz, respond_by),
      complaint = coalesce(complaint, ${report.complaint}::text),
      refund_name = n.name,
      refund_names = array(
        select k.name from unnest(refund_names || refund_name || n.name) k (name) where k.name is not null
        except select unnest(${noRefunds}::text[])
      )
    from (
      -- One that is not lost any more, or whose refund has failed, is ended by another refund.
      select case
        when k.state <> 'lost' or ${isRefundFailed}::boolean or k.refund_name = any(${noRefunds}::text[])
        then coalesce(${refundName}::text, k.refund_name) else coalesce(k.refund_name, ${refundName}::text)
      end as name
      from disputes k
      where k.merchant_id = ${merchant.id} and k.id = ${dispute.id}
      for update
    ) n
    where merchant_id = ${merchant.id} and id = ${dispute.id}
  `)
}

/** Moves a dispute to a state that may follow its own, with the movement that goes with it. */
async function settleDispute(
  context: FreeContext,
  tenant: Tenant,
  dispute: Dispute,
  money: DisputedMoney,
  turn: Turn,
): Promise<Dispute> {
  const { state } = turn
  if (isTaking(dispute)) {
    // A part of the loss may be booked, so all of it is, whatever is said of the dispute since.
    const lost = { state: 'lost', stateReason: null, resolution: dispute.resolution } as const
    await bookLoss(context, tenant, dispute, money, state === 'lost' ? turn : lost)
    const now = (await findDispute(context, tenant, dispute)) as Dispute
    return isTaking(now) ? now : settleDispute(context, tenant, now, money, turn)
  }
  // A refund that has not failed has taken the money, whatever is said of the dispute afterwards.
  const isRefunded = dispute.refundName !== null && dispute.borneBy !== null && turn.isRefundFailed !== true
  const isStill = dispute.state === state || (state === 'won' && isRefunded)
  // Only the failure of its refund opens a dispute again.
  const isOver = dispute.state === 'lost' && !isDecided(state) && turn.isRefundFailed !== true
  if (isStill || isOver || !disputeArrows[dispute.state].includes(state)) {
    await lookLater(context, tenant, dispute)
  } else if (state === 'lost') {
    await bookLoss(context, tenant, dispute, money, turn)
  } else {
    if (isDecided(state)) await releaseHold(context, tenant, dispute)
    if (dispute.borneBy === null) await noteTurn(context, tenant, dispute, turn, null)
    else await bookReturn(context, tenant, dispute, money, turn)
  }
  return (await findDispute(context, tenant, dispute)) as Dispute
}

/** Its loss is written down, and not booked yet. */
function isTaking({ state, movements, takings }: Dispute): boolean {
  return state !== 'lost' && takings.some(({ time }) => time === movements)
}

/** Looks once more at a dispute that is decided, for a hold that was placed while it was decided. */
export async function closeDispute(context: FreeContext, tenant: Tenant, dispute: Dispute): Promise<void> {
  await releaseHold(context, tenant, dispute)
  await context.db.query(sql`
    update disputes set due_at = null, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${dispute.id} and state = ${dispute.state}
  `)
}

/** Decides a dispute of the sandbox, or of nobody but us. Answers it as it then is. */
export async function decideHere(context: FreeContext, tenant: Tenant, dispute: Dispute, turn: Turn): Promise<Dispute> {
  const money = await findDisputedMoney(context, tenant, dispute.transactionId)
  if (money === null) throw new Error(`dispute ${dispute.id} is of a transaction that brought nothing`)
  await holdAmount(context, tenant, dispute, money)
  return settleDispute(context, tenant, dispute, money, turn)
}
