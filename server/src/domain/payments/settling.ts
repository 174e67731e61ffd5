import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { nothing, type Sql, sql } from '../../db/sql.ts'
import { type Context, inTransaction, type TxContext } from '../context.ts'
import { type Customer, lockCustomer } from '../customers/customers.ts'
import { recordEvent } from '../events/events.ts'
import { doCommand, type LedgerCommand } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { noteQuestion } from './account-questions.ts'
import { askLater, bookCharge, bookLateFee } from './charge-facts.ts'
import type { ChargeStep } from './charge-steps.ts'
import { changeIntent, countSuccess, paymentDetails } from './intent-payments.ts'
import {
  firstCheckMs,
  getPaymentIntent,
  type PaymentIntent,
  type PaymentIntentStatus,
  uuidOfIntent,
} from './payment-intent-records.ts'
import { addPaymentMethod, type NewPaymentMethod, renewToken } from './payment-methods.ts'
import type { ChargeFacts, ChargeState, GonePayment, PaymentsContext } from './payment-processor.ts'
import { isOfPage } from './sent-charges.ts'

/** Intents that can be charged. */
export const openStatuses: readonly PaymentIntentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'failed',
]

/** A charge under way is asked about after as long again as it has taken so far, at most after this time. */
const lastCheckMs = 60_000

/**
 * Brings an intent to where its charge is. Everybody who learns something of the charge does this, in any order, and
 * repeatedly. Throws what the ledger throws, save for money it refuses for good: that goes to suspense.
 */
export async function settleIntent(
  context: PaymentsContext,
  tenant: Tenant,
  intent: PaymentIntent,
  state: ChargeState,
): Promise<PaymentIntent> {
  if (isSent(intent)) await settleSent(context, tenant, intent, state)
  else await settleHere(context, tenant, intent, state)
  return getPaymentIntent(context, tenant, intent.id)
}

async function settleHere(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent, state: ChargeState) {
  if (state.status === 'succeeded') await credit(context, tenant, intent)
  if (state.status === 'failed') await failCharge(context, tenant, intent, state.reason)
  // A payment that disagrees with its charge is not this intent's: the intent waits for one that agrees.
  if (state.status === 'processing' || state.status === 'disagrees')
    await lookLater(context, tenant, intent, stepOf(state))
}

/** An intent as one of its charges sees it, which was sent by an account at a processor. */
type SentIntent = PaymentIntent & { chargeReference: string }

function isSent(intent: PaymentIntent): intent is SentIntent {
  return intent.accountId !== 0n && intent.chargeReference !== null
}

/**
 * The same for a charge that was sent by an account at a processor, which need not be the last one of the intent. Money that
 * has come is a fact: it is booked whatever has become of the intent, and each charge's money by itself.
 */
async function settleSent(context: PaymentsContext, tenant: Tenant, intent: SentIntent, state: ChargeState) {
  const { chargeReference: reference } = intent
  if (state.status === 'processing') {
    await lookLater(context, tenant, intent, stepOf(state))
    return askLater(context, tenant, { intent, reference, state: 'open', isOver: false })
  }
  if (state.status === 'failed') {
    if (state.gone !== undefined && (await settleGone(context, tenant, intent, state.gone))) return
    await failCharge(context, tenant, intent, state.reason)
    // A page can be paid on after a try that was declined.
    return askLater(context, tenant, { intent, reference, state: 'failed', isOver: !isOfPage(reference) })
  }
  const { facts } = state
  if (facts === undefined) throw new Error('a processor tells nothing of a payment at its account')
  const differences = state.status === 'disagrees' ? state.differences : []
  const booked = await bookCharge(context, tenant, { intent, reference, facts, differences })
  if (booked.suspended === null) return noteSuccess(context, tenant, intent, booked.transactionId, facts)
  const reason = reasonOfSuspended(booked.suspended)
  await noteSuspended(context, tenant, intent, reason)
  if (differences.length > 0) return failCharge(context, tenant, intent, reason)
  return cancelIntent(context, tenant, intent, { from: ['processing', ...openStatuses], reason })
}

/**
 * Books a payment that was paid and has gone back before anybody here heard of it, where the account shows how it has gone: it came,
 * and the account is asked at once about what was taken. Of one that is booked only the fee may be missing. Answers whether the
 * payment was booked now.
 */
async function settleGone(
  context: PaymentsContext,
  tenant: Tenant,
  intent: SentIntent,
  { facts, differences, isShown }: GonePayment,
): Promise<boolean> {
  const { accountId, chargeReference: reference } = intent
  const { sentReference: name, isBooked } = await bookLateFee(context, tenant, { intent, reference, facts })
  if (isBooked || !isShown) return false
  // Before the money is there, so that it is taken also after a crash.
  await noteQuestion(context, tenant, accountId, { about: 'payment', name, waitMs: 0 })
  await settleSent(
    context,
    tenant,
    intent,
    differences.length === 0 ? { status: 'succeeded', facts } : { status: 'disagrees', differences, facts },
  )
  return true
}

