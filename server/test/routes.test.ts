import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OwnedDb } from '../src/db/database.ts'
import { errorSchema as cashfulErrorSchema } from '../src/surfaces/cashful/schemas.ts'
import { errorSchema as mtejaErrorSchema } from '../src/surfaces/mteja/schemas.ts'
import { errorSchema as paystackErrorSchema } from '../src/surfaces/paystack/schemas.ts'
import { fillPath, openTestApi, type TestApi, type TestRoute } from './api.ts'
import { type Belongings, makeBelongings, makeLiveCustomer, suspend } from './belongings.ts'

const adminKey = 'operator-0123456789'

interface Own extends Belongings {
  liveKey: string
  liveCustomerId: string
  otherCardCode: string
  /** Charges, each of which waits for one step. */
  asking: Record<'pin' | 'otp' | 'phone' | 'birthday' | 'address', string>
  /** The code of a customer without money. */
  poorCode: string
  /** A pay-in of the customer without money, who has spent it. */
  spentPayInId: string
  deniedCode: string
  deniedHoldId: string
  deniedIntentId: string
  /** A payment intent that is not paid yet. */
  spareIntentId: string
  paidIntentId: string
  /** Pages that are not answered yet. */
  spareCheckoutId: string
  sparePayCode: string
  spareAccessCode: string
  spareMethodId: string
  declinedMethodId: string
  /** An authorization of the customer with this e-mail. */
  chargeableCode: string
  chargeableEmail: string
  spareEndpointId: string
  /** The code of a customer without anything. */
  spareCode: string
  otherEndpointId: string
  /** A key already used for another request. */
  idempotencyKey: string
  /** A key that may make keys, and nothing else. */
  developersKey: string
  readingKey: string
  spareKeyId: string
  /** A merchant without anything, and a merchant that is closed. */
  spareSuspendedId: string
  /** A refund that waits for a bank account of the payer. */
  waitingRefundNumber: string
  /** Disputes: open ones, one that was won, and one that was lost. */
  spareDisputeNumber: string
  uploadingDisputeNumber: string
  acceptableDisputeId: string
  decidedDisputeId: string
  lostDisputeId: string
  spareMerchantId: string
  closedMerchantId: string
}

/** A request to the route. A member that is left out has the value a well-behaved caller sends. */
interface Sent {
  params?: Record<string, string>
  query?: string
  body?: unknown
  bearer?: string | null
  /** Sends the request to a server without an operator's key. */
  operator?: 'none'
  database?: 'down'
  headers?: Record<string, string>
}

/** By status, a request that must get that status. */
type Cases = Record<number, Sent | ((own: Own) => Sent)>

const stranger = { bearer: 'sk_test_0000000000000000' }
const resolved = { resolution: 'declined', message: 'No', refund_amount: 100, uploaded_filename: 'a.pdf' }
const wireEvidence = {
  ...{ customer_email: 'ada@example.com', customer_name: 'Ada', customer_phone: '0800', service_details: 'A top-up' },
}
const evidence = {
  ...{ customerEmail: 'ada@example.com', customerName: 'Ada', customerPhone: '0800', serviceDetails: 'A top-up' },
}
const recorded = { amount: 10, currency: 'ZAR', source: 'cash', reference: 'line' }
const adjusted = { amount: 10, currency: 'ZAR', direction: 'credit', reason: 'Goodwill', reference: 'ticket' }
const nobody = 'CUS_000000000000000'
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

const noIntent = 'pi_019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3e'
const asked = { amount: 300, currency: 'ZAR' }
const payment = { email: 'payer@example.com', amount: 300 }
const testCard = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
const hooks = { url: 'https://example.com/hooks', events: ['*'] }
const priced = { totalAmount: 300, currency: 'ZAR' }

function transfer(fromCustomerId: string, toCustomerId: string) {
  return { fromCustomerId, toCustomerId, amount: 50, currency: 'ZAR' }
}

