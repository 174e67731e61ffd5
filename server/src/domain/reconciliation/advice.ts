import type { FoundDifference } from './found-differences.ts'

/** What a person can do about a difference, as sentences. */
export function adviceFor({ kind, subject }: Pick<FoundDifference, 'kind' | 'subject'>): string {
  switch (kind) {
    case 'missing_here':
      if (subject === 'payout') {
        return 'The payout was sent from here, and the database does not know it: it was restored from a backup of before. Ask for it again with POST /v1/payouts under its reference and with its content: it is found at the account, and not paid twice. Where several merchants of this server pay out by the account, each of them has this difference, and the payout is of one: once that one has asked for it again, it is closed for all. The operator finds out whose it is before anybody corrects a balance. Only if nobody knows the reference, that merchant corrects the balance with POST /v1/adjustments, and the others accept the difference.'
      }
      if (subject === 'settlement')
        return settled('The account has sent this to the bank, and it could not be booked here.')
      return subject === 'payment'
        ? 'The list of the account has this payment as paid, and its answer about the payment does not confirm that. Look at the payment in the account. If the money has come, record it with POST /v1/pay-ins under the reference.'
        : 'The account has this, and it could not be booked here. Look at it in the account, and correct the balance with POST /v1/adjustments if money has moved.'
    case 'missing_there':
      if (subject === 'suspense') {
        return 'The money was given back from suspense here, and the account still has it. Refund the payment at the account: the refund is found, nothing is booked a second time, and this difference closes by itself. If the money went back another way, accept the difference. If it was to stay, credit its owner with POST /v1/adjustments, and accept the difference.'
      }
      return 'It is booked here, and the account does not know it. Ask the processor. If the money never moved, correct the balance with POST /v1/adjustments.'
    case 'amount':
      if (subject === 'payout') {
        return 'The account has another amount than the payout here. Look at it in the account. If the payout needs attention here, say how it has ended with POST /v1/payouts/:id/settle: its money is still reserved. If it has ended here and a customer has to bear the rest, or gets it, use POST /v1/adjustments. Then accept the difference.'
      }
      if (subject === 'settlement') return settled('The account has another amount of the settlement than is booked.')
      return 'The account has another amount than is booked. Look at it in the account, and correct the difference with POST /v1/adjustments.'
    case 'fee':
      if (subject === 'balance') {
        return 'The account tells fees in this currency that cannot be read here, such as a fraction of the smallest unit of the currency, a number below zero or one above the largest amount; the reference names a payment with one. The money is booked, and these fees are not, so the balance has a part that is unexplained. Compare it with the invoice of the processor, and accept the unexplained part with the fees as the reason.'
      }
      return subject === 'payout'
        ? 'The account has kept another fee than is booked. Compare it with the invoice of the processor. If a customer has paid too much of it, or too little, use POST /v1/adjustments. Then accept the difference.'
        : 'The account has kept another fee than is booked, or one that the ledger could not hold was not booked. Compare it with the invoice of the processor, and accept the difference once it is explained.'
    case 'state':
      if (subject === 'payout') return payoutAdvice()
      if (subject === 'refund') {
        return 'The account and the books say differently how the refund ended. Look at it in the account. If it is unknown or needs attention here, say how it has ended with POST /v1/refunds/:id/settle. If it has ended here and money has moved, correct the balance with POST /v1/adjustments.'
      }
      if (subject === 'settlement')
        return settled('The account and the books say differently how the settlement ended.')
      return 'The account and the books say differently how it ended. Look at it in the account, and correct the balance with POST /v1/adjustments if money has moved.'
    case 'currency':
      if (subject === 'balance') {
        return 'The balance of the account in this currency cannot be read here, such as one with a fraction of the smallest unit of the currency, or one above the largest amount. So it is not compared, and everything else is. A fee of a fraction makes such a balance. It is compared by the first reconciliation that can read it.'
      }
      return 'The account has it in another currency than is booked. Look at it in the account.'
    case 'duplicate':
      return subject === 'payment'
        ? 'The same money may be booked twice. Compare the two: the second one is in suspense. If a pay-in was recorded by hand for the same money, assign the money in suspense to whom the pay-in credited, and reverse the pay-in with POST /v1/reversals. If it is other money, assign it as well. Or refund the payment at the account, and the money leaves suspense by itself. Do not give it back here alone: the account still has it.'
        : 'The account has given the money back twice. Ask the processor for the second one.'
    case 'not_ours':
      return subject === 'payment'
        ? 'The payment was not asked for here, for instance by a shop on the same account. The money is in suspense: assign it to a customer, or refund it at the account, which is booked here by itself.'
        : subject === 'payout'
          ? 'The payout was made at the account, and not here. If a customer was paid, correct the balance with POST /v1/adjustments. Then accept the difference.'
          : 'It is about a payment that is not booked here, so no balance here changes. Accept the difference.'
    case 'unexplained':
      return 'The account has another balance than the books and all known differences explain. Look for movements in the account that are in no list, such as a top-up, a payout by hand or a correction of the processor. If there is a difference of the kind fee about the balance, the account has kept fees that cannot be read here.'
  }
}

/** The money of an open payout is still reserved: an adjustment would take it twice. One that has ended is booked with its own call. */
function payoutAdvice(): string {
  return 'The account and the books say differently how the payout ended. Look at it in the account. If the payout needs attention here, settle it with POST /v1/payouts/:id/settle. While it is sending or sent, its money is still reserved: say how it has ended. As contradicted it has ended, and nothing is reserved: have what is true booked with book: true. If the account has not decided, wait for it.'
}

/** A settlement moves money between two accounts of the merchant: no balance has it. */
function settled(what: string): string {
  return `${what} Look at it in the account, and at the statement of the bank. No balance here has its money, so there is nothing to correct: accept the difference once you know what has reached the bank.`
}
