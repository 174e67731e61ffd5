import type { ErrorCode } from '../../base/errors.ts'
import { inParts } from '../../domain/payments/payment-parts.ts'
import { missingCredential } from '../http/authentication.ts'
import type { Problem } from '../http/problem.ts'
import { invalidAmount } from './amounts.ts'
import { disputeWords } from './dispute-words.ts'
import { invalidEmail, missingEmail, unknownCharge } from './payers.ts'
import { refundWords } from './refund-words.ts'
import { duplicatesFound, transferWords } from './transfer-words.ts'

interface Wording {
  status: number
  type: 'validation_error' | 'api_error'
  code: string
  nextStep: string
  /** Paystack's message, where it is known. Otherwise the domain's message is sent. */
  message?: string
  /** Set only where Paystack is known to send it. */
  errorCodeMappingNotFound?: boolean
}

const checkValues = "Ensure that the value(s) you're passing are valid."
const checkReference =
  "Ensure that you're passing the correct reference for the requested resource that exists on this integration"
const checkTransaction = 'Ensure the transaction reference or ID is correct'
const giveAll = 'Provide all required params'
const tryLater = 'Try again later'
const refundParts =
  'Refund the parts one by one with POST /v1/refunds: transactionId is the txn_ id of a part, and amount no more than is left of it, in minor units'

function invalid(message?: string, status = 400): Wording {
  return {
    status,
    type: 'validation_error',
    code: 'invalid_params',
    nextStep: checkValues,
    ...(message && { message }),
  }
}

function notFound(message?: string): Wording {
  return {
    status: 404,
    type: 'validation_error',
    code: 'not_found',
    nextStep: checkReference,
    ...(message && { message }),
  }
}

/** Paystack's words for states of no country. */
export const countryRequired = 'Country is required'

/** The codes and next steps that Paystack sends with some of its messages. */
const wordingByMessage: Readonly<Record<string, Partial<Wording>>> = {
  [invalidAmount]: {
    code: 'invalid_amount',
    nextStep:
      "Ensure that you're passing your amount correctly. It should be a number greater than zero, with no decimal places",
  },
  [invalidEmail]: { code: 'invalid_email_address' },
  [missingEmail]: { code: 'missing_params', nextStep: giveAll },
  [countryRequired]: { status: 422, code: 'missing_params', nextStep: giveAll },
  [unknownCharge]: { code: 'transaction_not_found', nextStep: checkTransaction },
  [refundWords.unknown]: { code: 'transaction_not_found', nextStep: checkTransaction },
  [refundWords.tooMuch]: {
    code: 'refund_amount_exceeds_transaction_amount',
    nextStep: 'The refund amount should not exceed original transaction amount.',
  },
  [refundWords.fullyRefunded]: { type: 'api_error', code: 'transaction_reversed', nextStep: tryLater },
  [refundWords.noFunds]: { type: 'api_error', code: 'insufficient_balance', nextStep: tryLater },
  [refundWords.notWaiting]: { status: 422 },
  [refundWords.notShown]: { status: 422 },
  [transferWords.duplicate]: {
    code: 'duplicate_transfer_reference',
    nextStep: 'Create a new reference for the new transfer',
  },
  [transferWords.invalidRecipient]: {
    code: 'invalid_transfer_recipient',
    nextStep: 'Provide a valid recipient. Ensure you are passing the recipient code in the recipient param',
  },
  [transferWords.invalidAmount]: { code: 'invalid_amount' },
  [transferWords.unknownBank]: { code: 'invalid_bank_code' },
  [transferWords.noAccount]: { code: 'missing_params', nextStep: giveAll },
  [transferWords.nothingToExport]: { type: 'api_error', code: 'unknown', nextStep: tryLater },
  [disputeWords.nothingToExport]: { type: 'api_error', code: 'unknown', nextStep: tryLater },
}

