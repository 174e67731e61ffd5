import { ServiceError } from '../../base/errors.ts'
import { heldCurrency } from '../../domain/merchants/merchants.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import type { NewPayout } from '../../domain/payouts/payouts.ts'
import type { Recipient } from '../../domain/payouts/recipients.ts'
import { invalidAmount, readAmount } from './amounts.ts'
import { textOf } from './queries.ts'
import { refundWords } from './refund-words.ts'
import { transferWords } from './transfer-words.ts'

/** A line of a request for transfers, as it was sent. */
export interface GivenTransfer {
  amount: number | string
  recipient: string
  reference?: string
  reason?: string
}

/** What all lines of a request have in common. */
export interface GivenSource {
  source: string
  currency?: string | undefined
}

/**
 * Reads a transfer. Throws `invalid_request` in Paystack's words, and `currency_not_held`.
 *
 * @param recipients by their codes
 * @param ownReference the reference of a transfer that was sent without one
 */
export function readTransfer(
  tenant: Tenant,
  { source, currency: given, ...line }: GivenSource & GivenTransfer,
  recipients: ReadonlyMap<string, Recipient>,
  ownReference: string,
): NewPayout {
  const reference = textOf(line.reference) ?? ownReference
  checkReference(reference)
  const recipient = recipients.get(line.recipient.trim())
  // Whether it is active counts for a new transfer alone.
  if (recipient === undefined) throw new ServiceError('invalid_request', transferWords.invalidRecipient, 'recipient')
  const currency = textOf(given) === undefined ? recipient.currency : heldCurrency(tenant.merchant, textOf(given))
  const owner = source.trim()
  return {
    customerCode: owner === 'balance' ? undefined : owner,
    amount: readPositive(line.amount, currency),
    currency,
    destination: { recipientCode: recipient.code },
    reference,
    reason: textOf(line.reason),
  }
}

/** Throws `invalid_request` for a reference with signs that Paystack refuses, wherever one is named. */
export function checkReference(reference: string): void {
  if (/^[A-Za-z0-9_-]+$/.test(reference)) return
  throw new ServiceError('invalid_request', transferWords.illegalReference, 'reference')
}

function readPositive(given: number | string, currency: Recipient['currency']): string {
  try {
    const amount = readAmount(given, currency)
    if (amount > 0n) return String(amount)
  } catch (error) {
    if (!(error instanceof ServiceError && error.message === invalidAmount)) throw error
  }
  throw new ServiceError('invalid_request', transferWords.invalidAmount, 'amount')
}

/** A refusal of a new payout in Paystack's words. What is remembered is the code, so a repeat is refused alike. */
export function inTransferWords(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error
  const { code, field, replayed, kept } = error
  const more = { replayed, kept }
  switch (code) {
    case 'recipient_not_found':
    case 'recipient_inactive':
      return new ServiceError('invalid_request', transferWords.invalidRecipient, field, more)
    case 'insufficient_funds':
      return new ServiceError(code, refundWords.noFunds, field, more)
    case 'reference_taken':
      return new ServiceError('invalid_request', transferWords.duplicate, field, more)
    default:
      return error
  }
}
