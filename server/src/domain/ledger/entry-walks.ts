import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'
import type { AccountKind } from './accounts.ts'
import type { TransactionKind } from './commands.ts'
import { type Entry, type EntryRow, entryColumns, readEntry } from './entries.ts'

/** Whose entries: the cash of a customer, or an account of the merchant. */
export type EntriesOf = { customer: { id: bigint } } | { account: AccountKind }

export interface EntryFilter {
  currency?: Currency | undefined
  kind?: TransactionKind | undefined
  /** `in`: the amount is above 0. */
  direction?: 'in' | 'out' | undefined
  from?: Date | undefined
  until?: Date | undefined
}

/** An entry, and the customer on the other side of its transaction. */
export interface WalkedEntry extends Entry {
  /** Null where the other side is no customer's. */
  otherCustomer: string | null
  /** The sum of the refunds and reversals of the transaction. */
  givenBack: bigint
}

interface WalkedRow extends EntryRow {
  other_customer: string | null
  given_back: bigint
}

/** How many entries of each account a step looks at. */
const maxWalked = 5000

/**
 * A step through the entries of a customer or of the merchant, newest first. `next` is the `before` of the next step, null at the
 * end. A step may have few entries, or none, before the end: then it has looked at `maxWalked` entries of an account. Throws
 * `invalid_request` for a `before` that is no transaction of these accounts, and `too_many_reads`.
 *
 * @param step `before` is the id of a transaction
 */
export async function walkEntries(
  context: Context,
  tenant: Tenant,
  { of, ...filter }: EntryFilter & { of: EntriesOf },
  step: { limit: number; before?: string | undefined },
): Promise<{ entries: WalkedEntry[]; next: string | null }> {
  const accounts = await findAccounts(context, tenant, of, filter.currency)
  const place = step.before === undefined ? null : await findPlace(context, tenant, accounts, step.before)
  const walk = walkOf(tenant, accounts, filter, place)
  const isSparse = filter.kind !== undefined || filter.direction !== undefined
  const read = () => readStep(context, walk, filter, step.limit)
  return isSparse ? largeRead(context, tenant, read) : read()
}

async function readStep(context: Context, walk: Sql, { kind, direction }: EntryFilter, limit: number) {
  const rows = await context.db.query<WalkedRow>(sql`
    select ${entryColumns}, c.code as other_customer, coalesce(g.amount, 0) as given_back
    from (${walk}) e
    cross join lateral (
      select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
    ) t
    left join lateral (
      select a.customer_id from ledger_accounts a
      where a.merchant_id = t.merchant_id
        and a.id = case when t.from_account_id = e.account_id then t.to_account_id else t.from_account_id end
      limit 1
    ) a on true
    left join customers c on c.merchant_id = t.merchant_id and c.id = a.customer_id
    left join refund_totals g on g.merchant_id = t.merchant_id and g.transaction_id = t.id
    where true
      ${kind === undefined ? nothing : sql`and t.kind = ${kind}`}
      ${direction === undefined ? nothing : direction === 'in' ? sql`and e.amount > 0` : sql`and e.amount < 0`}
    order by e.created_at desc, e.account_id desc, e.number desc
    limit ${limit + 1}
  `)
  const entries = rows.slice(0, limit).map((row) => ({
    ...readEntry(row),
    otherCustomer: row.other_customer,
    givenBack: row.given_back,
  }))
  if (rows.length > limit) return { entries, next: entries.at(-1)?.transactionId ?? null }
  const [end] = await context.db.query<{ transaction_id: string }>(sql`
    select w.transaction_id from (${walk}) w
    order by w.created_at desc, w.account_id desc, w.number desc
    offset ${maxWalked - 1} limit 1
  `)
  return { entries, next: end?.transaction_id ?? null }
}

interface Place {
  at: Date
  accountId: bigint
  number: bigint
}

/** The entries `n` behind a place, newest first: a range of numbers in each account. */
function walkOf(
  { merchant }: Tenant,
  accounts: readonly bigint[],
  { from, until }: EntryFilter,
  place: Place | null,
): Sql {
  const numberAt = (time: Sql) => sql`entry_number_at(${merchant.id}::integer, r.id, ${time})`
  const after = from === undefined ? sql`0` : numberAt(sql`${from}::timestamptz`)
  const ends = [
    ...(until === undefined ? [] : [numberAt(sql`${until}::timestamptz`)]),
    // Entries of one moment are ordered by account and number.
    ...(place === null ? [] : [numberAt(sql`(${place.at}::timestamptz + interval '1 millisecond')`)]),
  ]
  const last = ends.length === 0 ? sql`9223372036854775807` : sql`least(${ends.reduce((a, b) => sql`${a}, ${b}`)})`
  const behind =
    place === null
      ? nothing
      : sql`and (n.created_at, n.account_id, n.number) < (${place.at}::timestamptz, ${place.accountId}::bigint, ${place.number}::bigint)`
  return sql`
    select w.*
    from (
      select b.id, ${after} as after, ${last} as last
      from unnest(${[...accounts]}::bigint[]) as b (id) cross join lateral (select b.id) r
    ) r
    cross join lateral (
      select * from entries n
      where n.merchant_id = ${merchant.id} and n.account_id = r.id and n.number > r.after and n.number <= r.last ${behind}
      order by n.number desc
      limit ${maxWalked}
    ) w
    order by w.created_at desc, w.account_id desc, w.number desc
    limit ${maxWalked}
  `
}

async function findAccounts(
  context: Context,
  { merchant, mode }: Tenant,
  of: EntriesOf,
  currency: Currency | undefined,
): Promise<bigint[]> {
  const whose =
    'customer' in of
      ? sql`a.customer_id = ${of.customer.id}`
      : sql`a.customer_id is null and a.mode = ${mode} and a.kind = ${of.account}`
  const rows = await context.db.query<{ id: bigint }>(sql`
    select a.id from ledger_accounts a
    where a.merchant_id = ${merchant.id} and ${whose} ${currency === undefined ? nothing : sql`and a.currency = ${currency}`}
  `)
  return rows.map(({ id }) => id)
}

async function findPlace(
  context: Context,
  { merchant }: Tenant,
  accounts: readonly bigint[],
  transactionId: string,
): Promise<Place> {
  const [row] = await context.db.query<{ at: Date; account_id: bigint; number: bigint }>(sql`
    select t.created_at as at, s.account_id, s.number
    from ledger_transactions t
    cross join lateral (values (t.from_account_id, t.from_number), (t.to_account_id, t.to_number)) as s (account_id, number)
    where t.merchant_id = ${merchant.id} and t.id = ${transactionId}::uuid and s.account_id = any(${[...accounts]}::bigint[])
  `)
  if (row !== undefined) return { at: row.at, accountId: row.account_id, number: row.number }
  const message = `before must be the nextBefore of an earlier page of this list, not ${JSON.stringify(transactionId)}`
  throw new ServiceError('invalid_request', message, 'before')
}
