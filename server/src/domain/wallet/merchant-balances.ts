import type { Currency } from '../../base/money.ts'
import type { Page, PageRequest, Sort } from '../../base/page.ts'
import { nothing, plannedAnew, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { TransactionKind } from '../ledger/commands.ts'
import { type Entry, type EntryRange, type EntryRow, entryColumns, listRanges, readEntry } from '../ledger/entries.ts'
import type { Tenant } from '../merchants/tenant.ts'

/** The merchant's earnings in one currency, as of now. Minor units. */
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
  currency: Currency
  posted: bigint
  held: bigint
  entry_count: bigint
  created_at: Date
  updated_at: Date
}

/**
 * Zeros for a merchant without earnings in the currency.
 *
 * @param currency one that the merchant holds
 */
export async function getMerchantBalance(
  context: Context,
  tenant: Tenant,
  currency: Currency = tenant.merchant.currencies[0],
): Promise<MerchantBalance> {
  const [account] = await findAccounts(context, tenant, [currency])
  const { posted, held } = account ?? { posted: 0n, held: 0n }
  return {
    currency,
    posted,
    held,
    available: posted - held,
    createdAt: account?.created_at ?? tenant.merchant.createdAt,
    updatedAt: account?.updated_at ?? tenant.merchant.createdAt,
  }
}

/** The name of an entry of the merchant's balance: money in, money out, a fee, or money that was paid out to a bank. */
export type MerchantEntryType = 'credit' | 'debit' | 'fee' | 'payout'

/** Fees that the merchant pays. A fee that came back is a credit. */
const feeKinds: readonly TransactionKind[] = ['fee', 'processor_fee']

export function merchantEntryType({ kind, amount }: Pick<Entry, 'kind' | 'amount'>): MerchantEntryType {
  if (feeKinds.includes(kind)) return 'fee'
  if (kind === 'payout') return 'payout'
  return amount > 0n ? 'credit' : 'debit'
}

export interface MerchantEntryFilter {
  from?: Date | undefined
  /** The first instant after the period. */
  until?: Date | undefined
  /** Entries of any of these types. A type other than a `MerchantEntryType` matches no entry. */
  types?: readonly string[] | undefined
  /** Entries in any of these currencies. */
  currencies?: readonly Currency[] | undefined
  /** Entries of any of these ledger transactions, by id. */
  transactionIds?: readonly string[] | undefined
}

/**
 * The entries of the merchant's balance in every currency, newest first or oldest first. A period is a range of entry
 * numbers, so without types any page and the total are index look-ups. With types, the outgoing entries of the period are
 * counted in an index of their own. The incoming entries, often very many, are the rest. With types and more than one
 * currency, each currency is read from the beginning of the list to the end of the page.
 */
export async function listMerchantEntries(
  context: Context,
  tenant: Tenant,
  filter: MerchantEntryFilter,
  page: PageRequest & { direction?: Sort<never>['direction'] | undefined },
): Promise<Page<Entry>> {
  const accounts = await findAccounts(context, tenant, filter.currencies ?? tenant.merchant.currencies)
  const periods = await Promise.all(accounts.map((account) => findPeriod(context, tenant, account, filter)))
  const list = (part: PageRequest) => {
    if (filter.transactionIds !== undefined) return listNamed(context, tenant, { ...filter, periods }, part)
    if (filter.types === undefined) return listRanges(context, tenant, periods, part)
    return listMatches(
      context,
      tenant,
      periods.flatMap((period) => typesOf(filter).map((type) => ({ period, type }))),
      part,
    )
  }
  return page.direction === 'asc' ? fromItsEnd(list, page) : list(page)
}

/** A page counted from the end of a list, in the opposite order. The list must not grow meanwhile. */
async function fromItsEnd(list: (page: PageRequest) => Promise<Page<Entry>>, { limit, offset }: PageRequest) {
  const { total } = await list({ limit: 1, offset: 0 })
  const last = total - offset
  const first = Math.max(last - limit, 0)
  if (last <= 0) return { items: [], total }
  const { items } = await list({ limit: last - first, offset: first })
  return { items: items.reverse(), total }
}

function typesOf({ types = [] }: MerchantEntryFilter): MerchantEntryType[] {
  return (['credit', 'debit', 'fee', 'payout'] as const).filter((type) => types.includes(type))
}

/** The entries of one type in one account's period. */
interface TypedRange {
  period: EntryRange
  type: MerchantEntryType
}

