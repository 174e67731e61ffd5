import { ServiceError } from '../../base/errors.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { codeOf } from '../../db/errors.ts'
import { sql } from '../../db/sql.ts'
import { type Context, noteChange } from '../context.ts'
import { type Customer, findCustomer } from '../customers/customers.ts'
import { checkMetadata, type Metadata } from '../customers/metadata.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import { fingerprintOf, type IdempotentRequest, keyReused } from '../idempotency/request.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { chargeIntent, isUnderWay, lookAgain, type Means, notOpen, payIntent, stopCharge } from './charging.ts'
import { lookAtPages } from './due-charges.ts'
import { describeInstrument } from './instrument-descriptions.ts'
import type { ChargedInstrument, Instrument } from './instruments.ts'
import { refuseDenied } from './payers.ts'
import {
  getPaymentIntent,
  insertPaymentIntent,
  intentColumns,
  type PaymentIntent,
  type PaymentIntentRow,
  readIntent,
  withNames,
} from './payment-intent-records.ts'
import { getPaymentMethod, type PaymentMethod } from './payment-methods.ts'
import { type PaymentsContext, type ProcessorChoice, requireProcessor } from './payment-processor.ts'
import { cancelIntent, openStatuses } from './settling.ts'

const defaultLifetimeMs = 24 * 60 * 60 * 1000
const maxLifetimeMs = 365 * defaultLifetimeMs

export interface NewPaymentIntent {
  amount: number | string
  currency: string
  /** The customer whose cash balance the intent fills. An intent without a customer pays the merchant. */
  customerCode?: string | undefined
  /** The code of a payment method that is charged at once. */
  paymentMethodCode?: string | undefined
  description?: string | undefined
  metadata?: Metadata | undefined
  /** The name of the intent: two intents of one name are the same intent. Default: made from the attempt. */
  idempotencyKey?: string | undefined
  /** Default: a day from now. */
  expiresAt?: Date | undefined
}

/**
 * Makes an intent, once for an attempt and for an idempotency key. A payment method is charged at once. Throws
 * `not_available`, `invalid_request`, `currency_not_held`, `customer_not_found`, `payment_method_not_found`,
 * `customer_denied`, `idempotency_key_reused`. Throws `payment_declined` for a charge that was declined: the intent is
 * stored all the same, and can be tried again.
 */
export async function createPaymentIntent(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewPaymentIntent,
  attempt: Attempt,
): Promise<PaymentIntent> {
  await requireProcessor(context, tenant)
  const wanted = readWanted(context, tenant, input, attempt)
  const intent = (await findMade(context, tenant, wanted)) ?? (await insertOnce(context, tenant, input, wanted))
  noteChange(attempt, { object: intent.id, after: { amount: String(intent.amount), currency: intent.currency } })
  const charged = await chargeNew(context, tenant, intent, attempt)
  if (input.paymentMethodCode === undefined || charged.status !== 'failed') return charged
  throw new ServiceError(
    'payment_declined',
    `${charged.failureReason}. Payment intent ${charged.id} can be tried again`,
  )
}

/** Charges an intent made with a payment method. An intent that an earlier try has made may be charged already. */
async function chargeNew(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent, attempt: Attempt) {
  if (isUnderWay(intent)) return lookAgain(context, tenant, intent)
  if (intent.status !== 'requires_confirmation') return intent
  const instrument = await ownInstrument(context, tenant, intent)
  return chargeIntent(context, tenant, { intent, instrument, toSave: null }, attempt)
}

/** How an intent is paid: by an instrument as it is typed in, which may be kept for the next time. */
export interface Confirmation {
  /** Default: the intent's payment method, else the processor's default instrument. */
  instrument?: Instrument | undefined
  /** Saves the instrument as a payment method of the customer once the instrument has paid. */
  save?: boolean | undefined
  /** Whether the payer is there to answer questions of the processor. Default: nobody is. */
  canAsk?: boolean | undefined
}

/**
 * Pays an intent, once for an attempt. An intent that is paid or under way is not charged again. Answers `failed` with
 * its reason for a declined charge. Throws `not_available`, `invalid_request`, `payment_intent_not_found`,
 * `payment_intent_not_open`, `payment_method_not_found`, `customer_denied`.
 */
export async function confirmPaymentIntent(
  context: PaymentsContext,
  tenant: Tenant,
  { id, instrument, save = false, canAsk = false }: Confirmation & { id: string },
  attempt: Attempt,
): Promise<PaymentIntent> {
  const choose = async (intent: PaymentIntent): Promise<Means> => {
    if (instrument === undefined) return { instrument: await ownInstrument(context, tenant, intent), toSave: null }
    const typed = await describeInstrument(context, tenant, instrument)
    return { instrument: typed, toSave: save ? typed : null, canAsk }
  }
  return payIntent(context, tenant, { id, choose }, attempt)
}

/**
 * Gives an intent up. A charge under way is stopped, where its processor can still do so. To cancel again changes
 * nothing. Throws `not_available`, `payment_intent_not_found`, `payment_intent_not_open`.
 */
export async function cancelPaymentIntent(
  context: PaymentsContext,
  tenant: Tenant,
  id: string,
): Promise<PaymentIntent> {
  let intent = await getPaymentIntent(context, tenant, id)
  if (intent.status === 'processing') intent = await stopCharge(context, tenant, intent)
  else if (isUnderWay(intent)) intent = await lookAgain(context, tenant, intent)
  else intent = await lookAtPages(context, tenant, intent)
  await cancelIntent(context, tenant, intent, { from: openStatuses, reason: 'Canceled by the merchant' })
  const closed = await getPaymentIntent(context, tenant, id)
  if (closed.status === 'canceled') return closed
  throw notOpen(closed)
}

