import { type ErrorCode, ServiceError } from '../../base/errors.ts'
import { randomCode, uuidV7 } from '../../base/ids.ts'
import { type Currency, parseAmount } from '../../base/money.ts'
import { nothing, sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import type { Page } from '../customers/customer-lists.ts'
import { type Customer, checkMetadata, findCustomer, lockCustomer, type Metadata } from '../customers/customers.ts'
import { recordEvent, recordMerchantEvent } from '../events/events.ts'
import { fingerprintOf, keyReused } from '../idempotency/request.ts'
import { doCommand, type LedgerCommand } from '../ledger/commands.ts'
import { heldCurrency, type MerchantRow, readMerchant } from '../merchants/merchants.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import { decideSandboxCharge, sandboxSuccessCard } from '../sandbox/processor.ts'
import { isUuid } from '../wallet/holds.ts'
import { getPaymentMethod } from './payment-method-lists.ts'
import {
  addPaymentMethod,
  describeInstrument,
  type Instrument,
  type NewPaymentMethod,
  type PaymentMethod,
} from './payment-methods.ts'
import {
  type ChargedInstrument,
  type ChargeState,
  type PaymentsContext,
  requireProcessor,
} from './payment-processor.ts'
import { countSuccess, findPaymentOfIntent, snapshotPayment } from './payment-records.ts'

export type PaymentIntentStatus =
  /** Nothing was charged yet. */
  | 'requires_payment_method'
  /** Made with a payment method, which is about to be charged. */
  | 'requires_confirmation'
  /** Charged; the processor has not answered yet. */
  | 'processing'
  | 'succeeded'
  /** The last charge was declined; it may be tried again. */
  | 'failed'
  | 'canceled'

/** An amount asked for from outside, and how far it has come. It is credited once, whoever tells of it. */
export interface PaymentIntent {
  /** `pi_…`, its name on every surface. */
  id: string
  /** Whose cash it fills; null where it pays the merchant. */
  customerCode: string | null
  paymentMethodCode: string | null
  /** `checkout_sess_…` of the hosted page it is paid on. */
  checkoutSessionId: string | null
  /** Minor units. */
  amount: bigint
  currency: Currency
  status: PaymentIntentStatus
  description: string | null
  metadata: Metadata | null
  idempotencyKey: string
  /** Names its last charge to the processor. */
  chargeReference: string | null
  chargedAt: Date | null
  /** Why the last charge failed, or why it was canceled. */
  failureReason: string | null
  /** The ledger transaction that credited it. */
  transactionId: string | null
  /** When it is given up if it was not paid. */
  expiresAt: Date
  createdAt: Date
  updatedAt: Date
}

interface PaymentIntentRow {
  id: string
  customer_code: string | null
  payment_method_code: string | null
  checkout_session_id: string | null
  amount: bigint
  currency: Currency
  status: PaymentIntentStatus
  description: string | null
  metadata: Metadata | null
  idempotency_key: string
  fingerprint: Buffer
  charge_reference: string | null
  charged_at: Date | null
  failure_reason: string | null
  transaction_id: string | null
  expires_at: Date
  created_at: Date
  updated_at: Date
}

const columns = sql`
  i.id, c.code as customer_code, p.code as payment_method_code, i.checkout_session_id, i.amount, i.currency, i.status,
  i.description, i.metadata, i.idempotency_key, i.fingerprint, i.charge_reference, i.charged_at, i.failure_reason,
  i.transaction_id, i.expires_at, i.created_at, i.updated_at
`
const withNames = sql`
  left join customers c on c.merchant_id = i.merchant_id and c.id = i.customer_id
  left join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
`

/** Those that can be charged. */
const openStatuses: PaymentIntentStatus[] = ['requires_payment_method', 'requires_confirmation', 'failed']

const defaultLifetimeMs = 24 * 60 * 60 * 1000
const maxLifetimeMs = 365 * defaultLifetimeMs

/** A charge under way is asked about after as long again as it has taken so far, within these. */
const firstCheckMs = 1_000
const lastCheckMs = 60_000
/** For this long a charge the processor has not heard of may still be on its way to it. */
const arrivalMs = 30_000
/** After a failed look. */
const retryMs = 30_000

export interface NewPaymentIntent {
  amount: number | string
  currency: string
  /** Whose cash it fills; without one it pays the merchant. */
  customerCode?: string | undefined
  /** Charged at once. */
  paymentMethodCode?: string | undefined
  description?: string | undefined
  metadata?: Metadata | undefined
  /** Two of one key are one; made up where there is none. */
  idempotencyKey?: string | undefined
  /** Default a day from now. */
  expiresAt?: Date | undefined
}

/**
 * Asks for money, and with a payment method charges it at once. Throws `not_available` in live mode, `invalid_request`,
 * `currency_not_held`, `customer_not_found`, `payment_method_not_found`, `customer_denied`, `idempotency_key_reused`,
 * `payment_declined` for a charge that was declined: the intent is there all the same, and can be tried again.
 */
export async function createPaymentIntent(
  context: PaymentsContext,
  tenant: Tenant,
  input: NewPaymentIntent,
): Promise<PaymentIntent> {
  refuseLiveMode(tenant)
  const request = readRequest(context, tenant, input)
  const intent = (await findByKey(context, tenant, request)) ?? (await insertOnce(context, tenant, request, input))
  const charged = await chargeNew(context, tenant, intent)
  if (input.paymentMethodCode === undefined || charged.status !== 'failed') return charged
  throw new ServiceError(
    'payment_declined',
    `${charged.failureReason}. Payment intent ${charged.id} can be tried again`,
  )
}

/** Charges an intent made with a payment method; one of a key used before may be further already. */
async function chargeNew(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent) {
  if (intent.status === 'processing') return askProcessor(context, tenant, intent)
  if (intent.status !== 'requires_confirmation') return intent
  return charge(context, tenant, intent, { instrument: await ownInstrument(context, tenant, intent) })
}

/** Throws `payment_intent_not_found`. */
export async function getPaymentIntent(context: PaymentsContext, tenant: Tenant, id: string): Promise<PaymentIntent> {
  const uuid = uuidOfIntent(id)
  const rows =
    uuid === null
      ? []
      : await context.db.query<PaymentIntentRow>(sql`
          select ${columns} from payment_intents i ${withNames}
          where i.merchant_id = ${tenant.merchant.id} and i.mode = ${tenant.mode} and i.id = ${uuid}
        `)
  if (rows[0] === undefined) throw new ServiceError('payment_intent_not_found', `There is no payment intent "${id}"`)
  return readIntent(rows[0])
}

/** Newest first. They are numbered, so without a status any page and the total are index look-ups. */
export async function listPaymentIntents(
  context: PaymentsContext,
  tenant: Tenant,
  filter: { status?: string | undefined },
  page: { limit: number; offset: number },
): Promise<Page<PaymentIntent>> {
  const matches = filter.status === undefined ? pageByNumber(tenant, page) : pageByStatus(tenant, filter.status, page)
  const rows = await context.db.query<PaymentIntentRow & { total: bigint }>(sql`
    select t.total, ${columns}
    from (${matches.total}) t
    left join (${matches.intents}) i on true
    ${withNames}
    order by i.number desc
  `)
  const items = rows.filter((row) => row.id !== null).map(readIntent)
  return { items, total: Number(rows[0]?.total ?? 0) }
}

function pageByNumber({ merchant, mode }: Tenant, page: { limit: number; offset: number }) {
  const total = sql`
    select coalesce(max(payment_intent_count), 0) as total from payment_counters
    where merchant_id = ${merchant.id} and mode = ${mode}
  `
  return {
    total,
    intents: sql`
      select n.* from payment_intents n
      where n.merchant_id = ${merchant.id} and n.mode = ${mode}
        and n.number <= (${total}) - ${page.offset}::bigint
        and n.number > (${total}) - ${page.offset}::bigint - ${page.limit}::bigint
    `,
  }
}

function pageByStatus({ merchant, mode }: Tenant, status: string, page: { limit: number; offset: number }) {
  const matching = sql`
    from payment_intents m where m.merchant_id = ${merchant.id} and m.mode = ${mode} and m.status = ${status}
  `
  return {
    total: sql`select count(*) as total ${matching}`,
    intents: sql`select m.* ${matching} order by m.number desc limit ${page.limit} offset ${page.offset}`,
  }
}

/** How a payment is made: by an instrument as it is typed in, which may be kept for the next time. */
export interface Confirmation {
  instrument?: Instrument | undefined
  /** Keeps the instrument as a payment method of the customer once it has paid. */
  save?: boolean | undefined
  /** Of the request: it charges once. */
  key?: string | undefined
}

/**
 * Pays: by the instrument given, else by the intent's payment method, else by the sandbox's card. One that is paid or
 * under way is not charged again. Answers `failed` with its reason for a declined charge. Throws `invalid_request`,
 * `payment_intent_not_found`, `payment_intent_not_open`, `payment_method_not_found`, `customer_denied`.
 */
export async function confirmPaymentIntent(
  context: PaymentsContext,
  tenant: Tenant,
  id: string,
  confirmation: Confirmation = {},
): Promise<PaymentIntent> {
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.status === 'succeeded') return intent
  if (intent.status === 'processing') return askProcessor(context, tenant, intent)
  if (intent.customerCode !== null) {
    refuseDenied(await findCustomer(context, tenant, { code: intent.customerCode }))
  }
  const typed = confirmation.instrument && describeInstrument(context, tenant, confirmation.instrument)
  const instrument = typed ?? (await ownInstrument(context, tenant, intent))
  const toSave = confirmation.save ? (typed ?? null) : null
  return charge(context, tenant, intent, { instrument, toSave, key: confirmation.key })
}

