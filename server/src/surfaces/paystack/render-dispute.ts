import type { Currency } from '../../base/money.ts'
import type { RecordedEvent } from '../../domain/events/events.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { ToldDispute } from '../../domain/payments/dispute-events.ts'
import type { Dispute, DisputedPayment, DisputeEvidence } from '../../domain/payments/dispute-records.ts'
import type { DisputeState } from '../../domain/payments/dispute-states.ts'
import { isServed, renderAmount } from './amounts.ts'
import type { PaystackWebhook } from './events.ts'
import { renderHolder } from './render.ts'

/** A dispute that a person has to look at is pending on this wire. */
const statuses: Readonly<Record<DisputeState, string>> = {
  open: 'awaiting-merchant-feedback',
  underReview: 'awaiting-bank-feedback',
  needsAttention: 'pending',
  won: 'resolved',
  lost: 'resolved',
}

/** The states of a status; undefined for a status that there is not. */
export function statesOf(status: string): readonly DisputeState[] | undefined {
  const states = (Object.keys(statuses) as DisputeState[]).filter((state) => statuses[state] === status)
  return states.length === 0 && status !== 'archived' ? undefined : states
}

export const disputeStatuses = [...new Set(Object.values(statuses)), 'archived']

/** A dispute of a list, or one that is fetched. */
export function renderDispute(dispute: Dispute) {
  const { mode, currency } = dispute
  const told = tell(dispute)
  return {
    ...render({ mode, currency, amount: Number(dispute.amount) }, told),
    createdAt: told.createdAt,
    updatedAt: told.updatedAt,
    evidence: dispute.evidence === null ? null : renderEvidence(dispute, dispute.evidence),
    attachments: JSON.stringify(dispute.attachments),
  }
}

/** The dispute of a transaction: its history and its messages have ids, and there are more members. */
export function renderDisputeOfTransaction({ merchant }: Tenant, dispute: Dispute) {
  const rendered = renderDispute(dispute)
  const numbered = <Row extends object>(rows: Row[]) =>
    rows.map((row, i) => ({ id: i + 1, dispute: rendered.id, ...row }))
  return {
    ...rendered,
    merchant_transaction_reference: rendered.transaction.reference,
    integration: merchant.id,
    created_by: null,
    history: numbered(rendered.history),
    messages: numbered(rendered.messages),
  }
}

export function renderEvidence({ wireId }: Dispute, evidence: DisputeEvidence) {
  return {
    customer_email: evidence.customerEmail,
    customer_name: evidence.customerName,
    customer_phone: evidence.customerPhone,
    service_details: evidence.serviceDetails,
    delivery_address: evidence.deliveryAddress,
    delivery_date: evidence.deliveryDate,
    dispute: Number(wireId),
    id: evidence.id,
    createdAt: evidence.createdAt,
    updatedAt: evidence.createdAt,
  }
}

/** The last message of the merchant, as the answer to a resolution has it. */
export function renderLastMessage(dispute: Dispute) {
  const { sender, body, createdAt } = dispute.messages.at(-1) ?? { sender: 'merchant', body: '', createdAt: '' }
  return { dispute: Number(dispute.wireId), sender, body, id: dispute.messages.length, createdAt, updatedAt: createdAt }
}

/** `charge.dispute.create`, `.remind` and `.resolve`, made from the event alone. Null for a dispute that this wire cannot tell. */
export function renderDisputeEvent({
  type,
  mode,
  data,
}: Pick<RecordedEvent, 'type' | 'mode' | 'data'>): PaystackWebhook | null {
  const { amount, currency, dispute } = data.details ?? {}
  const told = dispute as ToldDispute | null | undefined
  const name = names[type]
  if (!told || name === undefined || !isServed(currency as Currency)) return null
  const rendered = render({ mode, currency: currency as Currency, amount: amount as number }, told)
  return { event: name, data: rendered }
}

const names: Readonly<Record<string, string>> = {
  'dispute.opened': 'charge.dispute.create',
  'dispute.reminded': 'charge.dispute.remind',
  'dispute.won': 'charge.dispute.resolve',
  'dispute.lost': 'charge.dispute.resolve',
}

/** The dispute as its event would tell it now. Only disputes of payments are read here. */
function tell(dispute: Dispute): ToldDispute {
  const payment = dispute.payment as DisputedPayment
  return {
    id: Number(dispute.wireId),
    status: dispute.state,
    resolution: dispute.resolution,
    category: dispute.category,
    respondBy: dispute.respondBy?.toISOString() ?? null,
    resolvedAt: dispute.resolvedAt?.toISOString() ?? null,
    createdAt: dispute.createdAt.toISOString(),
    updatedAt: dispute.updatedAt.toISOString(),
    history: [...dispute.history],
    messages: [...dispute.messages],
    bin: payment.bin,
    last4: payment.last4,
    customer: dispute.customer,
    transaction: {
      id: payment.id,
      reference: payment.reference,
      amount: Number(payment.amount),
      fee: payment.fee === null ? null : Number(payment.fee),
      status: payment.status,
      channel: payment.channel,
      paidAt: payment.paidAt?.toISOString() ?? null,
      createdAt: payment.createdAt.toISOString(),
    },
  }
}

interface Frame {
  mode: string
  currency: Currency
  amount: number
}

function render({ mode, currency, amount }: Frame, told: ToldDispute) {
  const { transaction, customer } = told
  const paid = renderAmount(transaction.amount, currency)
  return {
    id: told.id,
    refund_amount: renderAmount(amount, currency),
    currency,
    status: statuses[told.status],
    resolution: told.resolution === 'refunded' ? 'merchant-accepted' : told.resolution,
    domain: mode,
    transaction: {
      id: transaction.id,
      domain: mode,
      status: transaction.status === 'succeeded' ? 'success' : transaction.status,
      reference: transaction.reference,
      amount: paid,
      message: null,
      gateway_response: 'Successful',
      paid_at: transaction.paidAt,
      created_at: transaction.createdAt,
      channel: transaction.channel,
      currency,
      ip_address: null,
      metadata: '',
      log: null,
      fees: renderAmount(transaction.fee ?? 0, currency),
      fees_split: null,
      authorization: {},
      customer: { international_format_phone: null },
      plan: {},
      subaccount: {},
      split: {},
      order_id: null,
      paidAt: transaction.paidAt,
      requested_amount: paid,
      pos_transaction_data: null,
    },
    transaction_reference: null,
    category: told.category,
    customer: customer === null ? null : renderHolder(customer),
    bin: told.bin,
    last4: told.last4,
    dueAt: told.respondBy,
    resolvedAt: told.resolvedAt,
    evidence: null as ReturnType<typeof renderEvidence> | null,
    attachments: null as string | null,
    note: null,
    history: (told.history ?? []).map(({ state, by, createdAt }) => ({ status: statuses[state], by, createdAt })),
    messages: told.messages ?? [],
    created_at: told.createdAt,
    updated_at: told.updatedAt,
  }
}
