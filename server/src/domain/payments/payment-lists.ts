import type { Currency } from '../../base/money.ts'
import { type Page, type PageRequest, readPage } from '../../base/page.ts'
import { pageByNumber, pageOfMatches } from '../../db/numbered-lists.ts'
import { nothing, plannedAnew, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { summarizePayIns } from '../ledger/entries.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  hasStatus,
  type Payment,
  type PaymentRow,
  type PaymentStatus,
  paymentColumns,
  readPayment,
  withParts,
} from './payment-records.ts'

/** When payments were created. */
export interface PaymentPeriod {
  /** Created at this time or after it. */
  from?: Date | undefined
  /** Created before this time. */
  until?: Date | undefined
}

export interface PaymentFilter extends PaymentPeriod {
  /** Null for a status that no payment is ever in. */
  status?: PaymentStatus | null | undefined
  customerId?: bigint | undefined
  /** Only payments in one of these currencies. */
  currencies?: readonly Currency[] | undefined
  /** Only payments of exactly one of these amounts, in minor units. */
  amounts?: readonly { currency: Currency; amount: bigint }[] | undefined
}

/** How many payments of a currency succeeded, and their amounts added up. */
export interface PaymentTotal {
  currency: Currency
  count: number
  /** Minor units. */
  amount: bigint
}

/** Payments from `first` to `last`, counted in the order they were created. */
interface NumberWindow {
  first: bigint
  last: bigint
}

/**
 * Newest first. Payments are numbered, so without other filters than a period any page and the total are index
 * look-ups.
 */
export async function listPayments(
  context: Context,
  tenant: Tenant,
  filter: PaymentFilter,
  page: PageRequest,
): Promise<Page<Payment>> {
  const window = await findWindow(context, tenant, filter)
  const { total, rows } = isFiltered(filter)
    ? pageOfMatches(matchesOf(tenant, window, filter), page)
    : pageByNumber(wholeWindow(window), tenant, page)
  const statement = sql`
    select t.total, ${paymentColumns}
    from (${total}) t
    left join (${rows}) pay on true
    ${withParts}
    order by pay.number desc
  `
  const found = await context.db.query<PaymentRow & { total: bigint }>(plannedFor(filter, statement))
  return readPage(found, readPayment)
}

/** Which index finds the fewest rows depends on the filter, so a filtered list is planned anew each time. */
function plannedFor(filter: PaymentFilter, statement: Sql): Sql {
  return isFiltered(filter) ? plannedAnew(statement) : statement
}

function isFiltered({ status, customerId, currencies, amounts }: PaymentFilter): boolean {
  return [status, customerId, currencies, amounts].some((each) => each !== undefined)
}

function wholeWindow({ first, last }: NumberWindow) {
  return { table: sql`payments`, first: sql`${first}::bigint`, last: sql`${last}::bigint` }
}

/** With `n` for the payments. */
function matchesOf({ merchant, mode }: Tenant, window: NumberWindow, filter: PaymentFilter): Sql {
  const { status, customerId, currencies, amounts } = filter
  return sql`
    from payments n
    where n.merchant_id = ${merchant.id} and n.mode = ${mode} and n.number between ${window.first} and ${window.last}
      ${customerId === undefined ? nothing : sql`and n.customer_id = ${customerId}`}
      ${currencies === undefined ? nothing : sql`and n.currency = any(${currencies})`}
      ${amounts === undefined ? nothing : isOneOf(amounts)}
      ${status === undefined ? nothing : sql`and ${hasStatus(sql`n`, status)}`}
  `
}

function isOneOf(amounts: readonly { currency: Currency; amount: bigint }[]): Sql {
  return sql`and exists (
    select from unnest(
      ${amounts.map(({ currency }) => currency)}::text[], ${amounts.map(({ amount }) => amount)}::bigint[]
    ) as w (currency, amount)
    where w.currency = n.currency and w.amount = n.amount
  )`
}

