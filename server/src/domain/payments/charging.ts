import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import { findCustomer } from '../customers/customers.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import { refuseClosed, type Tenant } from '../merchants/tenant.ts'
import type { ChargedInstrument } from './instruments.ts'
import { changeIntent } from './intent-payments.ts'
import { emailOfPayer, refuseDenied } from './payers.ts'
import {
  firstCheckMs,
  getPaymentIntent,
  hasArrived,
  type PaymentIntent,
  type PaymentIntentStatus,
} from './payment-intent-records.ts'
import { type NewPaymentMethod, openToken } from './payment-methods.ts'
import { type Charge, type PaymentProcessor, type PaymentsContext, requireProcessor } from './payment-processor.ts'
import { refuseWhilePaused } from './sending-pauses.ts'
import { openStatuses, settleIntent } from './settling.ts'

/** For this long a charge the processor has not heard of may still be on its way to it. */
const arrivalMs = 30_000

/** The instrument that pays an intent. */
export interface Means {
  instrument: ChargedInstrument
  /** The payment method that is saved for the customer once the instrument has paid. */
  toSave: NewPaymentMethod | null
  /** Whether the payer is there to answer questions. Default: nobody is. */
  canAsk?: boolean
}

/**
 * Pays an intent, once for an attempt, by the means that `choose` answers. An intent that is paid or under way is not
 * charged again, and nothing is chosen for it. Answers `failed` with its reason for a declined charge. Throws
 * `not_available`, `payment_intent_not_found`, `payment_intent_not_open`, `customer_denied`, and what `choose` throws.
 */
export async function payIntent(
  context: PaymentsContext,
  tenant: Tenant,
  { id, choose }: { id: string; choose: (intent: PaymentIntent) => Promise<Means> },
  attempt: Attempt,
): Promise<PaymentIntent> {
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.status === 'succeeded') return intent
  if (isUnderWay(intent)) return lookAgain(context, tenant, intent)
  if (intent.customerCode !== null) {
    refuseDenied(await findCustomer(context, tenant, { code: intent.customerCode }))
  }
  return chargeIntent(context, tenant, { intent, ...(await choose(intent)) }, attempt)
}

/** Charges an intent, once for an attempt. Throws `not_available`, also while sending is paused, `payment_intent_not_open`, `merchant_closed`. */
export async function chargeIntent(
  context: PaymentsContext,
  tenant: Tenant,
  { intent, instrument, toSave, canAsk }: Means & { intent: PaymentIntent },
  attempt: Attempt,
): Promise<PaymentIntent> {
  refuseClosed(tenant.merchant)
  const processor = await requireCharger(context, tenant)
  const { accountId } = processor
  const reference = await beginCharge(context, tenant, { intent, accountId, instrument, toSave }, attempt)
  if (reference === null) return lookInstead(context, tenant, intent)
  const { amount, currency } = intent
  const charge = { reference, amount, currency, instrument, canAsk }
  const state = await processor.charge(tenant, await completeCharge(context, tenant, { intent, charge, processor }))
  return settleIntent(context, tenant, { ...intent, accountId, chargeReference: reference }, state)
}

/** The processor that charges for a tenant. Throws `not_available`, also while sending is paused, or is paused by what its account has. */
export async function requireCharger(context: PaymentsContext, tenant: Tenant): Promise<PaymentProcessor> {
  const processor = await requireProcessor(context, tenant)
  await processor.lookFirst?.()
  if (processor.accountId !== 0n) await refuseWhilePaused(context, tenant)
  return processor
}

/** An account at a processor knows payers by their e-mail, and saved instruments by names of its own. */
async function completeCharge(
  context: Context,
  tenant: Tenant,
  { intent, charge, processor }: { intent: PaymentIntent; charge: Charge; processor: PaymentProcessor },
): Promise<Charge> {
  if (processor.accountId === 0n) return charge
  const { instrument } = charge
  const token = instrument.code === undefined ? undefined : await openToken(context, tenant, instrument.code)
  return { ...charge, email: await emailOfPayer(context, tenant, intent), instrument: { ...instrument, token } }
}

/**
 * Lets one of any number of calls at once charge the intent. Answers the charge's reference, null to the other calls.
 */
