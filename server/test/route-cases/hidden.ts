import { type Cases, noAccount, stranger } from './case.ts'

/** Routes in no API reference. The statuses that need a case are listed here. */
export const hidden: Record<string, Cases> = {
  'GET /healthz': { 200: { bearer: null } },
  'GET /readyz': { 200: { bearer: null }, 503: { bearer: null, database: 'down' } },
  'GET /metrics': { 200: { bearer: null } },
  'OPTIONS /healthz': { 405: { bearer: null } },
  'OPTIONS /readyz': { 405: { bearer: null } },
  'OPTIONS /metrics': { 405: { bearer: null } },
  'GET /app': { 200: { bearer: null } },
  'GET /app/*': { 200: { bearer: null, params: { '*': 'customers' } } },
  'GET /app/assets/:name': { 404: { bearer: null, params: { name: 'nothing.js' } } },
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
  'GET /transfer/export/:name': {
    400: { bearer: null, params: { name: 'transfers.csv' } },
    404: { bearer: null, params: { name: 'transfers.csv' }, query: 'link=nothing' },
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