/** One step of a walk by cursor, newest first: the payments just before or just after a known one. */
export async function walkPayments(
  context: Context,
  tenant: Tenant,
  filter: PaymentFilter,
  step: { limit: number; olderThan?: bigint; newerThan?: bigint },
): Promise<{ items: Payment[]; hasNewer: boolean; hasOlder: boolean }> {
  const window = await findWindow(context, tenant, filter)
  const backwards = step.newerThan !== undefined
  const statement = sql`
    select ${paymentColumns}
    from (
      select n.* ${matchesOf(tenant, window, filter)}
        ${step.olderThan === undefined ? nothing : sql`and n.number < ${numberOf(tenant, step.olderThan)}`}
        ${step.newerThan === undefined ? nothing : sql`and n.number > ${numberOf(tenant, step.newerThan)}`}
      order by ${backwards ? sql`n.number asc` : sql`n.number desc`}
      limit ${step.limit + 1}
    ) pay
    ${withParts}
    order by ${backwards ? sql`pay.number asc` : sql`pay.number desc`}
  `
  const rows = await context.db.query<PaymentRow>(plannedFor(filter, statement))
  const more = rows.length > step.limit
  const items = rows.slice(0, step.limit).map(readPayment)
  if (backwards) items.reverse()
  return { items, hasNewer: backwards ? more : step.olderThan !== undefined, hasOlder: backwards ? true : more }
}

function numberOf({ merchant, mode }: Tenant, id: bigint): Sql {
  return sql`(
    select k.number from payments k where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.id = ${id}
  )`
}

/**
 * The totals of the payments that succeeded, also if they were reversed later. For all payments of a tenant the totals
 * are looked up; for some payments they are summed.
 */
export async function totalPayments(
  context: Context,
  tenant: Tenant,
  filter: PaymentFilter = {},
): Promise<PaymentTotal[]> {
  const { merchant, mode } = tenant
  const isWhole = !isFiltered(filter) && filter.from === undefined && filter.until === undefined
  const rows = await context.db.query<TotalRow>(
    isWhole
      ? sql`
          select k.currency, k.succeeded_count as count, k.succeeded_amount as amount from payment_totals k
          where k.merchant_id = ${merchant.id} and k.mode = ${mode}
          order by k.currency
        `
      : sql`
          select n.currency, count(*) as count, sum(n.amount) as amount
          ${matchesOf(tenant, await findWindow(context, tenant, filter), filter)} and n.paid_at is not null
          group by n.currency
          order by n.currency
        `,
  )
  return rows.map(readTotal)
}

interface TotalRow {
  currency: Currency
  count: bigint
  amount: string
}

function readTotal({ currency, count, amount }: TotalRow): PaymentTotal {
  return { currency, count: Number(count), amount: BigInt(amount) }
}

/** How much a customer has paid so far: to the merchant by payments, and into their own balance in any way. */
export async function summarizePaid(context: Context, tenant: Tenant, customerId: bigint): Promise<PaymentTotal[]> {
  const [payIns, payments] = await Promise.all([
    summarizePayIns(context, tenant, customerId),
    summarizePayments(context, tenant, customerId),
  ])
  const byCurrency = new Map<Currency, PaymentTotal>()
  for (const { currency, count, amount } of [...payIns, ...payments]) {
    const other = byCurrency.get(currency)
    byCurrency.set(currency, { currency, count: count + (other?.count ?? 0), amount: amount + (other?.amount ?? 0n) })
  }
  return [...byCurrency.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1))
}

async function summarizePayments(context: Context, { merchant }: Tenant, customerId: bigint): Promise<PaymentTotal[]> {
  const rows = await context.db.query<TotalRow>(sql`
    select pay.currency, count(*) as count, sum(pay.amount) as amount from payments pay
    where pay.merchant_id = ${merchant.id} and pay.customer_id = ${customerId}
      and pay.paid_at is not null and pay.purpose = 'payment'
    group by pay.currency
  `)
  return rows.map(readTotal)
}

/** Payments are numbered in the order of their creation times, so a period is a window of numbers. */
async function findWindow(context: Context, tenant: Tenant, { from, until }: PaymentPeriod): Promise<NumberWindow> {
  const bound = (condition: Sql, order: Sql) => sql`(
    select pay.number from payments pay
    where pay.merchant_id = k.merchant_id and pay.mode = k.mode and ${condition}
    order by ${order}
    limit 1
  )`
  const first = from && bound(sql`pay.created_at >= ${from}`, sql`pay.created_at, pay.number`)
  const last = until && bound(sql`pay.created_at < ${until}`, sql`pay.created_at desc, pay.number desc`)
  const [row] = await context.db.query<{ first: bigint | null; last: bigint | null }>(sql`
    select ${first ?? sql`1::bigint`} as first, ${last ?? sql`k.payment_count`} as last
    from payment_numbers k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
  `)
  const nobody = { first: 1n, last: 0n }
  if (row === undefined || row.first === null || row.last === null) return nobody
  return row.last < row.first ? nobody : { first: row.first, last: row.last }
}
