import type { RecordedEvent } from '../../domain/events/events.ts'
import type { IncomingDetails, PaymentSnapshot } from '../../domain/payments/payment-records.ts'
import { isServed, renderAmount } from './amounts.ts'
import { renderAuthorization, renderHolder } from './render.ts'

/** What the wire tells of. A payment that was imported as history has no intent. */
type Told = Omit<PaymentSnapshot, 'paymentIntentId'>

/**
 * A transaction as fetch and charge answer it: every member of Paystack's OpenAPI document, null where there is nothing.
 * Fees are what an account at a processor has kept of the amount; 0 in the sandbox, and while that is not known.
 */
export function renderTransaction(transaction: Told) {
  return {
    ...renderBasics(transaction),
    receipt_number: null,
    fees_split: null,
    metadata: transaction.metadata,
    plan: null,
    split: {},
    order_id: null,
    pos_transaction_data: null,
    source: null,
    fees_breakdown: null,
    connect: null,
    plan_object: {},
    subaccount: {},
    helpdesk_link: null,
  }
}

/** A transaction as verify and charge_authorization answer it: there, metadata may be a text. */
export function renderVerified(transaction: Told) {
  return { ...renderTransaction(transaction), metadata: transaction.metadata ?? '' }
}

/** A transaction in a list, where missing values look different. */
export function renderTransactionRow(transaction: Told) {
  return {
    ...renderBasics(transaction),
    fees_split: null,
    metadata: transaction.metadata,
    plan: {},
    split: {},
    order_id: null,
    pos_transaction_data: null,
    source: sourceOf(transaction),
    fees_breakdown: null,
    connect: null,
    subaccount: {},
  }
}

/**
 * `charge.success`, made from the event alone. Null for an event without a successful transaction, and for a transaction
 * whose amount this wire cannot tell.
 */
export function renderChargeEvent({ type, data }: Pick<RecordedEvent, 'type' | 'data'>) {
  if (type !== 'pay_in.succeeded' && type !== 'payment_intent.succeeded') return null
  const transaction = data.details?.transaction as PaymentSnapshot | undefined
  if (transaction === undefined || !isServed(transaction.currency)) return null
  const shown = { ...renderVerified(transaction), plan: {}, source: sourceOf(transaction) }
  return { event: 'charge.success', data: shown }
}

function renderBasics(transaction: Told) {
  const { id, mode, reference, currency, createdAt, paidAt, customer } = transaction
  const amount = renderAmount(transaction.amount, currency)
  const isPaid = paidAt !== null
  return {
    id,
    domain: mode,
    status: statusOf(transaction),
    reference,
    amount,
    requested_amount: amount,
    message: transaction.status === 'failed' ? transaction.failureReason : null,
    gateway_response: responseOf(transaction),
    paid_at: paidAt,
    created_at: createdAt,
    channel: transaction.incoming === null ? transaction.channel : 'dedicated_nuban',
    currency,
    ip_address: null,
    log: renderLog(transaction),
    fees: isPaid ? renderAmount(transaction.fee ?? 0, currency) : null,
    authorization: renderAuthorizationOf(transaction),
    customer: renderHolder(customer),
    paidAt,
    createdAt,
    transaction_date: createdAt,
  }
}

/**
 * A payment that waits for a PIN is `abandoned`, one that waits for anything else of its payer is `ongoing`, one that waits
 * for a bank is `processing`. Any other payment under way is `pending`.
 */
function statusOf({ status, channel, asks }: Told): string {
  if (status === 'unpaid') return 'abandoned'
  if (status === 'processing' && asks !== undefined) return asks.kind === 'pin' ? 'abandoned' : 'ongoing'
  if (status === 'processing') return channel === 'direct_debit' ? 'processing' : 'pending'
  if (status === 'reversing') return 'reversal-pending'
  return status === 'succeeded' ? 'success' : status
}

