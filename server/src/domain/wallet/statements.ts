import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Customer } from '../customers/customers.ts'
import type { TransactionKind } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { largeRead } from '../merchants/turns.ts'

/** A customer's cash in one currency, as of now. Minor units. */
export interface CurrencyBalance {
  currency: Currency
  posted: bigint
  held: bigint
  /** posted - held */
  available: bigint
  /** The amount that the customer owes; then nothing is available. */
  owed: bigint
}

/** Balances in every currency the customer ever had, the merchant's default first. */
export async function listBalances(context: Context, tenant: Tenant, customer: Customer): Promise<CurrencyBalance[]> {
  const rows = await context.db.query<{ currency: Currency; posted: bigint; held: bigint; owed: bigint }>(sql`
    select currency, posted, held, owed from ledger_accounts
    where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id}
    order by currency <> ${tenant.merchant.currencies[0]}, currency
  `)
  return rows.map((row) => ({ ...row, available: row.posted - row.held }))
}

/** The balances of several customers, by the customer's number: see `listBalances`. */
export async function listBalancesOf(
  context: Context,
  { merchant }: Tenant,
  customers: readonly Pick<Customer, 'id'>[],
): Promise<Map<bigint, CurrencyBalance[]>> {
  // Lateral, so that each customer is a look-up, whatever the planner knows of the table.
  const rows = await context.db.query<{
    customer_id: bigint
    currency: Currency
    posted: bigint
    held: bigint
    owed: bigint
  }>(sql`
    select a.customer_id, a.currency, a.posted, a.held, a.owed
    from unnest(${customers.map(({ id }) => id)}::bigint[]) as n (id)
    cross join lateral (
      select * from ledger_accounts o where o.merchant_id = ${merchant.id} and o.customer_id = n.id offset 0
    ) a
    order by a.currency <> ${merchant.currencies[0]}, a.currency
  `)
  const byCustomer = new Map<bigint, CurrencyBalance[]>(customers.map(({ id }) => [id, []]))
  for (const { customer_id, ...row } of rows) {
    byCustomer.get(customer_id)?.push({ ...row, available: row.posted - row.held })
  }
  return byCustomer
}

/**
 * The posted balance just before an instant, in every currency: the closing balance of a statement until this instant. Holds
 * leave no entries, so the past does not show them.
 */
export async function listBalancesAt(
  context: Context,
  tenant: Tenant,
  customer: Customer,
  instant: Date,
): Promise<{ currency: Currency; posted: bigint }[]> {
  return context.db.query<{ currency: Currency; posted: bigint }>(sql`
    select a.currency, coalesce(e.balance_after, 0) as posted
    from ledger_accounts a
    left join entries e
      on e.merchant_id = a.merchant_id and e.account_id = a.id
      and e.number = entry_number_at(a.merchant_id, a.id, ${instant})
    where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer.id}
    order by a.currency <> ${tenant.merchant.currencies[0]}, a.currency
  `)
}

/** The entries of a customer's cash in one currency, from `from` until just before `until`. Minor units. */
export interface Statement {
  currency: Currency
  from: Date
  until: Date
  /** The posted balance just before `from`. */
  openingBalance: bigint
  /** The posted balance just before `until`: openingBalance + totalIn - totalOut. */
  closingBalance: bigint
  totalIn: bigint
  totalOut: bigint
  entryCount: number
  /** The period's entries are numbered above `after`, up to `last`. */
  after: bigint
  last: bigint
  accountId: bigint
}

export interface StatementEntry {
  number: bigint
  transactionId: string
  kind: TransactionKind
  amount: bigint
  balanceAfter: bigint
  description: string | null
  /** The movement that a refund or reversal gave back; null for other kinds. */
  gaveBack: { kind: TransactionKind; description: string | null; createdAt: Date } | null
  /** Of a transfer the name of the other customer, of a payout the name and the account of the payee; null where it is not known. */
  other: { name: string; account: string | null } | null
  createdAt: Date
}

/** A customer who never had the currency has an empty statement. Throws `too_many_reads`. */
export async function openStatement(
  context: Context,
  tenant: Tenant,
  customer: Customer,
  period: { currency: Currency; from: Date; until: Date },
): Promise<Statement> {
  const statement = sql`
    select
      w.account_id, w.after, w.last, coalesce(o.balance_after, 0) as opening, coalesce(c.balance_after, 0) as closing,
      t.total_in
    from (
      select
        a.merchant_id, a.id as account_id,
        entry_number_at(a.merchant_id, a.id, ${period.from}) as after,
        entry_number_at(a.merchant_id, a.id, ${period.until}) as last
      from ledger_accounts a
      where a.merchant_id = ${tenant.merchant.id} and a.customer_id = ${customer.id} and a.currency = ${period.currency}
    ) w
    left join entries o on o.merchant_id = w.merchant_id and o.account_id = w.account_id and o.number = w.after
    left join entries c on c.merchant_id = w.merchant_id and c.account_id = w.account_id and c.number = w.last
    cross join lateral (
      ${totals(sql`w.merchant_id`, sql`w.account_id`)} and e.number > w.after
        and e.number <= least(w.last, w.after + ${context.limits.rowsPerSlice}::bigint)
    ) t
  `
  return largeRead(context, tenant, async () => {
    const [row] = await context.db.query<StatementRow>(statement)
    if (row === undefined) return { ...period, ...emptyStatement }
    const { account_id: accountId, after, last } = row
    const totalIn = BigInt(row.total_in) + (await sumFurther(context, tenant, { accountId, after, last }))
    return {
      ...period,
      openingBalance: row.opening,
      closingBalance: row.closing,
      totalIn,
      totalOut: row.opening + totalIn - row.closing,
      entryCount: Number(last - after),
      after,
      last,
      accountId,
    }
  })
}

