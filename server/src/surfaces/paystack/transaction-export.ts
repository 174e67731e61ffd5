import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import { getMerchant } from '../../domain/merchants/merchants.ts'
import type { Mode, Tenant } from '../../domain/merchants/tenant.ts'
import { largeRead } from '../../domain/merchants/turns.ts'
import { type PaymentFilter, walkPayments } from '../../domain/payments/payment-lists.ts'
import { type Payment, snapshotPayment } from '../../domain/payments/payment-records.ts'
import { csvText } from '../http/csv.ts'
import { renderTransactionRow } from './render-transaction.ts'
import { nobodys, readFilter, type TransactionQuery } from './transaction-filter.ts'

/** A query for an export. `nobodys` asks for transactions that nobody has. */
interface ExportQuery extends TransactionQuery {
  nobodys?: boolean | undefined
}

/** The contents of a link: whose transactions it answers, and until when. */
interface Link {
  merchant: number
  mode: Mode
  query: ExportQuery
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** For how long a link can be followed. A download that has begun is not cut off. */
const lifetimeMs = 60_000
const purpose = 'transaction export'
const pageSize = 500

/**
 * A text that opens the transactions of a query for a minute, for anybody who has it. It is sealed with the server's
 * key: nothing is stored, nobody can change it, and any server of the installation opens it.
 */
export function sealExport({ vault, clock }: Context, { merchant, mode }: Tenant, query: ExportQuery) {
  const expiresAt = clock.now().getTime() + lifetimeMs
  const link: Link = { merchant: merchant.id, mode, query, expiresAt }
  return { link: vault.sealText(JSON.stringify(link), purpose), expiresAt: new Date(expiresAt) }
}

/** The transactions that a link opens. Throws `not_found` for a link that this server never made or that has expired. */
export async function openExport(context: Context, text: string): Promise<{ tenant: Tenant; filter: PaymentFilter }> {
  const link = readLink(context, text)
  if (link === null) throw new ServiceError('not_found', 'There is no such export; ask for /transaction/export')
  if (link.expiresAt < context.clock.now().getTime()) {
    const message = 'The link to the export has expired: it is good for 60 seconds; ask for /transaction/export again'
    throw new ServiceError('not_found', message)
  }
  const tenant = { merchant: await getMerchant(context, String(link.merchant)), mode: link.mode }
  const { nobodys: asksNobody, ...query } = link.query
  return { tenant, filter: { ...readFilter(tenant, query), ...(asksNobody ? nobodys : {}) } }
}

function readLink({ vault }: Context, text: string): Link | null {
  try {
    return JSON.parse(vault.openText(text, purpose)) as Link
  } catch {
    // Not sealed by this key: the caller refuses it.
    return null
  }
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
