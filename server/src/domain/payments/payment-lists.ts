import type { Currency } from '../../base/money.ts'
import type { Page } from '../../base/page.ts'
import { nothing, plannedAnew, type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { summarizePayIns } from '../ledger/entries.ts'
import type { Tenant } from '../merchants/tenant.ts'
import {
  type Payment,
  type PaymentRow,
  type PaymentStatus,
  paymentColumns,
  readPayment,
  withParts,
} from './payment-records.ts'

/** When transactions were created. */
export interface PaymentPeriod {
  /** At or after. */
  from?: Date | undefined
  /** At or before. */
  to?: Date | undefined
}

export interface PaymentFilter extends PaymentPeriod {
  /** Null for one that no transaction is ever in. */
  status?: PaymentStatus | null | undefined
  customerId?: bigint | undefined
  /** Minor units, exactly. */
  amount?: bigint | undefined
}

/** What transactions that succeeded come to, in each currency. */
export interface PaymentTotals {
  count: number
  volumes: { currency: Currency; amount: bigint }[]
}

/** Transactions from `first` to `last`, counted in the order they were created. */
interface NumberWindow {
  first: bigint
  last: bigint
}

/** Newest first. They are numbered, so without other filters than a period any page and the total are index look-ups. */
export async function listPayments(
  context: Context,
  tenant: Tenant,
  filter: PaymentFilter,
  page: { limit: number; offset: number },
): Promise<Page<Payment>> {
  const window = await findWindow(context, tenant, filter)
  const matches = isFiltered(filter) ? pageOfMatches(tenant, window, filter, page) : pageOfWindow(tenant, window, page)
  const statement = sql`
    select n.total, ${paymentColumns}
    from (${matches.total}) n
    left join (${matches.transactions}) t on true
    ${withParts}
    order by t.number desc
  `
  // Which index finds few depends on what is asked for.
  const rows = await context.db.query<PaymentRow & { total: bigint }>(
    isFiltered(filter) ? plannedAnew(statement) : statement,
  )
  const items = rows.filter((row) => row.id !== null).map(readPayment)
  return { items, total: Number(rows[0]?.total ?? 0) }
}

function isFiltered({ status, customerId, amount }: PaymentFilter): boolean {
  return status !== undefined || customerId !== undefined || amount !== undefined
}

function pageOfWindow({ merchant, mode }: Tenant, window: NumberWindow, page: { limit: number; offset: number }) {
  const newest = window.last - BigInt(page.offset)
  return {
    total: sql`select ${window.last - window.first + 1n}::bigint as total`,
    transactions: sql`
      select w.* from transactions w
      where w.merchant_id = ${merchant.id} and w.mode = ${mode}
        and w.number >= ${window.first} and w.number <= ${newest} and w.number > ${newest - BigInt(page.limit)}
    `,
  }
}

function pageOfMatches(
  tenant: Tenant,
  window: NumberWindow,
  filter: PaymentFilter,
  page: { limit: number; offset: number },
) {
  const matching = matchesOf(tenant, window, filter)
  return {
    total: sql`select count(*) as total ${matching}`,
    transactions: sql`select t.* ${matching} order by t.number desc limit ${page.limit} offset ${page.offset}`,
  }
}

function matchesOf({ merchant, mode }: Tenant, window: NumberWindow, filter: PaymentFilter): Sql {
  const { status, customerId, amount } = filter
  return sql`
    from transactions t
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.number between ${window.first} and ${window.last}
      ${customerId === undefined ? nothing : sql`and t.customer_id = ${customerId}`}
      ${amount === undefined ? nothing : sql`and t.amount = ${amount}`}
      ${status === undefined ? nothing : sql`and t.status = ${status}`}
  `
}

/** One step of a walk by cursor, newest first: the transactions just before or just after a known one. */
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
      select t.* ${matchesOf(tenant, window, filter)}
        ${step.olderThan === undefined ? nothing : sql`and t.number < ${numberOf(tenant, step.olderThan)}`}
        ${step.newerThan === undefined ? nothing : sql`and t.number > ${numberOf(tenant, step.newerThan)}`}
      order by ${backwards ? sql`t.number asc` : sql`t.number desc`}
      limit ${step.limit + 1}
    ) t
    ${withParts}
    order by ${backwards ? sql`t.number asc` : sql`t.number desc`}
  `
  const rows = await context.db.query<PaymentRow>(isFiltered(filter) ? plannedAnew(statement) : statement)
  const more = rows.length > step.limit
  const items = rows.slice(0, step.limit).map(readPayment)
  if (backwards) items.reverse()
  return { items, hasNewer: backwards ? more : step.olderThan !== undefined, hasOlder: backwards ? true : more }
}

function numberOf({ merchant, mode }: Tenant, id: bigint): Sql {
  return sql`(
    select k.number from transactions k where k.merchant_id = ${merchant.id} and k.mode = ${mode} and k.id = ${id}
  )`
}

/**
 * Of those that succeeded, also if they were reversed later. Looked up where all of a tenant are meant; of some, they are
 * summed.
 */
export async function totalPayments(
  context: Context,
  tenant: Tenant,
  filter: PaymentFilter = {},
): Promise<PaymentTotals> {
  const { merchant, mode } = tenant
  const isWhole = !isFiltered(filter) && filter.from === undefined && filter.to === undefined
  const rows = await context.db.query<{ currency: Currency; count: bigint; amount: string }>(
    isWhole
      ? sql`
          select k.currency, k.succeeded_count as count, k.succeeded_amount as amount from transaction_totals k
          where k.merchant_id = ${merchant.id} and k.mode = ${mode}
          order by k.currency
        `
      : sql`
          select t.currency, count(*) as count, sum(t.amount) as amount
          ${matchesOf(tenant, await findWindow(context, tenant, filter), filter)} and t.paid_at is not null
          group by t.currency
          order by t.currency
        `,
  )
  return {
    count: rows.reduce((count, row) => count + Number(row.count), 0),
    volumes: rows.map(({ currency, amount }) => ({ currency, amount: BigInt(amount) })),
  }
}

/** What a customer has paid so far: the merchant by transactions, and into their own balance in any way. */
export async function summarizePaid(context: Context, tenant: Tenant, customerId: bigint): Promise<PaymentTotals> {
  const [payIns, payments] = await Promise.all([
    summarizePayIns(context, tenant, customerId),
    summarizePayments(context, tenant, customerId),
  ])
  const byCurrency = new Map<Currency, bigint>()
  for (const { currency, amount } of [...payIns.totals, ...payments.totals]) {
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0n) + amount)
  }
  const volumes = [...byCurrency].map(([currency, amount]) => ({ currency, amount }))
  volumes.sort((a, b) => (a.currency < b.currency ? -1 : 1))
  return { count: payIns.count + payments.count, volumes }
}

async function summarizePayments(context: Context, { merchant }: Tenant, customerId: bigint) {
  const rows = await context.db.query<{ currency: Currency; count: bigint; amount: string }>(sql`
    select t.currency, count(*) as count, sum(t.amount) as amount from transactions t
    where t.merchant_id = ${merchant.id} and t.customer_id = ${customerId}
      and t.paid_at is not null and t.purpose = 'payment'
    group by t.currency
  `)
  const totals = rows.map(({ currency, amount }) => ({ currency, amount: BigInt(amount) }))
  return { count: rows.reduce((count, row) => count + Number(row.count), 0), totals }
}

/** Transactions are numbered in the order of their creation times, so a period is a window of numbers. */
async function findWindow(context: Context, tenant: Tenant, { from, to }: PaymentPeriod): Promise<NumberWindow> {
  const bound = (condition: Sql, order: Sql) => sql`(
    select t.number from transactions t
    where t.merchant_id = k.merchant_id and t.mode = k.mode and ${condition}
    order by ${order}
    limit 1
  )`
  const first = from && bound(sql`t.created_at >= ${from}`, sql`t.created_at, t.number`)
  const last = to && bound(sql`t.created_at <= ${to}`, sql`t.created_at desc, t.number desc`)
  const [row] = await context.db.query<{ first: bigint | null; last: bigint | null }>(sql`
    select ${first ?? sql`1::bigint`} as first, ${last ?? sql`k.transaction_count`} as last
    from payment_counters k
    where k.merchant_id = ${tenant.merchant.id} and k.mode = ${tenant.mode}
  `)
  const nobody = { first: 1n, last: 0n }
  if (row === undefined || row.first === null || row.last === null) return nobody
  return row.last < row.first ? nobody : { first: row.first, last: row.last }
}
