import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillPath, openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings } from './belongings.ts'
import { addTestKey, createTestTenant, type TestTenant } from './service.ts'
import { storedRows } from './stored-rows.ts'

const adminKey = 'operator-0123456789'

/** A request that names another tenant's belonging, and the status it must get. */
interface Intrusion {
  params?: Record<string, string>
  query?: string
  body?: unknown
  status: number
  /** The status in live mode, where it refuses for a reason of its own before looking. */
  statusInLiveMode?: number
}

const account = { number: '0123456789', bank_code: '058' }
const address = { street: '1 Long Street', city: 'Lagos', state: 'Lagos' }
const identity = {
  first_name: 'Uchenna',
  last_name: 'Okoro',
  type: 'bank_account',
  country: 'NG',
  bvn: '222222222221',
  bank_code: '007',
  account_number: '0111111111',
}

const recorded = { amount: 10, currency: 'ZAR', source: 'cash', reference: 'line' }
const adjusted = { amount: 10, currency: 'ZAR', direction: 'credit', reason: 'Goodwill', reference: 'ticket' }

const resolved = { resolution: 'declined', message: 'No', refund_amount: 100, uploaded_filename: 'a.pdf' }
const wireEvidence = {
  ...{ customer_email: 'ada@example.com', customer_name: 'Ada', customer_phone: '0800', service_details: 'A top-up' },
}
const evidence = {
  ...{ customerEmail: 'ada@example.com', customerName: 'Ada', customerPhone: '0800', serviceDetails: 'A top-up' },
}

const payee = { type: 'basa', name: 'Mwizi', account_number: '0123456777', bank_code: '198765' }
const paidOut = {
  amount: 1,
  destination: { type: 'bank_account', bankCode: '058', accountNumber: '0123456789' },
  reference: 'mwizi-1',
}

const filterOf = (filter: object) => `filter=${encodeURIComponent(JSON.stringify(filter))}`

/** Every name by which money that moved, or may move, is found. */
function namesOfMovements(its: Belongings): string[] {
  const { recordedPayInId, recordedReference, adjustmentId, adjustmentReference, suspendedId } = its
  const { payInId, purchaseId, holdId, paymentIntentId, checkoutId, transactionId, transactionReference } = its
  const { paidId, paidReference, processorRefundId, disputeId } = its
  return [
    ...[paidId, paidReference, processorRefundId, disputeId],
    ...[payInId, purchaseId, holdId, paymentIntentId, checkoutId, transactionId, transactionReference],
    ...[recordedPayInId, recordedReference, its.approvalId, adjustmentId, adjustmentReference, suspendedId],
  ]
}