/**
 * Notes that the money of an intent has come without being asked for, once. If it cannot be credited it goes back, and the
 * intent is canceled. Throws `payment_intent_not_found`.
 */
export async function takeArrivedMoney(context: PaymentsContext, tenant: Tenant, id: string): Promise<PaymentIntent> {
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.status === 'succeeded' || intent.status === 'canceled') return intent
  if (intent.status === 'processing') return askProcessor(context, tenant, intent)
  return charge(context, tenant, intent, { instrument: { type: 'bank_transfer' } })
}

/**
 * Gives an intent up. One that is under way is stopped, where its processor can still do so. Doing it again changes
 * nothing. Throws `payment_intent_not_found`, `payment_intent_not_open`.
 */
export async function cancelPaymentIntent(
  context: PaymentsContext,
  tenant: Tenant,
  id: string,
): Promise<PaymentIntent> {
  let intent = await getPaymentIntent(context, tenant, id)
  if (intent.status === 'processing') intent = await stopCharge(context, tenant, intent)
  await close(context, tenant, intent, { from: openStatuses, to: 'canceled', reason: 'Canceled by the merchant' })
  const closed = await getPaymentIntent(context, tenant, id)
  if (closed.status === 'canceled') return closed
  throw notOpen(closed)
}

/**
 * A processor tells that something happened to a payment. It is not believed: the processor is asked.
 * Throws `payment_intent_not_found`, `payment_intent_not_open` for one that was never charged.
 */
