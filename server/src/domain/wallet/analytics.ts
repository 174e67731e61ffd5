import { instantOf, lastDays } from '../../base/time-zones.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { listCustomers } from '../customers/customer-lists.ts'
import type { AccountKind } from '../ledger/accounts.ts'
import type { TransactionKind } from '../ledger/commands.ts'
import { type Entry, type EntryRow, entryColumns, readEntry } from '../ledger/entries.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import { getMerchantBalance } from './merchant-balances.ts'

/** A number of ledger transactions, and the sum of their amounts in minor units. */
export interface Volume {
  count: number
  sum: number
}

/**
 * Recent transactions in the merchant's default currency. Every kind counts, refunds and reversals too, except the two that
 * only say who owes: a receivable and its repayment. Each of those stands beside a movement that counts.
 */
export interface Analytics {
  /** The last 24 hours, 7 days and 30 days. */
  daily: Volume
  weekly: Volume
  monthly: Volume
  /** The last 30 days by the merchant's clocks, oldest first, including days without a transaction. */
  breakdown: ({ date: string } & Volume)[]
  newCustomers: { daily: number; weekly: number; monthly: number }
  /** The five newest transactions of customers. Each is shown as its payer saw it. */
  recent: { customerCode: string; entry: Entry }[]
}

const receivableKinds: AccountKind[] = ['customer_receivable', 'merchant_receivable']
const debtKinds: TransactionKind[] = ['receivable', 'repayment']

const dayMs = 24 * 60 * 60 * 1000

/** An id is made a moment before its transaction's time, because the command waits in a queue. */
const idLeadMs = 60_000

/** Throws `too_many_reads`. */
export async function getAnalytics(context: Context, tenant: Tenant): Promise<Analytics> {
  const now = context.clock.now()
  const since = (days: number) => new Date(now.getTime() - days * dayMs)
  const newSince = async (from: Date) => (await listCustomers(context, tenant, { from }, { limit: 0, offset: 0 })).total
  return {
    ...(await largeRead(context, tenant, () => countTransactions(context, tenant, now))),
    newCustomers: {
      daily: await newSince(since(1)),
      weekly: await newSince(since(7)),
      monthly: await newSince(since(30)),
    },
    recent: await listRecent(context, tenant, now),
  }
}

export interface AnalyticsSummary {
  /** The merchant's balance in minor units of its default currency. */
  balance: bigint
  customers: bigint
  /** All transactions in the default currency, since the first. */
  transactions: bigint
}

/**
 * Everything in the merchant's default currency, as in the analytics. Each transaction makes two entries, and every account
 * stores its number of entries. So nothing is counted one by one. A transaction with a receivable has one of its entries
 * there, which takes its other entry out of the sum.
 */
export async function summarizeMerchant(context: Context, tenant: Tenant): Promise<AnalyticsSummary> {
  const { posted } = await getMerchantBalance(context, tenant)
  const statement = sql`
    select
      k.customer_count - k.deleted_customer_count as customers,
      (
        select
          coalesce(sum(case when a.kind = any(${receivableKinds}::text[]) then -a.entry_count else a.entry_count end), 0)
            ::bigint / 2
        from ledger_accounts a
        where a.merchant_id = k.merchant_id and a.mode = k.mode and a.currency = ${tenant.merchant.currencies[0]}
      ) as transactions
    from merchant_counters k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
  `
  // Each account of the merchant has a part in the sum.
  const [row] = await largeRead(context, tenant, () =>
    context.db.query<{ customers: bigint; transactions: bigint }>(statement),
  )
  return { balance: posted, customers: row?.customers ?? 0n, transactions: row?.transactions ?? 0n }
}

interface CountedRow {
  place: number
  count: bigint
  sum: string
  month_count: bigint
  month_sum: string | null
  day_count: bigint
  day_sum: string | null
  week_count: bigint
  week_sum: string | null
}

