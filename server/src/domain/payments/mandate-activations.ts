import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import { findCustomer, lockCustomer, normalizeEmail } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { type DueTask, doDue, type Places } from '../merchants/due.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { getMandate, type Mandate, mandateDetails } from './mandates.ts'
import { addPaymentMethod, type PaymentMethodRow, paymentMethodColumns, readPaymentMethod } from './payment-methods.ts'
import { type MandateState, type PaymentsContext, requireProcessor } from './payment-processor.ts'

/** The mandates that are asked about, as a condition of their rows `d`. */
export const mandatesAskedAbout = sql`d.activates_at is not null and d.status in ('requested', 'pending')`

const dueMandates: DueTask<PaymentsContext, { reference: string }> = {
  name: 'mandates',
  table: sql`mandates`,
  dueAt: sql`activates_at`,
  open: mandatesAskedAbout,
  columns: sql`d.reference`,
  work: async (context, { tenant, reference }) =>
    askAboutMandate(context, tenant, await getMandate(context, tenant, reference)),
}

/**
 * Asks about every mandate that is due, and answers how many were asked about. A mandate to which the customer has agreed at a
 * processor is saved, and one to which the bank has agreed is activated.
 */
export function activateDueMandates(context: PaymentsContext, places?: Places): Promise<number> {
  return doDue(context, dueMandates, places)
}

/**
 * A mandate to which nobody has agreed yet is asked about again after as long again as it has taken so far, at most after this
 * time.
 */
const maxWaitMs = 60 * 60 * 1000
const dayMs = 24 * 60 * 60 * 1000
/** A mandate to which the customer has not agreed, or their bank, is not asked about by itself any more after this time. */
const patienceMs = { requested: 3 * dayMs, pending: 30 * dayMs }

/** Asks the processor about a mandate, and brings it to where it is. Throws `not_available`, `UpstreamError`. */
export async function askAboutMandate(context: PaymentsContext, tenant: Tenant, mandate: Mandate): Promise<void> {
  const { id, accountId, reference, page, bankCode, authorizedAt, createdAt } = mandate
  const processor = await requireProcessor(context, tenant, { sentBy: accountId })
  const state = await processor.askMandate(tenant, { reference: page?.reference ?? reference, bankCode })
  if (state.status !== 'requested') {
    await inTransaction(context, async (tx) => {
      if (mandate.status === 'requested') await saveAgreed(tx, tenant, mandate, state)
      if (state.status === 'active') await activateMandate(tx, tenant, id)
    })
  }
  if (state.status === 'active') return
  const now = context.clock.now().getTime()
  const waitedMs = now - (authorizedAt ?? createdAt).getTime()
  const isOver = waitedMs > patienceMs[state.status]
  const waitMs = Math.min(Math.max(waitedMs, processor.mandateCheckMs), maxWaitMs)
  await context.db.query(sql`
    update mandates set activates_at = ${isOver ? null : new Date(now + waitMs)}::timestamptz, attempts = 0
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status in ('requested', 'pending')
  `)
}

/** Saves the mandate to which a customer has agreed at a processor, once. It can be charged when the bank agrees. */
async function saveAgreed(
  tx: TxContext,
  tenant: Tenant,
  { id, customerId, reference, last4 }: Mandate,
  { token, bank }: Exclude<MandateState, { status: 'requested' }>,
): Promise<void> {
  const now = tx.clock.now()
  const [row] = await tx.db.query(sql`
    select from mandates
    where merchant_id = ${tenant.merchant.id} and id = ${id} and status = 'requested'
    for update
  `)
  if (row === undefined) return
  const customer = await lockCustomer(tx, tenant, { id: customerId })
  const method = await addPaymentMethod(tx, tenant, customer, {
    type: 'direct_debit',
    provider: 'paystack',
    bank: bank ?? null,
    country: tenant.merchant.country,
    last4,
    token,
    reusable: true,
    active: false,
  })
  await tx.db.query(sql`
    update mandates set
      status = 'pending', payment_method_id = ${method.id}, authorized_at = ${now}, activates_at = ${now},
      updated_at = ${now}
    where merchant_id = ${tenant.merchant.id} and id = ${id}
  `)
  await recordEvent(tx, tenant, {
    type: 'mandate.created',
    customer,
    details: mandateDetails(tenant, reference, method, now),
  })
}

/**
 * Takes the message of an account that a customer has agreed to a mandate, or their bank. The message is not believed: the account is
 * asked about all open requests of this e-mail, because not every message names its request.
 */
export async function takeMandateNotice(context: Context, { merchant, mode }: Tenant, email: string): Promise<void> {
  await context.db.query(sql`
    update mandates d set activates_at = ${context.clock.now()}
    from customers c
    where d.merchant_id = ${merchant.id} and d.mode = ${mode} and d.page_url is not null
      and d.status in ('requested', 'pending')
      and c.merchant_id = d.merchant_id and c.id = d.customer_id and c.email = ${normalizeEmail(email)}
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
