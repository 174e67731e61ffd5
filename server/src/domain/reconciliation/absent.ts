import { lowestUuidV7 } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { lookAtPayment } from '../payments/dispute-lookups.ts'
import { requireProcessor } from '../payments/payment-processor.ts'
import { lookAtRefunded } from '../payments/refund-looks.ts'
import { findProcessorRefund } from '../payments/refund-records.ts'
import { orderOf } from '../payouts/advancing.ts'
import { requireSender } from '../payouts/payout-processor.ts'
import { findPayout } from '../payouts/payout-records.ts'
import type { ReconciliationContext, StatementItem } from './account-statement.ts'
import { noteDifference } from './differences.ts'
import type { FoundDifference } from './found-differences.ts'
import { findBookedOne, storeItems } from './items.ts'
import { comparePayments } from './payments.ts'
import { isOfBooks, type Reconciliation } from './reconciliations.ts'
import { askAccount, ignoreForGood } from './unreadable.ts'

/*
 * What is booked here, and is in no list of the account. It is asked about by its name before it is named as missing: a list is cut
 * by the times of the account, which are not ours. Each function below looks at a slice, and yields the id of each thing once it was
 * asked about.
 */

/** Each is asked about by itself, so a slice is short. One with fewer is the last. */
export const perSlice = 50

interface AbsentRow {
  id: string
  /** The account's id of it, as far as it is known. */
  outside_id?: string | null
  reference: string
  amount: bigint
  currency: Currency
  created_at: Date
}

/** The rows of a table `r` that were made in the period, from the position on. */
function inPeriod({ from, until, position }: Reconciliation): Sql {
  return sql`r.id > ${position ?? lowestUuidV7(from)}::uuid and r.id < ${lowestUuidV7(until)}::uuid`
}

/** What the account has shown before, and does not show any more, is asked about as well. */
const noItem = ({ id, booksId }: Reconciliation, matching: Sql) => sql`
  not exists (
    select from statement_items i
    where i.merchant_id = r.merchant_id and i.account_id = ${booksId} and i.reconciliation_id = ${id} and ${matching}
  )
`

/** Charges of ours whose money is booked. */
export async function* findAbsentCharges(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
): AsyncGenerator<string> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<AbsentRow>(sql`
    select r.id, r.outside_id, r.sent_reference as reference, r.amount, r.currency, r.created_at
    from sent_charges r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${inPeriod(run)} and r.transaction_id is not null
      and ${isOfBooks(tenant, sql`r.account_id`, run.booksId)}
      and ${noItem(run, sql`i.reference = r.sent_reference and i.kind = 'payment'`)}
    order by r.id
    limit ${perSlice}
  `)
  for (const row of rows) {
    await askAboutPayment(context, tenant, run, row)
    yield row.id
  }
}

/** Pay-ins that were recorded as money of the account. */
export async function* findAbsentPayIns(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
): AsyncGenerator<string> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<AbsentRow>(sql`
    select r.id, r.reference, r.amount, r.currency, r.created_at
    from pay_ins r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${inPeriod(run)} and r.state = 'succeeded'
      and ${isOfBooks(tenant, sql`r.account_id`, run.booksId)}
      and ${noItem(run, sql`i.reference = r.reference and i.kind = 'payment'`)}
    order by r.id
    limit ${perSlice}
  `)
  for (const row of rows) {
    await askAboutPayment(context, tenant, run, row)
    yield row.id
  }
}

async function askAboutPayment(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  { outside_id: outsideId, reference, created_at: at }: AbsentRow,
): Promise<void> {
  const found = await askAccount(context, tenant, run.accountId, reference)
  if (found === 'unreadable') return
  if (found !== null) {
    const { id, amount, fee, currency, paidAt } = found.facts
    const item: StatementItem = {
      id,
      state: found.isPaid || found.isGivenBack ? 'done' : 'open',
      amount,
      requestedAmount: null,
      isFeeUnreadable: false,
      fee,
      currency,
      reference,
      paymentId: null,
      name: null,
      createdAt: paidAt ?? at,
    }
    await storeItems(context, tenant, run, { kind: 'payment', items: [item] })
    await comparePayments(context, tenant, run, [item]).next()
    return
  }
  const { transaction } = await findBookedOne(context, tenant, run, { id: outsideId ?? '', reference, marker: null })
  if (transaction === null) return
  const { id: transactionId, amount, currency, fee } = transaction
  const thing = { subject: 'payment', name: reference, reference, transactionId, currency, at } as const
  await noteMissing(context, tenant, run, { ...thing, amount, effect: fee - amount })
}

