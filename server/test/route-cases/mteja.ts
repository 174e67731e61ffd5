import {
  adjusted,
  type Cases,
  hooks,
  longAgo,
  nobody,
  noIntent,
  recorded,
  type Sent,
  stranger,
  transfer,
} from './case.ts'

/**
 * Cases of a route for the operator: its refusal of other callers, and its answer on a server without an operator's
 * key.
 */
const operatorOnly = (request: Sent): Cases => ({
  401: { ...request, bearer: 'not-the-operators-key' },
  404: { ...request, operator: 'none' },
})

const evidence = {
  ...{ customerEmail: 'ada@example.com', customerName: 'Ada', customerPhone: '0800', serviceDetails: 'A top-up' },
}

const paidOut = {
  amount: 7,
  destination: { type: 'bank_account', bankCode: '058', accountNumber: '0123456789' },
  reference: 'wages-1',
}
const refundSettlement = { outcome: 'failed', proof: 'No refund there', reason: 'The answer was lost' }
const settlement = { outcome: 'paid', proof: 'FT26330-0017' }

export const mteja: Record<string, Cases> = {
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
    412: ({ webhookEndpointId }) => ({ params: { id: webhookEndpointId }, headers: longAgo, body: {} }),
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
    404: { body: { on: 'charge', match: { customerId: 'CUS_000000000000000' }, outcome: 'decline' } },
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
  'GET /v1/customers': {
    200: { query: 'search=ada&identified=false&hasMoney=true&limit=1' },
    400: { query: 'hasMoney=often' },
    401: stranger,
    404: { query: `before=${nobody}` },
  },
  'GET /v1/customers/:id': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'POST /v1/customers/:id/risk-action': {
    200: ({ customerCode }) => ({
      params: { id: customerCode },
      body: { riskAction: 'allow', reason: 'A known trader' },
    }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, body: { riskAction: 'block' } }),
    401: { ...stranger, params: { id: nobody }, body: {} },
    404: { params: { id: nobody }, body: { riskAction: 'deny' } },
    409: ({ customerCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      params: { id: customerCode },
      body: { riskAction: 'default' },
    }),
    412: ({ customerCode }) => ({
      headers: longAgo,
      params: { id: customerCode },
      body: { riskAction: 'deny' },
    }),
  },
  'PUT /v1/customers/:id/default-payment-method': {
    200: ({ customerCode, mandateMethodCode }) => ({
      params: { id: customerCode },
      body: { paymentMethodId: mandateMethodCode.replace('AUTH_', 'pm_') },
    }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, body: {} }),
    401: { ...stranger, params: { id: nobody }, body: {} },
    404: ({ customerCode }) => ({ params: { id: customerCode }, body: { paymentMethodId: 'pm_none' } }),
    409: ({ customerCode, idempotencyKey }) => ({
      headers: { 'idempotency-key': idempotencyKey },
      params: { id: customerCode },
      body: { paymentMethodId: 'pm_none' },
    }),
  },
  'DELETE /v1/customers/:id/default-payment-method': {
    200: ({ customerCode }) => ({ params: { id: customerCode } }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'GET /v1/customers/:id/entries': {
    200: ({ customerCode }) => ({
      params: { id: customerCode },
      query: 'kind=purchase&direction=out&currency=zar&limit=1',
    }),
    400: ({ customerCode }) => ({ params: { id: customerCode }, query: 'direction=up' }),
    401: { ...stranger, params: { id: nobody } },
    404: { params: { id: nobody } },
  },
  'GET /v1/positions': { 200: {}, 400: { query: 'limit=1' }, 401: stranger },
  'GET /v1/positions/days': { 200: { query: 'days=3' }, 400: { query: 'days=91' }, 401: stranger },
  'GET /v1/purchases': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}&limit=1` }),
    400: { query: 'before=yesterday' },
    401: stranger,
    404: { query: `customerId=${nobody}` },
  },
  'GET /v1/requests/:id': {
    200: ({ requestId }) => ({ params: { id: requestId } }),
    400: { params: { id: 'none' }, query: 'at=once' },
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
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
  'POST /v1/reconciliations': {
    201: { body: {} },
    400: { body: { from: 'soon' } },
    401: { ...stranger, body: {} },
    // Its money is moved by hand.
    403: ({ liveKey }) => ({ bearer: liveKey, body: {} }),
    404: { body: { id: 'none' } },
  },
  'GET /v1/imported-payments': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}&reference=order-17&limit=1` }),
    400: { query: 'before=yesterday' },
    401: stranger,
    404: { query: 'customerId=CUS_none' },
  },
  'GET /v1/reconciliations': { 200: { query: 'limit=1' }, 400: { query: 'before=yesterday' }, 401: stranger },
  'GET /v1/reconciliations/:id': {
    200: ({ reconciliationId }) => ({ params: { id: reconciliationId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'GET /v1/differences': {
    200: { query: 'status=open&kind=fee' },
    400: { query: 'reconciliationId=last' },
    401: stranger,
  },
  'GET /v1/differences/:id': {
    200: ({ differenceId }) => ({ params: { id: differenceId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'POST /v1/differences/:id/close': {
    200: ({ differenceId }) => ({ params: { id: differenceId }, body: { outcome: 'accepted', reason: 'It is small' } }),
    400: ({ differenceId }) => ({ params: { id: differenceId }, body: { outcome: 'gone', reason: 'It is small' } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: { outcome: 'accepted', reason: 'It is small' } },
    // It was accepted by the request above.
    409: ({ differenceId }) => ({ params: { id: differenceId }, body: { outcome: 'resolved', reason: 'Put right' } }),
  },
  'POST /v1/sandbox/differences': {
    201: { body: { kind: 'unexplained', amount: 30 } },
    400: { body: { kind: 'strange', amount: 30 } },
    401: { ...stranger, body: {} },
    403: ({ liveKey }) => ({ bearer: liveKey, body: { kind: 'fee', amount: 30 } }),
  },
  'GET /v1/payment-settings': { 200: {}, 401: stranger },
  'PATCH /v1/payment-settings': {
    200: { body: { knownCustomers: 'payment' } },
    400: { body: { knownCustomers: 'gift' } },
    401: { ...stranger, body: {} },
    412: { headers: longAgo, body: {} },
  },
  'GET /v1/processors': { 200: {}, 401: stranger },
  'PUT /v1/processors/:direction': {
    200: { params: { direction: 'out' }, body: { processor: 'manual' } },
    400: ({ liveKey }) => ({ bearer: liveKey, params: { direction: 'in' }, body: { processor: 'sandbox' } }),
    401: { ...stranger, params: { direction: 'in' }, body: {} },
    403: ({ readingKey }) => ({ bearer: readingKey, params: { direction: 'out' }, body: { processor: 'manual' } }),
    404: { params: { direction: '\0' }, body: { processor: 'manual' } },
    412: { headers: longAgo, params: { direction: 'out' }, body: { processor: 'manual' } },
  },
  'PUT /v1/sending': {
    200: { body: { paused: false } },
    400: { body: { paused: 'yes' } },
    401: { ...stranger, body: { paused: false } },
    403: ({ readingKey }) => ({ bearer: readingKey, body: { paused: false } }),
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
  'POST /v1/refunds/:id/settle': {
    200: ({ unknownRefundId }) => ({ params: { id: unknownRefundId }, body: refundSettlement }),
    400: ({ unknownRefundId }) => ({ params: { id: unknownRefundId }, body: { ...refundSettlement, outcome: 'lost' } }),
    401: { ...stranger, params: { id: 'none' }, body: refundSettlement },
    403: ({ shownRefundId }) => ({
      params: { id: shownRefundId },
      body: { ...refundSettlement, outcome: 'processed' },
    }),
    404: { params: { id: 'none' }, body: refundSettlement },
    409: ({ refundId }) => ({ params: { id: refundId }, body: refundSettlement }),
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
  'GET /v1/approvals': {
    200: ({ secondPersonKey }) => ({ bearer: secondPersonKey, query: 'status=waiting&kind=adjustment&mine=true' }),
    400: { query: 'status=open' },
    401: stranger,
  },
  'GET /v1/approvals/:id': {
    200: ({ approvalId }) => ({ params: { id: approvalId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'POST /v1/approvals/:id/approve': {
    200: ({ secondPersonKey, approvalId }) => ({ bearer: secondPersonKey, params: { id: approvalId } }),
    401: { ...stranger, params: { id: 'none' } },
    // The key that asked is a program's.
    403: ({ deniableApprovalId }) => ({ params: { id: deniableApprovalId } }),
    404: ({ secondPersonKey }) => ({ bearer: secondPersonKey, params: { id: 'none' } }),
    409: ({ secondPersonKey, deniedApprovalId }) => ({ bearer: secondPersonKey, params: { id: deniedApprovalId } }),
  },
  'POST /v1/approvals/:id/deny': {
    200: ({ deniableApprovalId }) => ({ params: { id: deniableApprovalId }, body: { reason: 'It was 25' } }),
    400: ({ deniableApprovalId }) => ({ params: { id: deniableApprovalId }, body: { reason: 7 } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
    409: ({ secondPersonKey, deniedApprovalId }) => ({
      bearer: secondPersonKey,
      params: { id: deniedApprovalId },
      body: {},
    }),
  },
  'POST /v1/sandbox/approvals/:id/approve': {
    200: ({ pretendedApprovalId }) => ({ params: { id: pretendedApprovalId } }),
    401: { ...stranger, params: { id: 'none' } },
    403: ({ liveKey }) => ({ bearer: liveKey, params: { id: 'none' } }),
    404: { params: { id: 'none' } },
    409: ({ deniedApprovalId }) => ({ params: { id: deniedApprovalId } }),
  },
  'GET /v1/approval-settings': { 200: {}, 401: stranger },
  'PATCH /v1/approval-settings': {
    200: { body: { newDestinations: true } },
    400: { body: { limits: [{ currency: 'ZAR', amountOver: -1 }] } },
    401: { ...stranger, body: {} },
    // Another change waits.
    409: { body: { limits: [{ currency: 'ZAR' }] } },
    412: { headers: longAgo, body: {} },
  },
  'GET /v1/dispute-settings': { 200: {}, 401: stranger },
  'PATCH /v1/dispute-settings': {
    200: { body: { borneBy: 'customer' } },
    401: { ...stranger, body: {} },
    412: { headers: longAgo, body: {} },
  },
  'POST /v1/payouts': {
    201: ({ customerCode }) => ({ body: { ...paidOut, customerId: customerCode } }),
    400: ({ customerCode }) => ({ body: { ...paidOut, customerId: customerCode, destination: {} } }),
    401: { ...stranger, body: paidOut },
    402: ({ poorCode }) => ({ body: { ...paidOut, customerId: poorCode, reference: 'wages-2' } }),
    403: ({ deniedCode }) => ({ body: { ...paidOut, customerId: deniedCode, reference: 'wages-3' } }),
    404: { body: { ...paidOut, customerId: nobody, reference: 'wages-4' } },
    // The reference of the first request, with another content.
    409: ({ customerCode }) => ({ body: { ...paidOut, customerId: customerCode, amount: 8 } }),
  },
  'POST /v1/payouts/batch': {
    200: ({ customerCode }) => ({
      body: { payouts: [{ ...paidOut, customerId: customerCode, reference: 'wages-5' }, paidOut] },
    }),
    400: { body: { payouts: [] } },
    401: { ...stranger, body: { payouts: [paidOut] } },
    409: ({ idempotencyKey }) => ({ headers: { 'idempotency-key': idempotencyKey }, body: { payouts: [paidOut] } }),
  },
  'GET /v1/payouts': {
    200: ({ customerCode }) => ({ query: `customerId=${customerCode}&state=pending&currency=ZAR&from=2020-01-01` }),
    400: { query: 'state=open' },
    401: stranger,
    404: { query: `customerId=${nobody}` },
  },
  'GET /v1/payouts/:id': {
    200: ({ payoutId }) => ({ params: { id: payoutId } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'POST /v1/payouts/:id/cancel': {
    200: ({ sparePayoutId }) => ({ params: { id: sparePayoutId } }),
    400: ({ sparePayoutId }) => ({ params: { id: sparePayoutId }, headers: { 'idempotency-key': 'a b' } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
    409: ({ settledPayoutId }) => ({ params: { id: settledPayoutId } }),
  },
  'POST /v1/payouts/:id/approve': {
    200: ({ secondPersonKey, waitingPayoutId }) => ({ bearer: secondPersonKey, params: { id: waitingPayoutId } }),
    401: { ...stranger, params: { id: 'none' } },
    403: ({ deniablePayoutId }) => ({ params: { id: deniablePayoutId } }),
    404: ({ secondPersonKey }) => ({ bearer: secondPersonKey, params: { id: 'none' } }),
    409: ({ secondPersonKey, settledPayoutId }) => ({ bearer: secondPersonKey, params: { id: settledPayoutId } }),
  },
  'POST /v1/payouts/:id/deny': {
    200: ({ deniablePayoutId }) => ({ params: { id: deniablePayoutId }, body: { reason: 'Not theirs' } }),
    400: ({ deniablePayoutId }) => ({ params: { id: deniablePayoutId }, body: { reason: 7 } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
    409: ({ secondPersonKey, settledPayoutId }) => ({
      bearer: secondPersonKey,
      params: { id: settledPayoutId },
      body: {},
    }),
  },
  'POST /v1/payouts/:id/settle': {
    200: ({ manualPayoutId }) => ({ params: { id: manualPayoutId }, body: settlement }),
    400: ({ manualPayoutId }) => ({ params: { id: manualPayoutId }, body: { ...settlement, outcome: 'lost' } }),
    401: { ...stranger, params: { id: 'none' }, body: settlement },
    403: ({ sparePayoutId }) => ({ params: { id: sparePayoutId }, body: settlement }),
    404: { params: { id: 'none' }, body: settlement },
    409: ({ settledPayoutId }) => ({ params: { id: settledPayoutId }, body: { ...settlement, outcome: 'failed' } }),
  },
  'GET /v1/payout-settings': { 200: {}, 401: stranger },
  'PATCH /v1/payout-settings': {
    200: { body: { feesBorneBy: 'merchant' } },
    401: { ...stranger, body: {} },
    404: { body: { defaultRecipient: 'RCP_nobody' } },
    // Another change waits.
    409: { body: { coolDownHours: 0 } },
    412: { headers: longAgo, body: {} },
  },
  'POST /v1/recipients': {
    201: { body: { ...paidOut.destination, accountName: 'Ada' } },
    400: { body: { accountName: 'Ada' } },
    401: { ...stranger, body: { accountName: 'Ada' } },
  },
  'GET /v1/recipients': {
    200: { query: 'limit=1' },
    400: { query: 'limit=0' },
    401: stranger,
    404: { query: 'before=none' },
  },
  'GET /v1/recipients/:id': {
    200: ({ recipientCode }) => ({ params: { id: recipientCode } }),
    401: { ...stranger, params: { id: 'none' } },
    404: { params: { id: 'none' } },
  },
  'PATCH /v1/recipients/:id': {
    200: ({ recipientCode }) => ({ params: { id: recipientCode }, body: { email: 'ada@example.com' } }),
    401: { ...stranger, params: { id: 'none' }, body: {} },
    404: { params: { id: 'none' }, body: {} },
  },
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
    412: ({ merchantId }) => ({
      headers: longAgo,
      params: { id: merchantId, direction: 'out' },
      body: { processor: 'manual' },
    }),
  },
  'PUT /v1/merchants/:id/sending': {
    200: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'live', paused: false } }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, body: {} }),
    ...operatorOnly({ params: { id: 'none' }, body: { paused: false } }),
    404: { params: { id: 'mer_000000000000000' }, body: { paused: false } },
  },
  'POST /v1/merchants/:id/reconciliations': {
    201: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'test' } }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, body: { from: 'soon' } }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    403: ({ closedMerchantId }) => ({ params: { id: closedMerchantId }, body: {} }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
  },
  'POST /v1/merchants/:id/imports': {
    201: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'test' } }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'both' } }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    403: ({ closedMerchantId }) => ({ params: { id: closedMerchantId }, body: {} }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
  },
  'GET /v1/merchants/:id/imports/skipped': {
    200: ({ merchantId }) => ({ params: { id: merchantId }, query: 'mode=test&limit=1' }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, query: 'before=yesterday' }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'GET /v1/merchants/:id/differences': {
    200: ({ merchantId }) => ({ params: { id: merchantId }, query: 'mode=test&status=open' }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'GET /v1/merchants/:id/payment-settings': {
    200: ({ merchantId }) => ({ params: { id: merchantId }, query: 'mode=live' }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'PATCH /v1/merchants/:id/payment-settings': {
    200: ({ merchantId }) => ({ params: { id: merchantId }, body: { mode: 'live', knownCustomers: 'payment' } }),
    400: ({ merchantId }) => ({ params: { id: merchantId }, body: { knownCustomers: 'gift' } }),
    ...operatorOnly({ params: { id: 'none' }, body: {} }),
    403: ({ closedMerchantId }) => ({ params: { id: closedMerchantId }, body: { knownCustomers: 'payment' } }),
    404: { params: { id: 'mer_000000000000000' }, body: {} },
    412: ({ merchantId }) => ({ params: { id: merchantId }, headers: longAgo, body: {} }),
  },
  'GET /v1/merchants/:id/audit': {
    200: ({ merchantId }) => ({ params: { id: merchantId } }),
    ...operatorOnly({ params: { id: 'none' } }),
    404: { params: { id: 'mer_000000000000000' } },
  },
  'GET /v1/operator/audit': { 200: {}, ...operatorOnly({}) },
  'POST /v1/signing-keys/rotate': { 201: {}, ...operatorOnly({}) },
}

/** Every route of /v1 refuses a parameter that it does not know. It is the 400 of a route that has no other. */
export const strictly: Record<string, Cases> = Object.fromEntries(
  Object.entries(mteja).map(([name, ofRoute]) => {
    const params = Object.fromEntries([...name.matchAll(/:(\w+)/g)].map(([, param]) => [param, 'none']))
    return [name, { 400: { params, query: 'dryRun=true' }, ...ofRoute }]
  }),
)
