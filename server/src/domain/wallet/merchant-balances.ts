import type { Currency } from '../../base/money.ts'
import type { Page, PageRequest } from '../../base/page.ts'
import { nothing, plannedAnew, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { type Entry, type EntryRow, entryColumns, readEntry } from '../ledger/entries.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** The merchant's earnings in its default currency, as of now. Minor units. */
export interface MerchantBalance {
  currency: Currency
  posted: bigint
  held: bigint
  /** posted - held */
  available: bigint
  /** The merchant's own time of creation, until its first earning. */
  createdAt: Date
  updatedAt: Date
}

interface AccountRow {
  id: bigint
  posted: bigint
  held: bigint
  created_at: Date
  updated_at: Date
}

/** Zeros for a merchant without earnings. */
export async function getMerchantBalance(context: Context, tenant: Tenant): Promise<MerchantBalance> {
  const account = await findAccount(context, tenant)
  const { posted, held } = account ?? { posted: 0n, held: 0n }
  return {
    currency: tenant.merchant.currencies[0],
    posted,
    held,
    available: posted - held,
    createdAt: account?.created_at ?? tenant.merchant.createdAt,
    updatedAt: account?.updated_at ?? tenant.merchant.createdAt,
  }
}

/** The name of an entry of the merchant's balance: money in, money out, or a fee. */
export type MerchantEntryType = 'credit' | 'debit' | 'fee'

export function merchantEntryType({ kind, amount }: Pick<Entry, 'kind' | 'amount'>): MerchantEntryType {
  if (kind === 'fee') return 'fee'
  return amount > 0n ? 'credit' : 'debit'
}

export interface MerchantEntryFilter {
  from?: Date | undefined
  /** The first instant after the period. */
  until?: Date | undefined
  /** A type other than a `MerchantEntryType` matches no entry. */
  type?: string | undefined
}

/**
 * The entries of the merchant's balance, newest first. A period is a range of entry numbers, so without a type any page
 * and the total are index look-ups. With a type, the outgoing entries of the period are counted in an index of their
 * own. The incoming entries, often very many, are the rest.
 */
export async function listMerchantEntries(
  context: Context,
  tenant: Tenant,
  filter: MerchantEntryFilter,
  page: PageRequest,
): Promise<Page<Entry>> {
  const account = await findAccount(context, tenant)
  if (account === null) return { items: [], total: 0 }
  const period = await findPeriod(context, tenant, account.id, filter)
  const matches = matchesOf(tenant, period, filter.type, page)
  const statement = sql`
    select c.total, ${entryColumns}
    from (${matches.total}) c
    left join (${matches.entries}) e on true
    left join lateral (
      select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
    ) t on true
    order by e.number desc
  `
  // A plan made before the first outgoing entry would be kept for as long as the connection.
  const rows = await context.db.query<EntryRow & { total: bigint }>(
    filter.type === undefined ? statement : plannedAnew(statement),
  )
  const items = rows.filter((row) => row.transaction_id !== null).map(readEntry)
  return { items, total: Number(rows[0]?.total ?? 0) }
}

async function findAccount(context: Context, { merchant, mode }: Tenant): Promise<AccountRow | null> {
  const [row] = await context.db.query<AccountRow>(sql`
    select id, posted, held, created_at, updated_at from ledger_accounts
    where merchant_id = ${merchant.id} and mode = ${mode} and kind = 'merchant_balance'
      and currency = ${merchant.currencies[0]} and customer_id is null
  `)
  return row ?? null
}

/** The entries of an account in a period: numbered above `after`, up to `last`. */
interface EntryRange {
  accountId: bigint
  after: bigint
  last: bigint
}

async function findPeriod(
  context: Context,
  { merchant }: Tenant,
  accountId: bigint,
  filter: MerchantEntryFilter,
): Promise<EntryRange> {
  const [row] = await context.db.query<{ after: bigint; last: bigint }>(sql`
    select
      ${filter.from === undefined ? sql`0::bigint` : sql`entry_number_at(a.merchant_id, a.id, ${filter.from})`} as after,
      ${filter.until === undefined ? sql`a.entry_count` : sql`entry_number_at(a.merchant_id, a.id, ${filter.until})`} as last
    from ledger_accounts a
    where a.merchant_id = ${merchant.id} and a.id = ${accountId}
  `)
  const { after, last } = row as { after: bigint; last: bigint }
  return { accountId, after, last }
}

interface Matches {
  total: Sql
  entries: Sql
}

function matchesOf(tenant: Tenant, period: EntryRange, type: string | undefined, page: PageRequest): Matches {
  if (type === undefined) return pageOfPeriod(tenant, period, page)
  if (type === 'credit') return pageOfIncoming(tenant, period, page)
  return pageOfOutgoing(tenant, period, type, page)
}

function pageOfPeriod({ merchant }: Tenant, { accountId, after, last }: EntryRange, page: PageRequest): Matches {
  const newest = last - BigInt(page.offset)
  const above = newest - BigInt(page.limit)
  return {
    total: sql`select greatest(${last}::bigint - ${after}::bigint, 0) as total`,
    entries: sql`
      select n.* from entries n
      where n.merchant_id = ${merchant.id} and n.account_id = ${accountId}
        and n.number <= ${newest} and n.number > ${above > after ? above : after}
    `,
  }
}

const outgoingTypes = new Map([
  ['fee', sql`and o.kind = 'fee'`],
  ['debit', sql`and o.kind <> 'fee'`],
])

function pageOfOutgoing(tenant: Tenant, period: EntryRange, type: string, page: PageRequest): Matches {
  const matching = outgoing(tenant, period, outgoingTypes.get(type) ?? sql`and false`)
  return {
    total: sql`select count(*) as total ${matching}`,
    entries: sql`
      select n.*
      from (select o.from_number ${matching} order by o.from_number desc limit ${page.limit} offset ${page.offset}) f
      join entries n
        on n.merchant_id = ${tenant.merchant.id} and n.account_id = ${period.accountId} and n.number = f.from_number
    `,
  }
}

/** The page begins below the skipped incoming entries, and below the outgoing entries between and above them. */
function pageOfIncoming(tenant: Tenant, period: EntryRange, page: PageRequest): Matches {
  const { accountId, after, last } = period
  const left = outgoing(tenant, period)
  const leftAbove = sql`
    select count(*)
    from (select o.from_number, row_number() over (order by o.from_number desc) - 1 as above ${left}) f
    where ${last}::bigint - f.from_number - f.above <= ${page.offset}::bigint
  `
  return {
    total: sql`select greatest(${last}::bigint - ${after}::bigint, 0) - count(*) as total ${left}`,
    entries: sql`
      select n.* from entries n
      where n.merchant_id = ${tenant.merchant.id} and n.account_id = ${accountId} and n.amount > 0
        and n.number > ${after} and n.number <= ${last}::bigint - ${page.offset}::bigint - (${leftAbove})
      order by n.number desc
      limit ${page.limit}
    `,
  }
}

/** The outgoing entries of the period: fees, refunds and reversals. Nothing else takes money from the balance. */
function outgoing({ merchant }: Tenant, { accountId, after, last }: EntryRange, condition = nothing): Sql {
  return sql`
    from ledger_transactions o
    where o.merchant_id = ${merchant.id} and o.from_account_id = ${accountId}
      and o.from_number > ${after} and o.from_number <= ${last}
      and o.kind not in ('pay_in', 'purchase', 'transfer', 'hold_capture') ${condition}
  `
}
