/** Where a dispute stands. */
export const disputeStates = ['open', 'underReview', 'needsAttention', 'won', 'lost'] as const

export type DisputeState =
  /** The merchant has to accept it or to decline it. */
  | 'open'
  /** The merchant has answered, and the payer's bank decides. */
  | 'underReview'
  /** The account says something that nobody here can act on. A person has to look. */
  | 'needsAttention'
  /** The merchant keeps the money. */
  | 'won'
  /** The payer has the money back. */
  | 'lost'

/** The states that may follow each state. docs/ledger.md has the same arrows, with the cause and the entries of each. */
export const disputeArrows: Readonly<Record<DisputeState, readonly DisputeState[]>> = {
  open: ['underReview', 'needsAttention', 'won', 'lost'],
  underReview: ['open', 'needsAttention', 'won', 'lost'],
  needsAttention: ['open', 'underReview', 'won', 'lost'],
  // A bank may decide again.
  won: ['lost'],
  // The account has not decided a dispute whose refund has failed.
  lost: ['open', 'underReview', 'needsAttention', 'won'],
}

/** It is decided. */
export function isDecided(state: DisputeState): boolean {
  return state === 'won' || state === 'lost'
}
