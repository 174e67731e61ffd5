import type { Currency } from '../../base/money.ts'
import type { Page } from '../../base/page.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { Balance } from './balances.ts'
import type { TransactionKind } from './commands.ts'

/** One line of a customer's history. */
export interface Entry {
  transactionId: string
  /** Its place in the account's history: 1, 2, 3 … */
  number: bigint
  kind: TransactionKind
  /** Minor units: positive came in, negative went out. */
  amount: bigint
  currency: Currency
  /** The posted amount of the account after this entry. */
  balanceAfter: bigint
  description: string | null
  /** Shown by the surfaces beside the movement, such as a product. */
  details: Record<string, unknown>
  /** The transaction that this one gives back; null for other kinds. */
  reversesId: string | null
  /** The hold that this transaction captures; null for other kinds. */
  holdId: string | null
  createdAt: Date
}

export interface EntryRow {
  transaction_id: string
  number: bigint
  kind: TransactionKind
  amount: bigint
  currency: Currency
  balance_after: bigint
  description: string | null
  details: Record<string, unknown> | null
  reverses_id: string | null
  hold_id: string | null
  created_at: Date
}

/** The columns of an `EntryRow`, from an entry `e` and its transaction `t`. */
export const entryColumns = sql`
  e.transaction_id, e.number, t.kind, e.amount, t.currency, e.balance_after, t.description, t.details, t.reverses_id,
  t.hold_id, e.created_at
`

export function readEntry(row: EntryRow): Entry {
  return {
    transactionId: row.transaction_id,
    number: row.number,
    kind: row.kind,
    amount: row.amount,
    currency: row.currency,
    balanceAfter: row.balance_after,
    description: row.description,
    details: row.details ?? {},
    reversesId: row.reverses_id,
    holdId: row.hold_id,
    createdAt: row.created_at,
  }
}

/** Lists entries, newest first. They are numbered within their account, so any page and the total are index look-ups. */
export async function listEntries(
  context: Context,
  tenant: Tenant,
  account: Pick<Balance, 'accountId' | 'currency'>,
  page: { limit: number; offset: number },
): Promise<Page<Entry>> {
  const rows = await context.db.query<EntryRow & { total: bigint }>(sql`
    select a.entry_count as total, ${entryColumns}
    from ledger_accounts a
    left join entries e
      on e.merchant_id = a.merchant_id and e.account_id = a.id
      and e.number <= a.entry_count - ${page.offset}::bigint
      and e.number > a.entry_count - ${page.offset}::bigint - ${page.limit}::bigint
    left join lateral (
      select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
    ) t on true
    where a.merchant_id = ${tenant.merchant.id} and a.id = ${account.accountId}
    order by e.number desc
  `)
  const items = rows.filter((row) => row.transaction_id !== null).map(readEntry)
  return { items, total: Number(rows[0]?.total ?? 0) }
}

/** The number of a customer's pay-ins, and their sum in each currency. */
export async function summarizePayIns(
  context: Context,
  tenant: Tenant,
  customerId: bigint,
): Promise<{ count: number; totals: { currency: Currency; amount: bigint }[] }> {
  const rows = await context.db.query<{ currency: Currency; count: bigint; amount: string }>(sql`
    select a.currency, a.pay_in_count as count, a.pay_in_total as amount
    from ledger_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customerId} and a.pay_in_count > 0
    order by a.currency
  `)
  return {
    count: rows.reduce((count, row) => count + Number(row.count), 0),
    totals: rows.map((row) => ({ currency: row.currency, amount: BigInt(row.amount) })),
  }
}
