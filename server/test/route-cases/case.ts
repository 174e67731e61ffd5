import type { Belongings } from '../belongings.ts'

export interface Own extends Belongings {
  liveKey: string
  /** The id of a request that has written something. */
  requestId: string
  liveCustomerId: string
  otherCardCode: string
  /** Charges, each of which waits for one step. */
  asking: Record<'pin' | 'otp' | 'phone' | 'birthday' | 'address', string>
  /** The code of a customer without money. */
  poorCode: string
  /** A pay-in of the customer without money, who has spent it. */
  spentPayInId: string
  deniedCode: string
  deniedHoldId: string
  deniedIntentId: string
  /** A payment intent that is not paid yet. */
  spareIntentId: string
  paidIntentId: string
  /** Pages that are not answered yet. */
  spareCheckoutId: string
  sparePayCode: string
  spareAccessCode: string
  spareMethodId: string
  declinedMethodId: string
  /** An authorization of the customer with this e-mail. */
  chargeableCode: string
  chargeableEmail: string
  spareEndpointId: string
  /** The code of a customer without anything. */
  spareCode: string
  otherEndpointId: string
  /** A key already used for another request. */
  idempotencyKey: string
  /** A key that may make keys, and nothing else. */
  developersKey: string
  readingKey: string
  spareKeyId: string
  /** A merchant without anything, and a merchant that is closed. */
  spareSuspendedId: string
  /** A refund that waits for a bank account of the payer. */
  waitingRefundNumber: string
  /** Refunds: one of which nobody knows the end, and one that the sandbox shows, and does not make. */
  unknownRefundId: string
  shownRefundId: string
  /** Disputes: open ones, one that was won, and one that was lost. */
  spareDisputeNumber: string
  uploadingDisputeNumber: string
  acceptableDisputeId: string
  decidedDisputeId: string
  lostDisputeId: string
  /** Payouts: one that is not sent yet, one that waits for a person, and one that a person has settled as paid. */
  sparePayoutId: string
  manualPayoutId: string
  settledPayoutId: string
  /** Payouts that wait for a second person. */
  waitingPayoutId: string
  deniablePayoutId: string
  /** A key of a person, which the operator made. */
  secondPersonKey: string
  /** Approvals: two that wait, and one that was denied. */
  deniableApprovalId: string
  pretendedApprovalId: string
  deniedApprovalId: string
  /** A transfer that waits for its one-time password, and a recipient that nothing else needs. */
  askingTransferCode: string
  spareRecipientCode: string
  spareMerchantId: string
  closedMerchantId: string
}

/** A request to the route. A member that is left out has the value a well-behaved caller sends. */
export interface Sent {
  params?: Record<string, string>
  query?: string
  body?: unknown
  bearer?: string | null
  /** Sends the request to a server without an operator's key. */
  operator?: 'none'
  database?: 'down'
  headers?: Record<string, string>
}

/** By status, a request that must get that status. */
export type Cases = Record<number, Sent | ((own: Own) => Sent)>

/** For a change of a thing as it was long ago. */
export const longAgo = { 'if-match': '"2020-01-01T00:00:00.000Z"' }

export const stranger = { bearer: 'sk_test_0000000000000000' }
export const recorded = { amount: 10, currency: 'ZAR', source: 'cash', reference: 'line' }
export const adjusted = { amount: 10, currency: 'ZAR', direction: 'credit', reason: 'Goodwill', reference: 'ticket' }
export const nobody = 'CUS_000000000000000'
export const account = { number: '0123456789', bank_code: '058' }
export const address = { street: '1 Long Street', city: 'Lagos', state: 'Lagos' }
export const identity = {
  first_name: 'Uchenna',
  last_name: 'Okoro',
  type: 'bank_account',
  country: 'NG',
  bvn: '222222222221',
  bank_code: '007',
  account_number: '0111111111',
}

export const noIntent = 'pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3e'
export const asked = { amount: 300, currency: 'ZAR' }
export const payment = { email: 'payer@example.com', amount: 300 }
export const testCard = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
export const hooks = { url: 'https://example.com/hooks', events: ['*'] }
export const priced = { totalAmount: 300, currency: 'ZAR' }

export function transfer(fromCustomerId: string, toCustomerId: string) {
  return { fromCustomerId, toCustomerId, amount: 50, currency: 'ZAR' }
}
export const noAccount = '9999999999'
