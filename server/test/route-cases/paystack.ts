import {
  account,
  address,
  type Cases,
  identity,
  longAgo,
  noAccount,
  nobody,
  payment,
  stranger,
  testCard,
} from './case.ts'

const deactivate: Cases = {
  200: ({ cardCode }) => ({ body: { authorization_code: cardCode } }),
  400: { body: {} },
  401: { ...stranger, body: {} },
  404: { body: { authorization_code: 'AUTH_0000000000' } },
}

const retriedRefund = {
  refund_account_details: { currency: 'ZAR', account_number: '0123456789', bank_id: '9' },
}

const resolved = { resolution: 'declined', message: 'No', refund_amount: 100, uploaded_filename: 'a.pdf' }
const wireEvidence = {
  ...{ customer_email: 'ada@example.com', customer_name: 'Ada', customer_phone: '0800', service_details: 'A top-up' },
}

const payee = { type: 'basa', name: 'Zero Sum', account_number: '0123456777', bank_code: '198765' }
const sent = (source: string, recipient: string, reference: string) => ({ source, recipient, reference, amount: 5 })

export const paystack: Record<string, Cases> = {
  'POST /transaction/initialize': {
    200: { body: payment },
    400: { body: { ...payment, amount: 'much' } },
    401: { ...stranger, body: payment },
    403: ({ liveKey }) => ({ bearer: liveKey, body: payment }),
    404: { body: { ...payment, split_code: 'SPL_a' } },
  },
  'GET /transaction/verify/:reference': {
    200: ({ transactionReference }) => ({ params: { reference: transactionReference } }),
    400: { params: { reference: 'nothing' } },
    401: { ...stranger, params: { reference: 'nothing' } },
    404: { params: { reference: '\0' } },
  },
  'GET /transaction': { 200: {}, 400: { query: 'status=paid' }, 401: stranger },
  'GET /transaction/totals': { 200: {}, 400: { query: 'from=then' }, 401: stranger },
  'GET /transaction/export': { 200: { query: 'status=success' }, 400: { query: 'status=paid' }, 401: stranger },
  'GET /transaction/timeline/:id_or_reference': {
    200: ({ transactionReference }) => ({ params: { id_or_reference: transactionReference } }),
    401: { ...stranger, params: { id_or_reference: '1' } },
    404: { params: { id_or_reference: '1' } },
  },
  'GET /transaction/:id': {
    200: ({ transactionId }) => ({ params: { id: transactionId } }),
    400: { params: { id: 'x' } },
    401: { ...stranger, params: { id: '1' } },
    404: { params: { id: '1' } },
  },
  'POST /transaction/charge_authorization': {
    200: ({ chargeableCode, chargeableEmail }) => ({
      body: { ...payment, email: chargeableEmail, authorization_code: chargeableCode },
    }),
    400: { body: { ...payment, authorization_code: 'AUTH_0000000000' } },
    401: { ...stranger, body: payment },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { ...payment, authorization_code: 'AUTH_0000000000' } }),
    404: { body: { ...payment, authorization_code: 'AUTH_0000000000', subaccount: 'ACCT_a' } },
  },
  'POST /charge': {
    200: { body: { ...payment, card: testCard } },
    400: { body: payment },
    401: { ...stranger, body: payment },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { ...payment, ussd: { type: '737' } } }),
    404: { body: { ...payment, card: testCard, split_code: 'SPL_a' } },
  },
  'POST /charge/submit_address': {
    200: ({ asking }) => ({
      body: { address: '1 Long Street', city: 'Lagos', state: 'Lagos', zip_code: '100001', reference: asking.address },
    }),
    400: {
      body: { address: '1 Long Street', city: 'Lagos', state: 'Lagos', zip_code: '100001', reference: 'nothing' },
    },
    401: { ...stranger, body: {} },
  },
  'POST /charge/submit_birthday': {
    200: ({ asking }) => ({ body: { birthday: '2007-04-15', reference: asking.birthday } }),
    400: { body: { birthday: '2007-04-15', reference: 'nothing' } },
    401: { ...stranger, body: {} },
  },
  'POST /charge/submit_otp': {
    200: ({ asking }) => ({ body: { otp: '123456', reference: asking.otp } }),
    400: { body: { otp: '123456', reference: 'nothing' } },
    401: { ...stranger, body: {} },
  },
  'POST /charge/submit_phone': {
    200: ({ asking }) => ({ body: { phone: '08012345678', reference: asking.phone } }),
    400: { body: { phone: '08012345678', reference: 'nothing' } },
    401: { ...stranger, body: {} },
  },
  'POST /charge/submit_pin': {
    200: ({ asking }) => ({ body: { pin: '1234', reference: asking.pin } }),
    400: { body: { pin: '1111', reference: 'nothing' } },
    401: { ...stranger, body: {} },
  },
  'GET /charge/:reference': {
    200: ({ transactionReference }) => ({ params: { reference: transactionReference } }),
    400: { params: { reference: 'nothing' } },
    401: { ...stranger, params: { reference: 'nothing' } },
    404: { params: { reference: '\0' } },
  },
  'POST /refund': {
    200: ({ paidReference }) => ({ body: { transaction: paidReference, amount: 20 } }),
    400: { body: { transaction: 'nothing' } },
    401: { ...stranger, body: { transaction: 'nothing' } },
    403: ({ readingKey }) => ({ bearer: readingKey, body: { transaction: 'nothing' } }),
  },
  'GET /refund': { 200: {}, 400: { query: 'from=then' }, 401: stranger },
  'GET /refund/:id': {
    200: ({ refundNumber }) => ({ params: { id: refundNumber } }),
    401: { ...stranger, params: { id: '1' } },
    404: { params: { id: 'x' } },
  },
  'POST /refund/retry_with_customer_details/:id': {
    200: ({ waitingRefundNumber }) => ({ params: { id: waitingRefundNumber }, body: retriedRefund }),
    400: ({ refundNumber }) => ({
      params: { id: refundNumber },
      body: { refund_account_details: { ...retriedRefund.refund_account_details, currency: 'NGN' } },
    }),
    401: { ...stranger, params: { id: '1' }, body: retriedRefund },
    403: ({ readingKey }) => ({ bearer: readingKey, params: { id: '1' }, body: retriedRefund }),
    404: { params: { id: '999' }, body: retriedRefund },
    422: ({ refundNumber }) => ({ params: { id: refundNumber }, body: retriedRefund }),
  },
  'POST /transferrecipient': {
    201: { body: payee },
    400: { body: { ...payee, bank_code: '000' } },
    401: { ...stranger, body: payee },
    403: ({ readingKey }) => ({ bearer: readingKey, body: payee }),
  },
  'POST /transferrecipient/bulk': {
    200: { body: { batch: [payee, { ...payee, account_number: '1' }] } },
    400: { body: { batch: [] } },
    401: { ...stranger, body: { batch: [payee] } },
    403: ({ readingKey }) => ({ bearer: readingKey, body: { batch: [payee] } }),
  },
  'GET /transferrecipient': { 200: {}, 400: { query: 'perPage=many' }, 401: stranger },
  'GET /transferrecipient/:id_or_code': {
    200: ({ recipientCode }) => ({ params: { id_or_code: recipientCode } }),
    401: { ...stranger, params: { id_or_code: '1' } },
    404: { params: { id_or_code: '1' } },
  },
  'PUT /transferrecipient/:id_or_code': {
    200: ({ recipientCode }) => ({ params: { id_or_code: recipientCode }, body: { name: 'Zero' } }),
    400: ({ recipientCode }) => ({ params: { id_or_code: recipientCode }, body: { name: 'x'.repeat(300) } }),
    401: { ...stranger, params: { id_or_code: '1' }, body: {} },
    403: ({ readingKey, recipientCode }) => ({ bearer: readingKey, params: { id_or_code: recipientCode }, body: {} }),
    404: { params: { id_or_code: '1' }, body: {} },
  },
  'DELETE /transferrecipient/:id_or_code': {
    200: ({ spareRecipientCode }) => ({ params: { id_or_code: spareRecipientCode } }),
    401: { ...stranger, params: { id_or_code: '1' } },
    403: ({ readingKey }) => ({ bearer: readingKey, params: { id_or_code: '1' } }),
    404: { params: { id_or_code: '1' } },
  },
  'POST /transfer': {
    200: ({ customerCode, recipientCode }) => ({ body: sent(customerCode, recipientCode, 'wire-1') }),
    400: ({ customerCode }) => ({ body: sent(customerCode, 'RCP_nobody', 'wire-2') }),
    401: { ...stranger, body: {} },
    403: ({ readingKey, recipientCode }) => ({ bearer: readingKey, body: sent('balance', recipientCode, 'wire-3') }),
    404: ({ recipientCode }) => ({ body: sent(nobody, recipientCode, 'wire-4') }),
    409: ({ customerCode, recipientCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      body: sent(customerCode, recipientCode, 'wire-5'),
    }),
  },
  'POST /transfer/bulk': {
    200: ({ customerCode, recipientCode }) => ({
      body: { source: customerCode, transfers: [{ amount: 5, recipient: recipientCode, reference: 'wire-6' }] },
    }),
    400: { body: { source: 'balance', transfers: [] } },
    401: { ...stranger, body: {} },
    403: ({ readingKey }) => ({ bearer: readingKey, body: { source: 'balance', transfers: [] } }),
    404: ({ recipientCode, payoutReference }) => ({
      body: { source: 'balance', transfers: [{ amount: 5, recipient: recipientCode, reference: payoutReference }] },
    }),
  },
  'POST /transfer/finalize_transfer': {
    200: ({ askingTransferCode }) => ({ body: { transfer_code: askingTransferCode, otp: '123456' } }),
    400: { body: { transfer_code: 'TRF_nobody', otp: '123456' } },
    401: { ...stranger, body: {} },
    403: ({ readingKey }) => ({ bearer: readingKey, body: { transfer_code: 'TRF_nobody', otp: '123456' } }),
  },
  'POST /transfer/resend_otp': {
    200: { body: { transfer_code: 'TRF_nobody', reason: 'resend_otp' } },
    400: { body: {} },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { transfer_code: 'TRF_nobody', reason: 'resend_otp' } }),
  },
  'POST /transfer/disable_otp': { 200: {}, 401: stranger, 403: ({ liveKey }) => ({ bearer: liveKey }) },
  'POST /transfer/disable_otp_finalize': {
    200: { body: { otp: '123456' } },
    400: { body: { otp: '000000' } },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { otp: '123456' } }),
  },
  'POST /transfer/enable_otp': { 200: {}, 401: stranger, 403: ({ liveKey }) => ({ bearer: liveKey }) },
  'GET /transfer': { 200: {}, 400: { query: 'status=lost' }, 401: stranger },
  'GET /transfer/export': { 200: {}, 400: { query: 'status=lost' }, 401: stranger, 404: { query: 'status=blocked' } },
  'GET /transfer/verify/:reference': {
    200: ({ payoutReference }) => ({ params: { reference: payoutReference } }),
    400: { params: { reference: 'a.b' } },
    401: { ...stranger, params: { reference: 'nothing' } },
    404: { params: { reference: 'nothing' } },
  },
  'GET /transfer/:id_or_code': {
    200: ({ transferCode }) => ({ params: { id_or_code: transferCode } }),
    401: { ...stranger, params: { id_or_code: '1' } },
    404: { params: { id_or_code: '1' } },
  },
  'GET /balance': { 200: {}, 401: stranger },
  'GET /balance/ledger': { 200: {}, 400: { query: 'from=then' }, 401: stranger },
  'GET /settlement': { 200: { query: 'status=success' }, 400: { query: 'status=lost' }, 401: stranger },
  'GET /dispute': { 200: {}, 400: { query: 'status=lost' }, 401: stranger },
  'GET /dispute/export': { 200: {}, 400: { query: 'from=then' }, 401: stranger, 404: { query: 'status=archived' } },
  'GET /dispute/transaction/:id': {
    200: ({ paidId }) => ({ params: { id: paidId } }),
    401: { ...stranger, params: { id: '1' } },
    404: { params: { id: 'x' } },
  },
  'GET /dispute/:id': {
    200: ({ disputeNumber }) => ({ params: { id: disputeNumber } }),
    401: { ...stranger, params: { id: '1' } },
    404: { params: { id: 'x' } },
  },
  'PUT /dispute/:id': {
    200: ({ disputeNumber }) => ({ params: { id: disputeNumber }, body: { refund_amount: 20 } }),
    400: ({ disputeNumber }) => ({ params: { id: disputeNumber }, body: { refund_amount: 9000 } }),
    401: { ...stranger, params: { id: '1' }, body: { refund_amount: 1 } },
    403: ({ readingKey }) => ({ bearer: readingKey, params: { id: '1' }, body: { refund_amount: 1 } }),
    404: { params: { id: '999' }, body: { refund_amount: 1 } },
  },
  'POST /dispute/:id/evidence': {
    200: ({ disputeNumber }) => ({ params: { id: disputeNumber }, body: wireEvidence }),
    400: ({ disputeNumber }) => ({ params: { id: disputeNumber }, body: {} }),
    401: { ...stranger, params: { id: '1' }, body: wireEvidence },
    403: ({ readingKey }) => ({ bearer: readingKey, params: { id: '1' }, body: wireEvidence }),
    404: { params: { id: '999' }, body: wireEvidence },
  },
  'GET /dispute/:id/upload_url': {
    200: ({ uploadingDisputeNumber }) => ({ params: { id: uploadingDisputeNumber } }),
    400: ({ disputeNumber }) => ({ params: { id: disputeNumber }, query: `upload_filename=${'x'.repeat(300)}` }),
    401: { ...stranger, params: { id: '1' } },
    403: ({ disputeNumber }) => ({ params: { id: disputeNumber } }),
    404: { params: { id: '999' } },
  },
  'PUT /dispute/:id/resolve': {
    200: ({ spareDisputeNumber }) => ({ params: { id: spareDisputeNumber }, body: resolved }),
    400: ({ disputeNumber }) => ({ params: { id: disputeNumber }, body: { ...resolved, resolution: 'perhaps' } }),
    401: { ...stranger, params: { id: '1' }, body: resolved },
    403: ({ readingKey }) => ({ bearer: readingKey, params: { id: '1' }, body: resolved }),
    404: { params: { id: '999' }, body: resolved },
  },
  'POST /customer': {
    200: { body: { email: 'new@example.com' } },
    400: { body: {} },
    401: { ...stranger, body: {} },
  },
  'GET /customer': { 200: {}, 400: { query: 'perPage=-1' }, 401: stranger },
  'POST /customer/set_risk_action': {
    200: ({ customerCode }) => ({ body: { customer: customerCode, risk_action: 'allow' } }),
    400: ({ customerCode }) => ({ body: { customer: customerCode, risk_action: 'maybe' } }),
    401: { ...stranger, body: {} },
    404: { body: { customer: nobody } },
  },
  'POST /customer/authorization/deactivate': deactivate,
  'POST /customer/deactivate_authorization': {
    ...deactivate,
    200: ({ otherCardCode }) => ({ body: { authorization_code: otherCardCode } }),
  },
  'GET /customer/:email_or_code': {
    200: ({ email }) => ({ params: { email_or_code: email } }),
    401: { ...stranger, params: { email_or_code: nobody } },
    404: { params: { email_or_code: nobody } },
  },
  'PUT /customer/:email_or_code': {
    200: ({ customerCode }) => ({ params: { email_or_code: customerCode }, body: { first_name: 'Zawadi' } }),
    400: ({ customerCode }) => ({ params: { email_or_code: customerCode }, body: { metadata: '[]' } }),
    401: { ...stranger, params: { email_or_code: nobody }, body: {} },
    404: { params: { email_or_code: nobody }, body: {} },
    412: ({ customerCode }) => ({ headers: longAgo, params: { email_or_code: customerCode }, body: {} }),
  },
  'POST /customer/:email_or_code/identification': {
    202: ({ customerCode }) => ({ params: { email_or_code: customerCode }, body: identity }),
    400: ({ customerCode }) => ({ params: { email_or_code: customerCode }, body: {} }),
    401: { ...stranger, params: { email_or_code: nobody }, body: identity },
    403: ({ liveKey, liveCustomerId }) => ({
      bearer: liveKey,
      params: { email_or_code: liveCustomerId },
      body: identity,
    }),
    404: { params: { email_or_code: nobody }, body: identity },
  },
  'POST /customer/authorization/initialize': {
    200: ({ email }) => ({ body: { email, channel: 'direct_debit' } }),
    400: { body: { email: 'new@example.com', channel: 'card' } },
    401: { ...stranger, body: {} },
    403: ({ email, liveKey }) => ({ bearer: liveKey, body: { email, channel: 'direct_debit' } }),
  },
  'GET /customer/authorization/verify/:reference': {
    200: ({ mandateReference }) => ({ params: { reference: mandateReference } }),
    401: { ...stranger, params: { reference: 'none' } },
    404: ({ requestedReference }) => ({ params: { reference: requestedReference } }),
  },
  'POST /customer/:id/initialize-direct-debit': {
    200: ({ customerId }) => ({ params: { id: customerId }, body: { account, address } }),
    400: ({ customerId }) => ({ params: { id: customerId }, body: { account } }),
    401: { ...stranger, params: { id: '1' }, body: { account, address } },
    403: ({ liveKey, liveCustomerId }) => ({
      bearer: liveKey,
      params: { id: liveCustomerId },
      body: { account, address },
    }),
    404: { params: { id: '1' }, body: { account, address } },
  },
  'PUT /customer/:id/directdebit-activation-charge': {
    200: ({ customerId, mandateMethodId }) => ({
      params: { id: customerId },
      body: { authorization_id: Number(mandateMethodId) },
    }),
    400: ({ customerId }) => ({ params: { id: customerId }, body: {} }),
    401: { ...stranger, params: { id: '1' }, body: {} },
    404: ({ customerId }) => ({ params: { id: customerId }, body: { authorization_id: 1 } }),
  },
  'GET /customer/:id/directdebit-mandate-authorizations': {
    200: ({ customerId }) => ({ params: { id: customerId } }),
    401: { ...stranger, params: { id: '1' } },
    404: { params: { id: '1' } },
  },
}

