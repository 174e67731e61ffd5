import { describe, expect, test } from 'vitest'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Answer } from './ask.ts'
import { type Call, causeOf, type Knowledge, knowledgeAfter } from './outcomes.ts'

// Each row of the tables of "Using a live account as the processor behind a wallet".

type Row = readonly [seen: string, answer: Answer | UpstreamError, is: Knowledge]

const answer = (status: number, body: Answer['body']): Answer => ({ status, body, retryAfterMs: null })
const done = (data: object, status = 200) => answer(status, { status: true, message: 'Done', data })
const refused = (status: number, message: string, code = 'invalid_params') =>
  answer(status, { status: false, message, code })
const none = (outcome: UpstreamError['outcome'], status: number | null = null) =>
  new UpstreamError('any', outcome, status)

/** Nothing that comes back in place of the account's answer tells whether it has done the work. */
const nothingHeard: Row[] = [
  ['a time-out', none('timed_out'), 'unknown'],
  ['a connection that broke', none('unreachable'), 'unknown'],
  ['a success that cannot be read', none('malformed', 200), 'unknown'],
  ['a refusal that is no JSON', none('refused', 400), 'unknown'],
  ['a 502 of a proxy', none('failed', 502), 'unknown'],
  ['a 500 of the account', refused(500, 'An error occurred', 'unknown'), 'unknown'],
  ['a 400 in an envelope of another party', answer(400, { message: 'no' }), 'unknown'],
  ['a 200 that says it is no success', answer(200, { status: false, message: 'no', data: {} }), 'unknown'],
  ['a state that nobody knows', done({ status: 'sideways' }), 'unknown'],
  ['a connection that never came about', none('not_connected'), 'not_sent'],
  ['too many requests', refused(429, 'Rate limit exceeded!', 'rate_limited'), 'not_sent'],
  ['too many requests, as a page', none('refused', 429), 'not_sent'],
  ['a key that is refused', refused(401, 'Invalid key', 'invalid_Key'), 'not_sent'],
  ['a key that may not do this', refused(403, 'You cannot do this'), 'not_sent'],
  ['an address that is not allowed', refused(400, 'Your IP address is not allowed to make this call'), 'not_sent'],
]

const charges: Row[] = [
  ['a payment that succeeded', done({ status: 'success' }), 'conclusive'],
  ['a payment that was declined', done({ status: 'failed', gateway_response: 'Declined' }), 'conclusive'],
  ['a direct debit under way', done({ status: 'processing' }), 'exists'],
  ['a payment that is pending', done({ status: 'pending' }), 'exists'],
  ['a payment that is queued', done({ status: 'queued' }), 'exists'],
  ['a payment that is ongoing', done({ status: 'ongoing' }), 'exists'],
  ['a payment that was abandoned', done({ status: 'abandoned' }), 'exists'],
  ['a payer who has to confirm', done({ paused: true, authorization_url: 'https://x.test' }), 'exists'],
  ['a question for a PIN', done({ status: 'send_pin' }), 'exists'],
  ['a question for an OTP', done({ status: 'send_otp' }), 'exists'],
  ['an authorization code that is unknown', refused(400, 'Authorization code is invalid'), 'refused'],
  ['an e-mail of another customer', refused(400, 'Email does not match Authorization code.'), 'refused'],
  ['a currency of another account', refused(400, 'Currency not supported by merchant'), 'refused'],
  ['a split that is unknown', refused(404, 'Invalid Split code.'), 'refused'],
  ['a reference that is taken', refused(400, 'Duplicate Transaction Reference'), 'exists'],
  ['a reference that is taken, by its code', refused(400, 'Try again', 'duplicate_reference'), 'exists'],
]

