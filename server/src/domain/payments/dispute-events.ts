import { type Sql, sql } from '../../db/sql.ts'
import type { CustomerSnapshot } from '../customers/customers.ts'
import type { EventType } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { DisputeMessage, DisputeStep } from './dispute-records.ts'
import type { DisputeState } from './dispute-states.ts'

export type DisputeEventType = Extract<EventType, `dispute.${string}`>

/** The event of each state that a dispute is moved to. */
export const disputeEventOf: Readonly<Record<DisputeState, DisputeEventType>> = {
  open: 'dispute.updated',
  underReview: 'dispute.updated',
  needsAttention: 'dispute.needs_attention',
  won: 'dispute.won',
  lost: 'dispute.lost',
}

/** The dispute of a payment as its events tell it: what Paystack's wire shows of it. */
export interface ToldDispute {
  /** Its id where ids are numbers. */
  id: number
  status: DisputeState
  resolution: string | null
  category: string
  respondBy: string | null
  resolvedAt: string | null
  createdAt: string
  updatedAt: string
  history: DisputeStep[]
  messages: DisputeMessage[]
  bin: string | null
  last4: string | null
  customer: CustomerSnapshot | null
  /** The payment. */
  transaction: {
    id: number
    reference: string
    amount: number
    /** Minor units that the processor has kept. Missing in events of an older version, and where it is not known. */
    fee?: number | null
    status: string
    channel: string | null
    paidAt: string | null
    createdAt: string
  }
}

/** As JavaScript writes it. */
function iso(time: Sql): Sql {
  return sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/**
 * A part of a `with` clause that records an event of a dispute, in the statement that changes it. The event belongs to the
 * customer whose money it was, or who paid. It says who has borne the money, if money has moved.
 *
 * @param changed the query that has changed rows of `disputes`, and answers them whole
 */
export function tellDispute(
  { merchant, mode }: Tenant,
  { changed, type, at }: { changed: Sql; type: DisputeEventType; at: Date },
): Sql {
  return sql`
    told as (
      insert into events (merchant_id, mode, type, customer_id, data, created_at)
      select
        ${merchant.id}, ${mode}, ${type}, r.customer_id,
        json_build_object(
          'customer', json_strip_nulls(json_build_object('code', c.code)),
          'details', json_build_object(
            'disputeId', r.id, 'transactionId', r.original_id, 'amount', r.amount, 'currency', r.currency, 'state', r.state,
            'reason', r.state_reason, 'resolution', r.resolution, 'category', r.category, 'complaint', r.complaint,
            'respondBy', ${iso(sql`r.respond_by`)}, 'borneBy', r.borne_by, 'movementId', r.movement_id,
            'dispute', case when p.id is not null then json_build_object(
              'id', r.wire_id, 'status', r.state, 'resolution', r.resolution, 'category', r.category,
              'respondBy', ${iso(sql`r.respond_by`)}, 'resolvedAt', ${iso(sql`r.resolved_at`)},
              'createdAt', ${iso(sql`r.created_at`)}, 'updatedAt', ${iso(sql`r.updated_at`)},
              'history', r.history, 'messages', r.messages, 'bin', m.bin, 'last4', m.last4,
              'customer', case when c.id is not null then customer_snapshot(c) end,
              'transaction', json_build_object(
                'id', p.id, 'reference', p.reference, 'amount', p.amount, 'fee', p.fee, 'channel', p.channel,
                'status', payment_status_now(p.merchant_id, p.id),
                'paidAt', ${iso(sql`p.paid_at`)}, 'createdAt', ${iso(sql`p.created_at`)}
              )
            ) end
          )
        ),
        ${at}::timestamptz
      from ${changed} r
      left join payments p on p.merchant_id = r.merchant_id and p.payment_intent_id = r.payment_intent_id
      left join payment_intents i on i.merchant_id = r.merchant_id and i.id = r.payment_intent_id
      left join payment_methods m on m.merchant_id = i.merchant_id and m.id = i.payment_method_id
      left join customers c on c.merchant_id = r.merchant_id and c.id = r.customer_id
    )
  `
}