export async function receiveNotice(context: PaymentsContext, tenant: Tenant, id: string): Promise<PaymentIntent> {
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.chargeReference === null) {
    throw new ServiceError(
      'payment_intent_not_open',
      `Payment intent ${intent.id} was not charged yet: confirm it first`,
    )
  }
  return askProcessor(context, tenant, intent)
}

/**
 * Has the sandbox decide a charge that is under way, then give its notice. Named by the intent, by its checkout session
 * or by its transaction's reference. Test mode only: throws `test_mode_only`, and as `receiveNotice`.
 */
export async function simulateNotice(
  context: PaymentsContext,
  tenant: Tenant,
  reference: string,
  outcome: 'succeeded' | 'declined' | 'insufficient_funds' | undefined,
): Promise<PaymentIntent> {
  if (tenant.mode !== 'test') throw new ServiceError('test_mode_only', 'Simulated notices exist in test mode only')
  const { id, chargeReference } = await getPaymentIntent(context, tenant, await intentOf(context, tenant, reference))
  if (outcome !== undefined && chargeReference !== null) {
    await decideSandboxCharge(context, tenant, chargeReference, outcome)
  }
  return receiveNotice(context, tenant, id)
}

/** The intent of a checkout session or of a transaction; any other reference as it is. */
async function intentOf(context: PaymentsContext, { merchant, mode }: Tenant, reference: string): Promise<string> {
  const uuid = /^checkout_sess_(.*)$/s.exec(reference)?.[1] ?? ''
  const [row] = await context.db.query<{ payment_intent_id: string }>(
    isUuid(uuid)
      ? sql`
          select payment_intent_id from checkout_sessions
          where merchant_id = ${merchant.id} and mode = ${mode} and id = ${uuid}
        `
      : sql`
          select payment_intent_id from transactions
          where merchant_id = ${merchant.id} and mode = ${mode} and reference = ${reference}
        `,
  )
  return row === undefined ? reference : `pi_${row.payment_intent_id}`
}