const validation = {
  account_name: 'Ann Bron',
  account_number: '0123456789',
  account_type: 'personal',
  bank_code: '632005',
  country_code: 'ZA',
  document_type: 'identityNumber',
  document_number: '1234567890123',
}

const holder = { first_name: 'Zawadi', last_name: 'Otieno', phone: '+2348123456789' }
const applicant = { ...holder, email: 'new@example.com', preferred_bank: 'test-bank', country: 'NG' }

export const banking: Record<string, Cases> = {
  'GET /directdebit/mandate-authorizations': {
    200: { query: 'status=active&per_page=10' },
    400: { query: 'status=paid' },
    401: stranger,
  },
  'PUT /directdebit/activation-charge': {
    200: ({ customerId }) => ({ body: { customer_ids: [Number(customerId)] } }),
    400: { body: { customer_ids: [] } },
    401: { ...stranger, body: {} },
    404: { body: { customer_ids: [1] } },
  },
  'POST /dedicated_account': {
    200: ({ otherCode }) => ({ body: { customer: otherCode, ...holder } }),
    400: ({ poorCode }) => ({ body: { customer: poorCode } }),
    401: { ...stranger, body: {} },
    403: ({ liveKey, liveCustomerId }) => ({ bearer: liveKey, body: { customer: liveCustomerId } }),
    404: { body: { customer: nobody } },
  },
  'POST /dedicated_account/assign': {
    200: { body: applicant },
    400: { body: { ...applicant, country: 'ZA' } },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: applicant }),
    404: { body: { ...applicant, split_code: 'SPL_a' } },
  },
  'GET /dedicated_account': {
    200: { query: 'active=true' },
    400: { query: 'active=maybe' },
    401: stranger,
    403: ({ liveKey }) => ({ bearer: liveKey }),
  },
  'GET /dedicated_account/available_providers': {
    200: {},
    401: stranger,
    403: ({ liveKey }) => ({ bearer: liveKey }),
  },
  'GET /dedicated_account/requery': {
    200: ({ dedicatedAccountNumber }) => ({ query: `account_number=${dedicatedAccountNumber}` }),
    400: {},
    401: stranger,
    403: ({ liveKey }) => ({ bearer: liveKey }),
    404: { query: `account_number=${noAccount}` },
  },
  'GET /dedicated_account/:id': {
    200: ({ dedicatedAccountId }) => ({ params: { id: dedicatedAccountId } }),
    401: { ...stranger, params: { id: '1' } },
    403: ({ liveKey }) => ({ bearer: liveKey, params: { id: '1' } }),
    404: { params: { id: '1' } },
  },
  'DELETE /dedicated_account/split': {
    200: ({ dedicatedAccountNumber }) => ({ body: { account_number: dedicatedAccountNumber } }),
    400: { body: {} },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { account_number: noAccount } }),
    404: { body: { account_number: noAccount } },
  },
  'POST /v1/sandbox/dedicated-accounts/:accountNumber/transfers': {
    201: ({ dedicatedAccountNumber }) => ({ params: { accountNumber: dedicatedAccountNumber }, body: { amount: 5 } }),
    400: ({ dedicatedAccountNumber }) => ({ params: { accountNumber: dedicatedAccountNumber }, body: { amount: 0 } }),
    401: { ...stranger, params: { accountNumber: noAccount }, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, params: { accountNumber: noAccount }, body: { amount: 5 } }),
    404: { params: { accountNumber: noAccount }, body: { amount: 5 } },
    409: ({ dedicatedAccountNumber, transactionReference }) => ({
      params: { accountNumber: dedicatedAccountNumber },
      body: { amount: 5, reference: transactionReference },
    }),
  },
  'DELETE /dedicated_account/:id': {
    200: ({ dedicatedAccountId }) => ({ params: { id: dedicatedAccountId } }),
    401: { ...stranger, params: { id: '1' } },
    403: ({ liveKey }) => ({ bearer: liveKey, params: { id: '1' } }),
    404: { params: { id: '1' } },
  },
  'GET /country': { 200: {}, 401: stranger },
  'GET /address_verification/states': {
    200: { query: 'country=CA' },
    400: { query: 'country=%00' },
    401: stranger,
    422: {},
  },
  'GET /bank': {
    200: { query: 'use_cursor=true&include_nip_sort_code=true&enabled_for_verification=true' },
    400: { query: 'country=atlantis' },
    401: stranger,
  },
  'GET /bank/resolve': {
    200: { query: 'account_number=0000000000&bank_code=057' },
    400: { query: 'account_number=0000000000&bank_code=059' },
    401: stranger,
    403: ({ liveKey }) => ({ bearer: liveKey, query: 'account_number=0000000000&bank_code=057' }),
    422: { query: 'account_number=0000000001&bank_code=057' },
  },
  'POST /bank/validate': {
    200: { body: validation },
    400: { body: { ...validation, account_number: '0000000002' } },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: validation }),
  },
  'GET /decision/bin/:bin': {
    200: { params: { bin: '539983' } },
    400: { params: { bin: '5399' } },
    401: { ...stranger, params: { bin: '539983' } },
    404: { params: { bin: '\0' } },
  },
}