async function beginCharge(
  context: Context,
  tenant: Tenant,
  { intent, accountId, instrument, toSave }: Means & { intent: PaymentIntent; accountId: bigint },
  attempt: Attempt,
): Promise<string | null> {
  const now = context.clock.now()
  const charged = await changeIntent(context, tenant, intent, {
    intent: sql`
      status = 'processing',
      charge_count = charge_count + 1,
      charge_reference = ${intent.id}::text || '_' || (charge_count + 1),
      charge_key = ${attempt.id},
      charged_at = ${now}::timestamptz,
      account_id = ${accountId}::bigint,
      to_save = ${toSave === null ? null : JSON.stringify(toSave)}::json,
      failure_reason = null,
      asks = null,
      due_at = ${new Date(now.getTime() + firstCheckMs)}::timestamptz
    `,
    payment: sql`status = 'processing', channel = ${instrument.type}, failure_reason = null`,
    where: sql`
      status = any(${openStatuses}::text[]) and expires_at > ${now}::timestamptz
      and charge_key is distinct from ${attempt.id}
    `,
  })
  return charged?.chargeReference ?? null
}

/**
 * Answers an intent that another call, or another try of this request, has charged. Throws if it can no longer be
 * paid.
 */
async function lookInstead(context: PaymentsContext, tenant: Tenant, { id }: PaymentIntent) {
  const intent = await getPaymentIntent(context, tenant, id)
  if (isUnderWay(intent)) return lookAgain(context, tenant, intent)
  if (intent.status === 'succeeded') return intent
  if (intent.status === 'failed' && intent.expiresAt > context.clock.now()) return intent
  throw notOpen(intent)
}

/** The money is being taken, or has come and is about to be credited. */
export function isUnderWay(intent: PaymentIntent): boolean {
  return intent.status === 'processing' || (hasArrived(intent) && openStatuses.includes(intent.status))
}

/**
 * Looks at the state of an intent that is under way. Money that has come is credited. About a charge the processor is
 * asked. Throws `not_available`.
 */
export async function lookAgain(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
): Promise<PaymentIntent> {
  if (hasArrived(intent)) return settleIntent(context, tenant, intent, { status: 'succeeded' })
  const processor = await requireProcessor(context, tenant, { sentBy: intent.accountId })
  const state = await processor.query(tenant, intent.chargeReference as string)
  if (state !== null) return settleIntent(context, tenant, intent, state)
  const chargedMs = context.clock.now().getTime() - (intent.chargedAt?.getTime() ?? 0)
  if (chargedMs < arrivalMs) return settleIntent(context, tenant, intent, { status: 'processing' })
  return stopCharge(context, tenant, intent)
}

/** Gives up the charge under way, where its processor can still do so. Throws `not_available`. */
export async function stopCharge(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
): Promise<PaymentIntent> {
  const { amount, currency } = intent
  const reference = intent.chargeReference as string
  const processor = await requireProcessor(context, tenant, { sentBy: intent.accountId })
  return settleIntent(context, tenant, intent, await processor.stop(tenant, { reference, amount, currency }))
}

/**
 * Takes a processor's message that something happened to a payment. The message is not believed: the processor is
 * asked. Throws `not_available`, `payment_intent_not_found`, `payment_intent_not_open` for an intent that was never
 * charged.
 */
export async function receiveNotice(context: PaymentsContext, tenant: Tenant, id: string): Promise<PaymentIntent> {
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.chargeReference !== null || isUnderWay(intent)) return lookAgain(context, tenant, intent)
  if (hasArrived(intent)) return intent
  throw new ServiceError('payment_intent_not_open', `Payment intent ${intent.id} was not charged yet: confirm it first`)
}

export function notOpen({ id, status, failureReason }: PaymentIntent): ServiceError {
  const words: Partial<Record<PaymentIntentStatus, string>> = {
    succeeded: 'has succeeded',
    processing: 'is being processed and cannot be stopped any more',
    canceled: `was canceled: ${failureReason}`,
  }
  const message = `Payment intent ${id} ${words[status] ?? 'has expired'}; create a new one`
  return new ServiceError('payment_intent_not_open', message)
}
