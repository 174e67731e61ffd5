import type { ErrorCode } from '../../base/errors.ts'

/**
 * Whether a refusal is remembered under the key of the request that was refused. Remembered: a refusal for a reason of the
 * domain, which a repeat of the request must meet again. Not remembered: a refusal that says nothing about the effect of the
 * request. It may be malformed, not authorised, too large, or the server was not able to judge it. docs/ledger.md has the table.
 */
export const isRemembered: Readonly<Record<ErrorCode, boolean>> = {
  invalid_request: false,
  unauthorized: false,
  forbidden: false,
  not_found: false,
  customer_not_found: true,
  merchant_not_found: true,
  payment_method_not_found: true,
  mandate_not_found: true,
  api_key_not_found: true,
  hold_not_found: true,
  transaction_not_found: true,
  payment_not_found: true,
  payment_intent_not_found: true,
  checkout_session_not_found: true,
  reference_not_found: true,
  dedicated_account_not_found: true,
  webhook_endpoint_not_found: true,
  event_not_found: true,
  delivery_not_found: true,
  email_taken: true,
  reference_taken: true,
  already_identified: true,
  account_not_resolved: true,
  customer_denied: true,
  payment_method_unknown: true,
  payment_method_not_chargeable: true,
  insufficient_funds: true,
  payment_declined: true,
  balance_limit: true,
  hold_not_open: true,
  payment_intent_not_open: true,
  hold_exceeded: true,
  refund_exceeded: true,
  idempotency_key_reused: false,
  currency_not_held: false,
  test_mode_only: false,
  not_available: false,
  too_large: false,
  busy: false,
  internal: false,
}
