import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { lookAtPayment } from '../payments/dispute-lookups.ts'
import type { DisputeState } from '../payments/dispute-states.ts'
import type { ReconciliationContext, StatementItem } from './account-statement.ts'
import { noteDifference } from './differences.ts'
import type { FoundDifference } from './found-differences.ts'
import { findBookedOne, referenceOf } from './items.ts'
import { beginningOf, type Reconciliation } from './reconciliations.ts'
import { ignoreForGood } from './unreadable.ts'

/**
 * Compares disputes of the account with the books. Of a payment of ours everything that was taken back is looked up at once, so a
 * chargeback that is booked already is found before anything is named. Yields for each how many were booked.
 */
export async function* compareDisputes(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  items: readonly StatementItem[],
): AsyncGenerator<number> {
  for (const item of items) yield await compare(context, tenant, run, item)
}

async function compare(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  told: StatementItem,
): Promise<number> {
  const reference = await referenceOf(context, tenant, run, told)
  const payment = await findBookedOne(context, tenant, run, { id: told.paymentId ?? '', reference, marker: null })
  const item = { ...told, reference }
  const { cutOver } = await beginningOf(context, tenant, run.booksId)
  const byHandId = item.createdAt >= cutOver ? payment.byHandId : null
  const originalId = payment.transaction?.id ?? byHandId
  if (originalId === null || reference === null) {
    await compareOther(context, tenant, run, item)
    return 0
  }
  const before = await findOwn(context, tenant, originalId, item.id)
  if (isAgreed(item, before)) return 0
  await lookAtPayment(context, tenant, run.accountId, reference).catch(ignoreForGood)
  const own = await findOwn(context, tenant, originalId, item.id)
  // It was recorded by hand, and is other money.
  if (payment.transaction === null && own === null) {
    await compareOther(context, tenant, run, item)
    return 0
  }
  const amount = item.amount === 0n ? (payment.transaction?.amount ?? own?.amount ?? 0n) : item.amount
  const named = { ...item, amount }
  if (isAgreed(item, own)) return item.state === 'open' ? 0 : 1
  if (item.state === 'done' && own?.state !== 'lost') {
    const kind = own === null ? ('missing_here' as const) : ('state' as const)
    await note(context, tenant, run, named, { kind, effect: -amount })
  } else if (item.state === 'done' && own !== null && own.amount !== amount) {
    await note(context, tenant, run, named, { kind: 'amount', own, effect: own.amount - amount })
  } else if (item.state !== 'done' && own?.state === 'lost' && own.refund_name === null) {
    await note(context, tenant, run, named, { kind: 'state', own, effect: own.amount })
  }
  return 0
}

interface OwnDispute {
  state: DisputeState
  amount: bigint
  movement_id: string | null
  refund_name: string | null
}

async function findOwn(
  context: Context,
  { merchant }: Tenant,
  originalId: string,
  outsideId: string,
): Promise<OwnDispute | null> {
  const [own] = await context.db.query<OwnDispute>(sql`
    select state, amount, movement_id, refund_name from disputes
    where merchant_id = ${merchant.id} and original_id = ${originalId} and outside_id = ${outsideId}
  `)
  return own ?? null
}

function isAgreed({ state, amount }: StatementItem, own: OwnDispute | null): boolean {
  if (own === null) return false
  if (state === 'open') return own.state !== 'lost' || own.refund_name !== null
  if (state === 'failed') return own.state === 'won' || own.refund_name !== null
  return own.state === 'lost' && (amount === 0n || own.amount === amount || own.refund_name !== null)
}

/** A dispute of a payment that is not booked here. The refund that ends it is named instead, where there is one. */
async function compareOther(context: Context, tenant: Tenant, run: Reconciliation, item: StatementItem): Promise<void> {
  const { cutOver } = await beginningOf(context, tenant, run.booksId)
  if (item.state !== 'done' || item.createdAt < cutOver) return
  const refunds = await context.db.query(sql`
    select outside_id from statement_items
    where merchant_id = ${tenant.merchant.id} and account_id = ${run.booksId} and kind = 'refund' and state <> 'failed'
      and payment_id = ${item.paymentId}::text and at >= ${item.createdAt}
  `)
  if (refunds.length > 0) return
  await note(context, tenant, run, item, { kind: 'not_ours', effect: -item.amount })
}

function note(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { id, reference, amount, currency, createdAt }: StatementItem,
  { kind, own, effect }: { kind: FoundDifference['kind']; own?: OwnDispute; effect: bigint },
): Promise<void> {
  const by =
    kind === 'amount' && own !== undefined ? (amount > own.amount ? amount - own.amount : own.amount - amount) : amount
  return noteDifference(context, tenant, run, {
    kind,
    subject: 'dispute',
    name: id,
    reference,
    transactionId: own?.movement_id ?? null,
    amount: by,
    ours: own?.amount ?? null,
    theirs: amount,
    currency,
    effects: { [currency]: effect },
    at: createdAt,
  })
}
