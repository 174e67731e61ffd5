import type { ErrorCode } from '../../base/errors.ts'
import type { Problem } from '../http/problem.ts'

/** The status of each refusal on this surface. */
export const statusByCode: Record<ErrorCode, number> = {
  invalid_request: 400,
  currency_not_held: 400,
  account_not_resolved: 400,
  balance_limit: 400,
  unauthorized: 401,
  insufficient_funds: 402,
  payment_declined: 402,
  forbidden: 403,
  scope_missing: 403,
  merchant_closed: 403,
  test_mode_only: 403,
  customer_denied: 403,
  not_available: 403,
  not_found: 404,
  customer_not_found: 404,
  merchant_not_found: 404,
  payment_method_not_found: 404,
  mandate_not_found: 404,
  api_key_not_found: 404,
  person_not_found: 404,
  hold_not_found: 404,
  dispute_not_found: 404,
  payout_not_found: 404,
  recipient_not_found: 404,
  reconciliation_not_found: 404,
  difference_not_found: 404,
  transaction_not_found: 404,
  pay_in_not_found: 404,
  adjustment_not_found: 404,
  payment_not_found: 404,
  payment_intent_not_found: 404,
  checkout_session_not_found: 404,
  reference_not_found: 404,
  payment_method_unknown: 404,
  dedicated_account_not_found: 404,
  webhook_endpoint_not_found: 404,
  event_not_found: 404,
  delivery_not_found: 404,
  no_longer_kept: 404,
  payment_method_not_chargeable: 409,
  hold_not_open: 409,
  payment_intent_not_open: 409,
  hold_exceeded: 409,
  refund_exceeded: 409,
  dispute_not_open: 409,
  payout_not_open: 409,
  recipient_inactive: 409,
  difference_closed: 409,
  idempotency_key_reused: 409,
  too_many_endpoints: 409,
  too_many_api_keys: 409,
  email_taken: 409,
  customer_not_deletable: 409,
  customer_not_erasable: 409,
  reference_taken: 409,
  suspense_decided: 409,
  merchant_in_use: 409,
  api_key_ended: 409,
  already_identified: 409,
  changed_meanwhile: 412,
  too_large: 413,
  encoding_not_supported: 415,
  too_many_requests: 429,
  too_many_streams: 429,
  too_many_batches: 429,
  too_many_reads: 429,
  internal: 500,
  busy: 503,
}

/** `{"error": {"code": "customer_not_found", "message": "…", "field": "customerId"}}` */
export function renderProblem({ code, message, field }: Problem) {
  const body = { error: { code, message, ...(field === undefined ? {} : { field }) } }
  return { statusCode: statusByCode[code], body }
}

export function renderUnreadable(status: number, message: string) {
  return { error: { code: status === statusByCode.busy ? 'busy' : 'invalid_request', message } }
}