function responseOf({ status, failureReason, asks }: Told): string {
  if (status === 'unpaid' || asks?.kind === 'pin') return 'The transaction was not completed'
  if (status === 'processing') return 'Transaction in progress'
  return status === 'failed' ? (failureReason ?? 'Declined') : 'Successful'
}

/** The steps of a transaction, as its timeline answers them. */
export function renderTimeline(transaction: Told) {
  const startTime = Math.floor(Date.parse(transaction.createdAt) / 1000)
  return renderLog(transaction) ?? { ...noSteps, start_time: startTime }
}

const noSteps = { time_spent: 0, attempts: 0, errors: 0, success: false, mobile: false, input: [], history: [] }

/** Seconds are counted from the beginning of the transaction. Of several charges the log shows the last one. */
function renderLog({ attempts, createdAt, chargedAt, paidAt, status, channel, failureReason }: Told) {
  if (attempts === 0 || chargedAt === null) return null
  const startMs = Date.parse(createdAt)
  const secondsUntil = (instant: string) => Math.max(0, Math.round((Date.parse(instant) - startMs) / 1000))
  const method = String(channel).replaceAll('_', ' ')
  const history = [{ type: 'action', message: `Attempted to pay with ${method}`, time: secondsUntil(chargedAt) }]
  if (paidAt !== null) {
    history.push({ type: 'success', message: `Successfully paid with ${method}`, time: secondsUntil(paidAt) })
  }
  if (status === 'failed') {
    history.push({ type: 'error', message: `Error: ${failureReason}`, time: secondsUntil(chargedAt) })
  }
  const open = paidAt !== null || status === 'processing' ? 1 : 0
  return {
    start_time: Math.floor(startMs / 1000),
    time_spent: secondsUntil(paidAt ?? chargedAt),
    attempts,
    errors: attempts - open,
    success: paidAt !== null,
    mobile: false,
    input: [],
    history,
  }
}

const noAuthorization = {
  authorization_code: null,
  bin: null,
  last4: null,
  exp_month: null,
  exp_year: null,
  channel: null,
  card_type: null,
  bank: null,
  country_code: null,
  brand: null,
  reusable: false,
  signature: null,
  account_name: null,
  receiver_bank_account_number: null,
  receiver_bank: null,
}

/** All members are null for an unpaid or failed transaction. A direct debit shows no more than its bank and code. */
function renderAuthorizationOf({ status, paymentMethod, incoming }: Told) {
  if (incoming !== null) return renderSender(incoming)
  if (paymentMethod === null || status === 'unpaid' || status === 'failed') return noAuthorization
  const authorization = { ...noAuthorization, ...renderAuthorization(paymentMethod) }
  if (paymentMethod.type !== 'direct_debit') return authorization
  const { authorization_code, channel, bank, country_code, reusable } = authorization
  return { ...noAuthorization, authorization_code, channel, bank, country_code, reusable }
}

/** The sender of money to a dedicated account. It cannot be charged. */
function renderSender(incoming: IncomingDetails) {
  return {
    ...noAuthorization,
    authorization_code: `AUTH_${incoming.code}`,
    channel: 'dedicated_nuban',
    card_type: 'transfer',
    bank: incoming.senderBank,
    country_code: incoming.senderCountry,
    brand: 'Managed Account',
    sender_bank: incoming.senderBank,
    sender_bank_account_number: incoming.senderAccountNumber,
    sender_country: incoming.senderCountry,
    sender_name: incoming.senderName,
    narration: incoming.narration,
    receiver_bank_account_number: incoming.receiverAccountNumber,
    receiver_bank: incoming.receiverBank,
  }
}

function sourceOf({ origin }: Told) {
  const entryPoint = { page: 'transaction_initialize', incoming: 'dedicated_nuban' }[origin as string] ?? 'charge'
  return { source: 'merchant_api', type: 'api', identifier: null, entry_point: entryPoint }
}
