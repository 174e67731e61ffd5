/**
 * Every reason for which the domain refuses a request. Each surface's table is typed over all codes, so a new code does
 * not compile until every surface has an answer for it. docs/errors.md explains each code, and a test compares it with
 * this list.
 */
export const errorCodes = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'scope_missing',
  'another_person_needed',
  'merchant_closed',
  'not_found',
  'customer_not_found',
  'merchant_not_found',
  'payment_method_not_found',
  'mandate_not_found',
  'api_key_not_found',
  'person_not_found',
  'hold_not_found',
  'dispute_not_found',
  'payout_not_found',
  'payout_not_open',
  'refund_not_open',
  'recipient_not_found',
  'recipient_inactive',
  'reconciliation_not_found',
  'difference_not_found',
  'transaction_not_found',
  'pay_in_not_found',
  'adjustment_not_found',
  'approval_not_found',
  'payment_not_found',
  'payment_intent_not_found',
  'checkout_session_not_found',
  'reference_not_found',
  'dedicated_account_not_found',
  'webhook_endpoint_not_found',
  'event_not_found',
  'delivery_not_found',
  'request_not_found',
  'no_longer_kept',
  'email_taken',
  'changed_meanwhile',
  'customer_not_deletable',
  'customer_not_erasable',
  'reference_taken',
  'suspense_decided',
  'approval_decided',
  'approval_waiting',
  'merchant_in_use',
  'api_key_ended',
  'already_identified',
  'account_not_resolved',
  'customer_denied',
  'customer_not_identified',
  'payment_method_unknown',
  'payment_method_not_chargeable',
  'insufficient_funds',
  'payment_declined',
  'balance_limit',
  'hold_not_open',
  'payment_intent_not_open',
  'hold_exceeded',
  'refund_exceeded',
  'dispute_not_open',
  'difference_closed',
  'idempotency_key_reused',
  'too_many_endpoints',
  'too_many_api_keys',
  'currency_not_held',
  'test_mode_only',
  'not_available',
  'too_large',
  'encoding_not_supported',
  'too_many_requests',
  'too_many_streams',
  'too_many_batches',
  'too_many_reads',
  'busy',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/**
 * A refusal that a caller can do something about. `message` is for people: the fault, the value at fault, and the next
 * step. `field` names the member of the request at fault, if there is one.
 */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly field: string | undefined
  /** The refusal is the remembered answer to an earlier request with the same idempotency key. */
  readonly replayed: boolean
  /** The refusal is already stored under the idempotency key of the request. */
  readonly kept: boolean

  constructor(
    code: ErrorCode,
    message: string,
    field?: string,
    { replayed = false, kept = replayed }: { replayed?: boolean; kept?: boolean } = {},
  ) {
    super(message)
    this.code = code
    this.field = field
    this.replayed = replayed
    this.kept = kept
  }
}

/** Where an error happened, without its message. */
export function framesOf(stack: string | undefined): string | undefined {
  return stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n')
}

/** So many calls of a tenant are waiting that one more is not taken. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
}
