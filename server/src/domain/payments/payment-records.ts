import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { CustomerSnapshot } from '../customers/customers.ts'
import type { Metadata } from '../customers/metadata.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import type { ChargeStep } from './charge-steps.ts'
import { asksOf } from './payment-intent-records.ts'
import type { PaymentMethod } from './payment-methods.ts'

export type PaymentStatus =
  /** No charge was made. After the expiry no charge can be made. */
  | 'unpaid'
  /** A charge was made, and the processor has not answered yet. */
  | 'processing'
  | 'succeeded'
  /** The last charge was declined, or its money is in suspense. */
  | 'failed'
  /** The payment succeeded, and a part of it, or all, is on its way back. */
  | 'reversing'
  /** The payment succeeded, and all of it was given back later. */
  | 'reversed'

/** `wallet_topup` fills the customer's cash balance, `payment` pays the merchant. */
export type PaymentPurpose = 'payment' | 'wallet_topup'

/** How a payment is paid: on its page, by a typed instrument, by a saved instrument, or by money that arrived. */
export type PaymentOrigin = 'page' | 'instrument' | 'payment_method' | 'incoming'

/** As the merchant gave it: an object, a list, or a text that is the JSON of neither. */
export type PaymentMetadata = Metadata | unknown[] | string

/** The metadata, if it is an object. */
export function objectOf(metadata: PaymentMetadata | null): Metadata | null {
  return typeof metadata === 'object' && !Array.isArray(metadata) ? metadata : null
}

/** The sender and the receiver of money that arrived. Only the end of the sender's account number is stored. */
export interface IncomingDetails {
  /** Ten characters, like the code of a payment method; it can never be charged. */
  code: string
  senderName: string
  senderBank: string
  senderAccountNumber: string
  senderCountry: string
  narration: string | null
  receiverBank: string
  receiverAccountNumber: string
}

/** An amount that a customer pays under a merchant's reference, by one payment intent. */
export interface Payment {
  id: bigint
  mode: Mode
  /** Unique within a tenant. */
  reference: string
  /** `pi_…`, the intent that makes this payment. */
  paymentIntentId: string
  /** The account at a processor by which it was last sent; 0 for the sandbox, and for a payment that was not sent. */
  accountId: bigint
  origin: PaymentOrigin
  purpose: PaymentPurpose
  status: PaymentStatus
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** Minor units that an account at a processor has kept of the amount; null while that is not known, and without an account. */
  fee: bigint | null
  /** The type of the instrument last charged. */
  channel: string | null
  /** The channels by which its page may be paid; null for all channels. */
  channels: string[] | null
  /** The address to which the person is sent from the page after paying. */
  callbackUrl: string | null
  /** The address of its page, and its only secret. */
  accessCode: string | null
  metadata: PaymentMetadata | null
  /** The number of charges. */
  attempts: number
  /** The reason why the last charge failed. */
  failureReason: string | null
  /** The payer's next step in the charge under way; null without one. */
  asks: ChargeStep | null
  chargedAt: Date | null
  paidAt: Date | null
  /** After this time it can no longer be paid. */
  expiresAt: Date
  createdAt: Date
  /** The saved payment method that has paid it, or is about to pay it. */
  paymentMethod: PaymentMethodSnapshot | null
  /** The details of money that arrived unasked; null for every other payment. */
  incoming: IncomingDetails | null
  customer: CustomerSnapshot
}

/** The parts of a payment method that may be shown. */
export type PaymentMethodSnapshot = Pick<
  PaymentMethod,
  | 'code'
  | 'type'
  | 'provider'
  | 'bin'
  | 'last4'
  | 'expiryMonth'
  | 'expiryYear'
  | 'brand'
  | 'bank'
  | 'country'
  | 'accountName'
  | 'signature'
  | 'reusable'
>

/** A payment as JSON: events carry it, and surfaces render it from that. `asks` is there while a charge under way asks. */
export type PaymentSnapshot = Omit<
  Payment,
  | 'id'
  | 'amount'
  | 'fee'
  | 'accountId'
  | 'asks'
  | 'chargedAt'
  | 'paidAt'
  | 'expiresAt'
  | 'createdAt'
  | 'channels'
  | 'callbackUrl'
  | 'accessCode'
> & {
  id: number
  amount: number
  /** Not in events of before it was told. */
  fee?: number | null
  asks?: ChargeStep
  chargedAt: string | null
  paidAt: string | null
  createdAt: string
}

