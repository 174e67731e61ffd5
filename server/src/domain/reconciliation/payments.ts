import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction, lockCount } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { bookArrival, bookArrivalFee, suspendArrival } from '../payments/account-arrivals.ts'
import { lookAtPayment } from '../payments/dispute-lookups.ts'
import { settleChargeNow } from '../payments/due-charges.ts'
import { isSentByAnother } from '../payments/sent-charges.ts'
import type { ReconciliationContext, StatementItem } from './account-statement.ts'
import { noteDifference } from './differences.ts'
import type { FoundDifference } from './found-differences.ts'
import { type BookedPayment, findBooked, findBookedOne } from './items.ts'
import { beginningOf, isOfBooks, type Reconciliation } from './reconciliations.ts'
import { askAccount, ignoreForGood } from './unreadable.ts'

/**
 * Compares payments of the account with the books. A payment that is paid there and is not booked here is asked about, and
 * booked as its webhook would have been. A payment that nobody has asked for goes to suspense. Yields for each how many were booked.
 */
export async function* comparePayments(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  items: readonly StatementItem[],
): AsyncGenerator<number> {
  const booked = await findBooked(context, tenant, run, items.map(nameOf))
  for (const [i, item] of items.entries()) {
    const before = booked[i] as BookedPayment
    yield await (item.state === 'done' ? comparePaid : compareUnpaid)(context, tenant, run, { item, before })
  }
}

function nameOf({ id, reference, name, amount, currency }: StatementItem) {
  return { id, reference, marker: name, money: { amount, currency } }
}

interface Compared {
  item: StatementItem
  before: BookedPayment
}

async function comparePaid(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  { item, before }: Compared,
): Promise<number> {
  // It is recorded, and posted within a minute.
  if (before.transaction === null && before.payInId !== null) return 0
  if (before.transaction === null && before.charge === null) {
    const { cutOver } = await beginningOf(context, tenant, run.booksId)
    if (item.createdAt < cutOver) return 0
    if (item.reference !== null && (await isSentByAnother(context, tenant, item.reference))) return 0
  }
  const isLate = before.transaction === null || isWithoutFee(item, before)
  if (isLate && (await complete(context, tenant, run, { item, before })) === 'left') return 0
  const ours = isLate ? await findBookedOne(context, tenant, run, nameOf(item)) : before
  if (ours.transaction === null) {
    await noteDifference(context, tenant, run, missingHere(item))
    return 0
  }
  for (const difference of differencesOf(item, ours)) await noteDifference(context, tenant, run, difference)
  return isLate && !ours.isUnasked && !isWithoutFee(item, ours) ? 1 : 0
}

/** Whether the account knows the fee of a payment of ours that is booked without one. */
function isWithoutFee({ fee }: StatementItem, { charge, isFeeKnown, payInId, transaction }: BookedPayment): boolean {
  if (fee === null) return false
  return charge === null ? payInId !== null && fee > 0n && transaction?.fee === 0n : !isFeeKnown
}

/** Has a payment booked that is paid at the account. `left`: it came before the cut-over, so it stays as it is. */
async function complete(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  { item, before }: Compared,
): Promise<'asked' | 'left'> {
  const { reference } = item
  const { accountId } = run
  if (before.charge !== null) {
    await settleChargeNow(context, tenant, before.charge).catch(ignoreDropped).catch(ignoreForGood)
    return 'asked'
  }
  if (reference === null) return 'asked'
  const found = await askAccount(context, tenant, accountId, reference)
  if (found === null || found === 'unreadable' || !(found.isPaid || found.isGivenBack)) return 'asked'
  const arrival = { accountId, reference, found }
  if (before.transaction !== null) {
    if (before.payInId !== null) await bookArrivalFee(context, tenant, arrival, before.payInId)
    return 'asked'
  }
  const { transfer } = found
  if (transfer !== null) {
    const transferred = { ...arrival, found: { ...found, transfer } }
    const isBooked = await bookArrival(context, tenant, transferred).catch(ignoreForGood)
    return isBooked === false ? 'left' : 'asked'
  }
  if (!(await claim(context, tenant, run, item))) return 'left'
  const isSuspended = await suspendArrival(context, tenant, arrival, reasonOf(before)).catch(ignoreForGood)
  return isSuspended === false ? 'left' : 'asked'
}

function reasonOf({ markedCharge, byHandId }: BookedPayment): string {
  if (markedCharge !== null) return 'The account has taken the money of a charge a second time, under another name'
  if (byHandId !== null) {
    return 'A pay-in was recorded by hand under the name of this payment, so it may be the same money'
  }
  return 'Nobody has asked for this payment here'
}

/** The key of a former account may be dropped: it cannot be asked any more. */
function ignoreDropped(error: unknown): void {
  if (!(error instanceof ServiceError && error.code === 'not_available')) throw error
}

