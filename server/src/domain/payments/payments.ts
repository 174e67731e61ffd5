import { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import { type Context, inTransaction } from '../context.ts'
import {
  type Customer,
  checkMetadata,
  createCustomer,
  findCustomer,
  type Metadata,
  normalizeEmail,
} from '../customers/customers.ts'
import { fingerprintOf, type IdempotentRequest, keyReused } from '../idempotency/request.ts'
import { heldCurrency, type MerchantRow, readMerchant } from '../merchants/merchants.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import {
  confirmPaymentIntent,
  getPaymentIntent,
  insertPaymentIntent,
  type PaymentIntent,
  receiveNotice,
  refuseDenied,
  refuseLiveMode,
  takeArrivedMoney,
} from './payment-intents.ts'
import { describeInstrument, type Instrument } from './payment-methods.ts'
import type { PaymentsContext } from './payment-processor.ts'
import {
  type IncomingDetails,
  type Payment,
  type PaymentOrigin,
  type PaymentPurpose,
  type PaymentRow,
  paymentColumns,
  readPayment,
  withParts,
} from './payment-records.ts'

/** How long a page can be paid on, and a declined charge tried again. */
const lifetimeMs = 48 * 60 * 60 * 1000

export interface NewPayment {
  /** The customer's. */
  email: string
  amount: number | string
  currency?: string | undefined
  /** Letters, digits and `.=-`; made up where there is none. */
  reference?: string | undefined
  /** An object with `purpose: 'wallet_topup'` fills the customer's cash balance. */
  metadata?: Metadata | string | undefined
}

/** What a page may be paid by. */
export const pageChannels = ['card', 'mobile_money'] as const

/**
 * Asks a customer for money, on a page. The customer is created when nobody has the e-mail. Throws `not_available` in
 * live mode, `invalid_request`, `currency_not_held`, `customer_denied`, `reference_taken`.
 */
export async function openPayment(
  context: Context,
  tenant: Tenant,
  input: NewPayment & { callbackUrl?: string | undefined; channels?: string[] | undefined },
): Promise<Payment> {
  refuseLiveMode(tenant)
  const wanted = readNew(tenant, input)
  const channels = input.channels === undefined ? null : readChannels(input.channels)
  await refuseTaken(context, tenant, input.reference)
  const customer = await payerOf(context, tenant, input.email)
  const reference = input.reference ?? randomCode(context.random, 10)
  const accessCode = randomCode(context.random, 15)
  const page = { accessCode, channels, callbackUrl: input.callbackUrl ?? null }
  await insertPayment(context, tenant, customer, { ...wanted, ...page, reference, origin: 'page' })
  return getPayment(context, tenant, { reference })
}

/**
 * Charges an instrument as it is typed in, and saves it when it has paid. A charge that was declined is answered as such.
 * `request` makes it once. Throws as `openPayment`, `idempotency_key_reused`.
 */
export async function chargeInstrument(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewPayment & { instrument: Instrument },
  request: IdempotentRequest | null,
): Promise<Payment> {
  refuseLiveMode(tenant)
  const { instrument } = input
  describeInstrument(context, tenant, instrument)
  const payment = await madeOnce(context, tenant, request, async () => {
    const wanted = readNew(tenant, input)
    await refuseTaken(context, tenant, input.reference)
    const customer = await payerOf(context, tenant, input.email)
    const reference = input.reference ?? randomCode(context.random, 15)
    await insertPayment(context, tenant, customer, { ...wanted, reference, origin: 'instrument', request })
    return reference
  })
  const confirmation = { instrument, save: true, key: request?.key }
  await confirmPaymentIntent(context, tenant, payment.paymentIntentId, confirmation)
  return getPayment(context, tenant, payment)
}

/**
 * Charges a customer's saved payment method, by its code, without them. A charge that was declined is answered as such, one
 * of a bank account is under way. `request` makes it once. Throws as `openPayment`, `payment_method_unknown`,
 * `payment_method_not_chargeable`, `idempotency_key_reused`.
 */
