import type { Currency } from '../../base/money.ts'
import type { Page, PageRequest } from '../../base/page.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getBalances } from './balances.ts'
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

/** The entries of an account that are numbered above `after`, up to `last`. */
export interface EntryRange {
  accountId: bigint
  after: bigint
  last: bigint
}

/**
 * Lists the entries of a customer in every currency, or in one, newest first. Throws `customer_not_found`.
 *
 * @param customer its code, and a currency that the merchant holds
 */
export async function listEntries(
  context: Context,
  tenant: Tenant,
  customer: { code: string; currency?: Currency | undefined },
  page: PageRequest,
): Promise<Page<Entry>> {
  const balances = await getBalances(context, tenant, customer.code)
  const ranges = balances
    .filter(({ currency }) => customer.currency === undefined || currency === customer.currency)
    .map(({ accountId, entryCount }) => ({ accountId: accountId as bigint, after: 0n, last: entryCount }))
  return listRanges(context, tenant, ranges, page)
}

/**
 * The entries of several accounts as one list, newest first. They are numbered within their account, so any page and the total
 * are index look-ups, also of several accounts.
 */
export async function listRanges(
  context: Context,
  tenant: Tenant,
  ranges: readonly EntryRange[],
  { limit, offset }: PageRequest,
): Promise<Page<Entry>> {
  const filled = ranges.filter(({ after, last }) => last > after)
  const total = Number(filled.reduce((sum, { after, last }) => sum + last - after, 0n))
  if (offset >= total) return { items: [], total }
  const afters = filled.map(({ after }) => after)
  const lasts = sql`${filled.map(({ last }) => last)}::bigint[]`
  const ids = sql`${filled.map(({ accountId }) => accountId)}::bigint[]`
  const [only] = filled
  const newest =
    filled.length === 1 && only !== undefined
      ? sql`${[only.last - BigInt(offset)]}::bigint[]`
      : sql`entry_numbers_beyond(${tenant.merchant.id}::integer, ${ids}, ${afters}::bigint[], ${lasts}, ${offset}::bigint)`
  const rows = await context.db.query<EntryRow>(sql`
    select ${entryColumns}
    from unnest(${ids}, ${afters}::bigint[], ${newest}) as r (account_id, after, newest)
    cross join lateral (
      select * from entries n
      where n.merchant_id = ${tenant.merchant.id} and n.account_id = r.account_id
        and n.number <= r.newest and n.number > greatest(r.after, r.newest - ${limit}::bigint)
      offset 0
    ) e
    cross join lateral (
      select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
    ) t
    order by e.created_at desc, e.account_id desc, e.number desc
    limit ${limit}
  `)
  return { items: rows.map(readEntry), total }
}

/** The number of a customer's pay-ins in each currency, and their sum. */
export async function summarizePayIns(
  context: Context,
  tenant: Tenant,
  customerId: bigint,
): Promise<{ currency: Currency; count: number; amount: bigint }[]> {
  const rows = await context.db.query<{ currency: Currency; count: bigint; amount: string }>(sql`
    select a.currency, a.pay_in_count as count, a.pay_in_total as amount
    from ledger_accounts a
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customerId} and a.pay_in_count > 0
    order by a.currency
  `)
  return rows.map(({ currency, count, amount }) => ({ currency, count: Number(count), amount: BigInt(amount) }))
}
