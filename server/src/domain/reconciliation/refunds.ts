import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { lookAtPayment } from '../payments/dispute-lookups.ts'
import { partIds, paymentOf } from '../payments/payment-parts.ts'
import type { RefundState } from '../payments/refund-states.ts'
import { advanceRefund } from '../payments/refunds.ts'
import type { ReconciliationContext, StatementItem } from './account-statement.ts'
import { noteDifference } from './differences.ts'
import type { FoundDifference } from './found-differences.ts'
import { findBookedOne, referenceOf } from './items.ts'
import { beginningOf, type Reconciliation } from './reconciliations.ts'
import { ignoreForGood } from './unreadable.ts'

/**
 * Compares refunds of the account with the books. One of ours that has ended there is ended here. One that was made there of a
 * payment of ours is money taken back. Yields for each how many were booked.
 */
export async function* compareRefunds(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  items: readonly StatementItem[],
): AsyncGenerator<number> {
  for (const item of items) {
    const own = await findOwn(context, tenant, run, item)
    yield own === null
      ? await compareOther(context, tenant, run, item)
      : await compareOwn(context, tenant, run, { item, own })
  }
}

interface OwnRefund {
  id: string
  state: RefundState
  amount: bigint
  currency: Currency
  original_id: string
  verdict: 'processed' | 'failed' | null
  settled_as: string | null
  /** An older refund bears the id of the same refund of ours. */
  is_duplicate: boolean
}

async function findOwn(
  context: Context,
  { merchant, mode }: Tenant,
  { booksId }: Reconciliation,
  { id, name, createdAt }: StatementItem,
): Promise<OwnRefund | null> {
  if (name === null || !isUuid(name)) return null
  const [own] = await context.db.query<OwnRefund>(sql`
    select r.id, r.state, r.amount, r.currency, r.original_id, r.verdict, r.settled_as, exists (
      select from statement_items i
      where i.merchant_id = r.merchant_id and i.account_id = ${booksId} and i.name = ${name} and i.kind = 'refund'
        and i.state <> 'failed' and (i.at, length(i.outside_id), i.outside_id) < (${createdAt}::timestamptz, ${id.length}::integer, ${id}::text)
    ) as is_duplicate
    from refunds r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and r.id = ${name}
  `)
  return own ?? null
}

async function compareOwn(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  { item, own: before }: { item: StatementItem; own: OwnRefund },
): Promise<number> {
  const { state, amount, currency } = item
  if (before.is_duplicate) {
    if (state !== 'failed') await note(context, tenant, run, item, { kind: 'duplicate', effect: -amount })
    return 0
  }
  const isEnded = before.state === 'processed' || before.state === 'failed'
  const isSettled = before.verdict !== null && before.settled_as !== item.id
  const isAsked = state !== 'open' && (!isEnded || isSettled)
  if (isAsked) await advanceRefund(context, tenant, before.id).catch(ignoreForGood)
  const own = isAsked ? await findOwn(context, tenant, run, item) : before
  if (own === null) return 0
  // A person has settled it as another one of the account, or otherwise: what the account says is booked.
  const isOther = own.settled_as !== null && own.settled_as !== item.id
  if (isOther && state !== 'done') return 0
  if (isOther || (state === 'done' && own.state === 'failed')) {
    const taken = await findTaken(context, tenant, own.original_id, item.id)
    if (taken?.amount === amount) return 0
    if (isOther) await note(context, tenant, run, item, { kind: 'missing_here', effect: -amount })
    if (isOther) return 0
  }
  const common = { ours: own.amount, transactionId: own.state === 'processed' ? own.id : null }
  // What is only reserved here has not gone back by the books, and what has failed there has not gone back at all.
  const [booked, gone] = [own.state === 'processed' ? own.amount : 0n, state === 'failed' ? 0n : amount]
  if (own.currency !== currency) {
    await note(context, tenant, run, item, { ...common, kind: 'currency', effect: -gone })
  } else if (own.amount !== amount) {
    if (booked !== gone) await note(context, tenant, run, item, { ...common, kind: 'amount', effect: booked - gone })
  } else if (state === 'failed' && own.state === 'processed') {
    await note(context, tenant, run, item, { ...common, kind: 'state', effect: amount })
  } else if (state !== 'failed' && own.state === 'failed') {
    await note(context, tenant, run, item, { ...common, kind: 'state', effect: -amount })
  } else if (state === 'done' && own.state !== 'processed') {
    await note(context, tenant, run, item, { ...common, kind: 'state', effect: -amount })
  }
  const hasEnded = own.state === 'processed' || own.state === 'failed'
  return !isEnded && hasEnded ? 1 : 0
}