export async function chargePaymentMethod(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewPayment & { paymentMethodCode: string },
  request: IdempotentRequest | null,
): Promise<Payment> {
  refuseLiveMode(tenant)
  const payment = await madeOnce(context, tenant, request, async () => {
    const wanted = readNew(tenant, input)
    const { methodId, customer } = await findChargeable(context, tenant, input.paymentMethodCode, input.email)
    refuseDenied(customer)
    const reference = input.reference ?? randomCode(context.random, 15)
    const charged = { ...wanted, reference, methodId, origin: 'payment_method' as const, request }
    await insertPayment(context, tenant, customer, charged)
    return reference
  })
  await confirmPaymentIntent(context, tenant, payment.paymentIntentId, { key: request?.key })
  return getPayment(context, tenant, payment)
}

/** Money that somebody sent to a customer. */
export interface Arrival {
  /** The bank's own name of it. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  description: string
  details: IncomingDetails
}

/**
 * Takes money that has arrived for a customer: their cash balance is credited once for a reference, however often it is
 * told of. What cannot be credited goes back, once and for all: the transaction has failed then, and says why. Throws
 * `reference_taken` for the reference of something else.
 */
export async function receiveArrival(
  context: PaymentsContext,
  tenant: Tenant,
  customer: Customer,
  { details, ...arrival }: Arrival,
): Promise<Payment> {
  const { reference } = arrival
  try {
    const fields = { ...arrival, metadata: null, purpose: 'wallet_topup' as const, origin: 'incoming' as const }
    await insertPayment(context, tenant, customer, { ...fields, incoming: details })
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'reference_taken')) throw error
    // Told of before, if it is the same: the same customer's, to the same account.
    const { incoming } = await getPayment(context, tenant, { reference })
    if (incoming?.receiverAccountNumber !== details.receiverAccountNumber) throw error
  }
  const { paymentIntentId } = await getPayment(context, tenant, { reference })
  await takeArrivedMoney(context, tenant, paymentIntentId)
  return getPayment(context, tenant, { reference })
}

/** By its reference or its number. Throws `reference_not_found`, `transaction_not_found`. */
export async function getPayment(
  context: Context,
  { merchant, mode }: Tenant,
  name: { reference: string } | { id: bigint },
): Promise<Payment> {
  const [row] = await context.db.query<PaymentRow>(sql`
    select ${paymentColumns} from transactions t ${withParts}
    where t.merchant_id = ${merchant.id} and t.mode = ${mode}
      and ${'reference' in name ? sql`t.reference = ${name.reference}` : sql`t.id = ${name.id}`}
  `)
  if (row !== undefined) return readPayment(row)
  if ('id' in name) throw new ServiceError('transaction_not_found', `There is no transaction ${name.id}`)
  throw new ServiceError('reference_not_found', `There is no transaction with the reference "${name.reference}"`)
}

/** By its reference, as it is now: of one under way, the processor is asked first. Throws `reference_not_found`. */
export async function verifyPayment(context: PaymentsContext, tenant: Tenant, reference: string): Promise<Payment> {
  const payment = await getPayment(context, tenant, { reference })
  if (payment.status !== 'processing') return payment
  await receiveNotice(context, tenant, payment.paymentIntentId)
  return getPayment(context, tenant, { reference })
}

/** A transaction as the person who pays comes to it: by its page's address alone. */
export interface OpenedPayment {
  tenant: Tenant
  payment: Payment
  intent: PaymentIntent
}

/** What the page shows now: of one under way, the processor is asked first. Throws `reference_not_found`. */
export async function openPaymentPage(context: PaymentsContext, accessCode: string): Promise<OpenedPayment> {
  const { tenant, reference } = await findPage(context, accessCode)
  const payment = await verifyPayment(context, tenant, reference)
  return { tenant, payment, intent: await getPaymentIntent(context, tenant, payment.paymentIntentId) }
}

