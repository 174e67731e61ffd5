import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import { listCustomers } from '../customers/customer-lists.ts'
import { type Entry, type EntryRow, entryColumns, readEntry } from '../ledger/entries.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getMerchantBalance } from './merchant-balances.ts'

/** How many ledger transactions, and their amounts added up in minor units. */
export interface Volume {
  count: number
  sum: number
}

/** What moved lately, in the merchant's default currency: every kind of transaction, refunds and reversals too. */
export interface Analytics {
  /** The last 24 hours, 7 days and 30 days. */
  daily: Volume
  weekly: Volume
  monthly: Volume
  /** The last 30 days in UTC, oldest first, those without a transaction too. */
  breakdown: ({ date: string } & Volume)[]
  newCustomers: { daily: number; weekly: number; monthly: number }
  /** The five newest that a customer is part of, as the one who paid saw it. */
  recent: { customerCode: string; entry: Entry }[]
}

const dayMs = 24 * 60 * 60 * 1000

/** An id is made a moment before its transaction's time, while the command waits to be done. */
const idLeadMs = 60_000

export async function getAnalytics(service: Service, tenant: Tenant): Promise<Analytics> {
  const now = service.clock.now()
  const since = (days: number) => new Date(now.getTime() - days * dayMs)
  const newSince = async (from: Date) => (await listCustomers(service, tenant, { from }, { limit: 0, offset: 0 })).total
  return {
    ...(await countTransactions(service, tenant, now)),
    newCustomers: {
      daily: await newSince(since(1)),
      weekly: await newSince(since(7)),
      monthly: await newSince(since(30)),
    },
    recent: await listRecent(service, tenant, now),
  }
}

export interface AnalyticsSummary {
  /** Of the merchant, minor units of its default currency. */
  balance: bigint
  customers: bigint
  transactions: bigint
}

/** Each transaction makes two entries, and every account knows how many it has: nothing is counted one by one. */
export async function summarizeMerchant(service: Service, tenant: Tenant): Promise<AnalyticsSummary> {
  const { posted } = await getMerchantBalance(service, tenant)
  const [row] = await service.db.query<{ customers: bigint; transactions: bigint }>(sql`
    select
      k.customer_count as customers,
      (
        select coalesce(sum(a.entry_count), 0)::bigint / 2 from ledger_accounts a
        where a.merchant_id = k.merchant_id and a.mode = k.mode
      ) as transactions
    from merchant_counters k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
  `)
  return { balance: posted, customers: row?.customers ?? 0n, transactions: row?.transactions ?? 0n }
}

/** One walk through the ids of thirty days: they begin with their time. */
async function countTransactions(service: Service, { merchant, mode }: Tenant, now: Date) {
  const since = (days: number) => new Date(now.getTime() - days * dayMs)
  const rows = await service.db.query<{
    date: string
    count: bigint
    sum: string
    day_count: bigint
    day_sum: string | null
    week_count: bigint
    week_sum: string | null
  }>(sql`
    select
      (t.created_at at time zone 'UTC')::date::text as date, count(*) as count, sum(t.amount) as sum,
      count(*) filter (where t.created_at > ${since(1)}) as day_count,
      sum(t.amount) filter (where t.created_at > ${since(1)}) as day_sum,
      count(*) filter (where t.created_at > ${since(7)}) as week_count,
      sum(t.amount) filter (where t.created_at > ${since(7)}) as week_sum
    from ledger_transactions t
    where t.merchant_id = ${merchant.id} and t.id >= ${firstIdOf(since(30))} and t.mode = ${mode}
      and t.currency = ${merchant.currencies[0]} and t.created_at > ${since(30)}
    group by 1
  `)
  const total = (
    count: (row: (typeof rows)[number]) => bigint,
    sum: (row: (typeof rows)[number]) => string | null,
  ) => ({
    count: rows.reduce((all, row) => all + Number(count(row)), 0),
    sum: rows.reduce((all, row) => all + Number(sum(row) ?? 0), 0),
  })
  const byDate = new Map(rows.map((row) => [row.date, row]))
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
      (row) => row.count,
      (row) => row.sum,
    ),
    breakdown: Array.from({ length: 30 }, (_, i) => {
      const date = since(29 - i)
        .toISOString()
        .slice(0, 10)
      const row = byDate.get(date)
      return { date, count: Number(row?.count ?? 0), sum: Number(row?.sum ?? 0) }
    }),
  }
}

/** Looked for in the last thirty days. The entries are among the last of their accounts, so each is found at once. */
async function listRecent(service: Service, { merchant, mode }: Tenant, now: Date): Promise<Analytics['recent']> {
  const rows = await service.db.query<EntryRow & { customer_code: string }>(sql`
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

/** The smallest id of version 7 that a transaction of the time or later can have. */
function firstIdOf(time: Date): string {
  const hex = (time.getTime() - idLeadMs).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
