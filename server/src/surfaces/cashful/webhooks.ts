import {
  type EventType,
  isMerchantEventType,
  type OwnEventType,
  type RecordedEvent,
} from '../../domain/events/events.ts'

/** The body of a webhook in the standard style: an event in Cashful's words. */
export interface CashfulWebhook {
  /** Equal to the header `webhook-id`. */
  id: string
  type: EventType
  /** The time of the event. */
  timestamp: string
  data: Record<string, unknown>
}

/** The parts of an event that are rendered. */
export type TellableEvent = Pick<RecordedEvent, 'publicId' | 'merchantCode' | 'type' | 'data' | 'createdAt'>

export function renderCashfulEvent(event: TellableEvent): CashfulWebhook {
  const { publicId, type, createdAt } = event
  return { id: publicId, type, timestamp: createdAt.toISOString(), data: renderEventData(event) }
}

/** The details of an event, with Cashful's ids. Members without a value are left out. */
export function renderEventData(event: TellableEvent): Record<string, unknown> {
  if (isMerchantEventType(event.type)) return (event.data.details?.data ?? {}) as Record<string, unknown>
  const data = tellings[event.type].render(readAbout(event))
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined && value !== null))
}

/** The entity that an event is about, by the name Cashful gives it. */
export function relatedEntity(event: TellableEvent): { relatedEntityId?: string; relatedEntityType?: string } {
  if (isMerchantEventType(event.type)) {
    const { relatedEntityId, relatedEntityType } = event.data.details as Partial<Record<string, string>>
    return {
      ...(relatedEntityId === undefined ? {} : { relatedEntityId }),
      ...(relatedEntityType === undefined ? {} : { relatedEntityType }),
    }
  }
  const { id, customerId } = renderEventData(event)
  const relatedEntityId = id ?? customerId
  if (typeof relatedEntityId !== 'string') return {}
  return { relatedEntityId, relatedEntityType: tellings[event.type].entity }
}

/** The values that the details are made from. */
interface About {
  customer: Record<string, unknown>
  details: Record<string, unknown>
  merchantId: string
  customerId: unknown
  at: string
}

interface Telling {
  entity: string
  render(about: About): Record<string, unknown>
}

function readAbout({ merchantCode, data, createdAt }: TellableEvent): About {
  const { customer = {}, details = {} } = data
  return { customer, details, merchantId: merchantCode, customerId: customer.code, at: createdAt.toISOString() }
}

const customerTelling: Telling = {
  entity: 'Customer',
  render: ({ customer, merchantId }) => ({
    id: customer.code,
    merchantId,
    phoneNumber: customer.phoneE164 ?? customer.phone ?? '',
    email: customer.email,
    name: [customer.firstName, customer.lastName].filter(Boolean).join(' ') || undefined,
    metadata: customer.metadata ?? {},
    riskAction: customer.riskAction,
    identified: customer.identified,
  }),
}

const identityTelling: Telling = {
  entity: 'Customer',
  render: ({ merchantId, customerId, details }) => ({
    merchantId,
    customerId,
    identification: details.identification,
    reason: details.reason,
  }),
}

const paymentMethodTelling: Telling = {
  entity: 'PaymentMethod',
  render: ({ merchantId, customerId, details }) => {
    const { code, type, brand, last4 } = details.paymentMethod as Record<string, unknown>
    return { id: `pm_${code}`, merchantId, customerId, type, brand, last4 }
  },
}

const mandateTelling: Telling = {
  entity: 'Mandate',
  render: ({ merchantId, customerId, details }) => {
    const { code } = (details.paymentMethod ?? {}) as Record<string, unknown>
    return { id: details.reference, merchantId, customerId, paymentMethodId: prefixed('pm', code) }
  },
}

const dedicatedAccountTelling: Telling = {
  entity: 'DedicatedAccount',
  render: ({ merchantId, customerId, details }) => {
    const account = (details.dedicatedAccount ?? {}) as Record<string, unknown>
    const { bankName } = (account.provider ?? {}) as Record<string, unknown>
    return {
      id: account.id === undefined ? undefined : String(account.id),
      merchantId,
      customerId,
      bankName,
      accountNumber: account.accountNumber,
      accountName: account.accountName,
      currency: account.currency,
      reason: details.reason,
    }
  },
}