/**
 * Looks at every intent that is due and answers how many: asks about charges under way, and gives up what has expired.
 * Any number of servers may do so at once. What a crash left between crediting and noting it is noted here.
 */
export async function settleDuePayments(context: PaymentsContext): Promise<number> {
  const due = await context.db.query<MerchantRow & { intent_id: string; mode: Mode }>(sql`
    select i.id as intent_id, i.mode, m.id, m.code, m.name, m.country, m.currencies, m.created_at
    from payment_intents i
    join merchants m on m.id = i.merchant_id
    where i.due_at <= ${context.clock.now()}
    order by i.due_at
    limit 100
  `)
  for (const row of due) {
    const tenant: Tenant = { merchant: readMerchant(row), mode: row.mode }
    if (await claimLook(context, tenant, row.intent_id)) await settleDue(context, tenant, row.intent_id)
  }
  return due.length
}

/** Of several servers one looks; if it fails or is killed meanwhile, it is looked at again later. */
async function claimLook(context: PaymentsContext, tenant: Tenant, uuid: string): Promise<boolean> {
  const now = context.clock.now()
  const rows = await context.db.query(sql`
    update payment_intents set due_at = ${new Date(now.getTime() + retryMs)}
    where merchant_id = ${tenant.merchant.id} and id = ${uuid} and due_at <= ${now}
    returning id
  `)
  return rows.length > 0
}

async function settleDue(context: PaymentsContext, tenant: Tenant, uuid: string): Promise<void> {
  let intent = await getPaymentIntent(context, tenant, `pi_${uuid}`)
  const isExpired = intent.expiresAt <= context.clock.now()
  if (intent.status === 'processing') {
    intent = await askProcessor(context, tenant, intent)
    if (isExpired && intent.status === 'processing') intent = await stopCharge(context, tenant, intent)
  }
  if (isExpired)
    await close(context, tenant, intent, { from: openStatuses, to: 'canceled', reason: 'Not paid in time' })
}

interface Attempt {
  instrument: ChargedInstrument
  toSave?: NewPaymentMethod | null
  key?: string | undefined
}

async function charge(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
  attempt: Attempt,
): Promise<PaymentIntent> {
  const reference = await beginCharge(context, tenant, intent, attempt)
  if (reference === null) return lookInstead(context, tenant, intent)
  const { amount, currency } = intent
  const { instrument } = attempt
  const state = await (await requireProcessor(context, tenant)).charge(tenant, {
    reference,
    amount,
    currency,
    instrument,
  })
  return settle(context, tenant, { ...intent, chargeReference: reference }, state)
}

/** Of however many who would charge at once, one does. Answers the charge's reference, null to the others. */
async function beginCharge(context: Context, tenant: Tenant, intent: PaymentIntent, attempt: Attempt) {
  const { instrument, toSave, key } = attempt
  const now = context.clock.now()
  const [row] = await context.db.query<{ charge_reference: string }>(sql`
    with charged as (
      update payment_intents set
        status = 'processing',
        charge_count = charge_count + 1,
        charge_reference = ${intent.id}::text || '_' || (charge_count + 1),
        charge_key = ${key ?? null},
        charged_at = ${now}::timestamptz,
        to_save = ${toSave ? JSON.stringify(toSave) : null}::json,
        failure_reason = null,
        due_at = ${new Date(now.getTime() + firstCheckMs)}::timestamptz,
        updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent.id)}
        and status = any(${openStatuses}::text[]) and expires_at > ${now}::timestamptz
        and (charge_key is null or charge_key is distinct from ${key ?? null}::text)
      returning id, charge_reference
    ),
    of_payment as (
      update transactions t set
        status = 'processing', channel = ${instrument.type}, failure_reason = null, updated_at = ${now}::timestamptz
      from charged
      where t.merchant_id = ${tenant.merchant.id} and t.payment_intent_id = charged.id
    )
    select charge_reference from charged
  `)
  return row?.charge_reference ?? null
}

