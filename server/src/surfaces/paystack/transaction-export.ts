import type { Context } from '../../domain/context.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { type PaymentFilter, walkPayments } from '../../domain/payments/payment-lists.ts'
import { type Payment, snapshotPayment } from '../../domain/payments/payment-records.ts'
import { writeCsv } from './exports.ts'
import { renderTransactionRow } from './render-transaction.ts'
import { nobodys, readFilter, type TransactionQuery } from './transaction-filter.ts'

/** A query for an export. `nobodys` asks for transactions that nobody has. */
export interface ExportQuery extends TransactionQuery {
  nobodys?: boolean | undefined
}

export function readExportFilter(tenant: Tenant, { nobodys: asksNobody, ...query }: ExportQuery): PaymentFilter {
  return { ...readFilter(tenant, query), ...(asksNobody ? nobodys : {}) }
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
export function writeTransactions(context: Context, tenant: Tenant, filter: PaymentFilter): AsyncGenerator<string> {
  return writeCsv<Payment>(context, tenant, {
    columns,
    read: (step) => walkPayments(context, tenant, filter, step),
    cellsOf: (payment) => {
      const { customer, ...row } = renderTransactionRow(snapshotPayment(payment))
      const cells = { ...row, customer_code: customer.customer_code, customer_email: customer.email }
      return columns.map((name) => cells[name])
    },
    idOf: ({ id }) => id,
  })
}