/**
 * Pays on the page, and saves the instrument when it has paid. What is paid or under way is not charged again. Throws
 * `reference_not_found`, `payment_intent_not_open`, `invalid_request`, `customer_denied`.
 */
export async function payOnPage(
  context: PaymentsContext,
  accessCode: string,
  instrument: Instrument,
): Promise<OpenedPayment> {
  const { tenant, reference } = await findPage(context, accessCode)
  const { paymentIntentId, channels, customer } = await getPayment(context, tenant, { reference })
  if (channels !== null && !channels.includes(instrument.type)) {
    throw new ServiceError('invalid_request', `This is paid by ${channels.join(' or ')}`)
  }
  refuseDenied(await findCustomer(context, tenant, { code: customer.code }))
  const intent = await confirmPaymentIntent(context, tenant, paymentIntentId, { instrument, save: true })
  return { tenant, payment: await getPayment(context, tenant, { reference }), intent }
}

async function findPage(context: Context, accessCode: string): Promise<{ tenant: Tenant; reference: string }> {
  const [row] = await context.db.query<MerchantRow & { mode: Mode; reference: string }>(sql`
    select t.mode, t.reference, m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from transactions t
    join merchants m on m.id = t.merchant_id
    where t.access_code = ${accessCode}
  `)
  if (row === undefined) throw new ServiceError('reference_not_found', 'There is no such payment page')
  return { tenant: { merchant: readMerchant(row), mode: row.mode }, reference: row.reference }
}

/** The transaction that the request made before, or else the one `make` makes now; `make` answers its reference. */
async function madeOnce(
  context: Context,
  tenant: Tenant,
  request: IdempotentRequest | null,
  make: () => Promise<string>,
): Promise<Payment> {
  const known = await findOfRequest(context, tenant, request)
  if (known !== null) return known
  try {
    return await getPayment(context, tenant, { reference: await make() })
  } catch (error) {
    // The same request, come twice at once, was faster.
    const made = await findOfRequest(context, tenant, request)
    if (made !== null) return made
    throw error
  }
}

async function findOfRequest(context: Context, { merchant, mode }: Tenant, request: IdempotentRequest | null) {
  if (request === null) return null
  const [row] = await context.db.query<PaymentRow & { fingerprint: Buffer }>(sql`
    select ${paymentColumns}, i.fingerprint from transactions t ${withParts}
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.request_key = ${request.key}
  `)
  if (row === undefined) return null
  if (!request.fingerprint.equals(row.fingerprint)) throw keyReused(request, row.fingerprint)
  return readPayment(row)
}

/** What is asked for: well formed, not yet whether it is allowed. */
function readNew(tenant: Tenant, { amount, currency, reference, metadata: given }: NewPayment) {
  if (reference !== undefined && !/^[A-Za-z0-9.=-]{1,100}$/.test(reference)) {
    const message = `reference must be 1 to 100 letters, digits or any of ".=-", not ${JSON.stringify(reference)}`
    throw new ServiceError('invalid_request', message, 'reference')
  }
  const metadata = given ?? null
  checkMetadata(metadata)
  const isTopUp = typeof metadata === 'object' && metadata?.purpose === 'wallet_topup'
  const purpose: PaymentPurpose = isTopUp ? 'wallet_topup' : 'payment'
  return { amount: parseAmount(amount), currency: heldCurrency(tenant.merchant, currency), metadata, purpose }
}

function readChannels(given: string[]): string[] {
  const channels = pageChannels.filter((channel) => given.includes(channel))
  if (channels.length > 0) return channels
  const message = `channels must have one of ${pageChannels.join(', ')}: a page here takes no other`
  throw new ServiceError('invalid_request', message, 'channels')
}