/** One walk through the ids of thirty days, because ids begin with their time. The walk is cut into slices. */
async function countTransactions(context: Context, { merchant, mode }: Tenant, now: Date) {
  const since = (days: number) => new Date(now.getTime() - days * dayMs)
  const days = lastDays(30, now, merchant.timeZone)
  const dayStarts = days.map((day) => instantOf(day, null, merchant.timeZone))
  // Where clocks were put back, the first of these days began more than thirty times 24 hours ago.
  const first = new Date(Math.min(since(30).getTime(), (dayStarts[0] as Date).getTime()))
  const { rowsPerSlice } = context.limits
  const slice = (after: string) => sql`
    with slice as materialized (
      select o.id, o.mode, o.kind, o.currency, o.amount, o.created_at from ledger_transactions o
      where o.merchant_id = ${merchant.id} and o.id > ${after}::uuid
      order by o.id
      limit ${rowsPerSlice}
    ),
    counted as (
      select
        width_bucket(t.created_at, ${dayStarts}::timestamptz[]) as place, count(*) as count, sum(t.amount) as sum,
        count(*) filter (where t.created_at > ${since(30)}) as month_count,
        sum(t.amount) filter (where t.created_at > ${since(30)}) as month_sum,
        count(*) filter (where t.created_at > ${since(1)}) as day_count,
        sum(t.amount) filter (where t.created_at > ${since(1)}) as day_sum,
        count(*) filter (where t.created_at > ${since(7)}) as week_count,
        sum(t.amount) filter (where t.created_at > ${since(7)}) as week_sum
      from slice t
      where t.mode = ${mode} and t.currency = ${merchant.currencies[0]} and t.created_at >= ${first}
        and t.kind <> all(${debtKinds}::text[])
      group by 1
    )
    select s.size, s.last, c.*
    from (select (select count(*) from slice) as size, (select id from slice order by id desc limit 1) as last) s
    left join counted c on true
  `
  const rows: CountedRow[] = []
  let after: string | null = firstIdOf(first)
  while (after !== null) {
    const counted: (CountedRow & { size: bigint; last: string })[] = await context.db.query(slice(after))
    rows.push(...counted.filter(({ place }) => place !== null))
    const [{ size = 0n, last = null } = {}] = counted
    after = size < rowsPerSlice ? null : last
  }
  const total = (count: (row: CountedRow) => bigint, sum: (row: CountedRow) => string | null) => ({
    count: rows.reduce((all, row) => all + Number(count(row)), 0),
    sum: rows.reduce((all, row) => all + Number(sum(row) ?? 0), 0),
  })
  return {
    daily: total(
      (row) => row.day_count,
      (row) => row.day_sum,
    ),
    weekly: total(
      (row) => row.week_count,
      (row) => row.week_sum,
    ),
    monthly: total(
      (row) => row.month_count,
      (row) => row.month_sum,
    ),
    breakdown: days.map((date, i) => {
      const ofDay = rows.filter(({ place }) => place === i + 1)
      const count = ofDay.reduce((all, row) => all + Number(row.count), 0)
      return { date, count, sum: ofDay.reduce((all, row) => all + Number(row.sum), 0) }
    }),
  }
}

/** Reads the last thirty days. The entries are among the last of their accounts, so each is found at once. */
async function listRecent(context: Context, { merchant, mode }: Tenant, now: Date): Promise<Analytics['recent']> {
  const rows = await context.db.query<EntryRow & { customer_code: string }>(sql`
    select c.code as customer_code, ${entryColumns}
    from (
      select n.*, a.id as account_id, a.customer_id
      from ledger_transactions n
      join lateral (
        select o.id, o.customer_id from ledger_accounts o
        where o.merchant_id = n.merchant_id and o.id in (n.from_account_id, n.to_account_id)
          and o.customer_id is not null
        order by o.id <> n.from_account_id
        limit 1
      ) a on true
      where n.merchant_id = ${merchant.id} and n.mode = ${mode}
        and n.id >= ${firstIdOf(new Date(now.getTime() - 30 * dayMs))}
      order by n.id desc
      limit 5
    ) t
    join customers c on c.merchant_id = t.merchant_id and c.id = t.customer_id
    cross join lateral (
      select * from entries f
      where f.merchant_id = t.merchant_id and f.account_id = t.account_id and f.transaction_id = t.id
      order by f.number desc
      limit 1
    ) e
    order by t.id desc
  `)
  return rows.map((row) => ({ customerCode: row.customer_code, entry: readEntry(row) }))
}

/** The smallest id of version 7 that a transaction at this time or later can have. */
export function firstIdOf(time: Date): string {
  const hex = (time.getTime() - idLeadMs).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
