import type { Context } from '../../domain/context.ts'
import type { KeyHolder } from '../../domain/merchants/key-holders.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { largeRead } from '../../domain/merchants/turns.ts'
import { type PaymentFilter, walkPayments } from '../../domain/payments/payment-lists.ts'
import { type Payment, snapshotPayment } from '../../domain/payments/payment-records.ts'
import { csvText } from '../http/csv.ts'
import { openLink, sealLink } from './export-links.ts'
import { renderTransactionRow } from './render-transaction.ts'
import { nobodys, readFilter, type TransactionQuery } from './transaction-filter.ts'

/** A query for an export. `nobodys` asks for transactions that nobody has. */
interface ExportQuery extends TransactionQuery {
  nobodys?: boolean | undefined
}

const pageSize = 500

export function sealExport(context: Context, holder: KeyHolder, query: ExportQuery) {
  return sealLink(context, holder, 'transaction', query)
}

/** What `openLink` answers, and throws. */
export async function openExport(context: Context, text: string) {
  const { tenant, query: asked, isKeyActive } = await openLink<ExportQuery>(context, 'transaction', text)
  const { nobodys: asksNobody, ...query } = asked
  const filter: PaymentFilter = { ...readFilter(tenant, query), ...(asksNobody ? nobodys : {}) }
  return { tenant, filter, isKeyActive }
}

const columns = [
  'id',
  'reference',
  'status',
  'currency',
  'amount',
  'fees',
  'channel',
  'gateway_response',
  'created_at',
  'paid_at',
  'customer_code',
  'customer_email',
] as const

/** The transactions as CSV, newest first, made while they are sent. Amounts are hundredths, as everywhere on this surface. */
export async function* writeTransactions(
  context: Context,
  tenant: Tenant,
  filter: PaymentFilter,
): AsyncGenerator<string> {
  yield `${columns.join(',')}\n`
  for (let olderThan: bigint | undefined; ; ) {
    const step = { limit: pageSize, ...(olderThan === undefined ? {} : { olderThan }) }
    const { items, hasOlder } = await largeRead(context, tenant, () => walkPayments(context, tenant, filter, step))
    yield items.map(writeLine).join('')
    olderThan = items.at(-1)?.id
    if (!hasOlder || olderThan === undefined) return
  }
}

function writeLine(payment: Payment): string {
  const { customer, ...row } = renderTransactionRow(snapshotPayment(payment))
  const cells = { ...row, customer_code: customer.customer_code, customer_email: customer.email }
  return `${columns.map((name) => csvText(String(cells[name] ?? ''))).join(',')}\n`
}
