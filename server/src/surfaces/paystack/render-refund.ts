import type { Currency } from '../../base/money.ts'
import type { RecordedEvent } from '../../domain/events/events.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { ToldRefund } from '../../domain/payments/refund-events.ts'
import type { ProcessorRefund, RefundedPayment } from '../../domain/payments/refund-records.ts'
import type { RefundState } from '../../domain/payments/refund-states.ts'
import { isServed, renderAmount } from './amounts.ts'
import type { PaystackWebhook } from './events.ts'
import { renderHolder } from './render.ts'

/** Paystack says that a payer has the money within ten business days. */
const expectedMs = 10 * 24 * 60 * 60 * 1000

/** A refund whose outcome nobody can say yet is pending on this wire. */
const statuses: Readonly<Record<RefundState, string>> = {
  pending: 'pending',
  unknown: 'pending',
  processing: 'processing',
  needsAttention: 'needs-attention',
  processed: 'processed',
  failed: 'failed',
}

/** A new refund, as it was made: the same in each repeat of its request. */
export function renderMadeRefund(tenant: Tenant, refund: ProcessorRefund) {
  const made = { ...refund, state: 'pending', updatedAt: refund.createdAt } as const
  const { payment, currency, mode } = refund
  const { id, reference, amount, channel, paidAt } = payment as RefundedPayment
  const paid = paidAt?.toISOString() ?? null
  return {
    transaction: {
      id,
      domain: mode,
      reference,
      amount: renderAmount(amount, currency),
      paid_at: paid,
      channel,
      currency,
      authorization: { exp_month: null, exp_year: null, account_name: null },
      customer: { international_format_phone: null },
      plan: {},
      subaccount: { currency: null },
      split: {},
      order_id: null,
      paidAt: paid,
      requested_amount: renderAmount(amount, currency),
      pos_transaction_data: null,
      source: null,
      fees_breakdown: null,
    },
    ...renderBasics(tenant, made),
    deducted_amount: renderAmount(0, currency),
    fully_deducted: false,
    customer: null,
  }
}

/** A refund of a list, or one that is fetched. */
export function renderRefundRow(tenant: Tenant, refund: ProcessorRefund) {
  const { payment, currency, state, customer } = refund
  const { id, reference, amount } = payment as RefundedPayment
  const isDeducted = state !== 'failed'
  const basics = renderBasics(tenant, refund)
  return {
    ...basics,
    transaction: id,
    transaction_reference: reference,
    transaction_amount: renderAmount(amount, currency),
    deducted_amount: renderAmount(isDeducted ? refund.amount : 0, currency),
    fully_deducted: isDeducted ? 1 : 0,
    refund_type: refund.amount === amount ? 'full' : 'partial',
    refund_channel: null,
    refunded_at: state === 'processed' ? basics.updatedAt : null,
    collect_account_number: state === 'needsAttention',
    bank_reference: state === 'processed' ? refund.id : null,
    dispute: null,
    settlement: null,
    customer: customer === null ? null : renderHolder(customer),
    created_at: basics.createdAt,
    updated_at: basics.updatedAt,
  }
}

function renderBasics({ merchant }: Tenant, refund: ProcessorRefund) {
  const { currency, state, payment, createdAt, updatedAt, by } = refund
  const doer = by.personName ?? by.name ?? by.kind
  return {
    integration: merchant.id,
    channel: payment?.channel ?? null,
    ...notesOf(refund, payment?.reference ?? '', doer),
    status: statuses[state],
    refunded_by: doer,
    expected_at: new Date(createdAt.getTime() + expectedMs).toISOString(),
    currency,
    domain: refund.mode,
    amount: renderAmount(refund.amount, currency),
    id: Number(refund.wireId),
    reason: statuses[state].toUpperCase(),
    initiated_by: doer,
    session_id: null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

/** Absent notes have the words of Paystack. */
function notesOf(
  { customerNote, merchantNote }: Pick<ProcessorRefund, 'customerNote' | 'merchantNote'>,
  reference: string,
  doer: string | null,
) {
  const usual = `Refund for transaction ${reference}`
  return {
    customer_note: customerNote ?? usual,
    merchant_note: merchantNote ?? (doer === null ? usual : `${usual} by ${doer}`),
  }
}

/** The ends of the names of the events, and whether Paystack's sample of each has its amount as a text. */
const tellings: Readonly<Partial<Record<RefundState, { isText: boolean }>>> = {
  pending: { isText: true },
  processing: { isText: true },
  needsAttention: { isText: false },
  processed: { isText: true },
  failed: { isText: false },
}

/** `refund.pending` and the others, made from the event alone. Null for a refund that this wire cannot tell. */
export function renderRefundEvent({ mode, data }: Pick<RecordedEvent, 'mode' | 'data'>): PaystackWebhook | null {
  const { refundId, amount, currency, refund } = data.details ?? {}
  const told = refund as ToldRefund | null | undefined
  if (!told || !isServed(currency as Currency)) return null
  const telling = tellings[told.status]
  if (telling === undefined) return null
  const { customer, reference } = told
  const status = statuses[told.status]
  const hundredths = renderAmount(amount as number, currency as Currency)
  return {
    event: `refund.${status}`,
    data: {
      status,
      transaction_reference: reference,
      refund_reference: told.status === 'pending' || told.status === 'processing' ? null : refundId,
      amount: telling.isText ? String(hundredths) : hundredths,
      currency,
      processor: null,
      customer: {
        first_name: customer?.firstName ?? null,
        last_name: customer?.lastName ?? null,
        email: customer?.email ?? null,
      },
      integration: told.merchantNumber,
      domain: mode,
      id: String(told.id),
      ...notesOf(told, reference, null),
    },
  }
}
