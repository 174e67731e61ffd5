import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { findCustomer } from '../customers/customers.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import { readTenant, type Tenant, type TenantRow, tenantColumns } from '../merchants/tenant.ts'
import type { StepAnswer } from './charge-steps.ts'
import type { TypedCard, TypedPhone } from './instruments.ts'
import { refuseOtherChannel } from './page-channels.ts'
import { refuseDenied } from './payers.ts'
import { getPaymentIntent, type PaymentIntent } from './payment-intent-records.ts'
import { confirmPaymentIntent } from './payment-intents.ts'
import { type HostedPages, type PageChannel, type PaymentsContext, requireProcessor } from './payment-processor.ts'
import type { Payment } from './payment-records.ts'
import { getPayment, verifyPayment } from './payments.ts'
import { openProcessorPage } from './processor-pages.ts'
import { submitToIntent } from './submitting.ts'

/** A payment whose page a person has opened. The address of the page is the only secret. */
export interface OpenedPayment {
  tenant: Tenant
  payment: Payment
  intent: PaymentIntent
  pages: HostedPages
  /** It is paid on a page of the processor. */
  isElsewhere: boolean
}

/**
 * The payment as its page shows it now: about a payment under way the processor is asked first. Throws
 * `reference_not_found`, `not_available`.
 */
export async function openPaymentPage(context: PaymentsContext, accessCode: string): Promise<OpenedPayment> {
  const { tenant, reference } = await findPage(context, accessCode)
  const payment = await verifyPayment(context, tenant, reference)
  return openedBy(context, tenant, reference, await getPaymentIntent(context, tenant, payment.paymentIntentId))
}

/**
 * Pays on the page, once for an attempt, and saves the instrument when it has paid. A payment that is paid or under way is
 * not charged again. Throws `reference_not_found`, `payment_intent_not_open`, `invalid_request`, `customer_denied`,
 * `not_available`.
 */
export async function payOnPage(
  context: PaymentsContext,
  { accessCode, instrument }: { accessCode: string; instrument: TypedCard | TypedPhone },
  attempt: Attempt,
): Promise<OpenedPayment> {
  const { tenant, reference } = await findPage(context, accessCode)
  const { paymentIntentId, channels, customer } = await getPayment(context, tenant, { reference })
  refuseOtherChannel(channels, instrument)
  refuseDenied(await findCustomer(context, tenant, { code: customer.code }))
  const confirmation = { id: paymentIntentId, instrument, save: true, canAsk: true }
  const intent = await confirmPaymentIntent(context, tenant, confirmation, attempt)
  return openedBy(context, tenant, reference, intent)
}

/**
 * Gives the payer's answer to the question that the page shows. Throws `reference_not_found`, `not_available`, and
 * `invalid_request` for an answer that is not asked for.
 */
export async function answerOnPage(
  context: PaymentsContext,
  { accessCode, answer }: { accessCode: string; answer: StepAnswer },
): Promise<OpenedPayment> {
  const { tenant, reference } = await findPage(context, accessCode)
  const { paymentIntentId } = await getPayment(context, tenant, { reference })
  const intent = await submitToIntent(context, tenant, { id: paymentIntentId, answer })
  return openedBy(context, tenant, reference, intent)
}

async function openedBy(
  context: PaymentsContext,
  tenant: Tenant,
  reference: string,
  intent: PaymentIntent,
): Promise<OpenedPayment> {
  const { pages, openPage } = await requireProcessor(context, tenant)
  const payment = await getPayment(context, tenant, { reference })
  return { tenant, payment, intent, pages, isElsewhere: openPage !== null }
}

/** The address of the processor's page on which an opened payment is paid, from which the payer comes back to `callbackUrl`. */
export async function leadToPayment(
  context: PaymentsContext,
  { tenant, payment, intent }: OpenedPayment,
  callbackUrl: string,
): Promise<string | null> {
  const channels = payment.channels as PageChannel[] | null
  const page = await openProcessorPage(context, tenant, intent, { callbackUrl, channels: channels ?? undefined })
  return page?.url ?? null
}

/** Whose payment an access code opens. Throws `reference_not_found`. */
export async function findPage(context: Context, accessCode: string): Promise<{ tenant: Tenant; reference: string }> {
  const [row] = await context.db.query<TenantRow & { reference: string }>(sql`
    select pay.mode, pay.reference, ${tenantColumns}
    from payments pay
    join merchants m on m.id = pay.merchant_id
    join customers c on c.merchant_id = pay.merchant_id and c.id = pay.customer_id and c.deleted_at is null
    where pay.access_code = ${accessCode}
  `)
  if (row === undefined) throw new ServiceError('reference_not_found', 'There is no such payment page')
  return { tenant: readTenant(row), reference: row.reference }
}
