/** Paystack's words for the refusals of refunds. */
export const refundWords = {
  unknown: 'Transaction not found',
  /** Not documented: in the manner of the others. */
  unpaid: 'Transaction has not been successful',
  tooMuch: 'Refund amount exceeds transaction amount',
  exceeded: 'Total refund amount cannot exceed original transaction amount',
  fullyRefunded: 'Transaction has been fully reversed',
  otherCurrency: 'Transaction currency must match refund currency',
  noFunds: 'Your balance is not enough to fulfil this request',
  noRefund: 'Refund not found',
  notWaiting: 'Invalid Refund state, refund status should be "needs-attention"',
  /** Not documented: the account behind this service would say nothing of the kind. */
  notShown:
    'The processor does not show this refund, so there is nothing to send to a bank account: look for it at the processor',
} as const
