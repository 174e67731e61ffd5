import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { sql } from '../../db/sql.ts'
import { withdrawApproval } from '../approvals/decisions.ts'
import { type Context, type FreeContext, lockCount, type TxContext } from '../context.ts'
import { type AccountName, doCommandNoting, type LedgerCommand } from '../ledger/commands.ts'
import { accountOfLateFact } from '../ledger/late-facts.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getOriginal } from '../wallet/refunds.ts'
import { partIds, paymentOf } from './payment-parts.ts'
import { tellRefund } from './refund-events.ts'
import { findProcessorRefund, type ProcessorRefund } from './refund-records.ts'
import { isOver, type RefundState } from './refund-states.ts'

/*
 * How a refund ends: as its processor says, or, where nobody can say it, as a person says. What a person says is written into the
 * row first, and the money moves in a second commit. The account may say otherwise later: that is a fact, and is booked.
 */

export interface Step {
  state: RefundState
  reason: string | null
}

/**
 * Ends a refund, once: its money moves, or can be given back again. The movement, the state and the event are one commit. An end
 * is not undone: a refund that ended otherwise stays as it is.
 */
export async function endRefund(
  context: FreeContext,
  tenant: Tenant,
  refund: ProcessorRefund,
  { state, reason }: Step,
): Promise<void> {
  const { id, kind, transactionId, currency, actor } = refund
  const { merchant, mode } = tenant
  const original = await getOriginal(context, tenant, transactionId, kind)
  await withdrawApproval(context, tenant, { kind: 'refund_settlement', subjectId: id })
  const now = context.clock.now()
  const common = {
    id,
    currency,
    from: original.to,
    originalId: original.id,
    holdId: id,
    event: null,
    request: null,
  } as const
  const command: LedgerCommand =
    state === 'processed'
      ? { ...common, action: 'refund', kind, to: original.from, amount: null, description: refund.reason }
      : { ...common, action: 'release' }
  const noting = sql`
    noted as (
      update refunds r set
        state = ${state}, state_reason = ${reason}::text, attempts = 0, unknown_since = null, absent_since = null, updated_at = ${now},
        due_at = case when r.verdict is not null then ${new Date(now.getTime() + firstLookMs)}::timestamptz end
      from done_now n
      where r.merchant_id = ${merchant.id} and r.id = ${id}
      returning r.*
    ),
    ${tellRefund(tenant, { changed: sql`noted`, state, original, at: now })}
  `
  // The movement is posted as the one who asked for it. A failure is nobody's.
  const poster: Tenant = state === 'processed' && actor !== undefined ? { merchant, mode, actor } : { merchant, mode }
  const posting = doCommandNoting(context, poster, { ...command, ownKey: `refund/${id}` }, noting)
  await posting.catch((error) => {
    if (!(error instanceof ServiceError && error.code === 'hold_not_open')) throw error
  })
}

/** What a person has said is compared with what the account says, soon. */
const firstLookMs = 1_000

export interface Verdict {
  outcome: 'processed' | 'failed'
  proof: string
  reason: string
}

/**
 * Writes down how a person says that a refund has ended. Answers whether it was written now: only of a refund whose end nobody can
 * say. Throws `refund_exceeded` for `processed` where a refund of the same amount, which somebody has made at the account since, is
 * booked as taken back: that may be the same money.
 */
export async function decideRefund(
  tx: TxContext,
  tenant: Tenant,
  { id, transactionId, amount, createdAt }: ProcessorRefund,
  { outcome, proof, reason }: Verdict,
): Promise<boolean> {
  const { merchant } = tenant
  const now = tx.clock.now()
  if (outcome === 'processed') {
    // Whoever learns of a refund at the account waits here, and then finds this one.
    await lockCount(tx, tenant, 'disputes')
    const [taken] = await tx.db.query<{ id: string }>(sql`
      select d.id from disputes d
      where d.merchant_id = ${merchant.id} and d.original_id = (${paymentOf(tenant, transactionId)}) and d.category = 'refund'
        and d.state <> 'won' and d.amount = ${amount} and d.created_at >= ${createdAt}
      limit 1
    `)
    if (taken !== undefined) {
      const message = `A refund of this amount at the account is booked already, as the dispute ${taken.id}: settle this one as failed; if the payer has got the amount twice, take the second one by an adjustment`
      throw new ServiceError('refund_exceeded', message, 'outcome')
    }
  }
  const rows = await tx.db.query(sql`
    update refunds set
      verdict = ${outcome}, proof = ${proof}, state_reason = ${reason}, due_at = ${now}, attempts = 0, updated_at = ${now}
    where merchant_id = ${merchant.id} and id = ${id} and verdict is null and state in ('unknown', 'needsAttention')
    returning id
  `)
  return rows.length > 0
}

/**
 * Whether a refund at the account is the one that a person has made there for a refund of ours, which was then settled as processed:
 * the money of that one has moved already. It is the first of the same amount that the account tells of, once and for good. Call it
 * where `decideRefund` waits.
 *
 * @param transactionId of the payment, not of a part of it
 * @param refund the account's id of it, and its amount in minor units
 */