/** Somebody else has charged it, or this request has before, or it cannot be charged any more. */
async function lookInstead(context: PaymentsContext, tenant: Tenant, { id }: PaymentIntent) {
  const intent = await getPaymentIntent(context, tenant, id)
  if (intent.status === 'processing') return askProcessor(context, tenant, intent)
  if (intent.status === 'succeeded') return intent
  if (intent.status === 'failed' && intent.expiresAt > context.clock.now()) return intent
  throw notOpen(intent)
}

async function askProcessor(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent): Promise<PaymentIntent> {
  const state = await (await requireProcessor(context, tenant)).query(tenant, intent.chargeReference as string)
  if (state !== null) return settle(context, tenant, intent, state)
  const chargedMs = context.clock.now().getTime() - (intent.chargedAt?.getTime() ?? 0)
  if (chargedMs < arrivalMs) return settle(context, tenant, intent, { status: 'processing' })
  return stopCharge(context, tenant, intent)
}

async function stopCharge(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent) {
  const { amount, currency } = intent
  const reference = intent.chargeReference as string
  const state = await (await requireProcessor(context, tenant)).stop(tenant, { reference, amount, currency })
  return settle(context, tenant, intent, state)
}

/** Brings an intent to where its charge is. Whoever learns of the charge does this, in any order, and repeatedly. */
async function settle(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
  state: ChargeState,
): Promise<PaymentIntent> {
  if (state.status === 'succeeded') await credit(context, tenant, intent)
  else if (state.status === 'failed') {
    await close(context, tenant, intent, { from: ['processing'], to: 'failed', reason: state.reason })
  } else await lookLater(context, tenant, intent)
  return getPaymentIntent(context, tenant, intent.id)
}

/** Why the ledger may refuse money that has been taken already. */
const refusedCredits: ReadonlySet<ErrorCode> = new Set(['customer_denied', 'customer_not_found', 'balance_limit'])

/**
 * Credits the money, once for all charges of an intent, then notes it. What the ledger refuses goes back to the payer,
 * and the intent is closed: the ledger will not change its answer.
 */
async function credit(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent): Promise<void> {
  if (intent.status === 'succeeded') return
  const receipt = await doCommand(context, tenant, creditCommand(context, intent)).catch((error) => {
    if (error instanceof ServiceError && refusedCredits.has(error.code)) return error
    throw error
  })
  if (!(receipt instanceof ServiceError)) return noteSuccess(context, tenant, intent, receipt.id)
  await (await requireProcessor(context, tenant)).giveBack(tenant, intent.chargeReference as string)
  const from: PaymentIntentStatus[] = ['processing', ...openStatuses]
  await close(context, tenant, intent, { from, to: 'canceled', reason: receipt.message })
}

function creditCommand(context: Context, intent: PaymentIntent): LedgerCommand {
  const { customerCode, checkoutSessionId, amount, currency, description } = intent
  const id = uuidV7(context.random, context.clock.now())
  const details = { paymentIntentId: intent.id, ...(checkoutSessionId === null ? {} : { checkoutSessionId }) }
  return {
    action: 'post',
    kind: 'pay_in',
    id,
    currency,
    from: { kind: 'outside' },
    to: customerCode === null ? { kind: 'merchant_balance' } : { kind: 'customer_cash', customer: customerCode },
    amount,
    description: description ?? 'Payment',
    details,
    event:
      customerCode === null
        ? null
        : {
            type: 'pay_in.succeeded',
            data: {
              customer: { code: customerCode },
              details: { payInId: id, amount: Number(amount), currency, ...details },
            },
          },
    request: null,
    ownKey: `payment-intent/${intent.id}`,
  }
}

/** The money is credited already: this may come later, after a crash, and more than once. */
async function noteSuccess(context: Context, tenant: Tenant, intent: PaymentIntent, transactionId: string) {
  await inTransaction(context, async (tx) => {
    const paid = await markPaid(tx, tenant, intent, transactionId)
    if (paid === null) return
    const { customerId, toSave, isPayment } = paid
    const customer = customerId === null ? null : await lockCustomer(tx, tenant, { id: customerId })
    if (customer !== null && toSave !== null) {
      const known = isPayment ? null : await findSaved(tx, tenant, customer, toSave)
      const { id } = known ?? (await addPaymentMethod(tx, tenant, customer, toSave))
      await setPaymentMethod(tx, tenant, intent, id)
    }
    if (isPayment) await countSuccess(tx, tenant, intent)
    await recordIntentEvent(tx, tenant, 'payment_intent.succeeded', customer, intent, {
      transactionId,
      ...(isPayment ? await paymentDetails(tx, tenant, intent) : {}),
    })
    if (intent.checkoutSessionId !== null) {
      await recordIntentEvent(tx, tenant, 'checkout.session.completed', customer, intent, { transactionId })
    }
  })
}

