import { ServiceError } from '../../base/errors.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { sql } from '../../db/sql.ts'
import { findCustomer } from '../customers/customers.ts'
import { refuseClosed, type Tenant } from '../merchants/tenant.ts'
import { notOpen } from './charging.ts'
import { emailOfPayer, refuseDenied } from './payers.ts'
import { getPaymentIntent, type PaymentIntent, uuidOfIntent } from './payment-intent-records.ts'
import {
  type PageChannel,
  type PageCharge,
  type PaymentsContext,
  type ProcessorPage,
  requireProcessor,
} from './payment-processor.ts'
import type { Payment } from './payment-records.ts'
import { pageReference } from './sent-charges.ts'
import { cancelIntent, openStatuses } from './settling.ts'

/** Where the payer comes back to, and how the page may be paid. */
export type PageWishes = Pick<PageCharge, 'callbackUrl' | 'channels'>

/**
 * The page of the tenant's processor on which an intent is paid; null where payers pay on pages of this service. The same page
 * until something has come of it. Throws `payment_intent_not_open`, `customer_denied`, `invalid_request` for a payer without an
 * e-mail and for a payment that the processor refuses, and `UpstreamError` where it cannot be asked.
 */
export async function openProcessorPage(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
  wishes: PageWishes,
): Promise<ProcessorPage | null> {
  const processor = await requireProcessor(context, tenant)
  if (processor.openPage === null) return null
  refuseClosed(tenant.merchant)
  if (!openStatuses.includes(intent.status) || intent.expiresAt <= context.clock.now()) throw notOpen(intent)
  if (intent.customerCode !== null) {
    refuseDenied(await findCustomer(context, tenant, { code: intent.customerCode }))
  }
  const email = await emailOfPayer(context, tenant, intent)
  if (email === null) throw noEmail()
  // First, so that whoever looks at the intent from now on looks at its page, too.
  await context.db.query(sql`
    update payment_intents set account_id = ${processor.accountId}
    where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent)} and status <> 'processing'
      and account_id <> ${processor.accountId}
  `)
  const { amount, currency } = intent
  return processor.openPage(tenant, {
    ...wishes,
    reference: pageReference(intent),
    amount,
    currency,
    email,
  })
}

/**
 * The same for a payment that is being made. Null as well where the processor cannot be asked now: it is asked when the payer
 * comes to this service's page. A payment that it refuses is given up, and the refusal is thrown.
 */
export async function openPageAtOnce(
  context: PaymentsContext,
  tenant: Tenant,
  { paymentIntentId, channels }: Payment,
  callbackUrl: string,
): Promise<ProcessorPage | null> {
  const intent = await getPaymentIntent(context, tenant, paymentIntentId)
  const wishes = { callbackUrl, channels: (channels as PageChannel[] | null) ?? undefined }
  try {
    return await openProcessorPage(context, tenant, intent, wishes)
  } catch (error) {
    if (error instanceof UpstreamError) return null
    if (!(error instanceof ServiceError)) throw error
    // A repeated request, and the payer was faster: the page of this service says so.
    if (error.code === 'payment_intent_not_open') return null
    if (error.code === 'invalid_request') {
      await cancelIntent(context, tenant, intent, { from: openStatuses, reason: error.message })
    }
    throw error
  }
}

/** The refusal of a payment whose payer the processor could not know. */
export function noEmail(): ServiceError {
  const message =
    'The payment processor knows payers by their e-mail: name a customer who has one, or give this customer an e-mail first'
  return new ServiceError('invalid_request', message, 'customerId')
}