export async function isSettledAs(
  { db }: TxContext,
  tenant: Tenant,
  transactionId: string,
  { name, amount }: { name: string; amount: bigint },
): Promise<boolean> {
  const { merchant } = tenant
  const isOfPayment = sql`
    r.merchant_id = ${merchant.id} and r.original_id in (${partIds(tenant, sql`${transactionId}::uuid`)})
  `
  const known = await db.query(sql`select from refunds r where ${isOfPayment} and r.settled_as = ${name}`)
  if (known.length > 0) return true
  const settled = await db.query(sql`
    update refunds set settled_as = ${name}
    where merchant_id = ${merchant.id} and settled_as is null and contradicted_at is null and id = (
      select r.id from refunds r
      where ${isOfPayment} and r.verdict = 'processed' and r.state <> 'failed' and r.settled_as is null
        and r.contradicted_at is null and r.amount = ${amount}
      order by r.id
      limit 1
    )
    returning id
  `)
  return settled.length > 0
}

/** Ends a refund that a person has decided. Answers it as it then is. */
export async function endDecided(context: FreeContext, tenant: Tenant, id: string): Promise<ProcessorRefund> {
  const refund = (await findProcessorRefund(context, tenant, { id })) as ProcessorRefund
  if (refund.verdict === null || isOver(refund.state)) return refund
  await endRefund(context, tenant, refund, { state: refund.verdict, reason: refund.stateReason })
  return (await findProcessorRefund(context, tenant, { id })) as ProcessorRefund
}

/**
 * Books that the account has not given back what a person has settled as processed: the money comes back to its owner, and the refund
 * has failed. The amount counts as given back all the same. A refund that was settled as another one of the account stays.
 */
export async function bookReturned(
  context: FreeContext,
  tenant: Tenant,
  refund: ProcessorRefund,
  reason: string,
): Promise<void> {
  const { id, kind, transactionId, paymentIntentId, currency, amount, settledAs } = refund
  if (!(await noteContradiction(context, tenant, id, settledAs))) return
  const original = await getOriginal(context, tenant, transactionId, kind)
  const now = context.clock.now()
  const noting = sql`
    noted as (
      update refunds r set
        state = 'failed', state_reason = ${reason}, settled_as = null, returned_id = n.id, updated_at = ${now}
      from done_now n
      where r.merchant_id = ${tenant.merchant.id} and r.id = ${id}
      returning r.*
    ),
    ${tellRefund(tenant, { changed: sql`noted`, state: 'failed', original, at: now })}
  `
  const command = (to: AccountName, ownKey: string): LedgerCommand => ({
    action: 'book',
    kind: 'chargeback_returned',
    id: uuidV7(context.random, now),
    currency,
    from: original.from,
    to,
    amount,
    description: 'Refund that its account has not made',
    details: { refundId: id, transactionId, paymentIntentId },
    event: null,
    request: null,
    ownKey,
  })
  // A fact is nobody's.
  const nobody = { merchant: tenant.merchant, mode: tenant.mode }
  const owner =
    original.to.kind === 'customer_cash' ? await accountOfLateFact(context, tenant, original.to.customer) : original.to
  const key = `refund/${id}/returned`
  await doCommandNoting(context, nobody, command(owner, key), noting).catch((error) => {
    if (!(error instanceof ServiceError && error.kept) || owner.kind === 'merchant_balance') throw error
    return doCommandNoting(context, nobody, command({ kind: 'merchant_balance' }, `${key}/merchant`), noting)
  })
}

/**
 * Lets a refund that was settled as processed stand for the first of other refunds of the account, where the one that it stood for has
 * failed. False where each of them stands for another.
 *
 * @param transactionId of the payment, not of a part of it
 * @param others the account's ids of them
 */
export async function isSettledAsAnother(
  { db }: Context,
  tenant: Tenant,
  { refund, transactionId }: { refund: ProcessorRefund; transactionId: string },
  others: readonly string[],
): Promise<boolean> {
  const { merchant } = tenant
  const rows = await db.query(sql`
    update refunds r set settled_as = n.name
    from (
      select n.name
      from unnest(${others}::text[]) with ordinality n (name, place)
      where not exists (
        select from refunds o
        where o.merchant_id = ${merchant.id} and o.settled_as = n.name
          and o.original_id in (${partIds(tenant, sql`${transactionId}::uuid`)})
      )
      order by n.place
      limit 1
    ) n
    where r.merchant_id = ${merchant.id} and r.id = ${refund.id} and r.settled_as = ${refund.settledAs}::text
    returning r.id
  `)
  return rows.length > 0
}

/**
 * Notes that the account says otherwise than a person has said of a refund, with an error in the log for a person. False for a refund
 * that stands for another one of the account.
 *
 * @param settledAs the refund of the account that it stood for until now
 */
export async function noteContradiction(
  context: Context,
  { merchant, mode }: Tenant,
  id: string,
  settledAs: string | null = null,
): Promise<boolean> {
  const [row] = await context.db.query<{ is_new: boolean }>(sql`
    update refunds r set contradicted_at = coalesce(r.contradicted_at, ${context.clock.now()})
    from (select f.contradicted_at from refunds f where f.merchant_id = ${merchant.id} and f.id = ${id} for update) before
    where r.merchant_id = ${merchant.id} and r.id = ${id} and r.verdict is not null
      and r.settled_as is not distinct from ${settledAs}::text
    returning before.contradicted_at is null as is_new
  `)
  if (row === undefined) return false
  const about = { refund: id, merchant: merchant.code, mode }
  if (row.is_new) context.log.error(about, 'an account says otherwise than a person has settled a refund by hand')
  return true
}