/** Refunds of ours that have gone back. */
export async function* findAbsentRefunds(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
): AsyncGenerator<string> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<AbsentRow>(sql`
    select r.id, r.charge_reference as reference, r.amount, r.currency, r.created_at
    from refunds r
    join ledger_transactions t on t.merchant_id = r.merchant_id and t.id = r.original_id
    join ledger_accounts f on f.merchant_id = t.merchant_id and f.id = t.from_account_id and f.kind = 'outside'
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${inPeriod(run)} and r.state = 'processed'
      and r.asked_at is not null and r.settled_as is null and ${isOfBooks(tenant, sql`f.party_id`, run.booksId)}
      and ${noItem(run, sql`i.name = r.id::text and i.kind = 'refund'`)}
    order by r.id
    limit ${perSlice}
  `)
  const processor = await requireProcessor(context, tenant, { sentBy: run.accountId })
  for (const { id, reference, amount, currency, created_at: at } of rows) {
    const state = await processor.queryReturn(tenant, { id, reference, amount, currency })
    if (state.othersTook) await lookBeside(context, tenant, id)
    if (state.status === 'unknown' || state.status === 'refused') {
      const thing = { subject: 'refund', name: id, reference, transactionId: id, currency, at } as const
      await noteMissing(context, tenant, run, { ...thing, amount, effect: amount })
    }
    yield id
  }
}

/** Books what an account has shown to be taken back of the payment of a refund. */
async function lookBeside(context: ReconciliationContext, tenant: Tenant, id: string): Promise<void> {
  const refund = await findProcessorRefund(context, tenant, { id })
  if (refund !== null) await lookAtRefunded(context, tenant, refund).catch(ignoreForGood)
}

/** Disputes of the account, and refunds that were made there, whose money is booked as taken back. */
export async function* findAbsentDisputes(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
): AsyncGenerator<string> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<AbsentRow & { outside_id: string; movement_id: string | null }>(sql`
    select r.id, r.outside_id, r.outside_reference as reference, r.amount, r.currency, r.created_at, r.movement_id
    from disputes r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${inPeriod(run)} and r.state = 'lost'
      and r.outside_reference is not null and ${isOfBooks(tenant, sql`r.account_id`, run.booksId)}
      and ${noItem(run, sql`i.outside_id = replace(r.outside_id, 'refund/', '') and i.kind in ('dispute', 'refund')`)}
    order by r.id
    limit ${perSlice}
  `)
  const processor = await requireProcessor(context, tenant, { sentBy: run.accountId })
  for (const { id, outside_id: outsideId, reference, amount, currency, created_at: at, movement_id } of rows) {
    const isRefund = outsideId.startsWith('refund/')
    const taken = await processor.disputes?.listTaken(tenant, reference, isRefund ? [] : [outsideId])
    const things = isRefund
      ? taken?.refunds.map((refund) => `refund/${refund.id}`)
      : taken?.disputes.map((each) => each.id)
    if (!things?.includes(outsideId)) {
      const subject = isRefund ? ('refund' as const) : ('dispute' as const)
      const thing = { subject, name: id, reference, transactionId: movement_id, currency, at }
      await noteMissing(context, tenant, run, { ...thing, amount, effect: amount })
    }
    // The answer may have others that nobody has told of.
    if (taken !== undefined) await lookAtPayment(context, tenant, run.accountId, reference).catch(ignoreForGood)
    yield id
  }
}

/** Payouts that are booked as paid by the account. */
export async function* findAbsentPayouts(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
): AsyncGenerator<string> {
  const { merchant, mode } = tenant
  const rows = await context.db.query<AbsentRow & { fee: bigint | null; movement_id: string | null }>(sql`
    select r.id, r.sent_reference as reference, r.amount, coalesce(r.booked_fee, r.fee) as fee, r.currency, r.created_at, r.movement_id
    from payouts r
    where r.merchant_id = ${merchant.id} and r.mode = ${mode} and ${inPeriod(run)} and r.state = 'paid'
      and ${isOfBooks(tenant, sql`r.account_id`, run.booksId)}
      and ${noItem(run, sql`i.name = r.sent_reference and i.kind = 'payout'`)}
    order by r.id
    limit ${perSlice}
  `)
  for (const { id, reference, amount, fee, currency, created_at: at, movement_id } of rows) {
    if (!(await isKnownThere(context, tenant, id))) {
      const thing = { subject: 'payout', name: id, reference, transactionId: movement_id, currency, at } as const
      await noteMissing(context, tenant, run, { ...thing, amount, effect: amount + (fee ?? 0n) })
    }
    yield id
  }
}

/** Whether the account that was sent a payout still finds it. */
async function isKnownThere(context: ReconciliationContext, tenant: Tenant, id: string): Promise<boolean> {
  const payout = await findPayout(context, tenant, { id })
  if (payout === null || payout.accountId === null) return true
  const processor = await requireSender(context, tenant, payout.accountId)
  return (await processor.ask(tenant, orderOf(payout))).is !== 'not_found'
}

function noteMissing(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  { effect, ...thing }: Omit<FoundDifference, 'kind' | 'ours' | 'theirs' | 'effects'> & { effect: bigint },
): Promise<void> {
  const effects = { [thing.currency]: effect }
  return noteDifference(context, tenant, run, {
    ...thing,
    kind: 'missing_there',
    ours: thing.amount,
    theirs: null,
    effects,
  })
}
