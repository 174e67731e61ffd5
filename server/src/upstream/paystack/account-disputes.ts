import type { Tenant } from '../../domain/merchants/tenant.ts'
import type {
  AccountDispute,
  AccountDisputes,
  AccountRefund,
  DisputeOutcome,
} from '../../domain/payments/payment-processor.ts'
import type { Ask } from './ask.ts'
import {
  createEvidence,
  type Dispute,
  fetchDispute,
  fetchUpload,
  listDisputes,
  resolveDispute,
  updateDispute,
} from './disputes.ts'
import type { Outcome } from './outcomes.ts'
import { listRefunds, markerOf, type Refund } from './refunds.ts'
import { fetchTransaction, verifyTransaction } from './transactions.ts'

const unclear = 'The account says that the dispute is over, and not how: look at it in the account'

/** The disputes of a Paystack account, and the refunds that were made there. */
export function createAccountDisputes(ask: Ask): AccountDisputes {
  return {
    async findPayment({ mode }, disputeId) {
      const dispute = await fetchDispute(ask, BigInt(disputeId))
      if (dispute === null || dispute.mode !== mode) return null
      if (dispute.transactionReference !== null) return dispute.transactionReference
      return (await fetchTransaction(ask, dispute.transactionId))?.reference ?? null
    },
    async listTaken({ mode }: Tenant, reference, known) {
      const paid = await verifyTransaction(ask, reference)
      if (paid === null || paid.mode !== mode) return { disputes: [], refunds: [] }
      const disputes = new Map<bigint, Dispute>()
      for await (const page of listDisputes(ask, { transactionId: paid.id })) {
        for (const dispute of page) if (dispute.transactionId === paid.id) disputes.set(dispute.id, dispute)
      }
      for (const id of known) {
        if (disputes.has(BigInt(id))) continue
        const dispute = await fetchDispute(ask, BigInt(id))
        if (dispute !== null) disputes.set(dispute.id, dispute)
      }
      const refunds: Refund[] = []
      for await (const page of listRefunds(ask, { transactionId: paid.id })) {
        refunds.push(...page.filter(({ transactionId }) => transactionId === paid.id))
      }
      const isOfMode = (each: Dispute | Refund) => each.mode === mode
      return {
        disputes: [...disputes.values()].filter(isOfMode).map(readDispute),
        refunds: refunds.filter(isOfMode).map(readRefund),
      }
    },
    async resolve(disputeId, { resolution, ...answer }) {
      const words = { accepted: 'merchant-accepted', declined: 'declined' } as const
      return outcomeOf(await resolveDispute(ask, BigInt(disputeId), { resolution: words[resolution], ...answer }))
    },
    update: async (disputeId, change) => outcomeOf(await updateDispute(ask, BigInt(disputeId), change)),
    addEvidence: async (disputeId, evidence) => outcomeOf(await createEvidence(ask, BigInt(disputeId), evidence)),
    openUpload: (disputeId, fileName) => fetchUpload(ask, BigInt(disputeId), fileName),
  }
}

function outcomeOf(outcome: Outcome<null>): DisputeOutcome {
  if (outcome.is === 'refused') return { refused: outcome.reason }
  return outcome.is === 'unknown' || outcome.is === 'not_sent' ? 'unknown' : 'done'
}

function readDispute(dispute: Dispute): AccountDispute {
  const { id, resolution, category, amount, currency, complaint, dueAt, createdAt } = dispute
  const state = stateOf(dispute)
  return {
    id: String(id),
    state,
    stateReason: state === 'needsAttention' ? unclear : null,
    resolution,
    category: category ?? 'chargeback',
    // No amount is asked back yet.
    amount: amount === 0n ? null : amount,
    currency,
    complaint,
    respondBy: dueAt,
    createdAt,
  }
}

function stateOf({ status, resolution }: Dispute): AccountDispute['state'] {
  switch (status) {
    case 'awaiting-merchant-feedback':
      return 'open'
    case 'awaiting-bank-feedback':
    case 'pending':
      return 'underReview'
    default:
      if (resolution === 'declined') return 'won'
      return resolution?.endsWith('accepted') ? 'lost' : 'needsAttention'
  }
}

function readRefund(refund: Refund): AccountRefund {
  const { id, disputeId, amount, currency, status, createdAt } = refund
  return {
    id: String(id),
    returnId: markerOf(refund),
    disputeId: disputeId === null ? null : String(disputeId),
    amount,
    currency,
    state: status === 'processed' || status === 'failed' ? status : 'open',
    createdAt,
  }
}