/** For each route, every way in which a request can name a tenant's belonging. */
const intrusions: Record<string, (its: Belongings) => Intrusion[]> = {
  'POST /api/canary/customers': ({ merchantId, email, phoneNumber }) => [
    { body: { phoneNumber, email }, status: 201 },
    { body: { phoneNumber, merchantId }, status: 400, statusInLiveMode: 201 },
  ],
  'GET /api/canary/customers': ({ merchantId, email, phoneNumber, customerCode }) => [
    { status: 200 },
    { query: `email=${email}`, status: 200 },
    { query: `search=${encodeURIComponent(phoneNumber)}`, status: 200 },
    { query: filterOf({ ids: [customerCode], q: phoneNumber }), status: 200 },
    { query: filterOf({ merchantId }), status: 404, statusInLiveMode: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/customers/:id': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'PATCH /api/canary/customers/:id': ({ customerCode }) => [
    { params: { id: customerCode }, body: { name: 'Mwizi', metadata: { x: 1 } }, status: 404 },
  ],
  'PATCH /api/canary/customers/bulk': ({ customerCode, otherCode }) => [
    { body: { ids: [customerCode, otherCode], data: { name: 'Mwizi' } }, status: 404 },
  ],
  'DELETE /api/canary/customers/bulk': ({ customerCode, otherCode }) => [
    { body: { ids: [customerCode, otherCode] }, status: 404 },
  ],
  'GET /api/canary/customers/:id/balance': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'GET /api/canary/customers/:id/transactions': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'GET /api/canary/customers/:id/payment-methods': ({ customerCode }) => [
    { params: { id: customerCode }, status: 404 },
  ],
  'POST /api/canary/purchases': ({ customerCode }) => [
    { body: { customerId: customerCode, productId: 'airtime', amount: 50, currency: 'ZAR' }, status: 404 },
  ],
  'POST /api/canary/transfers': ({ customerCode, otherCode }) => [
    { body: { fromCustomerId: customerCode, toCustomerId: otherCode, amount: 50, currency: 'ZAR' }, status: 404 },
  ],
  'GET /api/canary/transfers': ({ merchantId, transferId }) => [
    { status: 200 },
    { query: filterOf({ ids: [transferId] }), status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'POST /api/canary/payment-intents': ({ customerCode, cardMethodId }) => [
    { body: { amount: 50, currency: 'ZAR', customerId: customerCode }, status: 404, statusInLiveMode: 400 },
    {
      body: { amount: 50, currency: 'ZAR', paymentMethodId: cardMethodId },
      status: 404,
      statusInLiveMode: 400,
    },
  ],
  'GET /api/canary/payment-intents': ({ merchantId }) => [
    { status: 200 },
    { query: 'status=requires_payment_method', status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/payment-intents/:id': ({ paymentIntentId }) => [{ params: { id: paymentIntentId }, status: 404 }],
  'POST /api/canary/payment-intents/:id/confirm': ({ paymentIntentId }) => [
    { params: { id: paymentIntentId }, body: {}, status: 404 },
  ],
  'POST /api/canary/payment-intents/:id/cancel': ({ paymentIntentId }) => [
    { params: { id: paymentIntentId }, status: 404 },
  ],
  'POST /api/canary/checkout/sessions': ({ customerCode }) => [
    { body: { totalAmount: 50, currency: 'ZAR', customerId: customerCode }, status: 404, statusInLiveMode: 400 },
  ],
  'GET /api/canary/checkout/sessions': ({ merchantId, checkoutId }) => [
    { status: 200 },
    { query: filterOf({ ids: [checkoutId] }), status: 200 },
    { query: 'status=open', status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/checkout/sessions/:id': ({ checkoutId }) => [{ params: { id: checkoutId }, status: 404 }],
  'GET /api/canary/payment-methods': ({ merchantId, customerCode, cardMethodId }) => [
    { status: 200 },
    { query: filterOf({ ids: [cardMethodId] }), status: 200 },
    { query: `customerId=${customerCode}`, status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/payment-methods/:id': ({ cardMethodId }) => [{ params: { id: cardMethodId }, status: 404 }],
  'DELETE /api/canary/payment-methods/:id': ({ cardMethodId }) => [{ params: { id: cardMethodId }, status: 404 }],
  'GET /api/canary/balance': ({ merchantId }) => [
    { status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/balance/history': ({ merchantId, purchaseId }) => [
    { status: 200 },
    { query: filterOf({ ids: [`txn_${purchaseId}`] }), status: 200 },
    { query: 'transactionType=credit', status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/analytics': ({ merchantId }) => [
    { status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'GET /api/canary/analytics/summary': ({ merchantId }) => [
    { status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'POST /api/canary/webhook-endpoints': ({ merchantId }) => [
    { body: { url: 'https://example.com/', events: ['*'] }, status: 201 },
    {
      body: { url: 'https://example.com/', events: ['*'], merchantId },
      status: 404,
      statusInLiveMode: 201,
    },
  ],
  'GET /api/canary/webhook-endpoints': ({ merchantId, webhookEndpointId }) => [
    { status: 200 },
    { query: filterOf({ ids: [webhookEndpointId] }), status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'DELETE /api/canary/webhook-endpoints/:id': ({ webhookEndpointId }) => [
    { params: { id: webhookEndpointId }, status: 404 },
  ],
  'GET /api/canary/events': ({ merchantId, deliveryId }) => [
    { status: 200 },
    { query: filterOf({ ids: [deliveryId] }), status: 200 },
    { query: 'status=pending', status: 200 },
    { query: `merchantId=${merchantId}`, status: 404, statusInLiveMode: 200 },
  ],
  'POST /api/canary/events': ({ merchantId }) => [
    {
      body: { merchantId, type: 'checkout.loaded', data: {} },
      status: 404,
      statusInLiveMode: 201,
    },
  ],
  'GET /api/canary/events/types': () => [{ status: 200 }],
  'GET /api/canary/authentication/token': () => [{ status: 200 }],

  'POST /transaction/initialize': ({ email, transactionReference: reference }) => [
    { body: { email, amount: 50, reference }, status: 200, statusInLiveMode: 403 },
  ],
  'GET /transaction/verify/:reference': ({ transactionReference, payAccessCode }) =>
    [transactionReference, payAccessCode].map((reference) => ({ params: { reference }, status: 400 })),
  'GET /transaction': ({ customerId, transactionId }) => {
    const cursor = encodeURIComponent(Buffer.from(`transaction:${transactionId}`).toString('base64'))
    return [
      { status: 200 },
      { query: `customer=${customerId}`, status: 200 },
      { query: 'status=abandoned', status: 200 },
      { query: 'amount=500', status: 200 },
      { query: `use_cursor=true&next=${cursor}`, status: 200 },
      { query: `use_cursor=true&previous=${cursor}`, status: 200 },
    ]
  },
  'GET /transaction/totals': () => [{ status: 200 }, { query: 'from=2000-01-01', status: 200 }],
  'GET /transaction/export': ({ customerId }) => [{ query: `customer=${customerId}`, status: 200 }],
  'GET /transaction/timeline/:id_or_reference': ({ transactionId, transactionReference }) =>
    [transactionId, transactionReference].map((name) => ({ params: { id_or_reference: name }, status: 404 })),
  'GET /transaction/:id': ({ transactionId }) => [{ params: { id: transactionId }, status: 404 }],
  'POST /transaction/charge_authorization': ({ email, cardCode, mandateMethodCode }) =>
    [cardCode, mandateMethodCode].map((authorization_code) => ({
      body: { email, amount: 50, authorization_code },
      status: 400,
      statusInLiveMode: 403,
    })),
  'POST /charge': ({ email, cardCode }) => [
    { body: { email, amount: 50, authorization_code: cardCode }, status: 400, statusInLiveMode: 403 },
  ],
  'POST /refund': ({ paidId, paidReference, transactionId }) =>
    [paidId, paidReference, transactionId].map((transaction) => ({ body: { transaction }, status: 400 })),
  'GET /refund': ({ paidId, paidReference }) => [
    { status: 200 },
    { query: `transaction=${paidId}`, status: 200 },
    { query: `transaction=${paidReference}`, status: 200 },
  ],
  'GET /refund/:id': ({ refundNumber, processorRefundId }) =>
    [refundNumber, processorRefundId].map((id) => ({ params: { id }, status: 404 })),
  'POST /refund/retry_with_customer_details/:id': ({ refundNumber }) => [
    {
      params: { id: refundNumber },
      body: { refund_account_details: { currency: 'ZAR', account_number: '0123456789', bank_id: '9' } },
      status: 404,
    },
  ],
  'GET /settlement': () => [{ status: 200 }],
  'POST /transferrecipient': () => [{ body: payee, status: 201 }],
  'POST /transferrecipient/bulk': () => [{ body: { batch: [payee] }, status: 200 }],
  'GET /transferrecipient': () => [{ status: 200 }],
  'GET /transferrecipient/:id_or_code': (its) =>
    [its.recipientCode, its.recipientNumber].map((id_or_code) => ({ params: { id_or_code }, status: 404 })),
  'PUT /transferrecipient/:id_or_code': (its) =>
    [its.recipientCode, its.recipientNumber].map((id_or_code) => ({
      params: { id_or_code },
      body: { name: 'Mwizi' },
      status: 404,
    })),
  'DELETE /transferrecipient/:id_or_code': (its) =>
    [its.recipientCode, its.recipientNumber].map((id_or_code) => ({ params: { id_or_code }, status: 404 })),
  'POST /transfer': ({ customerCode, recipientCode, payoutReference: reference }) =>
    [customerCode, 'balance'].map((source) => ({
      body: { source, recipient: recipientCode, amount: 100, reference },
      status: 400,
    })),
  // Each transfer has its own answer, and is refused like one to an unknown recipient.
  'POST /transfer/bulk': ({ customerCode, recipientCode: recipient, payoutReference: reference }) => [
    { body: { source: customerCode, transfers: [{ recipient, amount: 100, reference }] }, status: 200 },
  ],
  'POST /transfer/finalize_transfer': ({ transferCode }) => [
    { body: { transfer_code: transferCode, otp: '123456' }, status: 400 },
  ],
  // As on Paystack's API, any code is answered alike.
  'POST /transfer/resend_otp': ({ transferCode }) => [
    { body: { transfer_code: transferCode }, status: 200, statusInLiveMode: 403 },
  ],
  'POST /transfer/disable_otp': () => [{ status: 200, statusInLiveMode: 403 }],
  'POST /transfer/disable_otp_finalize': () => [{ body: { otp: '123456' }, status: 200, statusInLiveMode: 403 }],
  'POST /transfer/enable_otp': () => [{ status: 200, statusInLiveMode: 403 }],
  'GET /transfer': ({ recipientNumber }) => [{ status: 200 }, { query: `recipient=${recipientNumber}`, status: 200 }],
  'GET /transfer/export': ({ recipientNumber }) => [{ query: `recipient=${recipientNumber}`, status: 404 }],
  'GET /transfer/verify/:reference': ({ payoutReference }) => [{ params: { reference: payoutReference }, status: 404 }],
  'GET /transfer/:id_or_code': (its) =>
    [its.transferCode, its.transferNumber, its.payoutId].map((id_or_code) => ({ params: { id_or_code }, status: 404 })),
  'POST /api/canary/payouts': (its) =>
    [its.recipientCode, its.recipientNumber].map((bankAccount) => ({
      body: { amount: 1, currency: 'ZAR', bankAccount },
      status: 400,
    })),
  'GET /api/canary/payouts': ({ payoutId }) => [
    { status: 200 },
    { query: `filter=${encodeURIComponent(JSON.stringify({ ids: [`payout_${payoutId}`] }))}`, status: 200 },
  ],
  'GET /balance': () => [{ status: 200 }],
  'GET /balance/ledger': () => [{ status: 200 }],
  'GET /dispute': ({ paidId, paidReference }) => [
    { status: 200 },
    { query: `transaction=${paidId}`, status: 200 },
    { query: `transaction=${paidReference}`, status: 200 },
  ],
  'GET /dispute/export': ({ paidId }) => [{ query: `transaction=${paidId}`, status: 404 }],
  'GET /dispute/transaction/:id': ({ paidId }) => [{ params: { id: paidId }, status: 404 }],
  'GET /dispute/:id': (its) => [its.disputeNumber, its.disputeId].map((id) => ({ params: { id }, status: 404 })),
  'PUT /dispute/:id': ({ disputeNumber }) => [
    { params: { id: disputeNumber }, body: { refund_amount: 100 }, status: 404 },
  ],
  'PUT /dispute/:id/resolve': ({ disputeNumber }) => [{ params: { id: disputeNumber }, body: resolved, status: 404 }],
  'POST /dispute/:id/evidence': ({ disputeNumber }) => [
    { params: { id: disputeNumber }, body: wireEvidence, status: 404 },
  ],
  'GET /dispute/:id/upload_url': ({ disputeNumber }) => [{ params: { id: disputeNumber }, status: 404 }],
  'POST /charge/submit_address': ({ askingReference }) => [
    {
      body: { address: '1 Long Street', city: 'Lagos', state: 'Lagos', zip_code: '100001', reference: askingReference },
      status: 400,
    },
  ],
  'POST /charge/submit_birthday': ({ askingReference }) => [
    { body: { birthday: '2007-04-15', reference: askingReference }, status: 400 },
  ],
  'POST /charge/submit_otp': ({ askingReference }) => [
    { body: { otp: '123456', reference: askingReference }, status: 400 },
  ],
  'POST /charge/submit_phone': ({ askingReference }) => [
    { body: { phone: '08012345678', reference: askingReference }, status: 400 },
  ],
  'POST /charge/submit_pin': ({ askingReference }) => [
    { body: { pin: '1111', reference: askingReference }, status: 400 },
  ],
  'GET /charge/:reference': ({ transactionReference, askingReference }) =>
    [transactionReference, askingReference].map((reference) => ({ params: { reference }, status: 400 })),

  'POST /customer': ({ email }) => [{ body: { email, first_name: 'Mwizi' }, status: 200 }],
  'GET /customer': ({ customerId }) => {
    const cursor = encodeURIComponent(Buffer.from(`customer:${customerId}`).toString('base64'))
    return [
      { status: 200 },
      { query: 'from=2000-01-01', status: 200 },
      { query: `use_cursor=true&next=${cursor}`, status: 200 },
      { query: `use_cursor=true&previous=${cursor}`, status: 200 },
    ]
  },
  'POST /customer/set_risk_action': ({ customerCode }) => [
    { body: { customer: customerCode, risk_action: 'deny' }, status: 404 },
  ],
  'POST /customer/authorization/deactivate': ({ cardCode }) => [
    { body: { authorization_code: cardCode }, status: 404 },
  ],
  'POST /customer/deactivate_authorization': ({ cardCode }) => [{ body: { authorizaion_code: cardCode }, status: 404 }],
  'GET /customer/:email_or_code': ({ customerCode, customerId, cardCode }) =>
    [customerCode, customerId, cardCode].map((email_or_code) => ({ params: { email_or_code }, status: 404 })),
  'PUT /customer/:email_or_code': ({ customerCode, customerId }) =>
    [customerCode, customerId].map((email_or_code) => ({
      params: { email_or_code },
      body: { first_name: 'Mwizi' },
      status: 404,
    })),
  'POST /customer/:email_or_code/identification': ({ customerCode, customerId }) =>
    [customerCode, customerId].map((email_or_code) => ({
      params: { email_or_code },
      body: identity,
      status: 404,
      statusInLiveMode: 403,
    })),
  'POST /customer/authorization/initialize': ({ email }) => [
    { body: { email, channel: 'direct_debit' }, status: 200, statusInLiveMode: 403 },
  ],
  'GET /customer/authorization/verify/:reference': ({ mandateReference, requestedReference, accessCode }) =>
    [mandateReference, requestedReference, accessCode].map((reference) => ({ params: { reference }, status: 404 })),
  'POST /customer/:id/initialize-direct-debit': ({ customerId }) => [
    { params: { id: customerId }, body: { account, address }, status: 404, statusInLiveMode: 403 },
  ],
  'PUT /customer/:id/directdebit-activation-charge': ({ customerId, mandateMethodId }) => [
    { params: { id: customerId }, body: { authorization_id: Number(mandateMethodId) }, status: 404 },
  ],
  'GET /customer/:id/directdebit-mandate-authorizations': ({ customerId }) => [
    { params: { id: customerId }, status: 404 },
  ],

  'GET /directdebit/mandate-authorizations': () => [
    { status: 200 },
    { query: 'status=active', status: 200 },
    { query: `cursor=${encodeURIComponent(Buffer.from('999999999999').toString('base64'))}`, status: 200 },
  ],
  'PUT /directdebit/activation-charge': ({ customerId }) => [
    { body: { customer_ids: [Number(customerId)] }, status: 404 },
  ],
  'GET /bank': () => [{ status: 200 }],
  'GET /country': () => [{ status: 200 }],
  'GET /address_verification/states': () => [{ query: 'country=CA', status: 200 }],
  'GET /bank/resolve': () => [{ query: 'account_number=0000000000&bank_code=057', status: 200, statusInLiveMode: 403 }],
  'POST /bank/validate': () => [{ body: {}, status: 400 }],
  'GET /decision/bin/:bin': () => [{ params: { bin: '539983' }, status: 200 }],
  'POST /dedicated_account': ({ customerCode, customerId }) =>
    [customerCode, customerId, Number(customerId)].map((customer) => ({
      body: { customer, first_name: 'Mwizi' },
      status: 404,
      statusInLiveMode: 403,
    })),
  'POST /dedicated_account/assign': ({ email }) => [
    {
      body: {
        email,
        first_name: 'Mwizi',
        last_name: 'Mwizi',
        phone: '+2348123456789',
        preferred_bank: 'test-bank',
        country: 'NG',
      },
      status: 200,
      statusInLiveMode: 403,
    },
  ],
  'GET /dedicated_account': ({ customerCode }) => [
    { status: 200, statusInLiveMode: 403 },
    { query: `customer=${customerCode}`, status: 200, statusInLiveMode: 403 },
  ],
  'GET /dedicated_account/available_providers': () => [{ status: 200, statusInLiveMode: 403 }],
  'GET /dedicated_account/requery': ({ dedicatedAccountNumber }) => [
    { query: `account_number=${dedicatedAccountNumber}`, status: 404, statusInLiveMode: 403 },
  ],
  'POST /dedicated_account/split': ({ dedicatedAccountNumber, customerCode }) =>
    [{ account_number: dedicatedAccountNumber }, { customer: customerCode }].map((named) => ({
      body: { ...named, split_code: 'SPL_mwizi' },
      status: 404,
      statusInLiveMode: 403,
    })),
  'DELETE /dedicated_account/split': ({ dedicatedAccountNumber }) => [
    { body: { account_number: dedicatedAccountNumber }, status: 404, statusInLiveMode: 403 },
  ],
  'GET /dedicated_account/:id': ({ dedicatedAccountId }) => [
    { params: { id: dedicatedAccountId }, status: 404, statusInLiveMode: 403 },
  ],
  'DELETE /dedicated_account/:id': ({ dedicatedAccountId }) => [
    { params: { id: dedicatedAccountId }, status: 404, statusInLiveMode: 403 },
  ],

  'POST /v1/api-keys': ({ personId }) => [
    { body: { name: 'mine' }, status: 201 },
    { body: { name: 'mine', personId }, status: 404 },
  ],
  'GET /v1/api-keys': () => [{ status: 200 }],
  'GET /v1/api-keys/:id': ({ apiKeyId }) => [{ params: { id: apiKeyId }, status: 404 }],
  'POST /v1/api-keys/:id/replace': ({ apiKeyId }) => [{ params: { id: apiKeyId }, body: {}, status: 404 }],
  'POST /v1/people': ({ personEmail }) => [{ body: { name: 'Mwizi', email: personEmail }, status: 201 }],
  // A call that asks somebody outside is in the trail of its caller before it is refused, with the name that it gave. So the
  // whole list repeats what earlier cases have named; trail.test.ts asks that it has no write of another mode.
  'GET /v1/audit': ({ payInId, apiKeyId, personId }) => [
    { query: `object=${payInId}`, status: 200 },
    { query: `by=${apiKeyId}`, status: 200 },
    { query: `by=${personId}&format=csv`, status: 200 },
  ],
  'GET /v1/people': () => [{ status: 200 }],
  'GET /v1/people/:id': ({ personId }) => [{ params: { id: personId }, status: 404 }],
  'PATCH /v1/people/:id': ({ personId }) => [{ params: { id: personId }, body: { name: 'Mwizi' }, status: 404 }],
  'POST /v1/people/:id/end': ({ personId }) => [{ params: { id: personId }, status: 404 }],
  'DELETE /v1/api-keys/:id': ({ apiKeyId }) => [{ params: { id: apiKeyId }, status: 404 }],
  'GET /v1/events': ({ customerCode, eventId }) => [
    { status: 200 },
    // A walk through events passes those of the other mode of the merchant.
    { query: `before=${eventId}`, status: 400, statusInLiveMode: 200 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'GET /v1/events/:id': ({ eventId }) => [{ params: { id: eventId }, status: 404 }],
  'GET /v1/events/stream': ({ eventId }) => [
    { query: 'seconds=0', status: 200 },
    { query: `seconds=0&after=${eventId}`, status: 404 },
  ],
  'POST /v1/webhook-endpoints': () => [{ body: { url: 'https://example.com/' }, status: 201 }],
  'GET /v1/webhook-endpoints': () => [{ status: 200 }],
  'GET /v1/webhook-endpoints/:id': ({ webhookEndpointId }) => [{ params: { id: webhookEndpointId }, status: 404 }],
  'PATCH /v1/webhook-endpoints/:id': ({ webhookEndpointId }) => [
    { params: { id: webhookEndpointId }, body: { url: 'https://mwizi.example/' }, status: 404 },
    { params: { id: webhookEndpointId }, body: { enabled: false }, status: 404 },
  ],
  'POST /v1/webhook-endpoints/:id/rotate-secret': ({ webhookEndpointId }) => [
    { params: { id: webhookEndpointId }, body: {}, status: 404 },
  ],
  'DELETE /v1/webhook-endpoints/:id': ({ webhookEndpointId }) => [{ params: { id: webhookEndpointId }, status: 404 }],
  'GET /v1/deliveries': ({ webhookEndpointId, customerCode, deliveryId }) => [
    { status: 200 },
    { query: `before=${deliveryId}`, status: 400 },
    { query: `endpointId=${webhookEndpointId}`, status: 404 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'GET /v1/deliveries/:id': ({ deliveryId }) => [{ params: { id: deliveryId }, status: 404 }],
  'GET /v1/deliveries/resend-preview': ({ webhookEndpointId }) => [
    { status: 200 },
    { query: `endpointId=${webhookEndpointId}`, status: 404 },
  ],
  'POST /v1/deliveries/resend': ({ webhookEndpointId }) => [
    { body: { status: 'pending' }, status: 200 },
    { body: { status: 'pending', endpointId: webhookEndpointId }, status: 404 },
  ],
  'POST /v1/deliveries/:id/resend': ({ deliveryId }) => [{ params: { id: deliveryId }, status: 404 }],
  'POST /v1/sandbox/pay-ins': ({ customerCode }) => [
    { body: { customerId: customerCode, amount: 100 }, status: 404, statusInLiveMode: 403 },
  ],
  'POST /v1/sandbox/payment-methods': ({ customerCode }) => [
    { body: { customerId: customerCode, type: 'card' }, status: 404, statusInLiveMode: 403 },
  ],
  'POST /v1/sandbox/payments/:reference/notice': ({ paymentIntentId, checkoutId, transactionReference }) =>
    [paymentIntentId, checkoutId, transactionReference].map((reference) => ({
      params: { reference },
      body: { outcome: 'succeeded' },
      status: 404,
      statusInLiveMode: 403,
    })),
  'POST /v1/sandbox/dedicated-accounts/:accountNumber/transfers': ({ dedicatedAccountNumber }) => [
    {
      params: { accountNumber: dedicatedAccountNumber },
      body: { amount: 5, reference: 'stolen' },
      status: 404,
      statusInLiveMode: 403,
    },
  ],
  'POST /v1/sandbox/outcomes': ({ customerCode }) => [
    {
      body: { on: 'charge', match: { customerId: customerCode }, outcome: 'decline' },
      status: 404,
      statusInLiveMode: 403,
    },
  ],
  'GET /v1/sandbox/outcomes': () => [{ status: 200, statusInLiveMode: 403 }],
  'DELETE /v1/sandbox/outcomes/:id': ({ outcomeId }) => [
    { params: { id: outcomeId }, status: 404, statusInLiveMode: 403 },
  ],
  'POST /v1/sandbox/mandates/:reference/approve': ({ requestedReference }) => [
    { params: { reference: requestedReference }, body: {}, status: 404, statusInLiveMode: 403 },
  ],
  'POST /v1/sandbox/mandates/:reference/decline': ({ requestedReference }) => [
    { params: { reference: requestedReference }, status: 404, statusInLiveMode: 403 },
  ],

  'GET /v1/customers': ({ customerCode, email, phoneNumber }) => [
    { status: 200 },
    { query: `search=${encodeURIComponent(email)}`, status: 200 },
    { query: `search=${encodeURIComponent(phoneNumber)}`, status: 200 },
    { query: 'hasMoney=true', status: 200 },
    { query: `before=${customerCode}`, status: 404 },
  ],
  'GET /v1/customers/:id': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'POST /v1/customers/:id/risk-action': ({ customerCode }) => [
    { params: { id: customerCode }, body: { riskAction: 'deny' }, status: 404 },
  ],
  'PUT /v1/customers/:id/default-payment-method': ({ customerCode, cardMethodId }) => [
    { params: { id: customerCode }, body: { paymentMethodId: cardMethodId }, status: 404 },
  ],
  'DELETE /v1/customers/:id/default-payment-method': ({ customerCode }) => [
    { params: { id: customerCode }, status: 404 },
  ],
  'GET /v1/customers/:id/entries': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'GET /v1/positions': () => [{ status: 200 }],
  'GET /v1/positions/days': () => [{ status: 200 }],
  'GET /v1/purchases': ({ customerCode }) => [{ status: 200 }, { query: `customerId=${customerCode}`, status: 404 }],
  'GET /v1/requests/:id': () => [{ params: { id: 'request-of-the-victim' }, status: 404 }],
  'GET /v1/customers/:id/balances': ({ customerCode }) => [
    { params: { id: customerCode }, status: 404 },
    { params: { id: customerCode }, query: 'at=2026-01-15', status: 404 },
  ],
  'GET /v1/customers/:id/statement': ({ customerCode }) =>
    ['json', 'csv', 'html'].map((format) => ({
      params: { id: customerCode },
      query: `from=2026-01-01&to=2027-01-01&format=${format}`,
      status: 404,
    })),
  'POST /v1/customers/:id/statement-links': ({ customerCode }) => [
    { params: { id: customerCode }, body: { from: '2026-01-01', to: '2027-01-01' }, status: 404 },
  ],
  'GET /v1/customers/:id/export': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'POST /v1/customers/:id/erase': ({ customerCode, otherCode }) =>
    [customerCode, otherCode].map((id) => ({ params: { id }, status: 404 })),
  'GET /v1/customers/:id/erasure': ({ customerCode }) => [{ params: { id: customerCode }, status: 404 }],
  'POST /v1/holds': ({ customerCode }) => [{ body: { customerId: customerCode, amount: 1 }, status: 404 }],
  'GET /v1/holds': ({ customerCode }) => [{ query: `customerId=${customerCode}`, status: 404 }],
  'GET /v1/holds/:id': ({ holdId }) => [{ params: { id: holdId }, status: 404 }],
  'POST /v1/holds/:id/capture': ({ holdId }) => [{ params: { id: holdId }, body: {}, status: 404 }],
  'POST /v1/holds/:id/release': ({ holdId }) => [{ params: { id: holdId }, status: 404 }],
  'GET /v1/suspense': () => [{ status: 200 }, { query: 'open=true', status: 200 }],
  'GET /v1/suspense/:id': ({ suspendedId }) => [{ params: { id: suspendedId }, status: 404 }],
  'POST /v1/suspense/:id/assign': ({ suspendedId, customerCode }) => [
    { params: { id: suspendedId }, body: { customerId: customerCode }, status: 404 },
  ],
  'POST /v1/suspense/:id/give-back': ({ suspendedId }) => [{ params: { id: suspendedId }, status: 404 }],
  'GET /v1/imported-payments': ({ customerCode }) => [
    { status: 200 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'GET /v1/reconciliations': () => [{ status: 200 }],
  'GET /v1/reconciliations/:id': ({ reconciliationId }) => [{ params: { id: reconciliationId }, status: 404 }],
  'POST /v1/reconciliations': () => [{ body: {}, status: 403 }],
  'GET /v1/differences': ({ reconciliationId }) => [
    { query: 'status=open', status: 200 },
    { query: `reconciliationId=${reconciliationId}`, status: 200 },
  ],
  'GET /v1/differences/:id': ({ differenceId }) => [{ params: { id: differenceId }, status: 404 }],
  'POST /v1/differences/:id/close': ({ differenceId }) => [
    { params: { id: differenceId }, body: { outcome: 'accepted', reason: 'It is small' }, status: 404 },
  ],
  'POST /v1/sandbox/differences': () => [{ body: { kind: 'fee', amount: 30 }, status: 201, statusInLiveMode: 403 }],
  'GET /v1/payment-settings': () => [{ status: 200 }],
  'PATCH /v1/payment-settings': () => [{ body: { knownCustomers: 'wallet_topup' }, status: 200 }],
  'GET /v1/processors': () => [{ status: 200 }],
  'PUT /v1/sending': () => [{ body: { paused: false }, status: 200 }],
  'PUT /v1/processors/:direction': () => [{ params: { direction: 'out' }, body: { processor: 'manual' }, status: 200 }],
  'POST /v1/pay-ins': ({ customerCode }) => [{ body: { ...recorded, customerId: customerCode }, status: 404 }],
  'GET /v1/pay-ins': ({ customerCode, recordedReference }) => [
    { status: 200 },
    { query: `reference=${recordedReference}`, status: 200 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'GET /v1/pay-ins/:id': (its) => [its.recordedPayInId, its.payInId].map((id) => ({ params: { id }, status: 404 })),
  'POST /v1/adjustments': ({ customerCode }) => [{ body: { ...adjusted, customerId: customerCode }, status: 404 }],
  'GET /v1/adjustments': ({ customerCode, adjustmentReference }) => [
    { status: 200 },
    { query: `reference=${adjustmentReference}`, status: 200 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'GET /v1/adjustments/:id': ({ adjustmentId }) => [{ params: { id: adjustmentId }, status: 404 }],
  'POST /v1/refunds': (its) => namesOfMovements(its).map((transactionId) => ({ body: { transactionId }, status: 404 })),
  'POST /v1/reversals': (its) =>
    namesOfMovements(its).map((transactionId) => ({ body: { transactionId }, status: 404 })),
  'GET /v1/refunds': ({ payInId, customerCode }) => [
    { status: 200 },
    { query: `transactionId=${payInId}`, status: 404 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'POST /v1/refunds/:id/settle': (its) =>
    [its.refundId, its.processorRefundId].map((id) => ({
      params: { id },
      body: { outcome: 'failed', proof: 'x', reason: 'x' },
      status: 404,
    })),
  'GET /v1/refunds/:id': (its) => [its.refundId, its.processorRefundId].map((id) => ({ params: { id }, status: 404 })),
  'GET /v1/disputes': ({ payInId, customerCode }) => [
    { status: 200 },
    { query: `transactionId=${payInId}`, status: 404 },
    { query: `customerId=${customerCode}`, status: 404 },
  ],
  'GET /v1/disputes/:id': (its) => [its.disputeId, its.disputeNumber].map((id) => ({ params: { id }, status: 404 })),
  'POST /v1/disputes/:id/accept': ({ disputeId }) => [{ params: { id: disputeId }, body: {}, status: 404 }],
  'POST /v1/disputes/:id/decline': ({ disputeId }) => [{ params: { id: disputeId }, body: {}, status: 404 }],
  'POST /v1/disputes/:id/evidence': ({ disputeId }) => [{ params: { id: disputeId }, body: evidence, status: 404 }],
  'GET /v1/approvals': () => [
    { status: 200 },
    { query: 'mine=true', status: 200 },
    { query: 'kind=adjustment', status: 200 },
  ],
  'GET /v1/approvals/:id': ({ approvalId }) => [{ params: { id: approvalId }, status: 404 }],
  'POST /v1/approvals/:id/approve': ({ approvalId }) => [{ params: { id: approvalId }, status: 404 }],
  'POST /v1/approvals/:id/deny': ({ approvalId }) => [{ params: { id: approvalId }, body: {}, status: 404 }],
  'POST /v1/sandbox/approvals/:id/approve': ({ approvalId }) => [
    { params: { id: approvalId }, status: 404, statusInLiveMode: 403 },
  ],
  'GET /v1/approval-settings': () => [{ status: 200 }],
  'PATCH /v1/approval-settings': () => [{ body: { newDestinations: true }, status: 200 }],
  'GET /v1/dispute-settings': () => [{ status: 200 }],
  'PATCH /v1/dispute-settings': () => [{ body: { borneBy: 'merchant' }, status: 200 }],
  'POST /v1/payouts': ({ customerCode, recipientCode, recipientNumber, payoutReference }) => [
    { body: { ...paidOut, customerId: customerCode }, status: 404 },
    { body: { ...paidOut, destination: { recipientId: recipientCode } }, status: 404 },
    { body: { ...paidOut, destination: { recipientId: recipientNumber } }, status: 404 },
    // The reference is free.
    { body: { ...paidOut, reference: payoutReference }, status: 402 },
  ],
  // Each payout has its own answer, and is refused like a payout of an unknown customer.
  'POST /v1/payouts/batch': ({ customerCode }) => [
    { body: { payouts: [{ ...paidOut, customerId: customerCode }] }, status: 200 },
  ],
  'GET /v1/payouts': ({ customerCode }) => [{ status: 200 }, { query: `customerId=${customerCode}`, status: 404 }],
  'GET /v1/payouts/:id': ({ payoutId }) => [{ params: { id: payoutId }, status: 404 }],
  'POST /v1/payouts/:id/cancel': ({ payoutId }) => [{ params: { id: payoutId }, status: 404 }],
  'POST /v1/payouts/:id/approve': ({ payoutId }) => [{ params: { id: payoutId }, status: 404 }],
  'POST /v1/payouts/:id/deny': ({ payoutId }) => [{ params: { id: payoutId }, body: {}, status: 404 }],
  'POST /v1/payouts/:id/settle': ({ payoutId }) => [
    { params: { id: payoutId }, body: { outcome: 'paid', proof: 'x' }, status: 404 },
  ],
  'GET /v1/payout-settings': () => [{ status: 200 }],
  'PATCH /v1/payout-settings': () => [{ body: { feesBorneBy: 'owner' }, status: 200 }],
  'POST /v1/recipients': () => [{ body: { ...paidOut.destination, accountName: 'Mwizi' }, status: 201 }],
  'GET /v1/recipients': ({ recipientCode }) => [{ status: 200 }, { query: `before=${recipientCode}`, status: 404 }],
  'GET /v1/recipients/:id': (its) =>
    [its.recipientCode, its.recipientNumber].map((id) => ({ params: { id }, status: 404 })),
  'PATCH /v1/recipients/:id': ({ recipientCode }) => [
    { params: { id: recipientCode }, body: { active: false }, status: 404 },
  ],
  'POST /v1/sandbox/disputes': (its) =>
    namesOfMovements(its).map((reference) => ({
      body: { reference, reason: 'Not mine' },
      status: 404,
      statusInLiveMode: 403,
    })),
  'GET /v1/transactions': (its) => namesOfMovements(its).map((name) => ({ query: `reference=${name}`, status: 404 })),
  'GET /v1/transactions/:id': (its) => namesOfMovements(its).map((id) => ({ params: { id }, status: 404 })),
  'GET /v1/merchant': () => [{ status: 200 }],
  // Each transfer has its own answer, and is refused like a transfer between unknown customers.
  'POST /v1/transfers/batch': ({ customerCode, otherCode }) => [
    { body: { transfers: [{ fromCustomerId: customerCode, toCustomerId: otherCode, amount: 1 }] }, status: 200 },
  ],

  // The operator's routes refuse a merchant's key, whatever the request names.
  'POST /v1/merchants': () => [{ body: { name: 'Soko' }, status: 401 }],
  'GET /v1/merchants': () => [{ status: 401 }],
  'GET /v1/merchants/:id': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'PATCH /v1/merchants/:id': ({ merchantId }) => [{ params: { id: merchantId }, body: { name: 'Mwizi' }, status: 401 }],
  'POST /v1/merchants/:id/close': ({ merchantId }) => [{ params: { id: merchantId }, body: {}, status: 401 }],
  'POST /v1/merchants/:id/reopen': ({ merchantId }) => [{ params: { id: merchantId }, body: {}, status: 401 }],
  'POST /v1/merchants/:id/api-keys': ({ merchantId }) => [{ params: { id: merchantId }, body: {}, status: 401 }],
  'GET /v1/merchants/:id/api-keys': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'DELETE /v1/merchants/:id/api-keys/:keyId': ({ merchantId, apiKeyId }) => [
    { params: { id: merchantId, keyId: apiKeyId }, status: 401 },
  ],
  'GET /v1/merchants/:id/processors': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'PUT /v1/merchants/:id/sending': ({ merchantId }) => [
    { params: { id: merchantId }, body: { paused: true }, status: 401 },
  ],
  'PUT /v1/merchants/:id/processors/:direction': ({ merchantId }) => [
    { params: { id: merchantId, direction: 'in' }, body: { processor: 'manual' }, status: 401 },
  ],
  'POST /v1/merchants/:id/reconciliations': ({ merchantId }) => [{ params: { id: merchantId }, body: {}, status: 401 }],
  'POST /v1/merchants/:id/imports': ({ merchantId }) => [{ params: { id: merchantId }, body: {}, status: 401 }],
  'GET /v1/merchants/:id/imports/skipped': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'GET /v1/merchants/:id/differences': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'GET /v1/merchants/:id/payment-settings': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'PATCH /v1/merchants/:id/payment-settings': ({ merchantId }) => [
    { params: { id: merchantId }, body: { knownCustomers: 'wallet_topup' }, status: 401 },
  ],
  'GET /v1/merchants/:id/audit': ({ merchantId }) => [{ params: { id: merchantId }, status: 401 }],
  'GET /v1/operator/audit': () => [{ status: 401 }],
  'POST /v1/signing-keys/rotate': () => [{ status: 401 }],
  'GET /v1/ledger/verification': () => [{ status: 401 }],
  'GET /v1/ledger/entries': () => [{ status: 401 }],
}

/** Routes that answer every caller the same without touching a tenant's data, or that a secret of their own opens. */
const ofNoTenant = [
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
  'OPTIONS /healthz',
  'OPTIONS /readyz',
  'OPTIONS /metrics',
  'GET /app',
  'GET /app/*',
  'GET /app/assets/:name',
  'GET /favicon.ico',
  'GET /docs',
  'GET /docs/cashful.json',
  'GET /docs/paystack.json',
  'GET /docs/mteja.json',
  'GET /docs/json',
  'GET /docs/yaml',
  'GET /docs/static/*',
  'POST /webhooks/paystack',
  'POST /webhooks/paystack/:merchant/:mode',
  'GET /transaction/export/:name',
  'GET /dispute/export/:name',
  'GET /transfer/export/:name',
  'GET /authorize/:accessCode',
  'POST /authorize/:accessCode',
  'GET /checkout/:id',
  'POST /checkout/:id',
  'GET /pay/:accessCode',
  'POST /pay/:accessCode',
  'GET /statement/:token',
  'GET /api/canary/authentication/jwks',
  'GET /api/canary/health',
]

/** Names of the same form that belong to nothing. */
const unknown: Belongings = {
  merchantId: 'mer_000000000000000',
  integration: '999999999',
  customerCode: 'CUS_000000000000000',
  customerId: '999999998',
  otherCode: 'CUS_000000000000001',
  email: 'nobody@example.com',
  phoneNumber: '+27821234568',
  lastName: 'Wekesa',
  cardCode: 'AUTH_0000000000',
  cardMethodId: 'pm_0000000002',
  accessCode: '00000000000000a',
  requestedReference: '00000000000000b',
  mandateReference: '00000000000000c',
  mandateMethodId: '999999997',
  mandateMethodCode: 'AUTH_0000000001',
  payInId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3a',
  recordedPayInId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a37',
  recordedReference: 'nothing-in',
  adjustmentId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a36',
  adjustmentReference: 'nothing-adjusted',
  approvalId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a29',
  suspendedId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a35',
  purchaseId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3b',
  transferId: 'transfer_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3b',
  holdId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3c',
  paymentIntentId: 'pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3e',
  checkoutId: 'checkout_sess_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3f',
  transactionId: '999999996',
  transactionReference: 'nothinghere',
  refundId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a39',
  paidId: '999999992',
  paidReference: 'nothing-paid',
  processorRefundId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a34',
  refundNumber: '999999991',
  disputeId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a32',
  reconciliationId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a43',
  differenceId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a44',
  disputeNumber: '999999990',
  payoutId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a31',
  payoutReference: 'nothing-out',
  recipientCode: 'RCP_000000000000001',
  recipientNumber: '999999989',
  transferCode: 'TRF_0000000000000001',
  transferNumber: '999999988',
  payAccessCode: '000000000000001',
  askingReference: 'nothingasks',
  outcomeId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a33',
  statementToken: 'kT9wq0m3Yx7bD2',
  apiKeyId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d',
  personId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a38',
  personEmail: 'nobody@duka.example',
  dedicatedAccountId: '999999993',
  dedicatedAccountNumber: '9000000000',
  webhookEndpointId: 'we_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3e',
  deliveryId: 'dlv_00000000000000000000000000000000',
  eventId: 'evt_00000000000000000000000000000000',
}

let api: TestApi
let victim: Belongings
let liveMode: TestTenant

beforeAll(async () => {
  api = await openTestApi({ adminKey })
  victim = await makeBelongings(api, api.tenant)
  liveMode = await addTestKey(api.service, api.tenant.merchant, 'live')
})
afterAll(() => api.close())

test('every route has its intrusions here or belongs to no tenant', () => {
  const listed = [...Object.keys(intrusions), ...ofNoTenant].sort()
  expect(listed).toEqual(api.routes.map((route) => route.name).sort())
})

describe.each(Object.keys(intrusions))('%s', (name) => {
  test(`${name} hides a merchant’s belongings from another merchant`, async () => {
    const intruder = await createTestTenant(api.service, { name: 'Soko' })
    await expectNothingThere(name, intruder.secret, ({ status }) => status)
  })

  test(`${name} hides the belongings in test mode from the same merchant in live mode`, () =>
    expectNothingThere(name, liveMode.secret, ({ status, statusInLiveMode }) => statusInLiveMode ?? status))
})

const takingTokens = Object.keys(intrusions).filter((name) => / \/(api|v1)\//.test(name))

test.each(takingTokens)('%s hides a merchant’s belongings from a token of another merchant', async (name) => {
  const intruder = await createTestTenant(api.service, { name: 'Soko' })
  const answer = await api.call('GET', '/api/canary/authentication/token', undefined, intruder.secret)
  // A token makes no keys, secrets and endpoints, whosever they are, and gets no other token.
  const { scope } = api.routes.find((each) => each.name === name) as TestRoute
  const isForbidden = scope === 'developers' || name === 'GET /api/canary/authentication/token'
  await expectNothingThere(name, answer.json().token, ({ status }) => (isForbidden ? 403 : status))
})

test('the operator cannot revoke a merchant’s key under another merchant’s name', async () => {
  const other = await createTestTenant(api.service, { name: 'Soko' })
  const path = `/v1/merchants/${other.merchant.code}/api-keys/${victim.apiKeyId}`
  const before = await storedRows(api.service.db, api.tenant)
  expect((await api.call('DELETE', path, undefined, adminKey)).statusCode).toBe(404)
  expect(await storedRows(api.service.db, api.tenant)).toEqual(before)
})

test('a key of the other mode is neither listed nor revoked', async () => {
  const { data } = (await api.call('GET', '/v1/api-keys', undefined, liveMode.secret)).json()
  expect(data.map((key: { mode: string }) => key.mode)).not.toContain('test')
})

test('the tenant’s own key finds its belongings', async () => {
  for (const path of [
    `/api/canary/customers/${victim.customerCode}/balance`,
    `/customer/${victim.customerId}`,
    `/customer/authorization/verify/${victim.mandateReference}`,
  ]) {
    expect((await api.call('GET', path)).statusCode).toBe(200)
  }
})

/** Expects the answer to something unknown. The answer must show nothing, and the request must change nothing. */
async function expectNothingThere(name: string, bearer: string, statusOf: (intrusion: Intrusion) => number) {
  const route = api.routes.find((each) => each.name === name) as TestRoute
  const intrusionsOf = intrusions[name] as (its: Belongings) => Intrusion[]
  const before = await storedRows(api.service.db, api.tenant)
  const atUnknown = intrusionsOf(unknown)
  for (const [i, intrusion] of intrusionsOf(victim).entries()) {
    const answer = await send(route, intrusion, bearer)
    expect({ intrusion, status: answer.statusCode, body: answer.body }).toMatchObject({ status: statusOf(intrusion) })
    expect(withoutSent(answer.body, intrusion, victim)).toEqual(expect.not.stringMatching(anyNameOf(victim)))
    if (answer.statusCode < 400 && name !== 'POST /v1/transfers/batch') continue
    const same = await send(route, atUnknown[i] as Intrusion, bearer)
    expect([same.statusCode, masked(same.body, unknown)]).toEqual([answer.statusCode, masked(answer.body, victim)])
  }
  expect(await storedRows(api.service.db, api.tenant)).toEqual(before)
}

function send(
  route: TestRoute,
  { params = {}, query, body }: Intrusion,
  bearer: string,
): Promise<LightMyRequestResponse> {
  const path = `${fillPath(route.url, params)}${query === undefined ? '' : `?${query}`}`
  return api.call(route.method, path, body, bearer)
}

/** The body without the names in the request itself, because an answer may repeat them. */
function withoutSent(body: string, intrusion: Intrusion, its: Belongings): string {
  const sent = JSON.stringify(intrusion)
  return Object.values(its).reduce((text, name) => (sent.includes(name) ? text.replaceAll(name, '…') : text), body)
}

/**
 * Leaves out the names that the intruder may have as well: the merchant itself in the other mode, and a customer with
 * the same e-mail and phone, and a person with the same e-mail.
 */
function anyNameOf({
  merchantId: _1,
  integration: _2,
  email: _3,
  phoneNumber: _4,
  personEmail: _5,
  ...its
}: Belongings): RegExp {
  return new RegExp(Object.values(its).join('|'))
}

function masked(body: string, its: Belongings): string {
  return Object.entries(its).reduce((text, [what, name]) => text.replaceAll(name, `<${what}>`), body)
}