/**
 * Credits the money, once for all charges of an intent, then notes it. It has come, so it is booked whatever a risk action
 * says. Money that cannot be booked to its owner goes to suspense, and the intent is closed: the ledger will not change its
 * answer.
 */
async function credit(context: PaymentsContext, tenant: Tenant, intent: PaymentIntent): Promise<void> {
  const receipt = await doCommand(context, tenant, creditCommand(context, intent)).catch((error) => {
    if (error instanceof ServiceError && error.kept) return error
    throw error
  })
  if (!(receipt instanceof ServiceError)) return noteSuccess(context, tenant, intent, receipt.id)
  await doCommand(context, tenant, suspension(context, intent, receipt.message))
  await cancelIntent(context, tenant, intent, {
    from: ['processing', ...openStatuses],
    reason: reasonOfSuspended(receipt.message),
  })
}

/** A payment whose page was only opened has come all the same, and is not one that nobody has paid. */
async function noteSuspended(
  { db, clock }: Context,
  { merchant }: Tenant,
  intent: PaymentIntent,
  reason: string,
): Promise<void> {
  await db.query(sql`
    update payments set status = 'failed', failure_reason = ${reason}, updated_at = ${clock.now()}
    where merchant_id = ${merchant.id} and payment_intent_id = ${uuidOfIntent(intent)} and status = 'unpaid'
  `)
}

/** How the reason begins why a payment has failed whose money is in suspense. */
export const wordsOfSuspended = 'The money came and is in suspense.'

function reasonOfSuspended(reason: string): string {
  return `${wordsOfSuspended} ${reason}`
}

function suspension(context: Context, intent: PaymentIntent, reason: string): LedgerCommand {
  return {
    action: 'book',
    kind: 'suspended',
    id: uuidV7(context.random, context.clock.now()),
    currency: intent.currency,
    from: { kind: 'outside' },
    to: { kind: 'suspense' },
    amount: intent.amount,
    description: null,
    details: { ...detailsOf(intent), reason },
    event: null,
    request: null,
    ownKey: `payment-intent/${intent.id}/suspended`,
  }
}

function detailsOf({ id, checkoutSessionId }: PaymentIntent) {
  return { paymentIntentId: id, ...(checkoutSessionId === null ? {} : { checkoutSessionId }) }
}

