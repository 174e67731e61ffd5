import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { isSentFromHere } from '../payouts/sent-references.ts'
import type { StatementItem } from './account-statement.ts'
import { beginningOf, isOfBooks, isOpened, isSentByAnother, type Reconciliation } from './reconciliations.ts'

/*
 * A database that was restored from a backup of before its account was chosen works with the account from a later cut-over on. What it had
 * sent by the account before is forgotten, and is booked when it is made known again. So it is not in the opening balance.
 */

/** A payout of before the cut-over, with what has left the account, in minor units. */
interface ForgottenPayout {
  id: string
  currency: Currency
  cost: bigint
}

/**
 * The payouts of before the cut-over that were sent from here, and are not booked as money of another account. Those that another merchant
 * of the same account knows are in the opening balance.
 */
export async function findForgotten(
  context: Context,
  tenant: Tenant,
  { booksId }: Reconciliation,
): Promise<ForgottenPayout[]> {
  const { begin, cutOver } = await beginningOf(context, tenant, booksId)
  const rows = await context.db.query<ForgottenPayout & { name: string }>(sql`
    select i.outside_id as id, i.name, i.currency, i.amount + coalesce(i.fee, 0) as cost
    from statement_items i
    left join payouts p on p.merchant_id = i.merchant_id and p.mode = i.mode and p.sent_reference = i.name
    where i.merchant_id = ${tenant.merchant.id} and i.account_id = ${booksId} and i.kind = 'payout' and i.state <> 'failed'
      and i.name is not null and i.at < ${cutOver} and (i.at < ${begin} or p.id is null)
      and (${isOfBooks(tenant, sql`p.account_id`, booksId)} or (p.account_id is null and p.verdict is distinct from 'paid'))
      and not ${isSentByAnother(tenant, sql`i.name`)}
  `)
  return rows.filter(({ name }) => isSentFromHere(context.vault, name))
}

/** Notes which payouts the opening balance does not have. */
export async function noteForgotten(
  { db }: Context,
  { merchant }: Tenant,
  { booksId }: Reconciliation,
  forgotten: readonly ForgottenPayout[],
): Promise<void> {
  if (forgotten.length === 0) return
  await db.query(sql`
    update statement_items set beside_opening = true
    where merchant_id = ${merchant.id} and account_id = ${booksId} and kind = 'payout'
      and outside_id = any(${forgotten.map(({ id }) => id)}::text[])
  `)
}

/** Whether the opening balance, as it is or will be, does not have a payout of before the cut-over that was sent from here. */
export async function isBesideOpening(
  context: Context,
  tenant: Tenant,
  { booksId }: Reconciliation,
  { id }: StatementItem,
): Promise<boolean> {
  if (!(await isOpened(context, tenant, booksId))) return true
  const [row] = await context.db.query<{ beside_opening: boolean }>(sql`
    select beside_opening from statement_items
    where merchant_id = ${tenant.merchant.id} and account_id = ${booksId} and kind = 'payout' and outside_id = ${id}
  `)
  return row?.beside_opening === true
}