const payInTelling: Telling = {
  entity: 'PayIn',
  render: ({ merchantId, customerId, details }) => ({
    id: prefixed('txn', details.payInId),
    merchantId,
    customerId,
    amount: details.amount,
    currency: details.currency,
    paymentIntentId: details.paymentIntentId,
    checkoutSessionId: details.checkoutSessionId,
    source: details.source,
    reference: details.reference,
  }),
}

const adjustmentTelling: Telling = {
  entity: 'Adjustment',
  render: ({ merchantId, customerId, details }) => ({
    id: prefixed('txn', details.adjustmentId),
    merchantId,
    customerId,
    direction: details.direction,
    amount: details.amount,
    currency: details.currency,
    reference: details.reference,
  }),
}

const purchaseTelling: Telling = {
  entity: 'Purchase',
  render: ({ merchantId, customerId, details, at }) => ({
    id: prefixed('purchase', details.purchaseId),
    merchantId,
    customerId,
    productId: details.productId,
    quantity: details.quantity,
    amount: details.amount,
    currency: details.currency,
    status: 'completed',
    createdAt: at,
    updatedAt: at,
  }),
}

const transferTelling: Telling = {
  entity: 'Transfer',
  render: ({ merchantId, details, at }) => ({
    id: prefixed('transfer', details.transferId),
    merchantId,
    fromCustomerId: details.fromCustomer,
    toCustomerId: details.toCustomer,
    amount: details.amount,
    currency: details.currency,
    status: 'completed',
    createdAt: at,
    updatedAt: at,
  }),
}

const checkoutTelling: Telling = {
  entity: 'CheckoutSession',
  render: ({ merchantId, customerId, details }) => ({
    id: details.checkoutSessionId,
    merchantId,
    customerId,
    paymentIntentId: details.paymentIntentId,
    totalAmount: details.amount,
    currency: details.currency,
    status: 'complete',
  }),
}

const holdTelling: Telling = {
  entity: 'Hold',
  render: ({ merchantId, customerId, details }) => ({
    id: details.holdId,
    merchantId,
    customerId,
    amount: details.amount,
    currency: details.currency,
    transactionId: prefixed('txn', details.captureId),
    released: details.released,
    remaining: details.remaining,
  }),
}

const refundTelling: Telling = {
  entity: 'Transaction',
  render: ({ merchantId, customerId, details }) => ({
    id: prefixed('txn', details.refundId),
    merchantId,
    customerId,
    transactionId: prefixed('txn', details.transactionId),
    assignedTransactionId: prefixed('txn', details.assignedTransactionId),
    amount: details.amount,
    remaining: details.remaining,
    currency: details.currency,
    reason: details.reason,
    fromCustomerId: details.fromCustomer,
    toCustomerId: details.toCustomer,
  }),
}

const disputeTelling: Telling = {
  entity: 'Dispute',
  render: ({ merchantId, customerId, details }) => ({
    id: details.disputeId,
    merchantId,
    customerId,
    transactionId: prefixed('txn', details.transactionId),
    amount: details.amount,
    currency: details.currency,
    state: details.state,
    category: details.category,
    complaint: details.complaint,
    respondBy: details.respondBy,
    resolution: details.resolution,
    reason: details.reason,
    borneBy: details.borneBy,
    movementId: prefixed('txn', details.movementId),
  }),
}

const payoutTelling: Telling = {
  entity: 'Payout',
  render: ({ merchantId, customerId, details }) => ({
    id: prefixed('payout', details.payoutId),
    // Cashful's own name of it, and of the reason.
    payoutId: prefixed('payout', details.payoutId),
    error: details.stateReason,
    merchantId,
    customerId,
    reference: details.reference,
    amount: details.amount,
    currency: details.currency,
    fee: details.fee,
    state: details.state,
    recipientId: details.recipientId,
    code: details.stateCode,
    reason: details.stateReason,
    attention: details.attention,
    attentionReason: details.attentionReason,
  }),
}