/** Says that a payment goes to suspense: from now on nobody records it by hand. False for one that was recorded before. */
function claim(context: ReconciliationContext, tenant: Tenant, run: Reconciliation, item: StatementItem) {
  const { merchant, mode } = tenant
  return inTransaction(context, async (tx) => {
    await lockCount(tx, tenant, 'payments_at_accounts')
    const claimed = await tx.db.query(sql`
      update statement_items i set claimed_at = coalesce(claimed_at, ${tx.clock.now()})
      where i.merchant_id = ${merchant.id} and i.account_id = ${run.booksId} and i.kind = 'payment' and i.outside_id = ${item.id}
        and not exists (
          select from pay_ins p
          where p.merchant_id = ${merchant.id} and p.mode = ${mode} and p.reference = ${item.reference}
            and p.state <> 'refused' and ${isOfBooks(tenant, sql`p.account_id`, run.booksId)}
        )
      returning i.outside_id
    `)
    return claimed.length > 0
  })
}

/** What the account has of a payment once its fee is kept. */
function netOf({ amount, fee }: Pick<StatementItem, 'amount' | 'fee'>): bigint {
  return amount - (fee ?? 0n)
}

function missingHere(item: StatementItem): FoundDifference {
  const { amount, currency } = item
  return {
    ...common(item),
    kind: 'missing_here',
    transactionId: null,
    amount,
    ours: null,
    theirs: amount,
    effects: { [currency]: netOf(item) },
  }
}

function common({ id, reference, currency, createdAt }: StatementItem) {
  return { subject: 'payment', name: id, reference, currency, at: createdAt } as const
}

function differencesOf(item: StatementItem, { transaction, ...ours }: BookedPayment): FoundDifference[] {
  if (transaction === null) return []
  const found: FoundDifference[] = []
  const { amount, currency, fee } = item
  const base = { ...common(item), transactionId: transaction.id }
  if (ours.isUnasked && ours.decision === null) {
    const kind = ours.markedCharge !== null || ours.byHandId !== null ? ('duplicate' as const) : ('not_ours' as const)
    found.push({ ...base, kind, amount, ours: transaction.amount, theirs: amount, effects: {} })
  }
  const net = transaction.amount - transaction.fee
  if (transaction.currency !== currency) {
    // What a person has given back from suspense is in neither currency any more, but for the fee.
    const isBack = ours.decision === 'given_back'
    const theirs = netOf(item) - (isBack ? amount : 0n)
    const booked = net - (isBack ? transaction.amount : 0n)
    if (isBack && theirs === 0n && booked === 0n) return found
    const effects = { [currency]: theirs, [transaction.currency]: -booked }
    return [...found, { ...base, kind: 'currency', amount, ours: transaction.amount, theirs: amount, effects }]
  }
  if (!isSameAmount(item, transaction.amount)) {
    const effects = { [currency]: netOf(item) - net }
    const by = amount > transaction.amount ? amount - transaction.amount : transaction.amount - amount
    return [...found, { ...base, kind: 'amount', amount: by, ours: transaction.amount, theirs: amount, effects }]
  }
  if (fee === null) return found
  const kept = transaction.amount - netOf(item)
  const expected = kept > 0n ? kept : 0n
  if (expected === transaction.fee) return found
  const by = expected > transaction.fee ? expected - transaction.fee : transaction.fee - expected
  const effects = { [currency]: transaction.fee - expected }
  return [...found, { ...base, kind: 'fee', amount: by, ours: transaction.fee, theirs: expected, effects }]
}

/**
 * A payer who bears the fee has paid it besides. While the fee is not known the amount that was asked for says so, and where the
 * account does not tell that one the fee does.
 */
function isSameAmount({ amount, requestedAmount, fee }: StatementItem, booked: bigint): boolean {
  if (amount === booked) return true
  if (requestedAmount !== null && requestedAmount !== booked) return false
  return fee === null ? requestedAmount !== null && amount > booked : amount === booked + fee
}

/** A payment that is booked, and that the account does not show as paid. */
async function compareUnpaid(
  context: ReconciliationContext,
  tenant: Tenant,
  run: Reconciliation,
  { item, before: { transaction } }: Compared,
): Promise<0> {
  if (transaction === null || item.reference === null) return 0
  const found = await askAccount(context, tenant, run.accountId, item.reference)
  if (found === 'unreadable' || found?.isPaid) return 0
  if (found?.isGivenBack) {
    await lookAtPayment(context, tenant, run.accountId, item.reference).catch(ignoreForGood)
    return 0
  }
  await noteDifference(context, tenant, run, {
    ...common(item),
    kind: 'state',
    transactionId: transaction.id,
    amount: transaction.amount,
    ours: transaction.amount,
    theirs: 0n,
    currency: transaction.currency,
    effects: { [transaction.currency]: transaction.fee - transaction.amount },
  })
  return 0
}
