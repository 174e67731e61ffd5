import { ServiceError } from '../../base/errors.ts'
import { randomCode } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { describeCharacter } from '../../base/visible-text.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction, noteChange } from '../context.ts'
import { type Customer, findCustomer, normalizeEmail } from '../customers/customers.ts'
import { checkMetadata } from '../customers/metadata.ts'
import type { Attempt } from '../idempotency/attempt.ts'
import { fingerprintOf } from '../idempotency/request.ts'
import { heldCurrency } from '../merchants/merchants.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { refuseImported } from '../wallet/imported-references.ts'
import { findPayInNamed } from '../wallet/pay-ins.ts'
import { refusedCardData } from './charge-steps.ts'
import { type Means, payIntent, receiveNotice, requireCharger } from './charging.ts'
import { lookAtPages } from './due-charges.ts'
import { describeInstrument } from './instrument-descriptions.ts'
import type { Instrument, OnceInstrument } from './instruments.ts'
import { readChannels } from './page-channels.ts'
import { findPayer, refuseDenied } from './payers.ts'
import { getPaymentIntent, insertPaymentIntent } from './payment-intent-records.ts'
import { confirmPaymentIntent } from './payment-intents.ts'
import { type PaymentsContext, type ProcessorChoice, requireProcessor } from './payment-processor.ts'
import {
  findPaymentOfIntent,
  type IncomingDetails,
  objectOf,
  type Payment,
  type PaymentMetadata,
  type PaymentOrigin,
  type PaymentPurpose,
  type PaymentRow,
  type PaymentStatus,
  paymentColumns,
  readPayment,
  withParts,
} from './payment-records.ts'
import { getPaymentSettings } from './payment-settings.ts'
import { type ArrivedCharge, insertArrivedCharge, sentUnder } from './sent-charges.ts'

/** How long a page can be paid on, and a declined charge tried again. */
const lifetimeMs = 48 * 60 * 60 * 1000

export interface NewPayment {
  /** The e-mail address of the customer who pays. */
  email: string
  /** Minor units, 1 to 2^53 - 1. */
  amount: bigint
  /** The merchant holds it. */
  currency: Currency
  /** See `checkReference`. Default: a random reference. */
  reference?: string | undefined
  /** An object with `purpose: 'wallet_topup'` fills the customer's cash balance. */
  metadata?: PaymentMetadata | undefined
}

/**
 * Asks a customer for money, on a page: once for an attempt. The customer is created when nobody has the e-mail. Throws
 * `not_available`, `invalid_request`, `currency_not_held`, `customer_denied`, `reference_taken`.
 */
export async function openPayment(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  input: NewPayment & { callbackUrl?: string | undefined; channels?: string[] | undefined },
  attempt: Attempt,
): Promise<Payment> {
  const { pages } = await requireProcessor(context, tenant)
  return makeOnce(context, tenant, attempt, async () => {
    const wanted = readNew(tenant, input)
    const channels =
      input.channels === undefined ? null : readChannels(pages.channels, input.channels, { field: 'channels' })
    await refuseTaken(context, tenant, input)
    const { customer, isKnown } = await findPayer(context, tenant, input.email)
    const purpose = await purposeOf(context, tenant, wanted, isKnown)
    const reference = input.reference ?? randomCode(context.random, 10)
    const page = { accessCode: randomCode(context.random, 15), channels, callbackUrl: input.callbackUrl ?? null }
    return { ...wanted, ...page, purpose, customer, reference, origin: 'page' }
  })
}

/**
 * Charges an instrument as it is typed in, once for an attempt, and saves it when it has paid. A charge that was
 * declined is answered as such. Throws `not_available`, `invalid_request`, `currency_not_held`, `customer_denied`,
 * `reference_taken`, `payment_intent_not_open`.
 */
export async function chargeInstrument(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewPayment & { instrument: Instrument | OnceInstrument },
  attempt: Attempt,
): Promise<Payment> {
  // The instrument is read first, so that a wrong number creates no customer.
  const means = await readMeans(context, tenant, input.instrument)
  const payment = await makeOnce(context, tenant, attempt, async () => {
    const wanted = readNew(tenant, input)
    await refuseTaken(context, tenant, input)
    // A refused charge leaves its reference free.
    await requireCharger(context, tenant)
    const { customer, isKnown } = await findPayer(context, tenant, input.email)
    const purpose = await purposeOf(context, tenant, wanted, isKnown)
    const reference = input.reference ?? randomCode(context.random, 15)
    // For a step that the payer takes on a page.
    const accessCode = randomCode(context.random, 15)
    return { ...wanted, purpose, customer, reference, accessCode, origin: 'instrument' }
  })
  await payIntent(context, tenant, { id: payment.paymentIntentId, choose: async () => means }, attempt)
  return getPayment(context, tenant, payment)
}

