import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import { findCustomer, lockCustomer } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { type DueRow, type DueTask, doDue } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { mandateDetails } from './mandates.ts'
import { type PaymentMethodRow, paymentMethodColumns, readPaymentMethod } from './payment-methods.ts'
import { type PaymentsContext, requireProcessor } from './payment-processor.ts'

interface DueMandate {
  reference: string
  bank_code: string | null
  authorized_at: Date
}

const dueMandates: DueTask<PaymentsContext, DueMandate> = {
  name: 'mandates',
  table: sql`mandates`,
  dueAt: sql`activates_at`,
  open: sql`d.status = 'pending'`,
  columns: sql`d.reference, d.bank_code, d.authorized_at`,
  work: askAboutMandate,
}

/**
 * Asks about every pending mandate that is due, and answers how many were asked about. A mandate to which the bank has
 * agreed is activated.
 */
export function activateDueMandates(context: PaymentsContext): Promise<number> {
  return doDue(context, dueMandates)
}

/**
 * A bank that has not agreed yet is asked again after as long again as it has taken so far, at most after this time.
 */
const maxWaitMs = 60 * 60 * 1000

async function askAboutMandate(context: PaymentsContext, mandate: DueMandate & DueRow): Promise<void> {
  const { tenant, id, reference, bank_code: bankCode, authorized_at: authorizedAt } = mandate
  const processor = await requireProcessor(context, tenant, { sentBy: 0n })
  const answer = await processor.askMandate(tenant, { reference, bankCode })
  if (answer === 'active') return inTransaction(context, (tx) => activateMandate(tx, tenant, id))
  const now = context.clock.now().getTime()
  const waitMs = Math.min(Math.max(now - authorizedAt.getTime(), processor.mandateCheckMs), maxWaitMs)
  await context.db.query(sql`
    update mandates set activates_at = ${new Date(now + waitMs)}, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending'
  `)
}

async function activateMandate(tx: TxContext, tenant: Tenant, id: bigint): Promise<void> {
  const now = tx.clock.now()
  const [row] = await tx.db.query<{
    customer_id: bigint
    payment_method_id: bigint
    reference: string
    authorized_at: Date
  }>(sql`
    update mandates set status = 'active', updated_at = ${now}
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'pending'
    returning customer_id, payment_method_id, reference, authorized_at
  `)
  if (row === undefined) return
  const [method] = await tx.db.query<PaymentMethodRow>(sql`
    update payment_methods p set active = true, updated_at = ${now}
    where p.merchant_id = ${tenant.merchant.id} and p.id = ${row.payment_method_id} and p.deactivated_at is null
    returning ${paymentMethodColumns}
  `)
  if (method === undefined) return
  const customer = await lockCustomer(tx, tenant, { id: row.customer_id })
  const details = mandateDetails(tenant, row.reference, readPaymentMethod(method), row.authorized_at)
  await recordEvent(tx, tenant, { type: 'mandate.active', customer, details })
}

/** Has the bank asked at once about every pending mandate of the given customers. Throws `customer_not_found`. */
export async function hastenMandatesOf(
  context: Context,
  tenant: Tenant,
  customerIds: readonly bigint[],
): Promise<void> {
  const now = context.clock.now()
  await inTransaction(context, async (tx) => {
    const ids = [...new Set(customerIds)].sort((a, b) => (a < b ? -1 : 1))
    for (const id of ids) await lockCustomer(tx, tenant, { id })
    await tx.db.query(sql`
      update mandates set activates_at = least(activates_at, ${now}::timestamptz), updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and customer_id = any(${ids}::bigint[]) and status = 'pending'
    `)
  })
}

/**
 * Has the bank asked at once about the mandate of the given payment method, if it is pending. Throws
 * `customer_not_found`. Throws `mandate_not_found` for a payment method without a mandate, or with a revoked mandate.
 */
export async function hastenMandate(
  context: Context,
  tenant: Tenant,
  { customerId, paymentMethodId }: { customerId: bigint; paymentMethodId: bigint },
): Promise<void> {
  const customer = await findCustomer(context, tenant, { id: customerId })
  const now = context.clock.now()
  const rows = await context.db.query(sql`
    update mandates set
      activates_at = case when status = 'pending' then least(activates_at, ${now}::timestamptz) else activates_at end,
      updated_at = ${now}::timestamptz
    where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id}
      and payment_method_id = ${paymentMethodId} and status <> 'revoked'
    returning id
  `)
  if (rows.length === 0) {
    throw new ServiceError('mandate_not_found', `The customer has no mandate for authorization ${paymentMethodId}`)
  }
}