/** Paystack's clients read `x-ratelimit-reset` beside it. */
const tooMany: Wording = { status: 429, type: 'api_error', code: 'rate_limited', nextStep: tryLater }

/** The answer to each refusal on this surface. */
const wordingByCode: Record<ErrorCode, Wording> = {
  invalid_request: invalid(),
  currency_not_held: invalid('Currency not supported by merchant'),
  test_mode_only: invalid(),
  already_identified: invalid('Customer already validated using the same credentials'),
  account_not_resolved: {
    status: 422,
    type: 'validation_error',
    code: 'invalid_bank_code',
    nextStep: 'Confirm the account number, and the bank code with the List Banks endpoint',
    message: 'Could not resolve account name. Check parameters or try again.',
  },
  not_available: {
    status: 403,
    type: 'api_error',
    code: 'feature_unavailable',
    nextStep: 'Do what the message says, or ask the operator of this server',
  },
  unauthorized: {
    status: 401,
    type: 'validation_error',
    code: 'invalid_Key',
    nextStep: 'Ensure that you provide the correct authorization key for the request',
    message: 'Invalid key',
  },
  insufficient_funds: invalid(),
  payment_declined: invalid(),
  customer_denied: invalid(),
  customer_not_identified: invalid(),
  balance_limit: invalid(),
  forbidden: { status: 403, type: 'validation_error', code: 'forbidden', nextStep: checkValues },
  another_person_needed: { status: 403, type: 'validation_error', code: 'forbidden', nextStep: checkValues },
  scope_missing: {
    status: 403,
    type: 'validation_error',
    code: 'forbidden',
    nextStep: 'Use a key that has the scope, or ask whoever makes your keys',
  },
  merchant_closed: { status: 403, type: 'validation_error', code: 'forbidden', nextStep: checkValues },
  merchant_in_use: invalid(),
  api_key_ended: invalid(),
  not_found: notFound(),
  customer_not_found: invalid('Customer code/email specified is invalid', 404),
  merchant_not_found: notFound(),
  payment_method_not_found: notFound('Authorization code not found.'),
  mandate_not_found: {
    status: 404,
    type: 'api_error',
    code: 'unknown',
    nextStep: tryLater,
    message: 'Authorization does not exist or does not belong to integration',
  },
  api_key_not_found: notFound(),
  person_not_found: notFound(),
  hold_not_found: notFound(),
  dispute_not_found: notFound('Dispute not found'),
  payout_not_found: notFound('Transfer not found'),
  recipient_not_found: notFound('Recipient not found'),
  reconciliation_not_found: notFound('Reconciliation not found'),
  difference_not_found: notFound('Difference not found'),
  transaction_not_found: notFound(),
  pay_in_not_found: notFound(),
  adjustment_not_found: notFound(),
  approval_not_found: notFound(),
  payment_not_found: notFound('Transaction ID or reference is invalid'),
  payment_intent_not_found: notFound(),
  checkout_session_not_found: notFound(),
  reference_not_found: {
    ...invalid('Transaction reference not found.'),
    code: 'transaction_not_found',
    nextStep: checkTransaction,
  },
  dedicated_account_not_found: notFound(),
  webhook_endpoint_not_found: notFound(),
  event_not_found: notFound(),
  delivery_not_found: notFound(),
  request_not_found: notFound(),
  no_longer_kept: notFound(),
  hold_not_open: invalid(),
  payment_intent_not_open: invalid(),
  hold_exceeded: invalid(),
  refund_exceeded: invalid(),
  dispute_not_open: invalid(),
  payout_not_open: invalid(),
  refund_not_open: invalid(),
  recipient_inactive: {
    status: 400,
    type: 'validation_error',
    code: 'invalid_transfer_recipient',
    nextStep: 'Provide a valid recipient. Ensure you are passing the recipient code in the recipient param',
    message: 'Recipient specified is invalid',
  },
  difference_closed: invalid(),
  suspense_decided: invalid(),
  approval_decided: invalid(),
  approval_waiting: invalid(),
  idempotency_key_reused: { ...invalid(undefined, 409), nextStep: 'Use a new Idempotency-Key for a new request' },
  too_many_endpoints: invalid(),
  too_many_api_keys: invalid(),
  email_taken: invalid(),
  changed_meanwhile: invalid(undefined, 412),
  customer_not_deletable: invalid(),
  customer_not_erasable: invalid(),
  reference_taken: {
    status: 400,
    type: 'validation_error',
    code: 'duplicate_reference',
    nextStep: 'Try and create the Transaction or Charge with a new reference',
    message: 'Duplicate Transaction Reference',
    errorCodeMappingNotFound: false,
  },
  payment_method_unknown: invalid('Authorization code is invalid'),
  payment_method_not_chargeable: invalid(
    'Email does not match Authorization code. Authorization may be inactive or belong to a different email. Please confirm.',
  ),
  too_large: invalid(undefined, 413),
  encoding_not_supported: invalid(undefined, 415),
  too_many_requests: tooMany,
  too_many_streams: tooMany,
  too_many_batches: tooMany,
  too_many_reads: tooMany,
  internal: { status: 500, type: 'api_error', code: 'unknown', nextStep: tryLater },
  busy: { status: 503, type: 'api_error', code: 'unknown', nextStep: tryLater },
}

