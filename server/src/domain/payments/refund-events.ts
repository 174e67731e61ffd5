import { type Sql, sql } from '../../db/sql.ts'
import type { EventType } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { assignedIdOf, type Original } from '../wallet/refunds.ts'
import type { RefundState } from './refund-states.ts'

/** The event of each state but `processed`, which is told as every refund that has moved money. */
const eventOf: Readonly<Record<Exclude<RefundState, 'processed'>, EventType>> = {
  pending: 'refund.pending',
  unknown: 'refund.unknown',
  processing: 'refund.processing',
  needsAttention: 'refund.needs_attention',
  failed: 'refund.failed',
}

/** The refund of a payment as its events tell it. */
export interface ToldRefund {
  /** Its id where ids are numbers. */
  id: number
  status: RefundState
  /** Of the payment. */
  reference: string
  channel: string | null
  /** The merchant's, on Paystack's wire. */
  merchantNumber: number
  customerNote: string | null
  merchantNote: string | null
  customer: { firstName: string | null; lastName: string | null; email: string | null } | null
}

/**
 * A part of a `with` clause that records the event of a refund's new state, in the statement that changes it. The event belongs
 * to the payer, whose name it tells; `customer` is only the owner of the balance that the money leaves, who got the `original`.
 *
 * @param changed the query that has changed rows of `refunds`, and answers them whole
 */
export function tellRefund(
  { merchant, mode }: Tenant,
  { changed, state, original, at }: { changed: Sql; state: RefundState; original: Original; at: Date },
): Sql {
  const type = state === 'processed' ? sql`r.kind || '.succeeded'` : sql`${eventOf[state]}`
  return sql`
    told as (
      insert into events (merchant_id, mode, type, customer_id, data, created_at)
      select
        ${merchant.id}, ${mode}, ${type}, r.customer_id,
        json_build_object(
          'customer', json_strip_nulls(json_build_object('code', ${original.to.customer ?? null}::text)),
          'details', json_build_object(
            'refundId', r.id, 'transactionId', r.original_id, 'assignedTransactionId', ${assignedIdOf(original)}::text, 'amount', r.amount, 'currency', r.currency,
            'remaining', f.remaining, 'reason', r.state_reason,
            'refund', case when p.id is not null then json_build_object(
              'id', r.wire_id, 'status', r.state, 'reference', p.reference, 'channel', p.channel,
              'merchantNumber', r.merchant_id, 'customerNote', r.customer_note, 'merchantNote', r.merchant_note,
              'customer', case when c.id is not null then json_build_object(
                'firstName', c.first_name, 'lastName', c.last_name, 'email', c.email
              ) end
            ) end
          )
        ),
        ${at}::timestamptz
      from ${changed} r
      cross join lateral figures_of_refund(${merchant.id}, r.id) f
      left join payments p on p.merchant_id = r.merchant_id and p.payment_intent_id = r.payment_intent_id
      left join customers c on c.merchant_id = r.merchant_id and c.id = r.customer_id
    )
  `
}