/**
 * The creation as a request whose key is its `idempotencyKey`: that member goes through the same door as the header
 * `Idempotency-Key`. Two spellings of one amount or currency are one request. Throws `invalid_request`,
 * `currency_not_held`.
 */
export function keyedCreation(
  context: Context,
  tenant: Tenant,
  input: NewPaymentIntent & { idempotencyKey: string },
): IdempotentRequest {
  const { body, fingerprint } = readWanted(context, tenant, input, { id: '', changes: [] })
  return { key: input.idempotencyKey, source: 'member', operation: 'payment intent', body, fingerprint }
}

/** A request that is well formed. Whether the request is allowed is not judged yet. */
interface WantedIntent {
  uuid: string
  idempotencyKey: string
  amount: bigint
  currency: Currency
  expiresAt: Date
  /** The members under the caller's names, to tell which members differ under one key. */
  body: Record<string, unknown>
  fingerprint: Buffer
}

function readWanted(context: Context, tenant: Tenant, input: NewPaymentIntent, { id }: Attempt): WantedIntent {
  const { customerCode, paymentMethodCode, description, metadata } = input
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  checkMetadata(metadata ?? null)
  const names = { customerId: customerCode, paymentMethodId: paymentMethodCode }
  const body = { amount: Number(amount), currency, ...names, description, metadata }
  return {
    uuid: id,
    idempotencyKey: input.idempotencyKey ?? `idem_${id}`,
    amount,
    currency,
    expiresAt: input.expiresAt ?? new Date(context.clock.now().getTime() + defaultLifetimeMs),
    body,
    fingerprint: fingerprintOf(context.vault, 'payment intent', body),
  }
}

/** The intent that the attempt, or an earlier request with the key, has made. Throws `idempotency_key_reused`. */
async function findMade(context: Context, tenant: Tenant, wanted: WantedIntent): Promise<PaymentIntent | null> {
  const { uuid, idempotencyKey: key, fingerprint, body } = wanted
  const [row] = await context.db.query<PaymentIntentRow>(sql`
    select ${intentColumns} from payment_intents i ${withNames}
    where i.merchant_id = ${tenant.merchant.id} and i.mode = ${tenant.mode}
      and (i.id = ${uuid} or i.idempotency_key = ${key})
  `)
  if (row === undefined) return null
  if (fingerprint.equals(row.fingerprint)) return readIntent(row)
  throw keyReused({ key, source: 'member', operation: 'payment intent', body, fingerprint }, row.fingerprint)
}

const uniqueViolation = '23505'

/** Makes one intent of any number of creations of one key at once. Every creation is given this intent. */
async function insertOnce(
  context: Context,
  tenant: Tenant,
  input: NewPaymentIntent,
  wanted: WantedIntent,
): Promise<PaymentIntent> {
  checkExpiry(input.expiresAt, context.clock.now())
  const fields = {
    ...wanted,
    ...(await findParties(context, tenant, input)),
    checkoutSessionUuid: null,
    description: input.description ?? null,
    metadata: input.metadata ?? null,
    arrivedAt: null,
  }
  try {
    await insertPaymentIntent(context, tenant, fields)
  } catch (error) {
    const faster = codeOf(error) === uniqueViolation ? await findMade(context, tenant, wanted) : null
    if (faster === null) throw error
    return faster
  }
  return getPaymentIntent(context, tenant, `pi_${wanted.uuid}`)
}

async function findParties(context: Context, tenant: Tenant, { customerCode, paymentMethodCode }: NewPaymentIntent) {
  const customer = customerCode === undefined ? null : await findCustomer(context, tenant, { code: customerCode })
  const method = paymentMethodCode === undefined ? null : await getPaymentMethod(context, tenant, paymentMethodCode)
  if (method !== null) checkMethod(method, customer)
  const payer = customer ?? (method && (await findCustomer(context, tenant, { id: method.customerId })))
  if (payer !== null) refuseDenied(payer)
  return { customerId: customer?.id ?? null, paymentMethodId: method?.id ?? null }
}

function checkMethod(method: PaymentMethod, customer: Customer | null): void {
  if (customer !== null && method.customerId !== customer.id) {
    throw new ServiceError(
      'payment_method_not_found',
      `Customer ${customer.code} has no payment method "pm_${method.code}"`,
    )
  }
  if (method.active) return
  throw new ServiceError(
    'invalid_request',
    'The payment method is not active yet: its bank has not agreed',
    'paymentMethodId',
  )
}

function checkExpiry(expiresAt: Date | undefined, now: Date): void {
  if (expiresAt === undefined) return
  const lifetime = expiresAt.getTime() - now.getTime()
  if (lifetime > 0 && lifetime <= maxLifetimeMs) return
  throw new ServiceError('invalid_request', 'expiresAt must be in the future, at most a year from now', 'expiresAt')
}

/** The intent's payment method, else the processor's default instrument. */
async function ownInstrument(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  intent: PaymentIntent,
): Promise<ChargedInstrument> {
  if (intent.paymentMethodCode !== null) return getPaymentMethod(context, tenant, intent.paymentMethodCode)
  const { defaultInstrument } = await requireProcessor(context, tenant)
  if (defaultInstrument !== null) return defaultInstrument
  throw new ServiceError(
    'invalid_request',
    `Payment intent ${intent.id} has no payment method; name an instrument to charge`,
  )
}