function creditCommand(context: Context, intent: PaymentIntent): LedgerCommand {
  const { customerCode, amount, currency, description } = intent
  const id = uuidV7(context.random, context.clock.now())
  const details = detailsOf(intent)
  return {
    action: 'book',
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
export async function noteSuccess(
  context: Context,
  tenant: Tenant,
  intent: PaymentIntent,
  transactionId: string,
  facts: ChargeFacts | null = null,
) {
  await inTransaction(context, async (tx) => {
    const sent = facts === null ? null : sentChange(tx, intent, facts)
    const paid = await changeIntent(tx, tenant, intent, {
      intent: sql`
        status = 'succeeded', transaction_id = ${transactionId}::uuid, failure_reason = null, due_at = null, asks = null
        ${sent === null ? nothing : sent.intent}
      `,
      payment: sql`
        status = 'succeeded', paid_at = ${facts?.paidAt ?? tx.clock.now()}::timestamptz, failure_reason = null
        ${sent === null ? nothing : sent.payment}
      `,
      where: sql`status <> 'succeeded'`,
    })
    if (paid === null) return
    const toSave = facts === null ? paid.toSave : facts.saved
    const isPayment = paid.payerId !== null
    const customer = await lockPayer(tx, tenant, paid)
    if (customer !== null && toSave !== null) {
      const known =
        isPayment && facts === null
          ? null
          : ((await findSaved(tx, tenant, customer, toSave)) ?? (await findCharged(tx, tenant, intent, toSave)))
      const { id } = known ?? (await addPaymentMethod(tx, tenant, customer, toSave))
      if (known !== null && toSave.token !== undefined) await renewToken(tx, tenant, id, toSave.token)
      await setPaymentMethod(tx, tenant, intent, id)
    }
    if (isPayment) await countSuccess(tx, tenant, intent)
    const told = { transactionId, ...(isPayment ? await paymentDetails(tx, tenant, intent) : {}) }
    await recordIntentEvent(tx, tenant, 'payment_intent.succeeded', { customer, intent, told })
    if (intent.checkoutSessionId !== null) {
      await recordIntentEvent(tx, tenant, 'checkout.session.completed', { customer, intent, told: { transactionId } })
    }
  })
}

/** The charge that has paid becomes the charge of the intent. */
function sentChange(
  { clock }: Context,
  intent: PaymentIntent,
  { channel }: ChargeFacts,
): { intent: Sql; payment: Sql } {
  return {
    intent: sql`
      , charge_reference = ${intent.chargeReference}, account_id = ${intent.accountId}::bigint,
      charged_at = coalesce(charged_at, ${clock.now()}::timestamptz), charge_count = greatest(charge_count, 1)
    `,
    payment: sql`, channel = coalesce(${channel}::text, channel)`,
  }
}

/**
 * The customer who is credited, or else who pays the merchant under a reference; null where nobody is named, and for a
 * customer who was deleted since.
 */
async function lockPayer(
  tx: TxContext,
  tenant: Tenant,
  { creditedId, payerId }: { creditedId: bigint | null; payerId: bigint | null },
): Promise<Customer | null> {
  const id = creditedId ?? payerId
  if (id === null) return null
  return lockCustomer(tx, tenant, { id }).catch((error) => {
    if (error instanceof ServiceError && error.code === 'customer_not_found') return null
    throw error
  })
}

/** The payment method as which the customer has saved the same instrument before; null for a new instrument. */
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

/** The payment method that was charged, where the instrument that has paid has no signature to know it by, as a bank account. */
async function findCharged(
  tx: TxContext,
  { merchant }: Tenant,
  intent: PaymentIntent,
  { signature, type }: NewPaymentMethod,
) {
  if (signature) return null
  const [charged] = await tx.db.query<{ id: bigint }>(sql`
    select p.id
    from payment_intents i
    join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
    where i.merchant_id = ${merchant.id} and i.id = ${uuidOfIntent(intent)} and p.type = ${type}
      and p.deactivated_at is null
  `)
  return charged ?? null
}

async function setPaymentMethod(tx: TxContext, tenant: Tenant, intent: PaymentIntent, methodId: bigint): Promise<void> {
  await tx.db.query(sql`
    update payment_intents set payment_method_id = ${methodId}, to_save = null
    where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent)}
  `)
}

/** Notes that the last charge was declined: the intent can be charged again until it expires. */
function failCharge(context: Context, tenant: Tenant, intent: PaymentIntent, reason: string): Promise<void> {
  return closeIntent(context, tenant, intent, { to: 'failed', from: ['processing'], reason })
}

/** Ends an intent that is in one of the statuses `from`; an intent that has moved on is left as it is. */
export function cancelIntent(
  context: Context,
  tenant: Tenant,
  intent: PaymentIntent,
  { from, reason }: { from: readonly PaymentIntentStatus[]; reason: string },
): Promise<void> {
  return closeIntent(context, tenant, intent, { to: 'canceled', from, reason })
}

interface Closing {
  to: 'failed' | 'canceled'
  from: readonly PaymentIntentStatus[]
  reason: string
}

async function closeIntent(
  context: Context,
  tenant: Tenant,
  intent: PaymentIntent,
  { to, from, reason }: Closing,
): Promise<void> {
  await inTransaction(context, async (tx) => {
    const closed = await changeIntent(tx, tenant, intent, {
      intent: sql`
        status = ${to}, failure_reason = ${reason}, due_at = ${to === 'failed' ? sql`expires_at` : sql`null`},
        asks = null
      `,
      payment: sql`
        status = case pay.status when 'unpaid' then 'unpaid' else 'failed' end,
        failure_reason = case pay.status when 'processing' then ${reason} else pay.failure_reason end
      `,
      where: sql`
        status = any(${from}::text[])
        ${to === 'failed' ? sql`and charge_reference = ${intent.chargeReference}` : nothing}
      `,
    })
    if (closed === null) return
    const customer = await lockPayer(tx, tenant, closed)
    const told = { reason, ...(closed.payerId === null ? {} : await paymentDetails(tx, tenant, intent)) }
    await recordIntentEvent(tx, tenant, `payment_intent.${to}`, { customer, intent, told })
    if (customer !== null && closed.creditedId !== null && to === 'failed') {
      await recordIntentEvent(tx, tenant, 'pay_in.failed', { customer, intent, told: { reason } })
    }
  })
}

/** The payer's next step; null for none. Undefined where the processor does not tell: the step that it told last stays. */
function stepOf(state: ChargeState): ChargeStep | null | undefined {
  if (state.status !== 'processing') return null
  return state.continueAt === undefined ? state.asks : { kind: 'page', url: state.continueAt }
}

async function lookLater(
  context: Context,
  tenant: Tenant,
  intent: PaymentIntent,
  step: ChargeStep | null | undefined,
): Promise<void> {
  const now = context.clock.now()
  const tookMs = now.getTime() - (intent.chargedAt?.getTime() ?? now.getTime())
  const next = new Date(now.getTime() + Math.min(Math.max(tookMs, firstCheckMs), lastCheckMs))
  const dueAt = intent.expiresAt > now && intent.expiresAt < next ? intent.expiresAt : next
  await context.db.query(sql`
    update payment_intents set
      due_at = ${dueAt}, attempts = 0
      ${step === undefined ? nothing : sql`, asks = ${step === null ? null : JSON.stringify(step)}::json`}
    where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent)} and status = 'processing'
      and charge_reference is not distinct from ${intent.chargeReference}
  `)
}

interface IntentTelling {
  customer: Customer | null
  intent: PaymentIntent
  /** The members of the event beside the intent. */
  told: Record<string, unknown>
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
  { customer, intent, told }: IntentTelling,
): Promise<void> {
  const { id, checkoutSessionId, amount, currency } = intent
  const session = checkoutSessionId === null ? {} : { checkoutSessionId }
  const details = { paymentIntentId: id, ...session, amount: Number(amount), currency, ...told }
  await recordEvent(tx, tenant, { type, customer, details })
}
