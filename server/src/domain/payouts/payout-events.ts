import { type Sql, sql } from '../../db/sql.ts'
import type { EventType } from '../events/events.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { DestinationType } from './payout-processor.ts'
import type { PayoutState } from './payout-states.ts'

/** The event of each state. */
const eventOf: Readonly<Record<PayoutState, EventType>> = {
  awaiting_approval: 'payout.awaiting_approval',
  pending: 'payout.pending',
  sending: 'payout.sending',
  sent: 'payout.sent',
  paid: 'payout.completed',
  failed: 'payout.failed',
  returned: 'payout.returned',
  cancelled: 'payout.cancelled',
  denied: 'payout.denied',
}

/** The payout as its events tell it. Amounts are minor units, times are ISO texts. */
export interface ToldPayout {
  /** Its id where ids are numbers. */
  id: number
  /** `TRF_…` */
  code: string
  status: PayoutState
  /** A word for the reason of a failure or a return; `reversed` for money that came back before it was paid here. */
  statusCode: string | null
  /** The merchant's, on Paystack's wire. */
  merchantNumber: number
  reason: string | null
  fee: number | null
  createdAt: string
  updatedAt: string
  recipient: {
    id: number
    code: string
    type: DestinationType
    accountNumber: string | null
    bankCode: string
    currency: string
    name: string | null
    email: string | null
    description: string | null
    active: boolean
    createdAt: string
    updatedAt: string
  }
}

/** The query of the recipient of the payout `p`. Its limit makes it one look-up, whatever the planner knows of the tables. */
export const storedRecipient = sql`
  select * from recipients o where o.merchant_id = p.merchant_id and o.id = p.recipient_id limit 1
`

/**
 * A part of a `with` clause, named `told`, that records the event of a payout's new state in the statement that changes it.
 *
 * @param changed the query that has changed rows of `payouts`, and answers them whole
 * @param type `attention` where a person has to look, and the state is as before
 * @param recipient the query of the recipient of the payout `p`, where the statement itself makes some
 */
export function tellPayout(
  { merchant, mode }: Tenant,
  {
    changed,
    type,
    at,
    recipient = storedRecipient,
  }: { changed: Sql; type: PayoutState | 'attention'; at: Date; recipient?: Sql },
): Sql {
  return sql`
    told as (
      insert into events (merchant_id, mode, type, customer_id, data, created_at)
      select
        ${merchant.id}, ${mode}, ${type === 'attention' ? 'payout.needs_attention' : eventOf[type]}, p.customer_id,
        json_build_object(
          'customer', json_strip_nulls(json_build_object('code', c.code)),
          'details', json_build_object(
            'payoutId', p.id, 'reference', p.reference, 'amount', p.amount, 'currency', p.currency, 'state', p.state,
            'fee', p.fee, 'recipientId', r.code, 'stateCode', p.state_code, 'stateReason', p.state_reason,
            'attention', p.attention, 'attentionReason', p.attention_reason,
            'payout', json_build_object(
              'id', p.wire_id, 'code', p.code, 'status', p.state, 'statusCode', p.state_code, 'merchantNumber', p.merchant_id,
              'reason', p.reason, 'fee', p.fee, 'createdAt', p.created_at, 'updatedAt', p.updated_at,
              'recipient', json_build_object(
                'id', r.id, 'code', r.code, 'type', r.type, 'accountNumber', r.account_number, 'bankCode', r.bank_code,
                'currency', r.currency, 'name', r.name, 'email', r.email, 'description', r.description, 'active', r.active,
                'createdAt', r.created_at, 'updatedAt', r.updated_at
              )
            )
          )
        ),
        ${at}::timestamptz
      from ${changed} p
      cross join lateral (${recipient}) r
      left join lateral (
        select o.code from customers o where o.merchant_id = p.merchant_id and o.id = p.customer_id limit 1
      ) c on true
    )
  `
}