/** A refund that was made at the account, and not here. */
async function compareOther(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  item: StatementItem,
): Promise<number> {
  const { state, amount, paymentId } = item
  if (amount === 0n) return 0
  const reference = await referenceOf(context, tenant, run, item)
  const payment = await findBookedOne(context, tenant, run, { id: paymentId ?? '', reference, marker: null })
  const isBooked = payment.transaction !== null
  if (!isBooked && item.createdAt < (await beginningOf(context, tenant, run.booksId)).cutOver) return 0
  const named = { ...item, reference }
  const originalId = payment.transaction?.id ?? payment.byHandId
  if (originalId === null) {
    if (state === 'done') await note(context, tenant, run, named, { kind: 'not_ours', effect: -amount })
    return 0
  }
  const before = await findTaken(context, tenant, originalId, item.id)
  const isAsked = reference !== null && (before === null) === (state !== 'failed')
  if (isAsked) await lookAtPayment(context, tenant, run.accountId, reference).catch(ignoreForGood)
  const taken = isAsked ? await findTaken(context, tenant, originalId, item.id) : before
  if (state === 'failed') {
    // A dispute that is lost all the same has taken the money by itself.
    if (taken === null || taken.isOfDispute) return before === null ? 0 : 1
    await note(context, tenant, run, named, { kind: 'state', ours: taken.amount, effect: taken.amount })
    return 0
  }
  if (taken === null) {
    // It ends a dispute whose money is gone already.
    if (state === 'open') return 0
    await note(context, tenant, run, named, { kind: isBooked ? 'missing_here' : 'not_ours', effect: -amount })
    return 0
  }
  if (taken.amount !== amount) {
    await note(context, tenant, run, named, { kind: 'amount', ours: taken.amount, effect: taken.amount - amount })
  }
  return before === null ? 1 : 0
}

interface Taken {
  /** Minor units. */
  amount: bigint
  isOfDispute: boolean
}

/**
 * What is booked as taken back by a refund of the account: by itself, as the end of a dispute, or as the refund of ours that was settled
 * as this one.
 *
 * @param transactionId of the payment, or of a part of it
 */
async function findTaken(
  context: Context,
  tenant: Tenant,
  transactionId: string,
  refundId: string,
): Promise<Taken | null> {
  const { merchant } = tenant
  const [taken] = await context.db.query<Taken>(sql`
    with payment as materialized (${paymentOf(tenant, transactionId)})
    select d.amount, d.category <> 'refund' as "isOfDispute"
    from payment p
    join disputes d on d.merchant_id = ${merchant.id} and d.original_id = p.id and d.state = 'lost'
      and (d.refund_name = ${refundId} or d.outside_id = ${`refund/${refundId}`} and not exists (
        -- The refund of a dispute is taken as long as the dispute is lost, unless it was booked by itself since.
        select from disputes e
        where e.merchant_id = d.merchant_id and e.original_id = p.id and ${refundId} = any(e.refund_names || e.refund_name)
          and d.movement_id = any(e.movement_ids)
      ))
    union all
    select r.amount, false
    from refunds r
    where r.merchant_id = ${merchant.id} and r.settled_as = ${refundId}
      and r.original_id in (${partIds(tenant, sql`(select p.id from payment p)`)})
    limit 1
  `)
  return taken ?? null
}

interface Noted {
  kind: FoundDifference['kind']
  ours?: bigint
  transactionId?: string | null
  effect: bigint
}

function note(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { id, reference, amount, currency, createdAt }: StatementItem,
  { kind, ours, transactionId = null, effect }: Noted,
): Promise<void> {
  const by = kind === 'amount' && ours !== undefined ? (amount > ours ? amount - ours : ours - amount) : amount
  return noteDifference(context, tenant, run, {
    kind,
    subject: 'refund',
    name: id,
    reference,
    transactionId,
    amount: by,
    ours: ours ?? null,
    theirs: amount,
    currency,
    effects: { [currency]: effect },
    at: createdAt,
  })
}
