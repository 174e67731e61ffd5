import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type FoundPayment, requireProcessor } from '../payments/payment-processor.ts'
import type { ReconciliationContext, StatementItem } from './account-statement.ts'
import { noteDifference } from './differences.ts'
import { type ComparedBalance, isOfBooks, type Reconciliation } from './reconciliations.ts'

/*
 * An answer of an account that cannot be read is the same the next time, and so is a refusal of the ledger. So neither must keep
 * everything else from being compared.
 */

/**
 * Asks an account about a payment, by its name there. `unreadable`: it has answered something that cannot be read. Throws
 * `UpstreamError` where it cannot be asked.
 */
export async function askAccount(
  context: ReconciliationContext,
  tenant: Tenant,
  accountId: bigint,
  reference: string,
): Promise<FoundPayment | 'unreadable' | null> {
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  try {
    return (await processor.findPayment?.(tenant, reference)) ?? null
  } catch (error) {
    ignoreForGood(error)
    return 'unreadable'
  }
}

/**
 * Throws an error again, unless the next try would fail by the same one: the answer cannot be read, or the ledger has refused the
 * movement for good. A movement that is not booked for that reason is a difference.
 */
export function ignoreForGood(error: unknown): void {
  const isForGood =
    (error instanceof UpstreamError && error.outcome === 'malformed') || (error instanceof ServiceError && error.kept)
  if (!isForGood) throw error
}

/** Names the currencies in which the account tells fees that cannot be read: they are not booked. One difference for each. */
export async function noteUnreadFees(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  items: readonly StatementItem[],
): Promise<void> {
  const unread = items.filter((item) => item.isFeeUnreadable)
  for (const { currency, reference, createdAt } of new Map(unread.map((item) => [item.currency, item])).values()) {
    await noteUnread(context, tenant, run, { kind: 'fee', currency, reference, at: createdAt })
  }
}

/** Names the balances that cannot be read, and closes what could not be read before and is explained now. */
export async function noteUnreadBalances(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  { balances, unreadable }: { balances: readonly ComparedBalance[]; unreadable: readonly Currency[] },
): Promise<void> {
  const now = context.clock.now()
  for (const currency of unreadable) {
    await noteUnread(context, tenant, run, { kind: 'currency', currency, reference: null, at: now })
  }
  const explained = balances.filter(({ unexplained }) => unexplained === 0).map(({ currency }) => currency)
  await context.db.query(sql`
    update differences set state = 'resolved', reason = null, actor_id = null, closed_at = ${now}, updated_at = ${now}
    where merchant_id = ${tenant.merchant.id} and ${isOfBooks(tenant, sql`account_id`, run.booksId)} and subject = 'balance'
      and state <> 'resolved' and last_reconciliation_id <> ${run.id}
      and (kind = 'currency' or (kind = 'fee' and name = any(${explained}::text[])))
  `)
}

function noteUnread(
  context: Context,
  tenant: Tenant,
  run: Reconciliation,
  what: { kind: 'fee' | 'currency'; currency: Currency; reference: string | null; at: Date },
): Promise<void> {
  const unknown = { transactionId: null, amount: 0n, ours: null, theirs: null, effects: {} }
  return noteDifference(context, tenant, run, { ...what, ...unknown, subject: 'balance', name: what.currency })
}
