import { ServiceError } from '../../base/errors.ts'
import { sql } from '../../db/sql.ts'
import type { TxContext } from '../context.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'

/** The types of event. docs/events.md says what each type carries. */
export const eventTypes = [
  'customer.created',
  'customer.updated',
  'customer.deleted',
  'customer.erased',
  'customer.risk_action_changed',
  'identity.succeeded',
  'identity.failed',
  'payment_method.added',
  'payment_method.removed',
  'mandate.created',
  'mandate.declined',
  'mandate.active',
  'dedicated_account.assigned',
  'dedicated_account.assignment_failed',
  'dedicated_account.removed',
  'pay_in.succeeded',
  'pay_in.failed',
  'adjustment.succeeded',
  'approval.requested',
  'approval.approved',
  'approval.denied',
  'payment_intent.succeeded',
  'payment_intent.failed',
  'payment_intent.canceled',
  'checkout.session.completed',
  'purchase.succeeded',
  'transfer.completed',
  'hold.placed',
  'hold.captured',
  'hold.released',
  'hold.expired',
  'refund.pending',
  'refund.unknown',
  'refund.processing',
  'refund.needs_attention',
  'refund.failed',
  'refund.succeeded',
  'reversal.succeeded',
  'payout.awaiting_approval',
  'payout.pending',
  'payout.sending',
  'payout.sent',
  'payout.needs_attention',
  'payout.completed',
  'payout.failed',
  'payout.returned',
  'payout.cancelled',
  'payout.denied',
  'dispute.opened',
  'dispute.reminded',
  'dispute.updated',
  'dispute.needs_attention',
  'dispute.won',
  'dispute.lost',
  'reconciliation.difference_found',
  'sending.paused',
  'sending.resumed',
] as const

/** A type of event that Mteja records by itself. */
export type OwnEventType = (typeof eventTypes)[number]

/** A type of event that a merchant records: the name of an opened page, or a name of the merchant's own. */
export type MerchantEventType = 'checkout.loaded' | `custom.${string}`

export type EventType = OwnEventType | MerchantEventType

/**
 * How an event is told: in the style `paystack`, which has no name for most events, or by the Standard Webhooks convention.
 */
export type WebhookStyle = 'paystack' | 'standard'

/** Throws `invalid_request` naming a text that is no type of event. */
export function readEventType(field: string, name: string): EventType {
  const type = eventTypes.find((each) => each === name)
  if (type !== undefined) return type
  if (isMerchantEventType(name)) return name
  const message = `${field} has ${JSON.stringify(name.slice(0, 100))}, which is no event; there are ${eventTypes.join(', ')}, checkout.loaded, and your own that begin with custom.`
  throw new ServiceError('invalid_request', message, field)
}

/**
 * Merchants' types have a beginning of their own. So a merchant's event is never taken for one of Mteja's, also not for a
 * type that a later release adds.
 */
export function isMerchantEventType(name: string): name is MerchantEventType {
  return name === 'checkout.loaded' || /^custom\.[a-z0-9_]+([.-][a-z0-9_]+)*$/.test(name)
}

/** An event as it is told. */
export interface RecordedEvent {
  id: bigint
  /** `evt_…`, its name on every surface. */
  publicId: string
  merchantCode: string
  mode: Mode
  type: EventType
  data: {
    /**
     * The customer as of the change; for a movement of money the code only. Missing where the event is about nobody.
     */
    customer?: Record<string, unknown>
    details?: Record<string, unknown>
  }
  createdAt: Date
}

/** A fact to record. */
export interface NewEvent {
  type: EventType
  /** Null for a fact about no customer. */
  customer: { id: bigint } | null
  /** What the event says besides the customer as of now. They must hold no secret. */
  details?: Record<string, unknown> | undefined
}

/** Records a fact in the transaction of the change it tells of: both are kept or neither. */
export async function recordEvent(
  tx: TxContext,
  tenant: Tenant,
  { type, customer, details = {} }: NewEvent,
): Promise<void> {
  const now = tx.clock.now()
  if (customer === null) {
    await tx.db.query(sql`
      insert into events (merchant_id, mode, type, data, created_at)
      values (${tenant.merchant.id}, ${tenant.mode}, ${type}, ${JSON.stringify({ details })}, ${now})
    `)
    return
  }
  await tx.db.query(sql`
    insert into events (merchant_id, mode, type, customer_id, data, created_at)
    select
      c.merchant_id, c.mode, ${type}, c.id,
      json_build_object('customer', customer_snapshot(c), 'details', ${JSON.stringify(details)}::json), ${now}
    from customers c
    where c.merchant_id = ${tenant.merchant.id} and c.id = ${customer.id}
  `)
}