async function readMeans(
  context: Context & ProcessorChoice,
  tenant: Tenant,
  instrument: Instrument | OnceInstrument,
): Promise<Means> {
  if (tenant.mode === 'live' && (instrument.type === 'card' || instrument.type === 'encrypted_card')) {
    throw new ServiceError('invalid_request', refusedCardData, 'card')
  }
  if (!isKept(instrument)) {
    await requireProcessor(context, tenant)
    return { instrument, toSave: null, canAsk: true }
  }
  const typed = await describeInstrument(context, tenant, instrument)
  return { instrument: typed, toSave: typed, canAsk: true }
}

/** Whether an instrument is saved when it has paid. */
function isKept(instrument: Instrument | OnceInstrument): instrument is Instrument {
  if (instrument.type === 'mobile_money') return !('account' in instrument)
  return instrument.type === 'card' || instrument.type === 'encrypted_card'
}

/**
 * Charges a customer's saved payment method, by its code, while the customer is not present: once for an attempt. A
 * charge that was declined is answered as such, a charge of a bank account is under way. Throws `not_available`,
 * `invalid_request`, `currency_not_held`, `customer_denied`, `reference_taken`, `payment_method_unknown`,
 * `payment_method_not_chargeable`, `payment_method_not_found`, `payment_intent_not_open`.
 */
export async function chargePaymentMethod(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewPayment & { paymentMethodCode: string },
  attempt: Attempt,
): Promise<Payment> {
  await requireProcessor(context, tenant)
  const payment = await makeOnce(context, tenant, attempt, async () => {
    const wanted = readNew(tenant, input)
    const { methodId, customer } = await findChargeable(context, tenant, input)
    refuseDenied(customer)
    await requireCharger(context, tenant)
    const reference = input.reference ?? randomCode(context.random, 15)
    const purpose = await purposeOf(context, tenant, wanted, true)
    return { ...wanted, purpose, customer, reference, methodId, origin: 'payment_method' }
  })
  await confirmPaymentIntent(context, tenant, { id: payment.paymentIntentId }, attempt)
  return getPayment(context, tenant, payment)
}

/** One of the two names by which a payment is found. */
export type PaymentName = { reference: string } | { id: bigint }

/** The payment with that reference or number. Throws `reference_not_found`, `payment_not_found`. */
export async function getPayment(context: Context, { merchant, mode }: Tenant, name: PaymentName): Promise<Payment> {
  const [row] = await context.db.query<PaymentRow>(sql`
    select ${paymentColumns} from payments pay ${withParts}
    where pay.merchant_id = ${merchant.id} and pay.mode = ${mode}
      and ${'reference' in name ? sql`pay.reference = ${name.reference}` : sql`pay.id = ${name.id}`}
  `)
  if (row !== undefined) return readPayment(row)
  throw paymentNotFound(name)
}

export function paymentNotFound(name: PaymentName | { id: string }): ServiceError {
  if ('id' in name) return new ServiceError('payment_not_found', `There is no payment ${name.id}`)
  return new ServiceError('reference_not_found', `There is no payment with the reference "${name.reference}"`)
}

/**
 * The payment with that reference, as it is now: about a payment under way, and about a page of the processor, the processor is
 * asked first. Throws `reference_not_found`, `not_available`.
 */
export async function verifyPayment(context: PaymentsContext, tenant: Tenant, reference: string): Promise<Payment> {
  const payment = await getPayment(context, tenant, { reference }).catch((error) =>
    findSentPayment(context, tenant, reference, error),
  )
  if (payment.status !== 'processing' && (payment.accountId === 0n || settled.includes(payment.status))) return payment
  await look(context, tenant, payment).catch((error) => {
    // An account that does not answer leaves the payment as it is known. The failure is counted where the account is asked.
    if (payment.accountId === 0n || !(error instanceof UpstreamError)) throw error
  })
  return getPayment(context, tenant, payment)
}

async function look(context: PaymentsContext, tenant: Tenant, { status, paymentIntentId }: Payment): Promise<void> {
  if (status === 'processing') await receiveNotice(context, tenant, paymentIntentId)
  else await lookAtPages(context, tenant, await getPaymentIntent(context, tenant, paymentIntentId))
}

const settled: readonly PaymentStatus[] = ['succeeded', 'reversed']