/** Before a customer is created for nothing; whoever comes at the same time is refused by the insert. */
async function refuseTaken(context: Context, { merchant, mode }: Tenant, reference: string | undefined) {
  if (reference === undefined) return
  const known = await context.db.query(sql`
    select id from transactions
    where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
  `)
  if (known.length > 0) throw referenceTaken(reference)
}

function referenceTaken(reference: string): ServiceError {
  return new ServiceError('reference_taken', `There is a transaction with the reference "${reference}"`, 'reference')
}

/** The customer with that e-mail, who is created when there is none. Throws `customer_denied`. */
async function payerOf(context: Context, tenant: Tenant, email: string): Promise<Customer> {
  const unknown = { firstName: null, lastName: null, phone: null, metadata: null }
  const { customer } = await createCustomer(context, tenant, { email, ...unknown })
  refuseDenied(customer)
  return customer
}

async function findChargeable(context: Context, tenant: Tenant, code: string, email: string) {
  const [row] = await context.db.query<{ id: bigint; customer_id: bigint; chargeable: boolean }>(sql`
    select id, customer_id, reusable and active and deactivated_at is null as chargeable from payment_methods
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and code = ${code}
  `)
  if (row === undefined) throw new ServiceError('payment_method_unknown', `There is no payment method "pm_${code}"`)
  const customer = await findCustomer(context, tenant, { id: row.customer_id })
  if (row.chargeable && customer.email === normalizeEmail(email)) return { methodId: row.id, customer }
  const message = `Payment method "pm_${code}" is not active, cannot be charged again or is not of a customer "${email}"`
  throw new ServiceError('payment_method_not_chargeable', message)
}

interface PaymentFields extends ReturnType<typeof readNew> {
  reference: string
  origin: PaymentOrigin
  accessCode?: string
  channels?: string[] | null
  callbackUrl?: string | null
  methodId?: bigint
  request?: IdempotentRequest | null
  description?: string
  incoming?: IncomingDetails
}

/** Inserts it with its payment intent. Throws `reference_taken`, also where the same request has just made it. */
async function insertPayment(context: Context, tenant: Tenant, customer: Customer, fields: PaymentFields) {
  const { reference, purpose, amount, currency, metadata, request = null } = fields
  const now = context.clock.now()
  const uuid = uuidV7(context.random, now)
  const expiresAt = new Date(now.getTime() + lifetimeMs)
  // By itself: while a transaction of the same reference is being settled, which needs ids too, the insert waits for it.
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
      metadata: typeof metadata === 'string' ? null : metadata,
      idempotencyKey: `transaction_${uuid}`,
      fingerprint: request?.fingerprint ?? fingerprintOf(context.vault, 'transaction', {}),
      expiresAt,
    })
    const rows = await tx.db.query(sql`
      with counter as (
        update payment_counters set
          transaction_count = transaction_count + 1,
          last_transaction_at = greatest(last_transaction_at, ${now}::timestamptz)
        where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode}
        returning transaction_count, last_transaction_at
      )
      insert into transactions (
        merchant_id, id, mode, number, payment_intent_id, customer_id, reference, request_key, access_code, origin,
        purpose, status, amount, currency, channels, callback_url, metadata, incoming, created_at, updated_at
      )
      select
        ${tenant.merchant.id}, ${allocated?.id}::bigint, ${tenant.mode}, counter.transaction_count, ${uuid}::uuid,
        ${customer.id}::bigint, ${reference}, ${request?.key ?? null}, ${fields.accessCode ?? null}, ${fields.origin},
        ${purpose}, 'unpaid', ${amount}::bigint, ${currency}, ${fields.channels ?? null}::text[],
        ${fields.callbackUrl ?? null}, ${metadata === null ? null : JSON.stringify(metadata)}::json,
        ${fields.incoming === undefined ? null : JSON.stringify(fields.incoming)}::json,
        counter.last_transaction_at, counter.last_transaction_at
      from counter
      on conflict do nothing
      returning id
    `)
    if (rows.length === 0) throw referenceTaken(reference)
  })
}