const cashful: Record<string, Cases> = {
  'POST /api/canary/customers': {
    201: { body: { phoneNumber: '0821234567' } },
    400: { body: { phoneNumber: 'no number' } },
    401: { ...stranger, body: { phoneNumber: '0821234567' } },
    409: ({ email }) => ({ body: { phoneNumber: '0821234567', email } }),
  },
  'GET /api/canary/customers': {
    200: {},
    400: { query: 'limit=-1' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/customers/:id': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'PATCH /api/canary/customers/:id': {
    200: ({ customerCode }) => ({ params: { id: customerCode }, body: { name: 'Zawadi Achieng', metadata: {} } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, body: { email: 'no e-mail' } }),
    401: { ...stranger, params: { id: nobody }, body: {} },
    404: { params: { id: nobody }, body: {} },
    409: ({ customerCode }) => ({ params: { id: customerCode }, body: { email: 'taken@example.com' } }),
  },
  'PATCH /api/canary/customers/bulk': {
    200: ({ customerCode }) => ({ body: { ids: [customerCode], data: { metadata: {} } } }),
    400: ({ customerCode }) => ({ body: { ids: [customerCode], data: { phoneNumber: '0821234567' } } }),
    401: { ...stranger, body: { ids: [nobody], data: {} } },
    404: { body: { ids: [nobody], data: {} } },
    409: ({ customerCode }) => ({ body: { ids: [customerCode], data: { email: 'taken@example.com' } } }),
  },
  'DELETE /api/canary/customers/bulk': {
    200: ({ spareCode }) => ({ body: { ids: [spareCode] } }),
    400: { body: { ids: [] } },
    401: { ...stranger, body: { ids: [nobody] } },
    404: { body: { ids: [nobody] } },
    409: ({ customerCode }) => ({ body: { ids: [customerCode] } }),
  },
  'GET /api/canary/customers/:id/balance': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, query: 'currency=XOF' }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'GET /api/canary/customers/:id/transactions': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, query: 'currency=XOF' }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'GET /api/canary/customers/:id/payment-methods': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'POST /api/canary/purchases': {
    201: ({ customerCode }) => ({
      body: { customerId: customerCode, productId: 'airtime', amount: 50, currency: 'ZAR' },
    }),
    400: ({ customerCode }) => ({
      body: { customerId: customerCode, productId: 'airtime', amount: 0, currency: 'ZAR' },
    }),
    401: { ...stranger, body: {} },
    402: ({ poorCode }) => ({ body: { customerId: poorCode, productId: 'airtime', amount: 50, currency: 'ZAR' } }),
    404: { body: { customerId: nobody, productId: 'airtime', amount: 50, currency: 'ZAR' } },
    409: ({ customerCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      body: { customerId: customerCode, productId: 'airtime', amount: 50, currency: 'ZAR' },
    }),
  },
  'POST /api/canary/transfers': {
    201: ({ customerCode, otherCode }) => ({ body: transfer(customerCode, otherCode) }),
    400: ({ customerCode }) => ({ body: transfer(customerCode, customerCode) }),
    401: { ...stranger, body: {} },
    402: ({ customerCode, poorCode }) => ({ body: { ...transfer(customerCode, poorCode), amount: 1_000_000 } }),
    404: ({ customerCode }) => ({ body: transfer(customerCode, nobody) }),
    409: ({ customerCode, poorCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      body: transfer(customerCode, poorCode),
    }),
  },
  'GET /api/canary/transfers': {
    200: {},
    400: { query: 'offset=first' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'POST /api/canary/payment-intents': {
    201: ({ customerCode }) => ({ body: { customerId: customerCode, ...asked } }),
    400: { body: { ...asked, amount: 0 } },
    401: { ...stranger, body: {} },
    402: ({ declinedMethodId }) => ({ body: { paymentMethodId: declinedMethodId, ...asked } }),
    404: { body: { customerId: nobody, ...asked } },
    409: ({ idempotencyKey }) => ({ headers: { 'idempotency-key': idempotencyKey }, body: asked }),
  },
  'GET /api/canary/payment-intents': {
    200: {},
    400: { query: 'status=paid' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/payment-intents/:id': {
    200: ({ paidIntentId }) => ({ params: { id: paidIntentId } }),
    401: { ...stranger, params: { id: noIntent } },
    404: { params: { id: noIntent } },
  },
  'POST /api/canary/payment-intents/:id/confirm': {
    200: ({ paymentIntentId }) => ({ params: { id: paymentIntentId }, body: {} }),
    400: ({ spareIntentId }) => ({ params: { id: spareIntentId }, body: { evervaultEncryptedCard: 'card' } }),
    401: { ...stranger, params: { id: noIntent }, body: {} },
    402: ({ deniedIntentId }) => ({ params: { id: deniedIntentId }, body: {} }),
    404: { params: { id: noIntent }, body: {} },
    409: ({ paidIntentId, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      params: { id: paidIntentId },
      body: {},
    }),
  },
  'POST /api/canary/payment-intents/:id/cancel': {
    200: ({ spareIntentId }) => ({ params: { id: spareIntentId } }),
    400: ({ paidIntentId }) => ({ params: { id: paidIntentId } }),
    401: { ...stranger, params: { id: noIntent } },
    404: { params: { id: noIntent } },
    409: ({ paidIntentId, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      params: { id: paidIntentId },
    }),
  },
  'POST /api/canary/checkout/sessions': {
    201: ({ customerCode }) => ({ body: { customerId: customerCode, mode: 'payin', ...priced } }),
    400: { body: { mode: 'payin', ...priced } },
    401: { ...stranger, body: {} },
    402: ({ deniedCode }) => ({ body: { customerId: deniedCode, mode: 'payin', ...priced } }),
    404: { body: { customerId: nobody, ...priced } },
    409: ({ idempotencyKey }) => ({ headers: { 'idempotency-key': idempotencyKey }, body: priced }),
  },
  'GET /api/canary/checkout/sessions': {
    200: {},
    400: { query: 'limit=0' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/checkout/sessions/:id': {
    200: ({ checkoutId }) => ({ params: { id: checkoutId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /api/canary/payment-methods': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}` }),
    400: { query: 'offset=-1' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/payment-methods/:id': {
    200: ({ declinedMethodId }) => ({ params: { id: declinedMethodId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'pm_0000000000' } },
  },
  'DELETE /api/canary/payment-methods/:id': {
    200: ({ spareMethodId }) => ({ params: { id: spareMethodId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'pm_0000000000' } },
  },
  'GET /api/canary/balance': {
    200: {},
    400: { query: 'merchantId=%00' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/balance/history': {
    200: { query: 'transactionType=credit&startDate=2000-01-01' },
    400: { query: 'startDate=soon' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/analytics': {
    200: {},
    400: { query: 'merchantId=%00' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'GET /api/canary/analytics/summary': {
    200: {},
    400: { query: 'merchantId=%00' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'POST /api/canary/webhook-endpoints': {
    201: { body: hooks },
    400: { body: { ...hooks, events: ['customer.exploded'] } },
    401: { ...stranger, body: hooks },
    404: { body: { ...hooks, merchantId: 'mer_000000000000000' } },
    409: ({ idempotencyKey }) => ({ headers: { 'idempotency-key': idempotencyKey }, body: hooks }),
  },
  'GET /api/canary/webhook-endpoints': {
    200: {},
    400: { query: 'limit=-1' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'DELETE /api/canary/webhook-endpoints/:id': {
    200: ({ spareEndpointId }) => ({ params: { id: spareEndpointId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /api/canary/events': {
    200: { query: 'status=pending&startDate=2020-01-01' },
    400: { query: 'startDate=once' },
    401: stranger,
    404: { query: 'merchantId=mer_000000000000000' },
  },
  'POST /api/canary/events': {
    201: ({ merchantId }) => ({ body: { merchantId, type: 'checkout.loaded', data: { page: 1 } } }),
    400: ({ merchantId }) => ({ body: { merchantId, type: 'payment_intent.succeeded', data: {} } }),
    401: { ...stranger, body: {} },
    404: { body: { merchantId: 'mer_000000000000000', type: 'checkout.loaded', data: {} } },
    409: ({ merchantId, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      body: { merchantId, type: 'checkout.loaded', data: {} },
    }),
  },
  'GET /api/canary/events/types': { 200: {}, 401: stranger },
  'GET /api/canary/authentication/token': { 200: {}, 401: stranger },
  'GET /api/canary/authentication/jwks': { 200: { bearer: null } },
  'GET /api/canary/health': { 200: { bearer: null }, 503: { bearer: null, database: 'down' } },
}

const deactivate: Cases = {
  200: ({ cardCode }) => ({ body: { authorization_code: cardCode } }),
  400: { body: {} },
  401: { ...stranger, body: {} },
  404: { body: { authorization_code: 'AUTH_0000000000' } },
}

const retriedRefund = {
  refund_account_details: { currency: 'ZAR', account_number: '0123456789', bank_id: '9' },
}

const paystack: Record<string, Cases> = {
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

const noAccount = '9999999999'
const holder = { first_name: 'Zawadi', last_name: 'Otieno', phone: '+2348123456789' }
const applicant = { ...holder, email: 'new@example.com', preferred_bank: 'test-bank', country: 'NG' }

const banking: Record<string, Cases> = {
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

/**
 * Cases of a route for the operator: its refusal of other callers, and its answer on a server without an operator's
 * key.
 */
const operatorOnly = (request: Sent): Cases => ({
  401: { ...request, bearer: 'not-the-operators-key' },
  404: { ...request, operator: 'none' },
})

const mteja: Record<string, Cases> = {
  'POST /v1/api-keys': {
    201: { body: { name: 'checkout' } },
    400: { body: { name: 7 } },
    401: { ...stranger, body: {} },
    403: ({ developersKey }) => ({ bearer: developersKey, body: { role: 'owner' } }),
    404: { body: { personId: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d' } },
  },
  'GET /v1/api-keys': { 200: {}, 400: { query: 'limit=0' }, 401: stranger },
  'GET /v1/api-keys/:id': {
    200: ({ apiKeyId }) => ({ params: { id: apiKeyId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d' } },
  },
  'POST /v1/api-keys/:id/replace': {
    201: ({ apiKeyId }) => ({ params: { id: apiKeyId }, body: { overlapHours: 0 } }),
    400: ({ apiKeyId }) => ({ params: { id: apiKeyId }, body: { overlapHours: 721 } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    403: ({ developersKey, spareKeyId }) => ({ bearer: developersKey, params: { id: spareKeyId }, body: {} }),
    404: { params: { id: 'none' }, body: {} },
    // The key was ended by the first request.
    409: ({ apiKeyId }) => ({ params: { id: apiKeyId }, body: {} }),
  },
  'POST /v1/people': {
    201: { body: { name: 'Neema Juma', email: 'neema@example.com' } },
    400: { body: { name: 'Neema Juma', email: 'neema' } },
    401: { ...stranger, body: {} },
    403: ({ readingKey }) => ({ bearer: readingKey, body: { name: 'Neema Juma', email: 'neema@example.com' } }),
    409: ({ personEmail }) => ({ body: { name: 'Neema Juma', email: personEmail } }),
  },
  'GET /v1/audit': { 200: {}, 400: { query: 'before=yesterday' }, 401: stranger },
  'GET /v1/people': { 200: {}, 401: stranger },
  'GET /v1/people/:id': {
    200: ({ personId }) => ({ params: { id: personId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'PATCH /v1/people/:id': {
    200: ({ personId }) => ({ params: { id: personId }, body: { name: 'Amina Musa' } }),
    400: ({ personId }) => ({ params: { id: personId }, body: { name: '' } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    403: ({ readingKey, personId }) => ({ bearer: readingKey, params: { id: personId }, body: {} }),
    404: { params: { id: 'none' }, body: {} },
    409: ({ personId }) => ({ params: { id: personId }, body: { email: 'neema@example.com' } }),
  },
  'POST /v1/people/:id/end': {
    200: ({ personId }) => ({ params: { id: personId } }),
    401: { ...stranger, params: { id: 'none' } },
    403: ({ readingKey, personId }) => ({ bearer: readingKey, params: { id: personId } }),
    404: { params: { id: 'none' } },
  },
  'DELETE /v1/api-keys/:id': {
    200: ({ apiKeyId }) => ({ params: { id: apiKeyId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d' } },
  },
  'GET /v1/events': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}&limit=1` }),
    400: { query: 'type=customer.exploded' },
    401: stranger,
    404: { query: `customerId=${nobody}` },
  },
  'GET /v1/events/:id': {
    200: ({ eventId }) => ({ params: { id: eventId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /v1/events/stream': {
    200: ({ eventId }) => ({ query: `seconds=0&after=${eventId}` }),
    400: { query: 'seconds=-1' },
    401: stranger,
    404: { query: 'seconds=0&after=evt_none' },
  },
  'POST /v1/webhook-endpoints': {
    201: { body: { url: hooks.url } },
    400: { body: { url: 'nowhere' } },
    401: { ...stranger, body: {} },
    409: ({ idempotencyKey }) => ({ headers: { 'idempotency-key': idempotencyKey }, body: { url: hooks.url } }),
  },
  'GET /v1/webhook-endpoints': { 200: {}, 400: { query: 'limit=0' }, 401: stranger },
  'GET /v1/webhook-endpoints/:id': {
    200: ({ webhookEndpointId }) => ({ params: { id: webhookEndpointId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'PATCH /v1/webhook-endpoints/:id': {
    200: ({ webhookEndpointId }) => ({ params: { id: webhookEndpointId }, body: { events: ['*'] } }),
    400: ({ webhookEndpointId }) => ({ params: { id: webhookEndpointId }, body: { events: ['customer.exploded'] } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
    409: ({ webhookEndpointId, idempotencyKey }) => ({
      params: { id: webhookEndpointId },
      headers: { 'idempotency-key': idempotencyKey },
      body: {},
    }),
  },
  'POST /v1/webhook-endpoints/:id/rotate-secret': {
    200: ({ webhookEndpointId }) => ({ params: { id: webhookEndpointId }, body: {} }),
    400: ({ webhookEndpointId }) => ({ params: { id: webhookEndpointId }, body: { overlapHours: -1 } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
    409: ({ webhookEndpointId, idempotencyKey }) => ({
      params: { id: webhookEndpointId },
      headers: { 'idempotency-key': idempotencyKey },
      body: {},
    }),
  },
  'DELETE /v1/webhook-endpoints/:id': {
    200: ({ otherEndpointId }) => ({ params: { id: otherEndpointId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /v1/deliveries': {
    200: ({ webhookEndpointId }) => ({ query: `endpointId=${webhookEndpointId}` }),
    400: { query: 'eventType=customer.exploded' },
    401: stranger,
    404: { query: 'endpointId=none' },
  },
  'GET /v1/deliveries/:id': {
    200: ({ deliveryId }) => ({ params: { id: deliveryId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /v1/deliveries/resend-preview': {
    200: {},
    400: { query: 'from=once' },
    401: stranger,
    404: { query: 'endpointId=none' },
  },
  'POST /v1/deliveries/resend': {
    200: { body: { status: 'pending' } },
    400: { body: { status: 'lost' } },
    401: { ...stranger, body: {} },
    404: { body: { endpointId: 'none' } },
    409: ({ idempotencyKey }) => ({ headers: { 'idempotency-key': idempotencyKey }, body: {} }),
  },
  'POST /v1/deliveries/:id/resend': {
    200: ({ deliveryId }) => ({ params: { id: deliveryId } }),
    400: ({ deliveryId }) => ({ params: { id: deliveryId }, headers: { 'idempotency-key': 'a b' } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
    409: ({ deliveryId, idempotencyKey }) => ({
      params: { id: deliveryId },
      headers: { 'idempotency-key': idempotencyKey },
    }),
  },
  'POST /v1/sandbox/pay-ins': {
    201: ({ customerCode }) => ({ body: { customerId: customerCode, amount: 100 } }),
    400: ({ customerCode }) => ({ body: { customerId: customerCode, amount: 0 } }),
    401: { ...stranger, body: {} },
    403: ({ customerCode, liveKey }) => ({ bearer: liveKey, body: { customerId: customerCode, amount: 100 } }),
    404: { body: { customerId: nobody, amount: 100 } },
  },
  'POST /v1/sandbox/payment-methods': {
    201: ({ customerCode }) => ({ body: { customerId: customerCode, type: 'card' } }),
    400: ({ customerCode }) => ({ body: { customerId: customerCode, type: 'cash' } }),
    401: { ...stranger, body: {} },
    403: ({ customerCode, liveKey }) => ({ bearer: liveKey, body: { customerId: customerCode, type: 'card' } }),
    404: { body: { customerId: nobody, type: 'card' } },
  },
  'POST /v1/sandbox/payments/:reference/notice': {
    200: ({ paidIntentId }) => ({ params: { reference: paidIntentId }, body: {} }),
    400: ({ paidIntentId }) => ({ params: { reference: paidIntentId }, body: { outcome: 'maybe' } }),
    401: { ...stranger, params: { reference: noIntent }, body: {} },
    403: ({ liveKey, paidIntentId }) => ({ bearer: liveKey, params: { reference: paidIntentId }, body: {} }),
    404: { params: { reference: noIntent }, body: {} },
    409: ({ checkoutId }) => ({ params: { reference: checkoutId }, body: {} }),
  },
  'POST /v1/sandbox/outcomes': {
    201: { body: { on: 'charge', match: { reference: 'nobody' }, outcome: 'pending' } },
    400: { body: { on: 'charge', outcome: 'explode' } },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { on: 'charge', outcome: 'decline' } }),
  },
  'GET /v1/sandbox/outcomes': {
    200: {},
    400: { query: 'limit=0' },
    401: stranger,
    403: ({ liveKey }) => ({ bearer: liveKey }),
  },
  'DELETE /v1/sandbox/outcomes/:id': {
    200: ({ outcomeId }) => ({ params: { id: outcomeId } }),
    401: { ...stranger, params: { id: 'none' } },
    403: ({ liveKey, outcomeId }) => ({ bearer: liveKey, params: { id: outcomeId } }),
    404: { params: { id: 'none' } },
  },
  'POST /v1/sandbox/mandates/:reference/approve': {
    200: ({ requestedReference }) => ({ params: { reference: requestedReference }, body: {} }),
    400: ({ requestedReference }) => ({ params: { reference: requestedReference }, body: { accountNumber: 'x' } }),
    401: { ...stranger, params: { reference: 'none' }, body: {} },
    403: ({ liveKey, requestedReference }) => ({
      bearer: liveKey,
      params: { reference: requestedReference },
      body: {},
    }),
    404: { params: { reference: 'none' }, body: {} },
  },
  'POST /v1/sandbox/mandates/:reference/decline': {
    200: ({ requestedReference }) => ({ params: { reference: requestedReference } }),
    401: { ...stranger, params: { reference: 'none' } },
    403: ({ liveKey, requestedReference }) => ({ bearer: liveKey, params: { reference: requestedReference } }),
    404: { params: { reference: 'none' } },
  },
  'GET /v1/customers/:id/balances': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, query: 'at=once' }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'GET /v1/customers/:id/statement': {
    200: ({ customerCode }) => ({ params: { id: customerCode }, query: 'from=2026-01-01&to=2027-01-01' }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, query: 'from=2027-01-01&to=2026-01-01' }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody }, query: 'from=2026-01-01&to=2027-01-01' },
  },
  'POST /v1/customers/:id/statement-links': {
    201: ({ customerCode }) => ({ params: { id: customerCode }, body: { from: '2026-01-01', to: '2027-01-01' } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, body: { from: '2027-01-01', to: '2026-01-01' } }),
    401: { ...stranger, params: { id: nobody }, body: {} },
    404: { params: { id: nobody }, body: { from: '2026-01-01', to: '2027-01-01' } },
    409: ({ customerCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      params: { id: customerCode },
      body: { from: '2026-01-01', to: '2027-01-01' },
    }),
  },
  'GET /v1/customers/:id/export': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, query: 'format=xml' }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'POST /v1/customers/:id/erase': {
    202: ({ spareCode }) => ({ params: { id: spareCode } }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, body: { force: true } }),
    401: { ...stranger, params: { id: nobody } },
    403: ({ customerCode, developersKey }) => ({ bearer: developersKey, params: { id: customerCode } }),
    404: { params: { id: nobody } },
    409: ({ customerCode }) => ({ params: { id: customerCode } }),
  },
  'GET /v1/customers/:id/erasure': {
    200: ({ spareCode }) => ({ params: { id: spareCode } }),
    401: { ...stranger, params: { id: nobody } },
    404: ({ customerCode }) => ({ params: { id: customerCode } }),
  },
  'POST /v1/holds': {
    201: ({ customerCode }) => ({ body: { customerId: customerCode, amount: 10 } }),
    400: ({ customerCode }) => ({ body: { customerId: customerCode, amount: 10, expiresAt: '2020-01-01' } }),
    401: { ...stranger, body: {} },
    402: ({ poorCode }) => ({ body: { customerId: poorCode, amount: 10 } }),
    403: ({ deniedCode }) => ({ body: { customerId: deniedCode, amount: 10 } }),
    404: { body: { customerId: nobody, amount: 10 } },
    409: ({ customerCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      body: { customerId: customerCode, amount: 10 },
    }),
  },
  'GET /v1/holds': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}` }),
    400: {},
    401: stranger,
    404: { query: `customerId=${nobody}` },
  },
  'GET /v1/holds/:id': {
    200: ({ holdId }) => ({ params: { id: holdId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'POST /v1/holds/:id/capture': {
    201: ({ holdId }) => ({ params: { id: holdId }, body: { amount: 1 } }),
    400: ({ holdId }) => ({ params: { id: holdId }, body: { amount: 0 } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    403: ({ deniedHoldId }) => ({ params: { id: deniedHoldId }, body: {} }),
    404: { params: { id: 'none' }, body: {} },
    409: ({ holdId }) => ({ params: { id: holdId }, body: { amount: 1_000_000 } }),
  },
  'POST /v1/holds/:id/release': {
    200: ({ holdId }) => ({ params: { id: holdId } }),
    400: ({ holdId }) => ({ params: { id: holdId }, headers: { 'idempotency-key': 'a b' } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
    // The hold was released by the first request.
    409: ({ holdId }) => ({ params: { id: holdId } }),
  },
  'GET /v1/suspense': { 200: { query: 'open=true' }, 400: { query: 'before=yesterday' }, 401: stranger },
  'GET /v1/suspense/:id': {
    200: ({ suspendedId }) => ({ params: { id: suspendedId } }),
    401: { ...stranger, params: { id: 'none' } },
    // Money that never was in suspense.
    404: ({ payInId }) => ({ params: { id: payInId } }),
  },
  'POST /v1/suspense/:id/assign': {
    200: ({ suspendedId, customerCode }) => ({ params: { id: suspendedId }, body: { customerId: customerCode } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: ({ payInId, customerCode }) => ({ params: { id: payInId }, body: { customerId: customerCode } }),
    409: ({ suspendedId, otherCode }) => ({ params: { id: suspendedId }, body: { customerId: otherCode } }),
  },
  'POST /v1/suspense/:id/give-back': {
    200: ({ spareSuspendedId }) => ({ params: { id: spareSuspendedId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
    // It was assigned by the request above.
    409: ({ suspendedId }) => ({ params: { id: suspendedId } }),
  },
  'GET /v1/processors': { 200: {}, 401: stranger },
  'PUT /v1/processors/:direction': {
    200: { params: { direction: 'out' }, body: { processor: 'manual' } },
    400: ({ liveKey }) => ({ bearer: liveKey, params: { direction: 'in' }, body: { processor: 'sandbox' } }),
    401: { ...stranger, params: { direction: 'in' }, body: {} },
    403: { params: { direction: 'out' }, body: { processor: 'paystack', secretKey: 'sk_test_abc' } },
    404: { params: { direction: '\0' }, body: { processor: 'manual' } },
  },
  'POST /v1/pay-ins': {
    201: ({ customerCode }) => ({ body: { ...recorded, customerId: customerCode } }),
    400: { body: { ...recorded, currency: 'KES' } },
    401: { ...stranger, body: {} },
    404: { body: { ...recorded, reference: 'line 2', customerId: nobody } },
    409: ({ recordedReference }) => ({ body: { ...recorded, reference: recordedReference } }),
  },
  'GET /v1/pay-ins': {
    200: ({ recordedReference }) => ({ query: `reference=${recordedReference}&from=2020-01-01` }),
    400: { query: 'from=yesterday' },
    401: stranger,
    404: { query: `customerId=${nobody}` },
  },
  'GET /v1/pay-ins/:id': {
    200: ({ recordedPayInId }) => ({ params: { id: recordedPayInId } }),
    401: { ...stranger, params: { id: 'none' } },
    // A pay-in of the sandbox was not recorded by hand.
    404: ({ payInId }) => ({ params: { id: payInId } }),
  },
  'POST /v1/adjustments': {
    201: ({ customerCode }) => ({ body: { ...adjusted, customerId: customerCode } }),
    400: ({ customerCode }) => ({ body: { ...adjusted, reason: ' ', customerId: customerCode } }),
    401: { ...stranger, body: {} },
    402: ({ poorCode }) => ({ body: { ...adjusted, direction: 'debit', reference: 'ticket 2', customerId: poorCode } }),
    403: ({ deniedCode }) => ({ body: { ...adjusted, reference: 'ticket 3', customerId: deniedCode } }),
    404: { body: { ...adjusted, reference: 'ticket 4', customerId: nobody } },
    409: ({ adjustmentReference, customerCode }) => ({
      body: { ...adjusted, reference: adjustmentReference, customerId: customerCode },
    }),
  },
  'GET /v1/adjustments': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}` }),
    400: { query: 'before=yesterday' },
    401: stranger,
    404: { query: `customerId=${nobody}` },
  },
  'GET /v1/adjustments/:id': {
    200: ({ adjustmentId }) => ({ params: { id: adjustmentId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'POST /v1/refunds': {
    201: ({ purchaseId }) => ({ body: { transactionId: purchaseId, amount: 10 } }),
    400: ({ purchaseId }) => ({ body: { transactionId: purchaseId, amount: -10 } }),
    401: { ...stranger, body: {} },
    402: ({ spentPayInId }) => ({ body: { transactionId: spentPayInId } }),
    404: { body: { transactionId: 'none' } },
    409: ({ purchaseId }) => ({ body: { transactionId: purchaseId, amount: 1_000_000 } }),
  },
  'GET /v1/refunds': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}` }),
    400: { query: 'before=yesterday' },
    401: stranger,
    404: { query: 'transactionId=none' },
  },
  'GET /v1/refunds/:id': {
    200: ({ refundId }) => ({ params: { id: refundId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: ({ purchaseId }) => ({ params: { id: purchaseId } }),
  },
  'GET /v1/disputes': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}` }),
    400: { query: 'state=open&before=yesterday' },
    401: stranger,
    404: { query: 'transactionId=none' },
  },
  'GET /v1/disputes/:id': {
    200: ({ disputeId }) => ({ params: { id: disputeId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'POST /v1/disputes/:id/accept': {
    200: ({ acceptableDisputeId }) => ({ params: { id: acceptableDisputeId }, body: {} }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
    409: ({ decidedDisputeId }) => ({ params: { id: decidedDisputeId }, body: {} }),
  },
  'POST /v1/disputes/:id/decline': {
    200: ({ decidedDisputeId }) => ({ params: { id: decidedDisputeId }, body: {} }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
    409: ({ lostDisputeId }) => ({ params: { id: lostDisputeId }, body: {} }),
  },
  'POST /v1/disputes/:id/evidence': {
    200: ({ disputeId }) => ({ params: { id: disputeId }, body: evidence }),
    401: { ...stranger, params: { id: 'none' }, body: evidence },
    404: { params: { id: 'none' }, body: evidence },
    409: ({ lostDisputeId }) => ({ params: { id: lostDisputeId }, body: evidence }),
  },
  'GET /v1/dispute-settings': { 200: {}, 401: stranger },
  'PATCH /v1/dispute-settings': { 200: { body: { borneBy: 'customer' } }, 401: { ...stranger, body: {} } },
  'POST /v1/sandbox/disputes': {
    201: ({ paidReference }) => ({ body: { reference: paidReference, reason: 'Not mine', amount: 5 } }),
    400: ({ purchaseId }) => ({ body: { reference: purchaseId, reason: 'Not mine' } }),
    401: { ...stranger, body: { reference: 'none', reason: 'Not mine' } },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { reference: 'none', reason: 'Not mine' } }),
    404: { body: { reference: 'none', reason: 'Not mine' } },
  },
  'GET /v1/transactions': {
    200: ({ paidIntentId }) => ({ query: `reference=${paidIntentId}` }),
    400: {},
    401: stranger,
    404: { query: 'reference=none' },
  },
  'GET /v1/transactions/:id': {
    200: ({ paidIntentId }) => ({ params: { id: paidIntentId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /v1/merchant': { 200: {}, 401: stranger },
  'POST /v1/reversals': {
    201: ({ purchaseId }) => ({ body: { transactionId: purchaseId } }),
    400: { body: {} },
    401: { ...stranger, body: {} },
    402: ({ spentPayInId }) => ({ body: { transactionId: spentPayInId } }),
    404: { body: { transactionId: 'none' } },
    // The first request gave back the whole purchase.
    409: ({ purchaseId }) => ({ body: { transactionId: purchaseId } }),
  },
  'POST /v1/transfers/batch': {
    200: ({ customerCode, otherCode }) => ({
      body: { transfers: [transfer(customerCode, otherCode), transfer(customerCode, nobody)] },
    }),
    400: { body: { transfers: [] } },
    401: { ...stranger, body: {} },
    409: ({ customerCode, poorCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      body: { transfers: [transfer(customerCode, poorCode)] },
    }),
  },
  'POST /v1/merchants': {
    201: { body: { name: 'Soko' } },
    400: { body: { name: 'Soko', country: 'Kenya' } },
    ...operatorOnly({ body: { name: 'Soko' } }),
  },
  'GET /v1/merchants': { 200: {}, ...operatorOnly({}) },
  'GET /v1/merchants/:id': {
    200: ({ integration }) => ({ params: { id: integration } }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'PATCH /v1/merchants/:id': {
    200: ({ spareMerchantId }) => ({ params: { id: spareMerchantId }, body: { name: 'Duka', addCurrencies: ['KES'] } }),
    400: ({ spareMerchantId }) => ({ params: { id: spareMerchantId }, body: { addCurrencies: ['BTC'] } }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    403: ({ closedMerchantId }) => ({ params: { id: closedMerchantId }, body: { name: 'Duka' } }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
  },
  'POST /v1/merchants/:id/close': {
    200: ({ spareMerchantId }) => ({ params: { id: spareMerchantId }, body: {} }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
    409: ({ merchantId }) => ({ params: { id: merchantId }, body: {} }),
  },
  'POST /v1/merchants/:id/reopen': {
    200: ({ spareMerchantId }) => ({ params: { id: spareMerchantId }, body: {} }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
  },
  'GET /v1/ledger/verification': { 200: {}, ...operatorOnly({}) },
  'GET /v1/ledger/entries': {
    200: {},
    400: { query: 'format=xlsx' },
    ...operatorOnly({}),
    404: { query: 'merchant=mer_000000000000000' },
  },
  'POST /v1/merchants/:id/api-keys': {
    201: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'live' } }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'dead' } }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
  },
  'GET /v1/merchants/:id/api-keys': {
    200: ({ integration }) => ({ params: { id: integration } }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, query: 'limit=0' }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'DELETE /v1/merchants/:id/api-keys/:keyId': {
    200: ({ merchantId, apiKeyId }) => ({ params: { id: merchantId, keyId: apiKeyId } }),
    ...operatorOnly({ params: { id: 'none', keyId: 'none' } }),
    404: ({ merchantId }) => ({ params: { id: merchantId, keyId: 'none' } }),
  },
  'GET /v1/merchants/:id/processors': {
    200: ({ merchantId }) => ({ params: { id: merchantId }, query: 'mode=live' }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'PUT /v1/merchants/:id/processors/:direction': {
    200: ({ merchantId }) => ({
      params: { id: merchantId, direction: 'out' },
      body: { mode: 'live', processor: 'manual' },
    }),
    400: ({ merchantId }) => ({ params: { id: merchantId, direction: 'out' }, body: { processor: 'bank' } }),
    ...operatorOnly({ params: { id: 'none', direction: 'out' }, body: {} }),
    403: ({ closedMerchantId }) => ({
      params: { id: closedMerchantId, direction: 'out' },
      body: { processor: 'manual' },
    }),
    404: { params: { id: 'mer_000000000000000', direction: 'out' }, body: { processor: 'manual' } },
  },
  'GET /v1/merchants/:id/audit': {
    200: ({ merchantId }) => ({ params: { id: merchantId } }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'POST /v1/signing-keys/rotate': { 201: {}, ...operatorOnly({}) },
}

/** Routes in no API reference. The statuses that need a case are listed here. */
const hidden: Record<string, Cases> = {
  'GET /healthz': { 200: { bearer: null } },
  'GET /readyz': { 200: { bearer: null }, 503: { bearer: null, database: 'down' } },
  'GET /metrics': { 200: { bearer: null } },
  'OPTIONS /healthz': { 405: { bearer: null } },
  'OPTIONS /readyz': { 405: { bearer: null } },
  'OPTIONS /metrics': { 405: { bearer: null } },
  'GET /app': { 200: { bearer: null } },
  'GET /favicon.ico': { 200: { bearer: null } },
  'GET /docs': { 200: { bearer: null } },
  'GET /docs/cashful.json': { 200: { bearer: null } },
  'GET /docs/paystack.json': { 200: { bearer: null } },
  'GET /docs/mteja.json': { 200: { bearer: null } },
  'GET /docs/json': { 200: { bearer: null } },
  'GET /docs/yaml': { 200: { bearer: null } },
  'GET /docs/static/*': {
    200: { bearer: null, params: { '*': 'swagger-ui.css' } },
    404: { bearer: null, params: { '*': 'nothing.css' } },
  },
  'POST /webhooks/paystack': { 404: { bearer: null, body: {} } },
  'POST /webhooks/paystack/:merchant/:mode': {
    401: { bearer: null, params: { merchant: 'mer_nobody', mode: 'live' }, body: {} },
  },
  'GET /transaction/export/:name': {
    400: { bearer: null, params: { name: 'transactions.csv' } },
    404: { bearer: null, params: { name: 'transactions.csv' }, query: 'link=nothing' },
  },
  'GET /dispute/export/:name': {
    400: { bearer: null, params: { name: 'disputes.csv' } },
    404: { bearer: null, params: { name: 'disputes.csv' }, query: 'link=nothing' },
  },
  'POST /dedicated_account/split': {
    400: ({ dedicatedAccountNumber }) => ({ body: { account_number: dedicatedAccountNumber } }),
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { account_number: noAccount, split_code: 'SPL_a' } }),
    404: ({ dedicatedAccountNumber }) => ({ body: { account_number: dedicatedAccountNumber, split_code: 'SPL_a' } }),
  },
  'GET /authorize/:accessCode': {
    200: ({ accessCode }) => ({ bearer: null, params: { accessCode } }),
    404: { bearer: null, params: { accessCode: '000000000000000' } },
  },
  'POST /authorize/:accessCode': {
    200: ({ accessCode }) => ({
      bearer: null,
      params: { accessCode },
      body: { accountNumber: '0123456789', bankCode: '058' },
    }),
    400: ({ spareAccessCode: accessCode }) => ({ bearer: null, params: { accessCode }, body: {} }),
    404: {
      bearer: null,
      params: { accessCode: '000000000000000' },
      body: { accountNumber: '0123456789', bankCode: '058' },
    },
  },
  'GET /checkout/:id': {
    200: ({ checkoutId }) => ({ bearer: null, params: { id: checkoutId } }),
    404: { bearer: null, params: { id: 'none' } },
  },
  'POST /checkout/:id': {
    400: ({ spareCheckoutId: id }) => ({ bearer: null, params: { id }, body: {} }),
    303: ({ checkoutId }) => ({
      bearer: null,
      params: { id: checkoutId },
      body: { method: 'mobile_money', phone: '0821234567' },
    }),
    404: { bearer: null, params: { id: 'none' }, body: { method: 'mobile_money', phone: '0821234567' } },
  },
  'GET /pay/:accessCode': {
    200: ({ payAccessCode: accessCode }) => ({ bearer: null, params: { accessCode } }),
    404: { bearer: null, params: { accessCode: 'none' } },
  },
  'POST /pay/:accessCode': {
    400: ({ sparePayCode: accessCode }) => ({ bearer: null, params: { accessCode }, body: {} }),
    303: ({ payAccessCode: accessCode }) => ({
      bearer: null,
      params: { accessCode },
      body: { method: 'mobile_money', phone: '0821234567' },
    }),
    404: { bearer: null, params: { accessCode: 'none' }, body: { method: 'mobile_money', phone: '0821234567' } },
  },
  'GET /statement/:token': {
    200: ({ statementToken: token }) => ({ bearer: null, params: { token } }),
    404: { bearer: null, params: { token: 'none' } },
  },
}

/** Every route of /v1 refuses a parameter that it does not know. It is the 400 of a route that has no other. */
const strictly: Record<string, Cases> = Object.fromEntries(
  Object.entries(mteja).map(([name, ofRoute]) => {
    const params = Object.fromEntries([...name.matchAll(/:(\w+)/g)].map(([, param]) => [param, 'none']))
    return [name, { 400: { params, query: 'dryRun=true' }, ...ofRoute }]
  }),
)

const cases: Record<string, Cases> = { ...cashful, ...paystack, ...banking, ...strictly, ...hidden }

let api: TestApi
let withoutOperator: TestApi
let own: Own

beforeAll(async () => {
  api = await openTestApi({ adminKey })
  withoutOperator = await api.openAnother({})
  own = { ...(await makeBelongings(api, api.tenant)), ...(await makeOthers()) }
})
afterAll(async () => {
  await withoutOperator.close()
  await api.close()
})

/** Makes a dispute one of an account whose answers are written here: the sandbox keeps no files. */
async function putAtAccount(id: string): Promise<void> {
  const { service } = api
  await (service.db as OwnedDb).asOwner((owner) =>
    owner.execute(`update disputes set account_id = 9, outside_id = '9', outside_reference = 'x' where id = '${id}'`),
  )
  const { processorOf } = service
  const openUpload = async () => ({ url: 'https://files.example.com/a', fileName: 'a.pdf' })
  const ofAccount: typeof processorOf = async (context, tenant, use) => {
    const found = await processorOf(context, tenant, use)
    if (use === 'new' || use.sentBy !== 9n) return found
    const sandbox = await processorOf(context, tenant, 'new')
    return sandbox && { ...sandbox, disputes: { openUpload } as never }
  }
  for (const each of [api, withoutOperator]) Object.assign(each.service, { processorOf: ofAccount })
}

/** Customers for the refusals: they have no money, or are denied. */
async function makeOthers(): Promise<Omit<Own, keyof Belongings>> {
  const idempotencyKey = 'used-before'
  const make = async (name: string, body: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const answer = await send(findRoute(name), { body, headers })
    if (answer.statusCode >= 300) throw new Error(`${name}: ${answer.body}`)
    return answer.json()
  }
  await make('POST /customer', { email: 'taken@example.com' })
  const phoneNumber = '0821234560'
  const poor = await make('POST /api/canary/customers', { phoneNumber }, { 'idempotency-key': idempotencyKey })
  const denied = await make('POST /api/canary/customers', { phoneNumber })
  const spent = await make('POST /v1/sandbox/pay-ins', { customerId: poor.id, amount: 50 })
  await make('POST /api/canary/transfers', transfer(poor.id, denied.id))
  const hold = await make('POST /v1/holds', { customerId: denied.id, amount: 10 })
  const deniedIntent = await make('POST /api/canary/payment-intents', { ...asked, customerId: denied.id })
  await make('POST /customer/set_risk_action', { customer: denied.id, risk_action: 'deny' })
  const other = await make('POST /customer', { email: 'other@example.com' })
  const charged = await make('POST /charge', { ...payment, card: testCard })
  const card = { customerId: other.data.customer_code, type: 'card' }
  const unreturnable = { ...payment, card: { ...testCard, number: '4084080000671902' } }
  const { data: waiting } = await make('POST /charge', unreturnable)
  await make('POST /v1/refunds', { transactionId: waiting.reference })
  const [waitingRefund] = (await send(findRoute('GET /refund'), { query: `transaction=${waiting.id}` })).json().data
  const complain = async (amount: number) => {
    const complaint = { reference: charged.data.reference, reason: 'Not mine', amount }
    return (await make('POST /v1/sandbox/disputes', complaint)).id as string
  }
  await complain(10)
  const [acceptable, decided, lostOne] = [await complain(11), await complain(12), await complain(13)]
  await api.call('POST', `/v1/disputes/${decided}/decline`, {})
  await api.call('POST', `/v1/disputes/${lostOne}/accept`, {})
  const uploading = await complain(14)
  const wired = (await send(findRoute('GET /dispute'), { query: `transaction=${charged.data.id}` })).json().data
  const numberOf = (amount: number) =>
    String(wired.find((each: { refund_amount: number }) => each.refund_amount === amount).id)
  await putAtAccount(uploading)
  const spareMethodId = (await make('POST /v1/sandbox/payment-methods', card)).id
  const declined = await make('POST /v1/sandbox/payment-methods', { ...card, number: '4084080000005408' })
  const paid = await make('POST /api/canary/payment-intents', { ...asked, paymentMethodId: spareMethodId })
  const live = await makeLiveCustomer(api)
  const asksForMandate = { email: payment.email, channel: 'direct_debit' }
  const chargeAsking = async (by: object) => (await make('POST /charge', { ...payment, ...by })).data.reference
  const spareMerchant = await make('POST /v1/merchants', { name: 'Soko' })
  const closedMerchant = await make('POST /v1/merchants', { name: 'Mwisho' })
  await api.call('POST', `/v1/merchants/${closedMerchant.id}/close`, {}, adminKey)
  return {
    spareMerchantId: spareMerchant.id,
    spareSuspendedId: await suspend(api.service, api.tenant),
    closedMerchantId: closedMerchant.id,
    waitingRefundNumber: String(waitingRefund.id),
    spareDisputeNumber: numberOf(10),
    uploadingDisputeNumber: numberOf(14),
    acceptableDisputeId: acceptable,
    decidedDisputeId: decided,
    lostDisputeId: lostOne,
    spareCheckoutId: (await make('POST /api/canary/checkout/sessions', priced)).id,
    sparePayCode: (await make('POST /transaction/initialize', payment)).data.access_code,
    spareAccessCode: (await make('POST /customer/authorization/initialize', asksForMandate)).data.access_code,
    deniedIntentId: deniedIntent.id,
    spareIntentId: (await make('POST /api/canary/payment-intents', asked)).id,
    paidIntentId: paid.id,
    spareMethodId,
    declinedMethodId: declined.id,
    asking: {
      pin: await chargeAsking({ card: { ...testCard, number: '5060666666666666666' } }),
      otp: await chargeAsking({ card: { ...testCard, number: '5060666666666666666' }, pin: '1234' }),
      phone: await chargeAsking({ card: { ...testCard, number: '507850785078507804' }, pin: '0000' }),
      birthday: await chargeAsking({ bank: { code: '057', account_number: '0000000000' } }),
      address: await chargeAsking({ card: { ...testCard, number: '4084080000020001' } }),
    },
    chargeableCode: charged.data.authorization.authorization_code,
    chargeableEmail: payment.email,
    spareCode: (await make('POST /api/canary/customers', { phoneNumber })).id,
    spareEndpointId: (await make('POST /v1/webhook-endpoints', { url: hooks.url })).id,
    otherEndpointId: (await make('POST /v1/webhook-endpoints', { url: hooks.url })).id,
    idempotencyKey,
    developersKey: (await make('POST /v1/api-keys', { scopes: ['developers'] })).secret,
    readingKey: (await make('POST /v1/api-keys', { role: 'viewer' })).secret,
    spareKeyId: (await make('POST /v1/api-keys', {})).id,
    poorCode: poor.id,
    spentPayInId: spent.id,
    deniedCode: denied.id,
    deniedHoldId: hold.id,
    otherCardCode: (await make('POST /v1/sandbox/payment-methods', card)).authorizationCode,
    liveKey: live.secret,
    liveCustomerId: live.customerId,
  }
}

test('every route has a case for each status it documents', () => {
  const wanted = api.routes.flatMap(({ name, statuses }) =>
    statuses.length === 0 ? [[name, 'any']] : statuses.map((status) => [name, status]),
  )
  const missing = wanted.filter(([name, status]) => {
    const ofRoute = cases[name as string]
    return status === 'any' ? ofRoute === undefined : ofRoute?.[Number(status)] === undefined
  })
  expect(missing).toEqual([])
})

test('a route with a name in its address documents that nothing is there: 404', () => {
  const missing = api.routes.filter(({ hidden, url, statuses }) => !hidden && /:/.test(url) && !statuses.includes(404))
  expect(missing.map(({ name }) => name)).toEqual([])
})

test('every case belongs to a route and a status that exist', () => {
  const known = new Map(api.routes.map((route) => [route.name, route]))
  const stale = Object.entries(cases).flatMap(([name, ofRoute]) => {
    const route = known.get(name)
    if (route === undefined) return [name]
    if (route.statuses.length === 0) return []
    return Object.keys(ofRoute)
      .filter((status) => !route.statuses.includes(Number(status)))
      .map((status) => `${name} ${status}`)
  })
  expect(stale).toEqual([])
})

describe.each(Object.entries(cases))('%s', (name, ofRoute) => {
  test.each(Object.entries(ofRoute))(`${name} answers %s, in the shape documented for it`, async (status, request) => {
    const route = findRoute(name)
    const answer = await send(route, typeof request === 'function' ? request(own) : request)
    expect({ status: answer.statusCode, body: answer.body }).toMatchObject({ status: Number(status) })
    expectDocumentedShape(route, answer)
  })
})

test('HEAD is answered like GET, without a body', async () => {
  const gets = Object.entries({ ...cashful, ...paystack, ...banking, ...mteja }).filter(([name]) =>
    name.startsWith('GET '),
  )
  for (const [name, ofRoute] of gets) {
    const request = ofRoute[404] ?? ofRoute[200] ?? {}
    const sent = typeof request === 'function' ? request(own) : request
    const [get, head] = [await send(findRoute(name), sent), await send({ ...findRoute(name), method: 'HEAD' }, sent)]
    expect([name, head.statusCode, head.body]).toEqual([name, get.statusCode, ''])
  }
})

describe.each(['cashful', 'paystack', 'mteja'])('the API reference of %s', (surface) => {
  test(`the API reference of ${surface} is valid OpenAPI 3.1`, async () => {
    const document = await readDocument(surface)
    const validator = new Validator()
    const { valid, errors } = await validator.validate(document)
    expect({ valid, errors, version: validator.version }).toEqual({ valid: true, errors: undefined, version: '3.1' })
  })

  test(`the API reference of ${surface} shows exactly the routes, each with a name, a summary, a tag and an example`, async () => {
    const { paths } = await readDocument(surface)
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
        operation,
      })),
    )
    const prefix = {
      cashful: / \/api\/canary\//,
      mteja: / \/v1\//,
      paystack:
        / \/(customer|transaction|charge|refund|dispute|bank|decision|dedicated_account|directdebit|country|address_verification)/,
    }[surface] as RegExp
    const shown = operations.map(({ name }) => name).sort()
    const there = api.routes.filter((route) => !route.hidden && prefix.test(route.name)).map((route) => route.name)
    expect(shown).toEqual(there.sort())

    const lacking = operations.flatMap(({ name, operation }) => whatLacks(operation).map((lack) => `${name}: ${lack}`))
    expect(lacking).toEqual([])
  })

  test(`the API reference of ${surface} gives each operation a name of its own`, async () => {
    const { paths } = await readDocument(surface)
    const names = Object.values(paths).flatMap((methods) => Object.values(methods).map((each) => each.operationId))
    expect(names.length).toBe(new Set(names).size)
  })
})

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  requestBody?: { content: Record<string, MediaType> }
  responses: Record<string, { content?: Record<string, MediaType> }>
}

interface MediaType {
  schema: Schema
  example?: unknown
  examples?: Record<string, unknown>
}

async function readDocument(surface: string) {
  const answer = await api.call('GET', `/docs/${surface}.json`, undefined, null)
  return answer.json<{ paths: Record<string, Record<string, Operation>> }>()
}

/** The members of a schema that the tests read. */
interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  const?: unknown
  examples?: unknown[]
  example?: unknown
}

function whatLacks(operation: Operation): string[] {
  const bodies = [
    ...Object.values(operation.requestBody?.content ?? {}).map((body) => ({ what: 'request', body })),
    ...Object.entries(operation.responses)
      .filter(([status]) => status.startsWith('2'))
      .flatMap(([status, { content = {} }]) => Object.values(content).map((body) => ({ what: status, body }))),
  ]
  return [
    ...(operation.operationId ? [] : ['no operationId']),
    ...(operation.summary ? [] : ['no summary']),
    ...(operation.tags?.length ? [] : ['no tag']),
    ...bodies.filter(({ body }) => !hasExample(body)).map(({ what }) => `no example of the ${what} body`),
  ]
}

function hasExample({ schema, example, examples = {} }: MediaType): boolean {
  return example !== undefined || Object.keys(examples).length > 0 || schemaHasExample(schema)
}

/** Whether the schema or one of its members has an example. */
function schemaHasExample({ example, examples = [], properties = {}, anyOf = [], items }: Schema): boolean {
  if (example !== undefined || examples.length > 0) return true
  return [...Object.values(properties), ...anyOf, ...(items ? [items] : [])].some(schemaHasExample)
}

function findRoute(name: string): TestRoute {
  const route = api.routes.find((each) => each.name === name)
  if (route === undefined) throw new Error(`there is no route ${name}`)
  return route
}

async function send(route: TestRoute, sent: Sent): Promise<LightMyRequestResponse> {
  const { params = {}, query, body, operator, database, headers = {} } = sent
  const usual = /^\/v1\/(merchants|signing-keys|ledger)/.test(route.url) ? adminKey : api.tenant.secret
  const bearer = sent.bearer === undefined ? usual : sent.bearer
  const outage =
    database === 'down' ? vi.spyOn(api.service.db, 'query').mockRejectedValue(new Error('gone')) : undefined
  try {
    return await (operator === 'none' ? withoutOperator : api).app.inject({
      method: route.method as 'GET',
      url: `${fillPath(route.url, params)}${query === undefined ? '' : `?${query}`}`,
      headers: { ...headers, ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }) },
      ...(body === undefined ? {} : { payload: body as object }),
    })
  } finally {
    outage?.mockRestore()
  }
}

const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv, ['email', 'uri', 'date-time'])
for (const schema of [cashfulErrorSchema, paystackErrorSchema, mtejaErrorSchema])
  ajv.addSchema(closed(schema) as object)

function expectDocumentedShape(route: TestRoute, answer: LightMyRequestResponse): void {
  const schema = (route.schema.response as Record<number, object> | undefined)?.[answer.statusCode]
  // A stream has lines of a shape, and no body of one shape.
  if (answer.body === '' && schema !== undefined) {
    expect(schema).toMatchObject({ type: 'null' })
    return
  }
  if (schema === undefined || /ndjson|csv/.test(String(answer.headers['content-type']))) return
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  const validate: ValidateFunction = ajv.compile(closed(schema) as object)
  validate(answer.json())
  expect({ body: answer.json(), errors: validate.errors }).toMatchObject({ errors: null })
}

/** The schema without room for undocumented members, because clients of some languages fail on them. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.entries(schema).map(([name, value]) => [name, name === 'examples' ? value : closed(value)])
  const open = 'properties' in schema && !('additionalProperties' in schema)
  return { ...Object.fromEntries(members), ...(open ? { additionalProperties: false } : {}) }
}