export interface PaymentRow {
  id: bigint
  mode: Mode
  reference: string
  payment_intent_id: string
  account_id: bigint | null
  origin: PaymentOrigin
  purpose: PaymentPurpose
  status: PaymentStatus
  amount: bigint
  fee: bigint | null
  currency: Currency
  channel: string | null
  channels: string[] | null
  callback_url: string | null
  access_code: string | null
  metadata: PaymentMetadata | null
  charge_count: number
  failure_reason: string | null
  asks: ChargeStep | null
  charged_at: Date | null
  paid_at: Date | null
  expires_at: Date
  created_at: Date
  payment_method: PaymentMethodSnapshot | null
  incoming: IncomingDetails | null
  customer: CustomerSnapshot
}

/** The status of a payment. The table has no `reversing`: it follows from the refunds that are not over. */
function paymentStatus(payment: Sql): Sql {
  return sql`case when ${payment}.status = 'succeeded' and ${isReversing(payment)} then 'reversing' else ${payment}.status end`
}

function isReversing(payment: Sql): Sql {
  return sql`exists (
    select from refunds open
    where open.merchant_id = ${payment}.merchant_id and open.payment_intent_id = ${payment}.payment_intent_id
      and open.due_at is not null and open.state not in ('processed', 'failed')
  )`
}

/** The condition that a payment has a status. */
export function hasStatus(payment: Sql, status: PaymentStatus | null): Sql {
  if (status === 'reversing') return sql`${payment}.status = 'succeeded' and ${isReversing(payment)}`
  if (status === 'succeeded') return sql`${payment}.status = 'succeeded' and not ${isReversing(payment)}`
  return sql`${payment}.status = ${status}`
}

/** The columns of a payment, where `pay` is its table and `withParts` has joined the rest. */
export const paymentColumns: Sql = sql`
  pay.id, pay.mode, pay.reference, pay.payment_intent_id, pay.origin, pay.purpose, ${paymentStatus(sql`pay`)} as status,
  pay.amount, pay.fee, pay.currency, pay.channel, pay.channels, pay.callback_url, pay.access_code, pay.metadata, i.charge_count,
  pay.failure_reason, pay.incoming, i.account_id, i.charged_at, pay.paid_at, i.expires_at, pay.created_at, ${asksOf},
  customer_snapshot(c) as customer,
  case when p.id is not null then json_build_object(
    'code', p.code, 'type', p.type, 'provider', p.provider, 'bin', p.bin, 'last4', p.last4,
    'expiryMonth', p.expiry_month, 'expiryYear', p.expiry_year, 'brand', p.brand, 'bank', p.bank,
    'country', p.country, 'accountName', p.account_name, 'signature', p.signature, 'reusable', p.reusable
  ) end as payment_method
`

export const withParts: Sql = sql`
  left join payment_intents i on i.merchant_id = pay.merchant_id and i.id = pay.payment_intent_id
  left join customers c on c.merchant_id = pay.merchant_id and c.id = pay.customer_id
  left join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
`

/** The payment that an intent makes, by the intent's UUID; null for an intent that makes no payment. */
export async function findPaymentOfIntent(
  context: Context,
  tenant: Tenant,
  intentUuid: string,
): Promise<Payment | null> {
  const [row] = await context.db.query<PaymentRow>(sql`
    select ${paymentColumns} from payments pay ${withParts}
    where pay.merchant_id = ${tenant.merchant.id} and pay.payment_intent_id = ${intentUuid}
  `)
  return row === undefined ? null : readPayment(row)
}

export function snapshotPayment(payment: Payment): PaymentSnapshot {
  const { channels: _1, callbackUrl: _2, accessCode: _3, expiresAt: _4, accountId: _5, asks, ...shown } = payment
  return {
    ...shown,
    ...(asks === null ? {} : { asks }),
    id: Number(payment.id),
    amount: Number(payment.amount),
    fee: payment.fee === null ? null : Number(payment.fee),
    chargedAt: payment.chargedAt?.toISOString() ?? null,
    paidAt: payment.paidAt?.toISOString() ?? null,
    createdAt: payment.createdAt.toISOString(),
  }
}

export function readPayment(row: PaymentRow): Payment {
  return {
    id: row.id,
    mode: row.mode,
    reference: row.reference,
    paymentIntentId: `pi_${row.payment_intent_id}`,
    accountId: row.account_id ?? 0n,
    origin: row.origin,
    purpose: row.purpose,
    status: row.status,
    amount: row.amount,
    fee: row.fee,
    currency: row.currency,
    channel: row.channel,
    channels: row.channels,
    callbackUrl: row.callback_url,
    accessCode: row.access_code,
    metadata: row.metadata,
    attempts: row.charge_count,
    failureReason: row.failure_reason,
    asks: row.asks,
    chargedAt: row.charged_at,
    paidAt: row.paid_at,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    paymentMethod: row.payment_method,
    incoming: row.incoming,
    customer: row.customer,
  }
}
