/** Each kind of movement of the ledger, in words. */
const kinds: Record<string, string> = {
  pay_in: 'Pay-in',
  purchase: 'Purchase',
  transfer: 'Transfer',
  refund: 'Refund',
  reversal: 'Reversal',
  hold_capture: 'Capture of a hold',
  fee: 'Fee',
  chargeback: 'Chargeback',
  chargeback_returned: 'Chargeback given back',
  processor_fee: 'Processor’s fee',
  processor_fee_returned: 'Processor’s fee given back',
  adjustment: 'Adjustment',
  settlement: 'Settlement',
  suspended: 'Money that waits for its owner',
  assigned: 'Assigned from suspense',
  given_back: 'Given back to the payer',
  payout: 'Payout',
  payout_returned: 'Payout returned',
  receivable: 'Owed',
  repayment: 'Repayment',
}

/** A kind that this page does not know yet is shown as it is, with blanks. */
export const kindWord = (kind: string): string => kinds[kind] ?? plain(kind)

const accounts: Record<string, string> = {
  customer_cash: 'Cash of the customer',
  merchant_balance: 'Balance of the merchant',
  fees: 'Fees of the merchant',
  outside: 'The outside world',
  processor_fees: 'Fees of processors',
  adjustments: 'Adjustments',
  suspense: 'Suspense',
  customer_receivable: 'Owed by the customer',
  merchant_receivable: 'Owed by the merchant',
}

export const accountWord = (account: string): string => accounts[account] ?? plain(account)

/** A code as words: `needs_attention` is "Needs attention". */
export function plain(code: string): string {
  const words = code
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[_.-]+/g, ' ')
    .toLowerCase()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** An entry of a customer's history. */
interface Entry {
  kind: string
  amount: number
}

/**
 * A line of a history, as one would tell it.
 *
 * @param other the name of the customer on the other side, or of the payee and their bank, if there is one
 */
export function entrySentence({ kind, amount }: Entry, other: string | undefined): string {
  const isIn = amount > 0
  switch (kind) {
    case 'pay_in':
      return 'Paid in'
    case 'purchase':
      return 'Bought'
    case 'transfer':
      if (isIn) return other === undefined ? 'Received' : `Received from ${other}`
      return other === undefined ? 'Sent' : `Sent to ${other}`
    case 'refund':
    case 'reversal':
      if (isIn) return other === undefined ? 'Given back to the customer' : `Given back by ${other}`
      return other === undefined ? 'Given back to the payer' : `Given back to ${other}`
    case 'payout':
      return other === undefined ? 'Paid out' : `Paid out to ${other}`
    case 'payout_returned':
      return other === undefined ? 'Payout came back' : `Payout to ${other} came back`
    case 'hold_capture':
      return 'Taken from a hold'
    case 'chargeback':
      return 'Taken back by the payer’s bank'
    case 'chargeback_returned':
      return 'Chargeback given back'
    case 'adjustment':
      return isIn ? 'Added by hand' : 'Taken by hand'
    case 'assigned':
      return 'Came without a name, and was found to be theirs'
    case 'fee':
    case 'processor_fee':
      return isIn ? 'Fee given back' : 'Fee'
    case 'receivable':
      return isIn ? 'Covered by a debt' : 'Debt'
    case 'repayment':
      return 'Repaid a debt'
    default:
      return kindWord(kind)
  }
}

/** The kinds by which a history is narrowed. */
export const kindChoices: readonly (readonly [string, string])[] = Object.entries(kinds)

const surfaces: Record<string, string> = {
  cashful: 'Cashful’s API',
  paystack: 'Paystack’s API',
  mteja: 'Mteja’s API',
  'command line': 'The command line',
}

/** The way by which a thing was done. */
export const surfaceWord = (surface: string | null): string => (surface === null ? '–' : (surfaces[surface] ?? surface))

/** Who did a thing, in words. */
export function byWord(by: {
  kind: string
  name: string | null
  personName: string | null
  subject?: string | null
}): string {
  if (by.personName !== null) return by.name === null ? by.personName : `${by.personName} (${by.name})`
  if (by.name !== null) return by.name
  if (by.kind === 'background') return 'The service itself, or a payer'
  if (by.kind === 'operator') return 'The operator of the service'
  return by.subject ?? plain(by.kind)
}