/** A program in the payer's browser knows a payment by the name that its processor has for it. */
async function findSentPayment(
  context: Context,
  tenant: Tenant,
  sentReference: string,
  error: unknown,
): Promise<Payment> {
  const [sent] = await context.db.query<{ payment_intent_id: string }>(sql`
    select s.payment_intent_id from (${sentUnder(tenant, sentReference)}) s
  `)
  const payment = sent === undefined ? null : await findPaymentOfIntent(context, tenant, sent.payment_intent_id)
  if (payment === null) throw error
  return payment
}

/** The payment that an earlier try of the request has made, or else a new one, made from the answer of `prepare`. */
async function makeOnce(
  context: Context,
  tenant: Tenant,
  attempt: Attempt,
  prepare: () => Promise<Omit<PaymentFields, 'uuid'>>,
): Promise<Payment> {
  const payment = await findOrMake(context, tenant, attempt, prepare)
  const { paymentIntentId, amount, currency } = payment
  noteChange(attempt, { object: paymentIntentId, after: { amount: String(amount), currency } })
  return payment
}

async function findOrMake(
  context: Context,
  tenant: Tenant,
  { id }: Attempt,
  prepare: () => Promise<Omit<PaymentFields, 'uuid'>>,
): Promise<Payment> {
  const known = await findPaymentOfIntent(context, tenant, id)
  if (known !== null) return known
  try {
    await insertPayment(context, tenant, { ...(await prepare()), uuid: id })
  } catch (error) {
    // Another try of the request, at the same moment, was faster.
    const faster = await findPaymentOfIntent(context, tenant, id)
    if (faster !== null) return faster
    throw error
  }
  return (await findPaymentOfIntent(context, tenant, id)) as Payment
}

/** Reads a request that is well formed; whether it is allowed is not judged yet. */
function readNew(tenant: Tenant, { amount, currency, reference, metadata: given }: NewPayment) {
  if (reference !== undefined) checkReference(reference)
  const metadata = given ?? null
  checkMetadata(metadata)
  return { amount, currency: heldCurrency(tenant.merchant, currency), metadata }
}

/** The purpose that the metadata names, else the purpose that the merchant wants for its known customers. */
async function purposeOf(
  context: Context,
  tenant: Tenant,
  { metadata }: Pick<ReturnType<typeof readNew>, 'metadata'>,
  isKnown: boolean,
): Promise<PaymentPurpose> {
  const named = objectOf(metadata)?.purpose ?? null
  if (named !== null) return named === 'wallet_topup' ? 'wallet_topup' : 'payment'
  return isKnown ? (await getPaymentSettings(context, tenant)).knownCustomers : 'payment'
}

/**
 * A reference has 1 to 100 letters, digits or any of `-._=`. Throws `invalid_request`, naming the first character that a
 * reference cannot have.
 */
export function checkReference(reference: string): void {
  const [refused] = /[^A-Za-z0-9._=-]/u.exec(reference) ?? []
  const length = [...reference].length
  if (refused === undefined && length >= 1 && length <= 100) return
  const problem =
    refused === undefined
      ? `must have 1 to 100 characters, not ${length}`
      : `may have letters, digits and any of "-._=", but not ${describeCharacter(refused)}`
  throw new ServiceError('invalid_request', `reference ${problem}`, 'reference')
}

/**
 * Refuses before a customer is created for nothing. Of two requests at once, the insert refuses the second. A reference is taken
 * for ever, also by a payment whose page the processor refused: the same payment again gets the same refusal.
 */
async function refuseTaken(
  context: Context,
  tenant: Tenant,
  { reference, amount, currency }: Pick<NewPayment, 'reference' | 'amount' | 'currency'>,
) {
  const { merchant, mode } = tenant
  if (reference === undefined) return
  await refuseImported(context, tenant, reference)
  const payIn = await findPayInNamed(context, tenant, reference)
  if (payIn !== null) throw takenByPayIn(payIn)
  const [known] = await context.db.query<{ amount: bigint; currency: Currency; refusal: string | null }>(sql`
    select pay.amount, pay.currency, case when s.id is not null then i.failure_reason end as refusal
    from payments pay
    join payment_intents i on i.merchant_id = pay.merchant_id and i.id = pay.payment_intent_id
    left join sent_charges s
      on s.merchant_id = i.merchant_id and s.payment_intent_id = i.id and s.reference = 'pi_' || i.id || '_page'
      and s.state = 'failed' and s.page_url is null and s.stopped_at is null and i.status = 'canceled'
    where pay.merchant_id = ${merchant.id} and pay.mode = ${mode} and pay.reference = ${reference}
  `)
  if (known === undefined) return
  if (known.refusal === null) throw referenceTaken(reference)
  if (known.amount === amount && known.currency === currency) {
    throw new ServiceError('invalid_request', known.refusal)
  }
  const message = `The processor refused another payment with the reference "${reference}"; send another reference`
  throw new ServiceError('reference_taken', message, 'reference')
}

