import { STATUS_CODES } from 'node:http'
import type { ErrorCode } from '../../base/errors.ts'
import { type Problem, sentence } from '../http/problem.ts'

/** The status of each refusal on this surface. */
const statusByCode: Record<ErrorCode, number> = {
  invalid_request: 400,
  currency_not_held: 400,
  test_mode_only: 400,
  already_identified: 400,
  account_not_resolved: 400,
  not_available: 400,
  unauthorized: 401,
  insufficient_funds: 402,
  payment_declined: 402,
  customer_denied: 402,
  customer_not_identified: 402,
  payment_method_not_chargeable: 402,
  balance_limit: 400,
  forbidden: 403,
  scope_missing: 403,
  another_person_needed: 403,
  merchant_closed: 403,
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
  approval_not_found: 404,
  payment_not_found: 404,
  payment_intent_not_found: 404,
  checkout_session_not_found: 404,
  reference_not_found: 404,
  payment_method_unknown: 404,
  dedicated_account_not_found: 404,
  webhook_endpoint_not_found: 404,
  event_not_found: 404,
  delivery_not_found: 404,
  request_not_found: 404,
  no_longer_kept: 404,
  hold_not_open: 400,
  payment_intent_not_open: 400,
  hold_exceeded: 400,
  refund_exceeded: 400,
  dispute_not_open: 400,
  payout_not_open: 400,
  refund_not_open: 400,
  recipient_inactive: 400,
  difference_closed: 400,
  idempotency_key_reused: 409,
  too_many_endpoints: 409,
  too_many_api_keys: 409,
  email_taken: 409,
  customer_not_deletable: 409,
  customer_not_erasable: 409,
  reference_taken: 409,
  suspense_decided: 400,
  approval_decided: 400,
  approval_waiting: 400,
  merchant_in_use: 409,
  api_key_ended: 409,
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

/** `{"statusCode": 404, "message": ["…"], "error": "Not Found"}`. The message is always a list. */
export function renderProblem(problem: Problem) {
  const statusCode = statusByCode[problem.code]
  return { statusCode, body: renderUnreadable(statusCode, ...messagesOf(problem)) }
}

export function renderUnreadable(statusCode: number, ...message: string[]) {
  return { statusCode, message, error: STATUS_CODES[statusCode] ?? 'Error' }
}

function messagesOf(problem: Problem): string[] {
  return problem.violations.length > 0 ? problem.violations.map((each) => sentence(each)) : [problem.message]
}