const differenceTelling: Telling = {
  entity: 'Difference',
  render: ({ merchantId, details }) => ({
    id: details.differenceId,
    merchantId,
    reconciliationId: details.reconciliationId,
    kind: details.kind,
    subject: details.subject,
    reference: details.reference,
    amount: details.amount,
    ours: details.ours,
    theirs: details.theirs,
    currency: details.currency,
    advice: details.advice,
  }),
}

const sendingTelling: Telling = {
  entity: 'Sending',
  render: ({ merchantId, details }) => ({ merchantId, cause: details.cause, reference: details.reference }),
}

const approvalTelling: Telling = {
  entity: 'Approval',
  render: ({ merchantId, customerId, details }) => ({
    id: details.approvalId,
    merchantId,
    customerId,
    kind: details.kind,
    subjectId: details.subjectId,
    amount: details.amount,
    currency: details.currency,
    reference: details.reference,
    needs: details.needs,
    status: details.status,
    denial: details.denial,
    expiresAt: details.expiresAt,
  }),
}

const tellings: Readonly<Record<OwnEventType, Telling>> = {
  'customer.created': customerTelling,
  'customer.updated': customerTelling,
  'customer.deleted': customerTelling,
  'customer.erased': customerTelling,
  'customer.risk_action_changed': customerTelling,
  'identity.succeeded': identityTelling,
  'identity.failed': identityTelling,
  'payment_method.added': paymentMethodTelling,
  'payment_method.removed': paymentMethodTelling,
  'mandate.created': mandateTelling,
  'mandate.declined': mandateTelling,
  'mandate.active': mandateTelling,
  'dedicated_account.assigned': dedicatedAccountTelling,
  'dedicated_account.assignment_failed': dedicatedAccountTelling,
  'dedicated_account.removed': dedicatedAccountTelling,
  'pay_in.succeeded': payInTelling,
  'pay_in.failed': intentTelling('failed'),
  'adjustment.succeeded': adjustmentTelling,
  'approval.requested': approvalTelling,
  'approval.approved': approvalTelling,
  'approval.denied': approvalTelling,
  'payment_intent.succeeded': intentTelling('succeeded'),
  'payment_intent.failed': intentTelling('failed'),
  'payment_intent.canceled': intentTelling('canceled'),
  'checkout.session.completed': checkoutTelling,
  'purchase.succeeded': purchaseTelling,
  'transfer.completed': transferTelling,
  'hold.placed': holdTelling,
  'hold.captured': holdTelling,
  'hold.released': holdTelling,
  'hold.expired': holdTelling,
  'refund.pending': refundTelling,
  'refund.unknown': refundTelling,
  'refund.processing': refundTelling,
  'refund.needs_attention': refundTelling,
  'refund.failed': refundTelling,
  'refund.succeeded': refundTelling,
  'reversal.succeeded': refundTelling,
  'payout.awaiting_approval': payoutTelling,
  'payout.pending': payoutTelling,
  'payout.sending': payoutTelling,
  'payout.sent': payoutTelling,
  'payout.needs_attention': payoutTelling,
  'payout.completed': payoutTelling,
  'payout.failed': payoutTelling,
  'payout.returned': payoutTelling,
  'payout.cancelled': payoutTelling,
  'payout.denied': payoutTelling,
  'dispute.opened': disputeTelling,
  'dispute.reminded': disputeTelling,
  'dispute.updated': disputeTelling,
  'dispute.needs_attention': disputeTelling,
  'dispute.won': disputeTelling,
  'dispute.lost': disputeTelling,
  'reconciliation.difference_found': differenceTelling,
  'sending.paused': sendingTelling,
  'sending.resumed': sendingTelling,
}

function intentTelling(status: string): Telling {
  return {
    entity: 'PaymentIntent',
    render: ({ merchantId, customerId, details }) => ({
      id: details.paymentIntentId,
      merchantId,
      customerId,
      amount: details.amount,
      currency: details.currency,
      status,
      transactionId: prefixed('txn', details.transactionId),
      checkoutSessionId: details.checkoutSessionId,
      reason: details.reason,
    }),
  }
}

function prefixed(prefix: string, id: unknown): string | undefined {
  return typeof id === 'string' ? `${prefix}_${id}` : undefined
}