/** `{"status": false, "message": "…", "meta": {"nextStep": "…"}, "type": "…", "code": "…"}` */
export function renderProblem(problem: Problem) {
  const { status, nextStep, message, ...more } = wordingOf(problem)
  return { statusCode: status, body: { status: false, message, meta: { nextStep }, ...more } }
}

export function renderUnreadable(status: number, message: string) {
  const { busy } = wordingByCode
  if (status === busy.status) {
    return { status: false, message, meta: { nextStep: busy.nextStep }, type: busy.type, code: busy.code }
  }
  return { status: false, message, meta: { nextStep: checkValues }, type: 'validation_error', code: 'invalid_params' }
}

function wordingOf(problem: Problem): Wording & { message: string } {
  const { message = problem.message, ...rest } = wordingByCode[refusalOf(problem)]
  const wording = { ...rest, message }
  const [violation] = problem.violations
  if (violation?.missing) {
    const missing = { code: 'missing_params', nextStep: giveAll }
    // The one text that Paystack documents for a missing member.
    const message = violation.field === 'email' ? 'Email Address is required' : `"${violation.field}" is required`
    return { ...wording, ...missing, message }
  }
  if (violation?.field === 'amount') return { ...wording, ...wordingByMessage[invalidAmount], message: invalidAmount }
  if (violation !== undefined) return { ...wording, message: joiSentence(violation.field, violation.expected) }
  if (message.startsWith(duplicatesFound)) return { ...wording, type: 'api_error', code: 'unknown', nextStep: tryLater }
  if (message.startsWith(inParts)) return { ...wording, nextStep: refundParts }
  // Of a recipient. Resolving an account is refused in the same words, without a code of its own.
  if (message === transferWords.invalidAccount && problem.field === 'account_number')
    return { ...wording, message, code: 'invalid_account_number' }
  if (problem.message === missingCredential) return { ...wording, message: 'No Authorization Header was found' }
  return { ...wording, ...wordingByMessage[message] }
}

/** A currency that does not exist is refused like one that the merchant does not hold. */
function refusalOf({ code, field, violations }: Problem): ErrorCode {
  return code === 'invalid_request' && field === 'currency' && violations.length === 0 ? 'currency_not_held' : code
}

/** `"metadata" must be of type object`: the words of the validator that Paystack uses. */
function joiSentence(field: string, expected: string): string {
  return `"${field}" ${expected.replace(/^must be an object\b.*$/, 'must be of type object')}`
}
