import type { EventType, RecordedEvent } from '../../domain/events/events.ts'
import {
  type PaystackWebhook,
  renderDedicatedAccountEvent,
  renderIdentificationEvent,
  renderMandateEvent,
} from './events.ts'
import { renderDisputeEvent } from './render-dispute.ts'
import { renderRefundEvent } from './render-refund.ts'
import { renderChargeEvent } from './render-transaction.ts'
import { renderTransferEvent } from './render-transfer.ts'

/** The events that Paystack has a name for. The database decides by `is_told`, which must list the same events. */
const renderers: Readonly<Partial<Record<EventType, (event: RecordedEvent) => PaystackWebhook | null>>> = {
  'identity.succeeded': renderIdentificationEvent,
  'identity.failed': renderIdentificationEvent,
  'mandate.created': renderMandateEvent,
  'mandate.active': renderMandateEvent,
  'dedicated_account.assigned': renderDedicatedAccountEvent,
  'dedicated_account.assignment_failed': renderDedicatedAccountEvent,
  'pay_in.succeeded': renderChargeEvent,
  'payment_intent.succeeded': renderChargeEvent,
  'refund.pending': renderRefundEvent,
  'refund.processing': renderRefundEvent,
  'refund.needs_attention': renderRefundEvent,
  'refund.failed': renderRefundEvent,
  'refund.succeeded': renderRefundEvent,
  'reversal.succeeded': renderRefundEvent,
  'payout.completed': renderTransferEvent,
  'payout.failed': renderTransferEvent,
  'payout.returned': renderTransferEvent,
  'dispute.opened': renderDisputeEvent,
  'dispute.reminded': renderDisputeEvent,
  'dispute.won': renderDisputeEvent,
  'dispute.lost': renderDisputeEvent,
}

/** The body of a webhook in Paystack's style: `{event, data}`. Throws for an event that Paystack has no name for. */
export function renderPaystackEvent(event: RecordedEvent): PaystackWebhook {
  const body = renderers[event.type]?.(event) ?? null
  if (body === null) throw new Error(`Paystack has no name for ${event.type}`)
  return body
}
