/** Where a refund stands that a processor makes. */
export const refundStates = ['pending', 'unknown', 'processing', 'needsAttention', 'processed', 'failed'] as const

export type RefundState =
  /** The money is reserved. The processor is about to be asked, or has the refund and has not begun. */
  | 'pending'
  /** Nobody can say yet whether the processor has the refund. */
  | 'unknown'
  | 'processing'
  /** A person has to act. */
  | 'needsAttention'
  /** The money has moved. */
  | 'processed'
  /** The money is no longer reserved, and can be given back again. */
  | 'failed'

/** The states that may follow each state. docs/ledger.md has the same arrows, with the cause and the entries of each. */
export const refundArrows: Readonly<Record<RefundState, readonly RefundState[]>> = {
  pending: ['unknown', 'processing', 'needsAttention', 'processed', 'failed'],
  unknown: ['pending', 'processing', 'needsAttention', 'processed', 'failed'],
  processing: ['needsAttention', 'processed', 'failed'],
  needsAttention: ['pending', 'processing', 'processed', 'failed'],
  processed: [],
  failed: [],
}

/** Nothing follows. */
export function isOver(state: RefundState): boolean {
  return refundArrows[state].length === 0
}