interface Paid {
  /** Whose payment it is: who is credited, or else whose payment under a reference it is. */
  customerId: bigint | null
  toSave: NewPaymentMethod | null
  isPayment: boolean
}

/** Null where that was done before. */
async function markPaid(
  tx: TxContext,
  tenant: Tenant,
  intent: PaymentIntent,
  transactionId: string,
): Promise<Paid | null> {
  const now = tx.clock.now()
  const [row] = await tx.db.query<{
    customer_id: bigint | null
    to_save: NewPaymentMethod | null
    payer_id: bigint | null
  }>(sql`
    with paid as (
      update payment_intents set
        status = 'succeeded', transaction_id = ${transactionId}::uuid, failure_reason = null, due_at = null,
        updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent.id)} and status <> 'succeeded'
      returning id, customer_id, to_save
    ),
    of_payment as (
      update transactions t set
        status = 'succeeded', paid_at = ${now}::timestamptz, failure_reason = null, updated_at = ${now}::timestamptz
      from paid
      where t.merchant_id = ${tenant.merchant.id} and t.payment_intent_id = paid.id
      returning t.customer_id as payer_id
    )
    select paid.customer_id, paid.to_save, of_payment.payer_id from paid left join of_payment on true
  `)
  if (row === undefined) return null
  const { customer_id, payer_id, to_save } = row
  return { customerId: customer_id ?? payer_id, toSave: to_save, isPayment: payer_id !== null }
}

/** What events say of the payment an intent belongs to, as it is now. */
async function paymentDetails(tx: TxContext, tenant: Tenant, { id }: PaymentIntent) {
  const payment = await findPaymentOfIntent(tx, tenant, uuidOfIntent(id) as string)
  return payment === null ? {} : { transaction: snapshotPayment(payment) }
}

/** The instrument as the customer has saved it before, where they have. */
async function findSaved(tx: TxContext, tenant: Tenant, customer: Customer, { signature }: NewPaymentMethod) {
  const [known] = await tx.db.query<{ id: bigint }>(sql`
    select id from payment_methods
    where merchant_id = ${tenant.merchant.id} and customer_id = ${customer.id} and deactivated_at is null
      and signature = ${signature ?? null}
    order by id desc
    limit 1
  `)
  return known ?? null
}

async function setPaymentMethod(tx: TxContext, tenant: Tenant, intent: PaymentIntent, methodId: bigint): Promise<void> {
  await tx.db.query(sql`
    update payment_intents set payment_method_id = ${methodId}, to_save = null
    where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent.id)}
  `)
}

/** Ends what is in one of the statuses `from`, and does nothing to what has moved on. */
async function close(
  context: Context,
  tenant: Tenant,
  intent: PaymentIntent,
  { from, to, reason }: { from: PaymentIntentStatus[]; to: 'failed' | 'canceled'; reason: string },
): Promise<void> {
  await inTransaction(context, async (tx) => {
    const now = context.clock.now()
    const [row] = await tx.db.query<{ customer_id: bigint | null; payer_id: bigint | null }>(sql`
      with closed as (
        update payment_intents set
          status = ${to}, failure_reason = ${reason}, updated_at = ${now}::timestamptz,
          due_at = ${to === 'failed' ? sql`expires_at` : sql`null`}
        where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent.id)} and status = any(${from}::text[])
          ${to === 'failed' ? sql`and charge_reference = ${intent.chargeReference}` : nothing}
        returning id, customer_id
      ),
      of_payment as (
        update transactions t set
          status = case t.status when 'unpaid' then 'unpaid' else 'failed' end,
          failure_reason = case t.status when 'processing' then ${reason} else t.failure_reason end,
          updated_at = ${now}::timestamptz
        from closed
        where t.merchant_id = ${tenant.merchant.id} and t.payment_intent_id = closed.id
        returning t.customer_id as payer_id
      )
      select closed.customer_id, of_payment.payer_id from closed left join of_payment on true
    `)
    if (row === undefined) return
    const customerId = row.customer_id ?? row.payer_id
    const customer = customerId === null ? null : await lockCustomer(tx, tenant, { id: customerId })
    await recordIntentEvent(tx, tenant, `payment_intent.${to}`, customer, intent, {
      reason,
      ...(row.payer_id === null ? {} : await paymentDetails(tx, tenant, intent)),
    })
    if (customer !== null && row.customer_id !== null && to === 'failed') {
      await recordIntentEvent(tx, tenant, 'pay_in.failed', customer, intent, { reason })
    }
  })
}

