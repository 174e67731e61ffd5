import { ServiceError } from '../../base/errors.ts'
import type { Context } from '../../domain/context.ts'
import { isKeyActive, type KeyHolder } from '../../domain/merchants/key-holders.ts'
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

/** The contents of a link: whose transactions it answers, until when, and the key whose holder made it. */
interface Link {
  merchant: number
  mode: Mode
  query: ExportQuery
  /** Null for a caller without a key. Missing in a link of the release before. */
  apiKeyId?: string | null
  /** Milliseconds since 1970. */
  expiresAt: number
}

/** For how long a link can be followed. A download that has begun is not cut off then. */
const lifetimeMs = 60_000
const purpose = 'transaction export'
const pageSize = 500

/**
 * A text that opens the transactions of a query for a minute, or until the key of the caller is revoked, for anybody who has
 * it. It is sealed with the server's key: nothing is stored, nobody can change it, and any server of the installation opens it.
 */
export function sealExport({ vault, clock }: Context, { tenant, apiKeyId }: KeyHolder, query: ExportQuery) {
  const expiresAt = clock.now().getTime() + lifetimeMs
  const link: Link = { merchant: tenant.merchant.id, mode: tenant.mode, query, apiKeyId, expiresAt }
  return { link: vault.sealText(JSON.stringify(link), purpose), expiresAt: new Date(expiresAt) }
}

/**
 * The transactions that a link opens, and whether it still opens them. Throws `not_found` for a link that this server never
 * made, that has expired, or whose key has ended.
 */
export async function openExport(
  context: Context,
  text: string,
): Promise<{ tenant: Tenant; filter: PaymentFilter; isKeyActive: () => Promise<boolean> }> {
  const link = readLink(context, text)
  if (link === null) throw new ServiceError('not_found', 'There is no such export; ask for /transaction/export')
  if (link.expiresAt < context.clock.now().getTime()) {
    const message = 'The link to the export has expired: it is good for 60 seconds; ask for /transaction/export again'
    throw new ServiceError('not_found', message)
  }
  const { merchant: merchantId, apiKeyId = null } = link
  const isActive = async () => apiKeyId === null || (await isKeyActive(context, merchantId, apiKeyId))
  if (!(await isActive())) {
    const message = 'The key that asked for this export was revoked or has expired; ask for /transaction/export again'
    throw new ServiceError('not_found', message)
  }
  const tenant = { merchant: await getMerchant(context, String(merchantId)), mode: link.mode }
  const { nobodys: asksNobody, ...query } = link.query
  const filter = { ...readFilter(tenant, query), ...(asksNobody ? nobodys : {}) }
  return { tenant, filter, isKeyActive: isActive }
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
