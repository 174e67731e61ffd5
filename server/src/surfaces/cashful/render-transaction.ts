import type { Entry } from '../../domain/ledger/entries.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { TransactionKind } from '../../domain/trail/trail.ts'

/** An entry of a customer's history. */
export function renderTransaction({ merchant }: Tenant, customerId: string, entry: Entry) {
  return {
    id: `txn_${entry.transactionId}`,
    customerId,
    merchantId: merchant.code,
    type: transactionType(entry),
    amount: Number(entry.amount),
    currency: entry.currency,
    ...(entry.description === null ? {} : { description: entry.description }),
    ...relatedEntity(entry),
    balanceAfter: Number(entry.balanceAfter),
    createdAt: entry.createdAt.toISOString(),
    updatedAt: entry.createdAt.toISOString(),
  }
}

/** The entity that an entry is about, by the name Cashful gives it. */
export function relatedEntity({ kind, transactionId, reversesId, holdId, details }: Entry) {
  const { paymentIntentId, checkoutSessionId } = details
  if (typeof checkoutSessionId === 'string')
    return { relatedEntityId: checkoutSessionId, relatedEntityType: 'CheckoutSession' }
  if (typeof paymentIntentId === 'string')
    return { relatedEntityId: paymentIntentId, relatedEntityType: 'PaymentIntent' }
  if ((kind === 'payout' || kind === 'payout_returned') && typeof details.payoutId === 'string')
    return { relatedEntityId: `payout_${details.payoutId}`, relatedEntityType: 'Payout' }
  if (kind === 'purchase') return { relatedEntityId: `purchase_${transactionId}`, relatedEntityType: 'Purchase' }
  if (kind === 'transfer') return { relatedEntityId: `transfer_${transactionId}`, relatedEntityType: 'Transfer' }
  if (holdId !== null) return { relatedEntityId: holdId, relatedEntityType: 'Hold' }
  if (reversesId !== null) return { relatedEntityId: `txn_${reversesId}`, relatedEntityType: 'Transaction' }
  if (kind === 'pay_in') return { relatedEntityId: transactionId, relatedEntityType: 'PayIn' }
  return { relatedEntityId: `txn_${transactionId}`, relatedEntityType: 'Transaction' }
}

/** Cashful's words, and ours for what its wire has no word for. The sign of the amount says whether it came in. */
const types: Partial<Record<TransactionKind, string>> = {
  pay_in: 'credit',
  assigned: 'credit',
  reversal: 'refund',
  chargeback_returned: 'chargeback',
  processor_fee: 'fee',
  processor_fee_returned: 'fee',
}

function transactionType({ kind, amount }: Entry): string {
  if (kind === 'transfer') return amount > 0n ? 'transfer_in' : 'transfer_out'
  return types[kind] ?? kind
}
