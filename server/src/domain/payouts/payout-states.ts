/** Where a payout stands. */
export const payoutStates = [
  'awaiting_approval',
  'pending',
  'sending',
  'sent',
  'paid',
  'failed',
  'returned',
  'cancelled',
  'denied',
] as const

export type PayoutState =
  /** A second person has to agree. */
  | 'awaiting_approval'
  /** It has surely not been sent. */
  | 'pending'
  /** It is being sent, or was, and nobody can say yet whether the processor has it. */
  | 'sending'
  /** The processor has it, and has not decided. */
  | 'sent'
  /** The money has left the balance. */
  | 'paid'
  /** The money is no longer reserved. */
  | 'failed'
  /** It was paid, and the money is back in the balance. */
  | 'returned'
  | 'cancelled'
  /** Nobody has agreed. */
  | 'denied'

/** The states that may follow each state. docs/payouts.md has the same arrows, with the cause and the entries of each. */
export const payoutArrows: Readonly<Record<PayoutState, readonly PayoutState[]>> = {
  awaiting_approval: ['pending', 'sending', 'cancelled', 'denied'],
  pending: ['awaiting_approval', 'sending', 'paid', 'failed', 'cancelled'],
  sending: ['pending', 'sent', 'paid', 'failed'],
  sent: ['paid', 'failed'],
  paid: ['returned'],
  failed: ['paid'],
  returned: ['paid'],
  cancelled: ['paid'],
  denied: ['paid'],
}

/** The states of a payout whose money is reserved. */
export const openStates = ['awaiting_approval', 'pending', 'sending', 'sent'] as const satisfies readonly PayoutState[]

/** Whether the money of a payout is reserved. */
export function isOpen(state: PayoutState): boolean {
  return openStates.some((each) => each === state)
}