async function lookLater(context: Context, tenant: Tenant, intent: PaymentIntent): Promise<void> {
  const now = context.clock.now()
  const tookMs = now.getTime() - (intent.chargedAt?.getTime() ?? now.getTime())
  const next = new Date(now.getTime() + Math.min(Math.max(tookMs, firstCheckMs), lastCheckMs))
  const dueAt = intent.expiresAt > now && intent.expiresAt < next ? intent.expiresAt : next
  await context.db.query(sql`
    update payment_intents set due_at = ${dueAt}
    where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent.id)} and status = 'processing'
  `)
}

async function recordIntentEvent(
  tx: TxContext,
  tenant: Tenant,
  type:
    | 'payment_intent.succeeded'
    | 'payment_intent.failed'
    | 'payment_intent.canceled'
    | 'pay_in.failed'
    | 'checkout.session.completed',
  customer: Customer | null,
  intent: PaymentIntent,
  more: Record<string, unknown>,
): Promise<void> {
  const { id, checkoutSessionId, amount, currency } = intent
  const session = checkoutSessionId === null ? {} : { checkoutSessionId }
  const details = { paymentIntentId: id, ...session, amount: Number(amount), currency, ...more }
  if (customer === null) await recordMerchantEvent(tx, tenant, type, details)
  else await recordEvent(tx, tenant, type, customer, details)
}

/** What an intent is inserted from. */
export interface PaymentIntentFields {
  /** A UUID of version 7. */
  uuid: string
  customerId: bigint | null
  paymentMethodId: bigint | null
  checkoutSessionUuid: string | null
  amount: bigint
  currency: Currency
  description: string | null
  metadata: Metadata | null
  idempotencyKey: string
  fingerprint: Buffer
  expiresAt: Date
}

/** Numbers and inserts it. Violates `payment_intents_idempotency_key` for a key that is there already. */
export async function insertPaymentIntent(
  context: Context,
  tenant: Tenant,
  fields: PaymentIntentFields,
): Promise<void> {
  const now = context.clock.now()
  await context.db.query(sql`
    with counter as (
      insert into payment_counters as k (merchant_id, mode, payment_intent_count)
      values (${tenant.merchant.id}, ${tenant.mode}, 1)
      on conflict (merchant_id, mode) do update set payment_intent_count = k.payment_intent_count + 1
      returning k.payment_intent_count
    )
    insert into payment_intents (
      merchant_id, id, mode, number, customer_id, payment_method_id, checkout_session_id, amount, currency, status,
      description, metadata, idempotency_key, fingerprint, expires_at, due_at, created_at, updated_at
    )
    select
      ${tenant.merchant.id}, ${fields.uuid}::uuid, ${tenant.mode}, counter.payment_intent_count,
      ${fields.customerId}::bigint, ${fields.paymentMethodId}::bigint, ${fields.checkoutSessionUuid}::uuid,
      ${fields.amount}::bigint, ${fields.currency},
      ${fields.paymentMethodId === null ? 'requires_payment_method' : 'requires_confirmation'}, ${fields.description},
      ${fields.metadata === null ? null : JSON.stringify(fields.metadata)}::json, ${fields.idempotencyKey},
      ${fields.fingerprint}::bytea, ${fields.expiresAt}::timestamptz, ${fields.expiresAt}::timestamptz,
      ${now}::timestamptz, ${now}::timestamptz
    from counter
  `)
}

/** What is asked for, under its key: well formed, not yet whether it is allowed. */
interface CreationRequest {
  idempotencyKey: string
  amount: bigint
  currency: Currency
  expiresAt: Date
  /** As the caller named the members, to tell which differ under one key. */
  body: Record<string, unknown>
  fingerprint: Buffer
}

