import { ServiceError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import type { Currency } from '../../base/money.ts'
import { type Sql, sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Metadata } from '../customers/metadata.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { ChargeStep } from './charge-steps.ts'

export type PaymentIntentStatus =
  /** No charge was made yet. */
  | 'requires_payment_method'
  /** The intent was made with a payment method that is about to be charged. */
  | 'requires_confirmation'
  /** A charge was made, and the processor has not answered yet. */
  | 'processing'
  | 'succeeded'
  /** The last charge was declined. The intent may be charged again. */
  | 'failed'
  | 'canceled'

/** An amount asked for from outside, and how far it has come. It is credited once, whoever reports on it. */
export interface PaymentIntent {
  /** `pi_…`, its name on every surface. */
  id: string
  /** The customer whose cash balance the intent fills; null for an intent that pays the merchant. */
  customerCode: string | null
  paymentMethodCode: string | null
  /** The name of its hosted page: `checkout_sess_…`. */
  checkoutSessionId: string | null
  /** Minor units. */
  amount: bigint
  currency: Currency
  status: PaymentIntentStatus
  description: string | null
  metadata: Metadata | null
  idempotencyKey: string
  /** The name of its last charge for the processor; null for an intent that was never charged. */
  chargeReference: string | null
  /** The account at a processor by which it was last sent; 0 for the sandbox, and for an intent that was not sent. */
  accountId: bigint
  /** The time of the last charge, or of the arrival of money without a charge. */
  chargedAt: Date | null
  /** The payer's next step in the charge under way; null without one. */
  asks: ChargeStep | null
  /** The reason why the last charge failed, or why the intent was canceled. */
  failureReason: string | null
  /** The ledger transaction that credited it. */
  transactionId: string | null
  /** An intent that is not paid by this time is given up. */
  expiresAt: Date
  createdAt: Date
  updatedAt: Date
}

export interface PaymentIntentRow {
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
  account_id: bigint
  charged_at: Date | null
  asks: ChargeStep | null
  failure_reason: string | null
  transaction_id: string | null
  expires_at: Date
  created_at: Date
  updated_at: Date
}

/** A server of the release before leaves the step of a former charge. */
export const asksOf: Sql = sql`case when i.status = 'processing' then i.asks end as asks`

/** The columns of a payment intent, where `i` is its table and `withNames` has joined the rest. */
export const intentColumns: Sql = sql`
  i.id, c.code as customer_code, p.code as payment_method_code, i.checkout_session_id, i.amount, i.currency, i.status,
  i.description, i.metadata, i.idempotency_key, i.fingerprint, i.charge_reference, i.account_id, i.charged_at,
  i.failure_reason, i.transaction_id, i.expires_at, i.created_at, i.updated_at, ${asksOf}
`

export const withNames: Sql = sql`
  left join customers c on c.merchant_id = i.merchant_id and c.id = i.customer_id
  left join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
`

/** A charge under way is first asked about after this time. */
export const firstCheckMs = 1_000

/** Throws `payment_intent_not_found`. */
export async function getPaymentIntent(context: Context, tenant: Tenant, id: string): Promise<PaymentIntent> {
  const uuid = id.startsWith('pi_') ? uuidOfIntent({ id }) : ''
  const rows = isUuid(uuid)
    ? await context.db.query<PaymentIntentRow>(sql`
        select ${intentColumns} from payment_intents i ${withNames}
        where i.merchant_id = ${tenant.merchant.id} and i.mode = ${tenant.mode} and i.id = ${uuid}
      `)
    : []
  if (rows[0] === undefined) throw new ServiceError('payment_intent_not_found', `There is no payment intent "${id}"`)
  return readIntent(rows[0])
}

/** The fields from which an intent is inserted. */
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
  /** The time at which money came without a charge; null for money that is still to be charged. */
  arrivedAt: Date | null
}

/** Numbers and inserts an intent. Violates a unique constraint for an id or an idempotency key that exists already. */
export async function insertPaymentIntent(
  context: Context,
  tenant: Tenant,
  fields: PaymentIntentFields,
): Promise<void> {
  const { arrivedAt, expiresAt } = fields
  const now = context.clock.now()
  const dueAt = arrivedAt === null ? expiresAt : new Date(arrivedAt.getTime() + firstCheckMs)
  await context.db.query(sql`
    with counter as (
      insert into payment_numbers as k (merchant_id, mode, payment_intent_count)
      values (${tenant.merchant.id}, ${tenant.mode}, 1)
      on conflict (merchant_id, mode) do update set payment_intent_count = k.payment_intent_count + 1
      returning k.payment_intent_count
    )
    insert into payment_intents (
      merchant_id, id, mode, number, customer_id, payment_method_id, checkout_session_id, amount, currency, status,
      description, metadata, idempotency_key, fingerprint, charge_count, charged_at, expires_at, due_at, created_at,
      updated_at
    )
    select
      ${tenant.merchant.id}, ${fields.uuid}::uuid, ${tenant.mode}, counter.payment_intent_count,
      ${fields.customerId}::bigint, ${fields.paymentMethodId}::bigint, ${fields.checkoutSessionUuid}::uuid,
      ${fields.amount}::bigint, ${fields.currency},
      ${fields.paymentMethodId === null ? 'requires_payment_method' : 'requires_confirmation'}, ${fields.description},
      ${fields.metadata === null ? null : JSON.stringify(fields.metadata)}::json, ${fields.idempotencyKey},
      ${fields.fingerprint}::bytea, ${arrivedAt === null ? 0 : 1}::integer, ${arrivedAt}::timestamptz,
      ${expiresAt}::timestamptz, ${dueAt}::timestamptz, ${now}::timestamptz, ${now}::timestamptz
    from counter
  `)
}

/** True for money that came without a charge: no processor can be asked about it. */
export function hasArrived({ chargedAt, chargeReference }: PaymentIntent): boolean {
  return chargedAt !== null && chargeReference === null
}

export function uuidOfIntent({ id }: Pick<PaymentIntent, 'id'>): string {
  return id.slice('pi_'.length)
}

export function readIntent(row: PaymentIntentRow): PaymentIntent {
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
    accountId: row.account_id,
    chargedAt: row.charged_at,
    asks: row.asks,
    failureReason: row.failure_reason,
    transactionId: row.transaction_id,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