async function listMatches(
  context: Context,
  tenant: Tenant,
  ranges: TypedRange[],
  { limit, offset }: PageRequest,
): Promise<Page<Entry>> {
  if (ranges.length === 0) return { items: [], total: 0 }
  const [only] = ranges
  const isOnly = ranges.length === 1 && only !== undefined
  const part = isOnly ? { limit, offset } : { limit: limit + offset, offset: 0 }
  const matches = ranges.map(({ period, type }) => matchesOf(tenant, period, type, part))
  const total = matches.reduce((sum, each) => sql`${sum} + (${each.total})`, sql`0::bigint`)
  const entries = matches.map((each) => sql`(${each.entries})`).reduce((all, each) => sql`${all} union all ${each}`)
  const statement = sql`
    select c.total, ${entryColumns}
    from (select ${total} as total) c
    left join (
      select * from (${entries}) m
      order by m.created_at desc, m.account_id desc, m.number desc
      limit ${limit} offset ${isOnly ? 0 : offset}
    ) e on true
    left join lateral (
      select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
    ) t on true
    order by e.created_at desc, e.account_id desc, e.number desc
  `
  // A plan made before the first outgoing entry would be kept for as long as the connection.
  const rows = await context.db.query<EntryRow & { total: bigint }>(plannedAnew(statement))
  const items = rows.filter((row) => row.transaction_id !== null).map(readEntry)
  return { items, total: Number(rows[0]?.total ?? 0) }
}

/** The entries of named transactions: few, so all are read. */
async function listNamed(
  context: Context,
  tenant: Tenant,
  { periods, ...filter }: MerchantEntryFilter & { periods: EntryRange[] },
  { limit, offset }: PageRequest,
): Promise<Page<Entry>> {
  const rows = await context.db.query<EntryRow>(sql`
    select ${entryColumns}
    from unnest(${[...(filter.transactionIds ?? [])]}::uuid[]) as n (id)
    cross join lateral (
      select * from ledger_transactions o where o.merchant_id = ${tenant.merchant.id} and o.id = n.id limit 1
    ) t
    cross join lateral (values (t.from_account_id, t.from_number), (t.to_account_id, t.to_number)) as s (account_id, number)
    join unnest(
      ${periods.map(({ accountId }) => accountId)}::bigint[], ${periods.map(({ after }) => after)}::bigint[],
      ${periods.map(({ last }) => last)}::bigint[]
    ) as r (account_id, after, last) on r.account_id = s.account_id and s.number > r.after and s.number <= r.last
    cross join lateral (
      select * from entries e
      where e.merchant_id = t.merchant_id and e.account_id = s.account_id and e.number = s.number
      limit 1
    ) e
    order by e.created_at desc, e.account_id desc, e.number desc
  `)
  const types = filter.types === undefined ? null : typesOf(filter)
  const items = rows.map(readEntry).filter((entry) => types === null || types.includes(merchantEntryType(entry)))
  return { items: items.slice(offset, offset + limit), total: items.length }
}

async function findAccounts(
  context: Context,
  { merchant, mode }: Tenant,
  currencies: readonly Currency[],
): Promise<AccountRow[]> {
  return context.db.query<AccountRow>(sql`
    select id, currency, posted, held, entry_count, created_at, updated_at from ledger_accounts
    where merchant_id = ${merchant.id} and mode = ${mode} and kind = 'merchant_balance'
      and currency = any(${[...currencies]}::text[]) and customer_id is null
  `)
}

async function findPeriod(
  context: Context,
  { merchant }: Tenant,
  { id: accountId, entry_count: count }: AccountRow,
  { from, until }: MerchantEntryFilter,
): Promise<EntryRange> {
  if (from === undefined && until === undefined) return { accountId, after: 0n, last: count }
  const before = (time: Date) =>
    sql`entry_number_at(${merchant.id}::integer, ${accountId}::bigint, ${time}::timestamptz)`
  const [row] = await context.db.query<{ after: bigint; last: bigint }>(sql`
    select
      ${from === undefined ? sql`0::bigint` : before(from)} as after,
      ${until === undefined ? sql`${count}::bigint` : before(until)} as last
  `)
  const { after, last } = row as { after: bigint; last: bigint }
  return { accountId, after, last }
}

interface Matches {
  total: Sql
  entries: Sql
}

function matchesOf(tenant: Tenant, period: EntryRange, type: MerchantEntryType, page: PageRequest): Matches {
  return type === 'credit' ? pageOfIncoming(tenant, period, page) : pageOfOutgoing(tenant, period, type, page)
}

const outgoingTypes = {
  fee: sql`and o.kind = any(${feeKinds}::text[])`,
  debit: sql`and o.kind <> all(${feeKinds}::text[]) and o.kind <> 'payout'`,
  payout: sql`and o.kind = 'payout'`,
}

function pageOfOutgoing(
  tenant: Tenant,
  period: EntryRange,
  type: Exclude<MerchantEntryType, 'credit'>,
  page: PageRequest,
): Matches {
  const matching = outgoing(tenant, period, outgoingTypes[type])
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

/**
 * The outgoing entries of the period: all but the kinds that never take money from the balance. An index has the same
 * condition.
 */
function outgoing({ merchant }: Tenant, { accountId, after, last }: EntryRange, condition = nothing): Sql {
  return sql`
    from ledger_transactions o
    where o.merchant_id = ${merchant.id} and o.from_account_id = ${accountId}
      and o.from_number > ${after} and o.from_number <= ${last}
      and o.kind not in ('pay_in', 'purchase', 'transfer', 'hold_capture') ${condition}
  `
}
