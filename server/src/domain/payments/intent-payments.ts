import { type Sql, sql } from '../../db/sql.ts'
import type { Context, TxContext } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type PaymentIntent, uuidOfIntent } from './payment-intent-records.ts'
import type { NewPaymentMethod } from './payment-methods.ts'
import { findPaymentOfIntent, snapshotPayment } from './payment-records.ts'

// A payment is made by one intent, and its state is the intent's. Everything that an intent has to do for its payment is in
// this file: intents know nothing else of payments.

/** How an intent changes, and with it the payment that it makes, where there is one. */
export interface IntentChange {
  /** Assignments to the columns of `payment_intents`. */
  intent: Sql
  /** Assignments to the columns of `payments pay`. */
  payment: Sql
  /** The condition on the intent as it is in the database. The change is made only if it holds. */
  where: Sql
}

/** An intent that was changed. */
export interface ChangedIntent {
  chargeReference: string | null
  /** The customer whose cash balance the intent fills. */
  creditedId: bigint | null
  /** The customer whose payment the intent makes; null for an intent that makes no payment. */
  payerId: bigint | null
  toSave: NewPaymentMethod | null
}

/**
 * Changes an intent and its payment in one statement, so that nobody ever sees one change without the other. Answers
 * null for an intent that does not fit `where`.
 */
export async function changeIntent(
  context: Context,
  tenant: Tenant,
  intent: Pick<PaymentIntent, 'id'>,
  change: IntentChange,
): Promise<ChangedIntent | null> {
  const now = context.clock.now()
  const [row] = await context.db.query<{
    charge_reference: string | null
    customer_id: bigint | null
    payer_id: bigint | null
    to_save: NewPaymentMethod | null
  }>(sql`
    with changed as (
      update payment_intents set ${change.intent}, attempts = 0, updated_at = ${now}::timestamptz
      where merchant_id = ${tenant.merchant.id} and id = ${uuidOfIntent(intent)} and ${change.where}
      returning id, charge_reference, customer_id, to_save
    ),
    of_payment as (
      update payments pay set ${change.payment}, updated_at = ${now}::timestamptz
      from changed
      where pay.merchant_id = ${tenant.merchant.id} and pay.payment_intent_id = changed.id
      returning pay.customer_id as payer_id
    )
    select changed.charge_reference, changed.customer_id, changed.to_save, of_payment.payer_id
    from changed
    left join of_payment on true
  `)
  if (row === undefined) return null
  return {
    chargeReference: row.charge_reference,
    creditedId: row.customer_id,
    payerId: row.payer_id,
    toSave: row.to_save,
  }
}

/**
 * The part of an event about the payment that an intent makes, as it is now. Empty for an intent without a payment.
 */
export async function paymentDetails(
  tx: TxContext,
  tenant: Tenant,
  intent: PaymentIntent,
): Promise<Record<string, unknown>> {
  const payment = await findPaymentOfIntent(tx, tenant, uuidOfIntent(intent))
  return payment === null ? {} : { transaction: snapshotPayment(payment) }
}

/**
 * Adds a success to the totals of the tenant's payments. Call once for each, in the transaction that notes the
 * success.
 */
export async function countSuccess(
  tx: TxContext,
  { merchant, mode }: Tenant,
  { amount, currency }: Pick<PaymentIntent, 'amount' | 'currency'>,
): Promise<void> {
  await tx.db.query(sql`
    insert into payment_totals as k (merchant_id, mode, currency, succeeded_count, succeeded_amount)
    values (${merchant.id}, ${mode}, ${currency}, 1, ${amount})
    on conflict (merchant_id, mode, currency) do update set
      succeeded_count = k.succeeded_count + 1,
      succeeded_amount = k.succeeded_amount + excluded.succeeded_amount
  `)
}
