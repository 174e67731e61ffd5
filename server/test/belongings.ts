import { uuidV7 } from '../src/base/ids.ts'
import { sql } from '../src/db/sql.ts'
import type { FreeContext } from '../src/domain/context.ts'
import { doCommand } from '../src/domain/ledger/commands.ts'
import type { Tenant } from '../src/domain/merchants/tenant.ts'
import type { TestApi } from './api.ts'
import { addTestKey, type TestTenant } from './service.ts'

/** One of every thing that a merchant can have, by the names that requests give them. */
export interface Belongings {
  merchantId: string
  integration: string
  /** A customer with money, a card, an active mandate, and a mandate that waits for the customer. */
  customerCode: string
  customerId: string
  /** Another customer, to whom the first customer has sent money. */
  otherCode: string
  email: string
  phoneNumber: string
  lastName: string
  cardCode: string
  /** The card, as the Cashful surface names it. */
  cardMethodId: string
  accessCode: string
  requestedReference: string
  mandateReference: string
  mandateMethodId: string
  mandateMethodCode: string
  payInId: string
  /** A pay-in that was recorded by hand, and its reference. */
  recordedPayInId: string
  recordedReference: string
  adjustmentId: string
  adjustmentReference: string
  /** An adjustment that waits for a second person. */
  approvalId: string
  /** Money in suspense. */
  suspendedId: string
  transferId: string
  /** A purchase of 100 minor units. */
  purchaseId: string
  /** A refund of 10 minor units of the purchase. */
  refundId: string
  /** A payment of 500 minor units by mobile money, and a refund of 20 of it that its processor has made. */
  paidId: string
  paidReference: string
  processorRefundId: string
  /** The same refund on Paystack's wire. */
  refundNumber: string
  /** An open dispute of 30 minor units of the same payment, and the same one on Paystack's wire. */
  disputeId: string
  disputeNumber: string
  /** A payout of 15 minor units that is not sent yet, and its recipient. */
  payoutId: string
  payoutReference: string
  recipientCode: string
  recipientNumber: string
  /** A reconciliation that has ended, and a difference that is open. */
  reconciliationId: string
  differenceId: string
  /** The names of the payout on Paystack's wire. */
  transferCode: string
  transferNumber: string
  /** A hold of 200 minor units that is still open. */
  holdId: string
  /** A payment intent that is not paid yet. */
  paymentIntentId: string
  /** A checkout session that is not paid yet. */
  checkoutId: string
  /** A transaction of that customer that is not paid yet. */
  transactionId: string
  transactionReference: string
  payAccessCode: string
  /** A charge of the customer that waits for the PIN of its card. */
  askingReference: string
  /** What is to happen to a charge that nobody makes. */
  outcomeId: string
  /** The secret part of a link to that customer's statement. */
  statementToken: string
  /** An unused key of the same mode. */
  apiKeyId: string
  personId: string
  personEmail: string
  webhookEndpointId: string
  /** A delivery that is not sent yet. */
  deliveryId: string
  eventId: string
  dedicatedAccountId: string
  dedicatedAccountNumber: string
}

