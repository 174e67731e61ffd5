/** Paystack's words for the refusals of disputes. */
export const disputeWords = {
  tooMuch: 'Refund amount cannot be greater than initial amount',
  nothingToExport: 'No disputes found',
} as const