function referenceTaken(reference: string): ServiceError {
  return new ServiceError('reference_taken', `There is a payment with the reference "${reference}"`, 'reference')
}

function takenByPayIn({ reference }: { reference: string }): ServiceError {
  const message = `There is a pay-in with the reference "${reference}", whose money has come already`
  return new ServiceError('reference_taken', message, 'reference')
}

async function findChargeable(
  context: Context,
  tenant: Tenant,
  { paymentMethodCode: code, email }: { paymentMethodCode: string; email: string },
) {
  const [row] = await context.db.query<{ id: bigint; customer_id: bigint; chargeable: boolean }>(sql`
    select id, customer_id, reusable and active and deactivated_at is null as chargeable from payment_methods
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and code = ${code}
  `)
  if (row === undefined) throw new ServiceError('payment_method_unknown', `There is no payment method "pm_${code}"`)
  const customer = row.chargeable ? await findCustomer(context, tenant, { id: row.customer_id }) : null
  if (customer !== null && customer.email === normalizeEmail(email)) return { methodId: row.id, customer }
  const message = `Payment method "pm_${code}" is not active, cannot be charged again or is not of a customer "${email}"`
  throw new ServiceError('payment_method_not_chargeable', message)
}

interface PaymentFields extends ReturnType<typeof readNew> {
  purpose: PaymentPurpose
  /** The id of its payment intent: a UUID of version 7. */
  uuid: string
  customer: Customer
  reference: string
  origin: PaymentOrigin
  accessCode?: string
  channels?: string[] | null
  callbackUrl?: string | null
  methodId?: bigint
  description?: string
  /** The details of money that has arrived: nothing is charged. */
  incoming?: IncomingDetails
  /** Money that has arrived at an account of a processor. */
  arrived?: ArrivedCharge
}

/**
 * Inserts a payment with its payment intent. Throws `reference_taken`; violates a unique constraint for an intent that
 * is there already.
 */
export async function insertPayment(context: Context, tenant: Tenant, fields: PaymentFields): Promise<void> {
  const { uuid, customer, reference, purpose, amount, currency, metadata, incoming = null, arrived } = fields
  const now = context.clock.now()
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
  // Outside the transaction: there it would hold the ids while it waits for a payment of the same reference, which needs ids.
  const [allocated] = await context.db.query<{ id: bigint }>(sql`select allocate_ids(${tenant.merchant.id}, 1) as id`)
  await inTransaction(context, async (tx) => {
    await insertPaymentIntent(tx, tenant, {
      uuid,
      customerId: purpose === 'wallet_topup' ? customer.id : null,
      paymentMethodId: fields.methodId ?? null,
      checkoutSessionUuid: null,
      amount,
      currency,
      description: fields.description ?? `${purpose === 'wallet_topup' ? 'Top-up' : 'Payment'} ${reference}`,
      metadata: objectOf(metadata),
      idempotencyKey: `payment_${uuid}`,
      fingerprint: fingerprintOf(context.vault, 'payment', {}),
      expiresAt: new Date(now.getTime() + lifetimeMs),
      arrivedAt: incoming === null || arrived !== undefined ? null : now,
    })
    if (arrived !== undefined) await insertArrivedCharge(tx, tenant, uuid, arrived)
    const rows = await tx.db.query(sql`
      with counter as (
        update payment_numbers set
          payment_count = payment_count + 1,
          last_payment_at = greatest(last_payment_at, ${now}::timestamptz)
        where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode}
        returning payment_count, last_payment_at
      )
      insert into payments (
        merchant_id, id, mode, number, payment_intent_id, customer_id, reference, access_code, origin, purpose, status,
        amount, currency, channel, channels, callback_url, metadata, incoming, created_at, updated_at
      )
      select
        ${tenant.merchant.id}, ${allocated?.id}::bigint, ${tenant.mode}, counter.payment_count, ${uuid}::uuid,
        ${customer.id}::bigint, ${reference}, ${fields.accessCode ?? null}, ${fields.origin}, ${purpose},
        ${incoming === null ? 'unpaid' : 'processing'}, ${amount}::bigint, ${currency},
        ${incoming === null ? null : 'bank_transfer'}, ${fields.channels ?? null}::text[], ${fields.callbackUrl ?? null},
        ${json(metadata)}::json, ${json(incoming)}::json, counter.last_payment_at, counter.last_payment_at
      from counter
      on conflict do nothing
      returning id
    `)
    if (rows.length === 0) throw referenceTaken(reference)
  })
}