/** Gives a merchant one of every thing, in test mode and over HTTP, as a client would. */
export async function makeBelongings(api: TestApi, tenant: TestTenant, name = 'zawadi'): Promise<Belongings> {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, body, tenant.secret)
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
    return answer.json()
  }
  const email = `${name}@example.com`
  const phoneNumber = '+27821234567'
  const lastName = 'Otieno'
  const created = { phoneNumber, email, name: `${name} ${lastName}` }
  const { id: customerCode } = await ask('POST', '/api/canary/customers', created)
  const { data: customer } = await ask('GET', `/customer/${customerCode}`)
  const { id: payInId } = await ask('POST', '/v1/sandbox/pay-ins', { customerId: customerCode, amount: 5000 })
  const recordedReference = `${name}-line-17`
  const recorded = {
    customerId: customerCode,
    amount: 300,
    currency: 'ZAR',
    source: 'cash',
    reference: recordedReference,
  }
  const { id: recordedPayInId } = await ask('POST', '/v1/pay-ins', recorded)
  const adjustmentReference = `${name}-ticket-4711`
  const goodwill = {
    amount: 25,
    currency: 'ZAR',
    direction: 'credit',
    reason: 'Goodwill',
    reference: adjustmentReference,
  }
  const { id: adjustmentId } = await ask('POST', '/v1/adjustments', { customerId: customerCode, ...goodwill })
  await ask('PATCH', '/v1/approval-settings', { limits: [{ currency: 'ZAR', amountOver: 1_000_000 }] })
  const large = { ...goodwill, amount: 1_000_001, reference: `${name}-ticket-4712` }
  const { approvalId } = await ask('POST', '/v1/adjustments', { customerId: customerCode, ...large })
  const { id: otherCode } = await ask('POST', '/api/canary/customers', { phoneNumber: '+27821234999' })
  const transfer = { fromCustomerId: customerCode, toCustomerId: otherCode, amount: 100, currency: 'ZAR' }
  const { id: transferId } = await ask('POST', '/api/canary/transfers', transfer)
  const purchase = { customerId: customerCode, productId: 'airtime', amount: 100, currency: 'ZAR' }
  const purchaseId = (await ask('POST', '/api/canary/purchases', purchase)).id.replace('purchase_', '')
  const { id: refundId } = await ask('POST', '/v1/refunds', { transactionId: purchaseId, amount: 10 })
  const money = { email, amount: 500, mobile_money: { phone: '0551234987', provider: 'mtn' } }
  const { data: paid } = await ask('POST', '/charge', money)
  const back = { transactionId: paid.reference, amount: 20, reason: `${name} changed their mind` }
  const { id: processorRefundId } = await ask('POST', '/v1/refunds', back)
  const { data: wired } = await ask('GET', `/refund?transaction=${paid.id}`)
  const complaint = { reference: paid.reference, amount: 30, reason: `${name} says: not mine` }
  const { id: disputeId } = await ask('POST', '/v1/sandbox/disputes', complaint)
  const differing = await ask('POST', '/v1/sandbox/differences', { kind: 'fee', amount: 30 })
  const { data: disputed } = await ask('GET', `/dispute?transaction=${paid.id}`)
  const payoutReference = `${name}-wages-4711`
  const destination = { type: 'bank_account', bankCode: '058', accountNumber: '0123456789', accountName: lastName }
  const wages = { customerId: customerCode, amount: 15, destination, reference: payoutReference }
  const { id: payoutId, destination: recipient } = await ask('POST', '/v1/payouts', wages)
  const recipientNumber = await numberOfRecipient(api, recipient.id)
  const { data: wiredPayout } = await ask('GET', `/transfer/verify/${payoutReference}`)
  const { id: holdId } = await ask('POST', '/v1/holds', { customerId: customerCode, amount: 200 })
  const asked = { customerId: customerCode, amount: 300, currency: 'ZAR' }
  const { id: paymentIntentId } = await ask('POST', '/api/canary/payment-intents', asked)
  const payin = { customerId: customerCode, totalAmount: 400, currency: 'ZAR', mode: 'payin' }
  const { id: checkoutId } = await ask('POST', '/api/canary/checkout/sessions', payin)
  const { data: opened } = await ask('POST', '/transaction/initialize', { email, amount: 500 })
  const { data: transaction } = await ask('GET', `/transaction/verify/${opened.reference}`)
  const statement = { from: '2000-01-01', to: '2100-01-01' }
  const { url: statementUrl } = await ask('POST', `/v1/customers/${customerCode}/statement-links`, statement)
  const { id: webhookEndpointId } = await ask('POST', '/v1/webhook-endpoints', { url: 'https://example.com/hooks' })
  const card = await ask('POST', '/v1/sandbox/payment-methods', { customerId: customerCode, type: 'card' })
  const account = { number: '0123456789', bank_code: '058' }
  const address = { street: '1 Long Street', city: 'Lagos', state: 'Lagos' }
  const initialize = `/customer/${customer.id}/initialize-direct-debit`
  const { data: approved } = await ask('POST', initialize, { account, address })
  await ask('POST', `/v1/sandbox/mandates/${approved.reference}/approve`, {})
  await api.settle()
  const { data: mandates } = await ask('GET', `/customer/${customer.id}/directdebit-mandate-authorizations`)
  const { data: requested } = await ask('POST', initialize, { account, address })
  const { data: deliveries } = await ask('GET', '/v1/deliveries')
  const asking = { number: '507850785078507812', cvv: '081', expiry_month: '12', expiry_year: '2030' }
  const { data: charge } = await ask('POST', '/charge', { email, amount: 70, card: asking })
  const wanted = { on: 'charge', match: { reference: 'nobody' }, outcome: 'decline' }
  const { id: outcomeId } = await ask('POST', '/v1/sandbox/outcomes', wanted)
  const { id: apiKeyId } = await ask('POST', '/v1/api-keys', { name: 'spare' })
  const personEmail = `${name}@duka.example`
  const { id: personId } = await ask('POST', '/v1/people', { name: `Amina ${lastName}`, email: personEmail })
  const { data: dedicated } = await ask('POST', '/dedicated_account', { customer: customerCode })
  return {
    merchantId: tenant.merchant.code,
    integration: String(tenant.merchant.id),
    customerCode,
    customerId: String(customer.id),
    otherCode,
    email,
    phoneNumber,
    lastName,
    cardCode: card.authorizationCode,
    cardMethodId: card.id,
    accessCode: requested.access_code,
    requestedReference: requested.reference,
    mandateReference: approved.reference,
    mandateMethodId: String(mandates[0].authorization_id),
    mandateMethodCode: mandates[0].authorization_code,
    payInId,
    recordedPayInId,
    recordedReference,
    adjustmentId,
    adjustmentReference,
    approvalId,
    suspendedId: await suspend(api.service, tenant),
    transferId,
    purchaseId,
    refundId,
    paidId: String(paid.id),
    paidReference: paid.reference,
    processorRefundId,
    refundNumber: String(wired[0].id),
    disputeId,
    disputeNumber: String(disputed[0].id),
    payoutId,
    payoutReference,
    recipientCode: recipient.id,
    recipientNumber,
    reconciliationId: await insertReconciliation(api.service, tenant),
    differenceId: differing.id,
    transferCode: wiredPayout.transfer_code,
    transferNumber: String(wiredPayout.id),
    holdId,
    paymentIntentId,
    checkoutId,
    transactionId: String(transaction.id),
    transactionReference: opened.reference,
    payAccessCode: opened.access_code,
    askingReference: charge.reference,
    outcomeId,
    statementToken: statementUrl.split('/').at(-1),
    apiKeyId,
    personId,
    personEmail,
    webhookEndpointId,
    deliveryId: deliveries[0].id,
    eventId: deliveries[0].eventId,
    dedicatedAccountId: String(dedicated.id),
    dedicatedAccountNumber: dedicated.account_number,
  }
}

