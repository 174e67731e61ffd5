import { ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Service } from '../context.ts'
import {
  type Customer,
  type CustomerQueues,
  checkMetadata,
  createCustomer,
  findCustomer,
  type Metadata,
  normalizeEmail,
} from '../customers/customers.ts'
import { fingerprintOf, type IdempotentRequest, keyReused } from '../idempotency/idempotency.ts'
import type { Ledger } from '../ledger/commands.ts'
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
import {
  type IncomingDetails,
  readTransaction,
  type Transaction,
  type TransactionOrigin,
  type TransactionPurpose,
  type TransactionRow,
  transactionColumns,
  withParts,
} from './payment-records.ts'

/** How long a page can be paid on, and a declined charge tried again. */
const lifetimeMs = 48 * 60 * 60 * 1000

export interface NewTransaction {
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
export async function openTransaction(
  service: Service,
  queues: CustomerQueues,
  tenant: Tenant,
  input: NewTransaction & { callbackUrl?: string | undefined; channels?: string[] | undefined },
): Promise<Transaction> {
  refuseLiveMode(tenant)
  const wanted = readNew(tenant, input)
  const channels = input.channels === undefined ? null : readChannels(input.channels)
  await refuseTaken(service, tenant, input.reference)
  const customer = await payerOf(queues, tenant, input.email)
  const reference = input.reference ?? randomCode(service.random, 10)
  const accessCode = randomCode(service.random, 15)
  const page = { accessCode, channels, callbackUrl: input.callbackUrl ?? null }
  await insertTransaction(service, tenant, customer, { ...wanted, ...page, reference, origin: 'page' })
  return getTransaction(service, tenant, { reference })
}

/**
 * Charges an instrument as it is typed in, and saves it when it has paid. A charge that was declined is answered as such.
 * `request` makes it once. Throws as `openTransaction`, `idempotency_key_reused`.
 */
export async function chargeInstrument(
  service: Service,
  ledger: Ledger,
  queues: CustomerQueues,
  tenant: Tenant,
  input: NewTransaction & { instrument: Instrument },
  request: IdempotentRequest | null,
): Promise<Transaction> {
  refuseLiveMode(tenant)
  const { instrument } = input
  describeInstrument(service, tenant, instrument)
  const transaction = await madeOnce(service, tenant, request, async () => {
    const wanted = readNew(tenant, input)
    await refuseTaken(service, tenant, input.reference)
    const customer = await payerOf(queues, tenant, input.email)
    const reference = input.reference ?? randomCode(service.random, 15)
    await insertTransaction(service, tenant, customer, { ...wanted, reference, origin: 'instrument', request })
    return reference
  })
  const confirmation = { instrument, save: true, key: request?.key }
  await confirmPaymentIntent(service, ledger, tenant, transaction.paymentIntentId, confirmation)
  return getTransaction(service, tenant, transaction)
}

/**
 * Charges a customer's saved payment method, by its code, without them. A charge that was declined is answered as such, one
 * of a bank account is under way. `request` makes it once. Throws as `openTransaction`, `payment_method_unknown`,
 * `payment_method_not_chargeable`, `idempotency_key_reused`.
 */
export async function chargePaymentMethod(
  service: Service,
  ledger: Ledger,
  tenant: Tenant,
  input: NewTransaction & { paymentMethodCode: string },
  request: IdempotentRequest | null,
): Promise<Transaction> {
  refuseLiveMode(tenant)
  const transaction = await madeOnce(service, tenant, request, async () => {
    const wanted = readNew(tenant, input)
    const { methodId, customer } = await findChargeable(service, tenant, input.paymentMethodCode, input.email)
    refuseDenied(customer)
    const reference = input.reference ?? randomCode(service.random, 15)
    const charged = { ...wanted, reference, methodId, origin: 'payment_method' as const, request }
    await insertTransaction(service, tenant, customer, charged)
    return reference
  })
  await confirmPaymentIntent(service, ledger, tenant, transaction.paymentIntentId, { key: request?.key })
  return getTransaction(service, tenant, transaction)
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
  service: Service,
  ledger: Ledger,
  tenant: Tenant,
  customer: Customer,
  { details, ...arrival }: Arrival,
): Promise<Transaction> {
  const { reference } = arrival
  try {
    const fields = { ...arrival, metadata: null, purpose: 'wallet_topup' as const, origin: 'incoming' as const }
    await insertTransaction(service, tenant, customer, { ...fields, incoming: details })
  } catch (error) {
    if (!(error instanceof ServiceError && error.code === 'reference_taken')) throw error
    // Told of before, if it is the same: the same customer's, to the same account.
    const { incoming } = await getTransaction(service, tenant, { reference })
    if (incoming?.receiverAccountNumber !== details.receiverAccountNumber) throw error
  }
  const { paymentIntentId } = await getTransaction(service, tenant, { reference })
  await takeArrivedMoney(service, ledger, tenant, paymentIntentId)
  return getTransaction(service, tenant, { reference })
}

/** By its reference or its number. Throws `reference_not_found`, `transaction_not_found`. */
export async function getTransaction(
  service: Service,
  { merchant, mode }: Tenant,
  name: { reference: string } | { id: bigint },
): Promise<Transaction> {
  const [row] = await service.db.query<TransactionRow>(sql`
    select ${transactionColumns} from transactions t ${withParts}
    where t.merchant_id = ${merchant.id} and t.mode = ${mode}
      and ${'reference' in name ? sql`t.reference = ${name.reference}` : sql`t.id = ${name.id}`}
  `)
  if (row !== undefined) return readTransaction(row)
  if ('id' in name) throw new ServiceError('transaction_not_found', `There is no transaction ${name.id}`)
  throw new ServiceError('reference_not_found', `There is no transaction with the reference "${name.reference}"`)
}

/** By its reference, as it is now: of one under way, the processor is asked first. Throws `reference_not_found`. */
export async function verifyTransaction(
  service: Service,
  ledger: Ledger,
  tenant: Tenant,
  reference: string,
): Promise<Transaction> {
  const transaction = await getTransaction(service, tenant, { reference })
  if (transaction.status !== 'processing') return transaction
  await receiveNotice(service, ledger, tenant, transaction.paymentIntentId)
  return getTransaction(service, tenant, { reference })
}

/** A transaction as the person who pays comes to it: by its page's address alone. */
export interface OpenedTransaction {
  tenant: Tenant
  transaction: Transaction
  intent: PaymentIntent
}

/** What the page shows now: of one under way, the processor is asked first. Throws `reference_not_found`. */
export async function openTransactionPage(
  service: Service,
  ledger: Ledger,
  accessCode: string,
): Promise<OpenedTransaction> {
  const { tenant, reference } = await findPage(service, accessCode)
  const transaction = await verifyTransaction(service, ledger, tenant, reference)
  return { tenant, transaction, intent: await getPaymentIntent(service, tenant, transaction.paymentIntentId) }
}

/**
 * Pays on the page, and saves the instrument when it has paid. What is paid or under way is not charged again. Throws
 * `reference_not_found`, `payment_intent_not_open`, `invalid_request`, `customer_denied`.
 */
export async function payTransactionPage(
  service: Service,
  ledger: Ledger,
  accessCode: string,
  instrument: Instrument,
): Promise<OpenedTransaction> {
  const { tenant, reference } = await findPage(service, accessCode)
  const { paymentIntentId, channels, customer } = await getTransaction(service, tenant, { reference })
  if (channels !== null && !channels.includes(instrument.type)) {
    throw new ServiceError('invalid_request', `This is paid by ${channels.join(' or ')}`)
  }
  refuseDenied(await findCustomer(service, tenant, { code: customer.code }))
  const intent = await confirmPaymentIntent(service, ledger, tenant, paymentIntentId, { instrument, save: true })
  return { tenant, transaction: await getTransaction(service, tenant, { reference }), intent }
}

async function findPage(service: Service, accessCode: string): Promise<{ tenant: Tenant; reference: string }> {
  const [row] = await service.db.query<MerchantRow & { mode: Mode; reference: string }>(sql`
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
  service: Service,
  tenant: Tenant,
  request: IdempotentRequest | null,
  make: () => Promise<string>,
): Promise<Transaction> {
  const known = await findOfRequest(service, tenant, request)
  if (known !== null) return known
  try {
    return await getTransaction(service, tenant, { reference: await make() })
  } catch (error) {
    // The same request, come twice at once, was faster.
    const made = await findOfRequest(service, tenant, request)
    if (made !== null) return made
    throw error
  }
}

async function findOfRequest(service: Service, { merchant, mode }: Tenant, request: IdempotentRequest | null) {
  if (request === null) return null
  const [row] = await service.db.query<TransactionRow & { fingerprint: Buffer }>(sql`
    select ${transactionColumns}, i.fingerprint from transactions t ${withParts}
    where t.merchant_id = ${merchant.id} and t.mode = ${mode} and t.request_key = ${request.key}
  `)
  if (row === undefined) return null
  if (!request.fingerprint.equals(row.fingerprint)) throw keyReused(request, row.fingerprint)
  return readTransaction(row)
}

/** What is asked for: well formed, not yet whether it is allowed. */
function readNew(tenant: Tenant, { amount, currency, reference, metadata: given }: NewTransaction) {
  if (reference !== undefined && !/^[A-Za-z0-9.=-]{1,100}$/.test(reference)) {
    const message = `reference must be 1 to 100 letters, digits or any of ".=-", not ${JSON.stringify(reference)}`
    throw new ServiceError('invalid_request', message, 'reference')
  }
  const metadata = given ?? null
  checkMetadata(metadata)
  const isTopUp = typeof metadata === 'object' && metadata?.purpose === 'wallet_topup'
  const purpose: TransactionPurpose = isTopUp ? 'wallet_topup' : 'payment'
  return { amount: parseAmount(amount), currency: heldCurrency(tenant.merchant, currency), metadata, purpose }
}

function readChannels(given: string[]): string[] {
  const channels = pageChannels.filter((channel) => given.includes(channel))
  if (channels.length > 0) return channels
  const message = `channels must have one of ${pageChannels.join(', ')}: a page here takes no other`
  throw new ServiceError('invalid_request', message, 'channels')
}

/** Before a customer is created for nothing; whoever comes at the same time is refused by the insert. */
async function refuseTaken(service: Service, { merchant, mode }: Tenant, reference: string | undefined) {
  if (reference === undefined) return
  const known = await service.db.query(sql`
    select id from transactions
    where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
  `)
  if (known.length > 0) throw referenceTaken(reference)
}

function referenceTaken(reference: string): ServiceError {
  return new ServiceError('reference_taken', `There is a transaction with the reference "${reference}"`, 'reference')
}

/** The customer with that e-mail, who is created when there is none. Throws `customer_denied`. */
async function payerOf(queues: CustomerQueues, tenant: Tenant, email: string): Promise<Customer> {
  const unknown = { firstName: null, lastName: null, phone: null, metadata: null }
  const { customer } = await createCustomer(queues, tenant, { email, ...unknown })
  refuseDenied(customer)
  return customer
}

async function findChargeable(service: Service, tenant: Tenant, code: string, email: string) {
  const [row] = await service.db.query<{ id: bigint; customer_id: bigint; chargeable: boolean }>(sql`
    select id, customer_id, reusable and active and deactivated_at is null as chargeable from payment_methods
    where merchant_id = ${tenant.merchant.id} and mode = ${tenant.mode} and code = ${code}
  `)
  if (row === undefined) throw new ServiceError('payment_method_unknown', `There is no payment method "pm_${code}"`)
  const customer = await findCustomer(service, tenant, { id: row.customer_id })
  if (row.chargeable && customer.email === normalizeEmail(email)) return { methodId: row.id, customer }
  const message = `Payment method "pm_${code}" is not active, cannot be charged again or is not of a customer "${email}"`
  throw new ServiceError('payment_method_not_chargeable', message)
}

interface TransactionFields extends ReturnType<typeof readNew> {
  reference: string
  origin: TransactionOrigin
  accessCode?: string
  channels?: string[] | null
  callbackUrl?: string | null
  methodId?: bigint
  request?: IdempotentRequest | null
  description?: string
  incoming?: IncomingDetails
}

/** Inserts it with its payment intent. Throws `reference_taken`, also where the same request has just made it. */
async function insertTransaction(service: Service, tenant: Tenant, customer: Customer, fields: TransactionFields) {
  const { reference, purpose, amount, currency, metadata, request = null } = fields
  const now = service.clock.now()
  const uuid = uuidV7(service.random, now)
  const expiresAt = new Date(now.getTime() + lifetimeMs)
  // By itself: while a transaction of the same reference is being settled, which needs ids too, the insert waits for it.
  const [allocated] = await service.db.query<{ id: bigint }>(sql`select allocate_ids(${tenant.merchant.id}, 1) as id`)
  await service.db.transaction(async (tx) => {
    await insertPaymentIntent(service, tx, tenant, {
      uuid,
      customerId: purpose === 'wallet_topup' ? customer.id : null,
      paymentMethodId: fields.methodId ?? null,
      checkoutSessionUuid: null,
      amount,
      currency,
      description: fields.description ?? `${purpose === 'wallet_topup' ? 'Top-up' : 'Payment'} ${reference}`,
      metadata: typeof metadata === 'string' ? null : metadata,
      idempotencyKey: `transaction_${uuid}`,
      fingerprint: request?.fingerprint ?? fingerprintOf(service.vault, 'transaction', {}),
      expiresAt,
    })
    const rows = await tx.query(sql`
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
