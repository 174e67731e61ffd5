import { ServiceError } from '../../base/errors.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { notAsked, refusedCardData, type StepAnswer } from './charge-steps.ts'
import { getPaymentIntent, type PaymentIntent } from './payment-intent-records.ts'
import { type PaymentsContext, requireProcessor } from './payment-processor.ts'
import type { Payment } from './payment-records.ts'
import { getPayment } from './payments.ts'
import { settleIntent } from './settling.ts'

/**
 * Gives the payer's answer to the charge of a payment, and answers the payment as it is then. A step counts once, however often
 * it is given. Throws `reference_not_found`, `not_available`, and `invalid_request` for a step that the charge does not ask for.
 */
export async function submitStep(
  context: PaymentsContext,
  tenant: Tenant,
  { reference, answer }: { reference: string; answer: StepAnswer },
): Promise<Payment> {
  const { paymentIntentId } = await getPayment(context, tenant, { reference })
  await submitToIntent(context, tenant, { id: paymentIntentId, answer })
  return getPayment(context, tenant, { reference })
}

/** As `submitStep`, for an intent. Throws `payment_intent_not_found`. */
export async function submitToIntent(
  context: PaymentsContext,
  tenant: Tenant,
  { id, answer }: { id: string; answer: StepAnswer },
): Promise<PaymentIntent> {
  if (tenant.mode === 'live' && answer.kind === 'pin') throw new ServiceError('invalid_request', refusedCardData, 'pin')
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.chargeReference === null) throw notAsked(answer)
  const processor = await requireProcessor(context, tenant, { sentBy: intent.accountId })
  if (processor.submit === undefined) throw notAsked(answer)
  const state = await processor.submit(tenant, intent.chargeReference, answer)
  return settleIntent(context, tenant, intent, state)
}