const tables: Record<Call, readonly Row[]> = {
  initialize: [
    ...nothingHeard,
    ['a page', done({ authorization_url: 'https://checkout.test/a', access_code: 'a' }), 'exists'],
    ['a reference that is taken', refused(400, 'Duplicate Transaction Reference', 'duplicate_reference'), 'exists'],
    ['a currency of another account', refused(400, 'Currency not supported by merchant'), 'refused'],
    ['an e-mail that is none', refused(400, 'Invalid Email Address Passed', 'invalid_email_address'), 'refused'],
  ],
  charge_authorization: [...nothingHeard, ...charges],
  charge: [
    ...nothingHeard,
    ...charges,
    ['a payer who pays on the phone', done({ status: 'pay_offline' }), 'exists'],
    ['an account to transfer to', done({ status: 'pending_bank_transfer' }), 'exists'],
    ['a page of the bank', done({ status: 'open_url', url: 'https://bank.test' }), 'exists'],
    ['an operator of another country', refused(400, 'Invalid provider'), 'refused'],
  ],
  submit_step: [
    ...nothingHeard,
    ['a payment that succeeded', done({ status: 'success' }), 'conclusive'],
    [
      'a wrong PIN',
      answer(400, { status: false, message: 'Charge attempted', data: { status: 'failed', message: 'Incorrect PIN' } }),
      'conclusive',
    ],
    ['a wrong OTP, as documented', done({ status: 'failed' }), 'conclusive'],
    ['a next question', done({ status: 'send_otp' }), 'exists'],
    ['a reference that is unknown', refused(400, 'Transaction reference is invalid'), 'refused'],
  ],
  create_customer: [
    ['a customer', done({ customer_code: 'CUS_xnxdt6s1zg1f4nx' }), 'exists'],
    ['an e-mail that is none', refused(400, 'Email Address is required', 'missing_params'), 'refused'],
    ['a time-out', none('timed_out'), 'unknown'],
    ['a key that may not do this', refused(403, 'You cannot do this'), 'not_sent'],
  ],
  assign_account: [
    ['an account', done({ account_number: '9930000737' }), 'exists'],
    ['accounts that are not for this business', refused(403, 'Not available', 'feature_unavailable'), 'refused'],
    ['a bank that is unknown', refused(400, 'Invalid bank'), 'refused'],
    ['a time-out', none('timed_out'), 'unknown'],
    ['a key that may not do this', refused(403, 'You cannot do this'), 'not_sent'],
  ],
  // Of a dispute only the look-up counts, so no state of an answer is judged.
  change_dispute: [
    ...nothingHeard.filter(([name]) => name !== 'a state that nobody knows'),
    ['a dispute that was resolved', done({ status: 'resolved' }), 'exists'],
    ['a dispute that was changed', done([{ status: 'awaiting-merchant-feedback' }]), 'exists'],
    ['a dispute that is unknown', refused(404, 'Dispute not found', 'not_found'), 'refused'],
    ['an amount above the payment’s', refused(400, 'Refund amount cannot be greater than initial amount'), 'refused'],
  ],
  refund: [
    ...nothingHeard,
    ['a refund that was taken', done({ status: 'pending' }), 'exists'],
    ['a refund under way', done({ status: 'processing' }), 'exists'],
    ['a refund that needs an account', done({ status: 'needs-attention' }), 'exists'],
    ['a refund that was paid', done({ status: 'processed' }), 'conclusive'],
    ['a refund that failed', done({ status: 'failed' }), 'conclusive'],
    ['a payment that is unknown', refused(400, 'Transaction not found', 'transaction_not_found'), 'refused'],
    [
      'an amount above the payment’s',
      refused(400, 'Refund amount exceeds transaction amount', 'refund_amount_exceeds_transaction_amount'),
      'refused',
    ],
    ['another currency', refused(400, 'Transaction currency must match refund currency'), 'refused'],
    [
      'a minimum',
      refused(400, 'The minimum amount you may send in a single refund at this time is: GHS1.00'),
      'refused',
    ],
    // These may tell of the very same request, sent twice on its way.
    [
      'a payment with a full refund',
      refused(400, 'Transaction has been fully reversed', 'transaction_reversed'),
      'exists',
    ],
    [
      'refunds that are too much together',
      refused(400, 'Total refund amount cannot exceed original transaction amount'),
      'exists',
    ],
    ['a rest that is too small', refused(400, 'Cannot refund less than GHS0.5'), 'exists'],
    [
      'too little money at the account',
      refused(400, 'Your balance is not enough to fulfil this request', 'insufficient_balance'),
      'not_sent',
    ],
  ],
  retry_refund: [
    ...nothingHeard,
    ['a refund under way', done({ status: 'processing' }), 'exists'],
    [
      'a refund in another state',
      refused(422, 'Invalid Refund state, refund status should be "needs-attention"'),
      'exists',
    ],
    ['a refund that is unknown', refused(404, 'Refund not found', 'not_found'), 'refused'],
  ],
  create_recipient: [
    ['a time-out', none('timed_out'), 'unknown'],
    ['too many requests', refused(429, 'Rate limit exceeded!', 'rate_limited'), 'not_sent'],
    ['a key that is refused', refused(401, 'Invalid key', 'invalid_Key'), 'not_sent'],
    ['a 500 of the account', refused(500, 'An error occurred', 'unknown'), 'unknown'],
    ['a recipient', done({ recipient_code: 'RCP_m7ljkv8leesep7p' }, 201), 'exists'],
    ['a bank that is unknown', refused(400, 'Bank is invalid', 'invalid_bank_code'), 'refused'],
    ['an account that is unknown', refused(422, 'Cannot resolve account'), 'refused'],
    ['a business that may not transfer', refused(400, 'Upgrade', 'transfer_unavailable'), 'not_sent'],
    ['a refusal in words of no document', refused(400, 'Compliance is not complete'), 'not_sent'],
  ],
  finalize_transfer: [
    ...nothingHeard,
    ['a transfer that is queued', done({ status: 'pending' }), 'exists'],
    ['a transfer that succeeded', done({ status: 'success' }), 'conclusive'],
    ['a transfer that waits for nothing', refused(400, 'Transfer is not currently awaiting OTP'), 'exists'],
    ['a refusal in words of no document', refused(400, 'Invalid OTP'), 'exists'],
  ],
  transfer: [
    ...nothingHeard,
    ['a transfer that is pending', done({ status: 'pending' }), 'exists'],
    ['a transfer that waits for approval', done({ status: 'received' }), 'exists'],
    ['a transfer that waits for an OTP', done({ status: 'otp' }), 'exists'],
    ['a transfer that succeeded', done({ status: 'success' }), 'conclusive'],
    ['a transfer that was blocked', done({ status: 'blocked' }), 'conclusive'],
    [
      'a recipient that is invalid',
      refused(400, 'Recipient specified is invalid', 'invalid_transfer_recipient'),
      'refused',
    ],
    [
      'a business that may not transfer',
      refused(400, 'You cannot initiate third party payouts as a starter business', 'transfer_unavailable'),
      'not_sent',
    ],
    ['a reference with signs', refused(400, 'Your reference contains illegal special characters'), 'refused'],
    [
      'a reference that is taken',
      refused(
        400,
        'Please provide a unique reference. Reference already exists on a transfer',
        'duplicate_transfer_reference',
      ),
      'exists',
    ],
    ['a reference that is taken, as 404', refused(404, 'Taken', 'duplicate_transfer_reference'), 'exists'],
    [
      'too little money at the account',
      refused(400, 'Your balance is not enough to fulfill this request', 'insufficient_balance'),
      'not_sent',
    ],
    [
      'a business that may not transfer now',
      refused(400, 'You cannot initiate third party payouts at this time'),
      'not_sent',
    ],
    ['a feature that is not there', refused(403, 'Contact us', 'feature_unavailable'), 'not_sent'],
    ['an address that is not allowed', refused(400, 'Your IP address is not allowed to make this call'), 'not_sent'],
    ['a bank that is out of order', refused(400, 'System Malfunction'), 'not_sent'],
    ['an amount that is too small', refused(400, 'The minimum amount you may send is: 50.00 NGN.'), 'refused'],
    ['a payee on a list', refused(400, "Sorry, we can't make the transfer to this recipient at the moment"), 'refused'],
    ['an account that is closed', refused(400, 'Account closed'), 'refused'],
    ['a 404 of no known reason', refused(404, 'Nothing here'), 'unknown'],
    ['a refusal in words of no document', refused(400, 'Two-factor authentication is required'), 'unknown'],
  ],
  verify_transaction: [
    ['a payment that succeeded', done({ status: 'success' }), 'conclusive'],
    ['a payment that failed', done({ status: 'failed' }), 'conclusive'],
    ['a payment that was given back', done({ status: 'reversed' }), 'conclusive'],
    ['a payment that was abandoned', done({ status: 'abandoned' }), 'exists'],
    ['a payment with a refund under way', done({ status: 'reversal-pending' }), 'exists'],
    [
      'a reference that is unknown',
      refused(400, 'Transaction reference not found.', 'transaction_not_found'),
      'unknown',
    ],
    ['a reference that is unknown, as 404', refused(404, 'Transaction reference not found.'), 'unknown'],
    ['too many requests', refused(429, 'Rate limit exceeded!', 'rate_limited'), 'unknown'],
    ['no connection', none('not_connected'), 'unknown'],
  ],
  verify_transfer: [
    ['a transfer that succeeded', done({ status: 'success' }), 'conclusive'],
    ['a transfer that came back', done({ status: 'reversed' }), 'conclusive'],
    ['a transfer that is pending', done({ status: 'pending' }), 'exists'],
    ['a transfer that is unknown', refused(404, 'Transfer not found'), 'unknown'],
    ['a reference with signs', refused(400, 'Your reference contains illegal special characters'), 'unknown'],
    ['too many requests', refused(429, 'Rate limit exceeded!'), 'unknown'],
    ['a 500', refused(500, 'An error occurred'), 'unknown'],
    ['a time-out', none('timed_out'), 'unknown'],
  ],
}

describe.each(Object.entries(tables))('what is known of the work after the call %s', (call, rows) => {
  test.each(rows.map(([seen, got, is]) => [seen, is, got] as const))(
    `after ${call}, %s means: %s`,
    (_seen, is, got) => {
      expect(knowledgeAfter(call as Call, got)).toBe(is)
    },
  )
})

test.each([
  ['refused', 401, 'unauthorized'],
  ['refused', 403, 'unauthorized'],
  ['refused', 429, 'rate_limited'],
  ['failed', 500, 'no_connection'],
  ['not_connected', null, 'no_connection'],
  ['paused', null, 'paused'],
] as const)('a question that was %s with the status %s has sent nothing: %s', (outcome, status, cause) => {
  expect(causeOf(none(outcome, status))).toBe(cause)
})