interface StatementRow {
  account_id: bigint
  after: bigint
  last: bigint
  opening: bigint
  closing: bigint
  total_in: string
}

function totals(merchantId: Sql, accountId: Sql): Sql {
  return sql`
    select coalesce(sum(e.amount) filter (where e.amount > 0), 0) as total_in from entries e
    where e.merchant_id = ${merchantId} and e.account_id = ${accountId}
  `
}

/** What came in by the entries that the first slice has not summed. */
async function sumFurther(
  context: Context,
  { merchant }: Tenant,
  { accountId, after, last }: Pick<Statement, 'accountId' | 'after' | 'last'>,
): Promise<bigint> {
  const summedAtOnce = BigInt(context.limits.rowsPerSlice)
  let sum = 0n
  for (let from = after + summedAtOnce; from < last; from += summedAtOnce) {
    const until = from + summedAtOnce < last ? from + summedAtOnce : last
    const [row] = await context.db.query<{ total_in: string }>(sql`
      ${totals(sql`${merchant.id}`, sql`${accountId}`)} and e.number > ${from} and e.number <= ${until}
    `)
    sum += BigInt(row?.total_in ?? 0)
  }
  return sum
}

/** There is no account until the customer has had the currency, so nothing is found under this number. */
const emptyStatement = {
  openingBalance: 0n,
  closingBalance: 0n,
  totalIn: 0n,
  totalOut: 0n,
  entryCount: 0,
  after: 0n,
  last: 0n,
  accountId: 0n,
}

/** The entries of a statement, oldest first: at most `limit` of those numbered above `after`. */
export async function readStatementEntries(
  context: Context,
  tenant: Tenant,
  statement: Pick<Statement, 'accountId' | 'last'>,
  page: { after: bigint; limit: number },
): Promise<StatementEntry[]> {
  const rows = await context.db.query<{
    number: bigint
    transaction_id: string
    kind: TransactionKind
    amount: bigint
    balance_after: bigint
    description: string | null
    created_at: Date
    original_kind: TransactionKind | null
    original_description: string | null
    original_created_at: Date | null
    other_name: string | null
    other_account: string | null
  }>(sql`
    select
      e.number, e.transaction_id, t.kind, e.amount, e.balance_after, t.description, e.created_at,
      o.kind as original_kind, o.description as original_description, o.created_at as original_created_at,
      coalesce(r.name, nullif(concat_ws(' ', nullif(c.first_name, ''), nullif(c.last_name, '')), '')) as other_name,
      r.account_number as other_account
    from entries e
    join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
    left join ledger_transactions o on o.merchant_id = t.merchant_id and o.id = t.reverses_id
    left join lateral (
      select s.name, s.account_number from payouts p
      join recipients s on s.merchant_id = p.merchant_id and s.id = p.recipient_id
      where t.kind = 'payout' and p.merchant_id = t.merchant_id and p.id = t.id
      limit 1
    ) r on true
    left join lateral (
      select s.first_name, s.last_name from ledger_accounts a
      join customers s on s.merchant_id = a.merchant_id and s.id = a.customer_id
      where t.kind = 'transfer' and a.merchant_id = t.merchant_id
        and a.id = case when t.from_account_id = e.account_id then t.to_account_id else t.from_account_id end
      limit 1
    ) c on true
    where e.merchant_id = ${tenant.merchant.id} and e.account_id = ${statement.accountId}
      and e.number > ${page.after} and e.number <= ${statement.last}
    order by e.number
    limit ${page.limit}
  `)
  return rows.map((row) => ({
    number: row.number,
    transactionId: row.transaction_id,
    kind: row.kind,
    amount: row.amount,
    balanceAfter: row.balance_after,
    description: row.description,
    gaveBack:
      row.original_kind === null || row.original_created_at === null
        ? null
        : { kind: row.original_kind, description: row.original_description, createdAt: row.original_created_at },
    other: row.other_name === null ? null : { name: row.other_name, account: row.other_account },
    createdAt: row.created_at,
  }))
}

const entriesPerRead = 1000

/** All entries of a statement, oldest first. They may be more than fit in memory. */
export async function* readAllEntries(
  context: Context,
  tenant: Tenant,
  statement: Statement,
): AsyncGenerator<StatementEntry> {
  for (let after = statement.after; after < statement.last; ) {
    const page = { after, limit: entriesPerRead }
    const entries = await largeRead(context, tenant, () => readStatementEntries(context, tenant, statement, page))
    yield* entries
    after = entries.at(-1)?.number ?? statement.last
  }
}