/** As an account was compared with the books. */
async function insertReconciliation({ db, clock, random }: FreeContext, { merchant, mode }: Tenant): Promise<string> {
  const now = clock.now()
  const id = uuidV7(random, now)
  await db.query(sql`
    insert into reconciliations (
      merchant_id, id, mode, account_id, books_id, from_at, until_at, with_balance, state, read_from, created_at,
      updated_at, finished_at
    )
    values (${merchant.id}, ${id}, ${mode}, 9, 9, ${now}, ${now}, true, 'agreed', ${now}, ${now}, ${now}, ${now})
  `)
  return id
}

/** Books money of an unknown owner, as a processor will. */
export async function suspend(
  context: FreeContext,
  tenant: Tenant,
  amount = 100n,
  description = 'Nobody knows whose',
): Promise<string> {
  const { id } = await doCommand(context, tenant, {
    action: 'book',
    kind: 'suspended',
    id: uuidV7(context.random, context.clock.now()),
    currency: 'ZAR',
    from: { kind: 'outside', at: 7n },
    to: { kind: 'suspense' },
    amount,
    description,
    event: null,
    request: null,
  })
  return id
}

/** Creates a customer of the merchant in live mode, and a live key. */
export async function makeLiveCustomer(
  api: TestApi,
): Promise<{ secret: string; customerCode: string; customerId: string }> {
  const { secret } = await addTestKey(api.service, api.tenant.merchant, 'live')
  const answer = await api.call('POST', '/customer', { email: 'live@example.com' }, secret)
  if (answer.statusCode !== 200) throw new Error(answer.body)
  const { data } = answer.json()
  return { secret, customerCode: data.customer_code, customerId: String(data.id) }
}

/** The number of a recipient, which only the wire of Paystack shows. */
async function numberOfRecipient({ service, tenant }: TestApi, code: string): Promise<string> {
  const [row] = await service.db.query<{ id: bigint }>(sql`
    select id from recipients where merchant_id = ${tenant.merchant.id} and code = ${code}
  `)
  return String(row?.id)
}