function readRequest(context: Context, tenant: Tenant, input: NewPaymentIntent): CreationRequest {
  const { customerCode, paymentMethodCode, description, metadata } = input
  const amount = parseAmount(input.amount)
  const currency = heldCurrency(tenant.merchant, input.currency)
  checkMetadata(metadata ?? null)
  const names = { customerId: customerCode, paymentMethodId: paymentMethodCode }
  const body = { amount: Number(amount), currency, ...names, description, metadata }
  return {
    idempotencyKey: input.idempotencyKey ?? `idem_${randomCode(context.random, 24)}`,
    amount,
    currency,
    expiresAt: input.expiresAt ?? new Date(context.clock.now().getTime() + defaultLifetimeMs),
    body,
    fingerprint: fingerprintOf(context.vault, 'payment intent', body),
  }
}

/** Throws `idempotency_key_reused` for a key of another intent. */
async function findByKey(context: Context, tenant: Tenant, request: CreationRequest): Promise<PaymentIntent | null> {
  const { idempotencyKey: key, fingerprint, body } = request
  const [row] = await context.db.query<PaymentIntentRow>(sql`
    select ${columns} from payment_intents i ${withNames}
    where i.merchant_id = ${tenant.merchant.id} and i.mode = ${tenant.mode} and i.idempotency_key = ${key}
  `)
  if (row === undefined) return null
  if (fingerprint.equals(row.fingerprint)) return readIntent(row)
  throw keyReused({ key, operation: 'payment intent', body, fingerprint }, row.fingerprint)
}

/** Of however many creations of one key at once, one makes the intent and all are given it. */
async function insertOnce(
  context: Context,
  tenant: Tenant,
  request: CreationRequest,
  input: NewPaymentIntent,
): Promise<PaymentIntent> {
  checkExpiry(input.expiresAt, context.clock.now())
  const parties = await findParties(context, tenant, input)
  const fields = {
    ...request,
    ...parties,
    uuid: uuidV7(context.random, context.clock.now()),
    checkoutSessionUuid: null,
    description: input.description ?? null,
    metadata: input.metadata ?? null,
  }
  try {
    await insertPaymentIntent(context, tenant, fields)
  } catch (error) {
    if ((error as { constraint?: string }).constraint !== 'payment_intents_idempotency_key') throw error
  }
  return (await findByKey(context, tenant, request)) as PaymentIntent
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

async function ownInstrument(context: Context, tenant: Tenant, intent: PaymentIntent): Promise<ChargedInstrument> {
  if (intent.paymentMethodCode !== null) return getPaymentMethod(context, tenant, intent.paymentMethodCode)
  return { type: 'card', bin: sandboxSuccessCard.slice(0, 6), last4: sandboxSuccessCard.slice(-4) }
}

/** Throws `customer_denied`. */
export function refuseDenied(customer: Customer): void {
  if (customer.riskAction !== 'deny') return
  const message = `Customer ${customer.code} is denied and cannot send, spend or be paid; change their risk action first`
  throw new ServiceError('customer_denied', message)
}

/** Throws `not_available`: nobody takes live money yet. */
export function refuseLiveMode({ mode }: Tenant): void {
  if (mode === 'test') return
  throw new ServiceError('not_available', 'Payments from outside are not available in live mode on this server')
}

function notOpen({ id, status, failureReason }: PaymentIntent): ServiceError {
  const words: Partial<Record<PaymentIntentStatus, string>> = {
    succeeded: 'has succeeded',
    processing: 'is being processed and cannot be stopped any more',
    canceled: `was canceled: ${failureReason}`,
  }
  const message = `Payment intent ${id} ${words[status] ?? 'has expired'}; create a new one`
  return new ServiceError('payment_intent_not_open', message)
}

/** Null for what is no name of a payment intent. */
function uuidOfIntent(id: string): string | null {
  const uuid = id.startsWith('pi_') ? id.slice(3) : ''
  return isUuid(uuid) ? uuid : null
}

function readIntent(row: PaymentIntentRow): PaymentIntent {
  return {
    id: `pi_${row.id}`,
    customerCode: row.customer_code,
    paymentMethodCode: row.payment_method_code,
    checkoutSessionId: row.checkout_session_id === null ? null : `checkout_sess_${row.checkout_session_id}`,
    amount: row.amount,
    currency: row.currency,
    status: row.status,
    description: row.description,
    metadata: row.metadata,
    idempotencyKey: row.idempotency_key,
    chargeReference: row.charge_reference,
    chargedAt: row.charged_at,
    failureReason: row.failure_reason,
    transactionId: row.transaction_id,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
