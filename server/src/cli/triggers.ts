import { randomBytes } from 'node:crypto'
import type { CashfulClient, MtejaClient, PaystackClient } from './client.ts'
import { PaymentRefusedError } from './client.ts'

/** The clients with which triggers make events happen. They call the APIs as any client does. */
export interface Tools {
  cashful: CashfulClient
  paystack: PaystackClient
  mteja: MtejaClient
  /** ISO 4217, one of the merchant's currencies. */
  currency: string
  /** Called with a text for each step that was done. */
  did(text: string): void
}

type Trigger = (tools: Tools) => Promise<void>

const declinedCard = '4084080000005408'
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
const account = { number: '0123456789', bank_code: '058' }
const address = { street: '1 Long Street', city: 'Lagos', state: 'Lagos' }

/** The number of an account that test mode cannot resolve. */
const unresolvedAccount = '0000000001'

/** The details that test mode confirms. */
const credential = {
  country: 'NG',
  type: 'bank_account',
  account_number: '0111111111',
  bvn: '222222222221',
  bank_code: '007',
  first_name: 'Uchenna',
  last_name: 'Okoro',
}

const identitySucceeded: Trigger = (tools) => identify(tools, credential)
const identityFailed: Trigger = (tools) => identify(tools, { ...credential, account_number: unresolvedAccount })

const mandateCreated: Trigger = async (tools) => {
  const { paystack, mteja, did } = tools
  const customerId = await createCustomer(tools)
  const { id } = await paystack.customers.fetch(customerId)
  const { reference } = await paystack.customers.initializeDirectDebit(id, { account, address })
  await mteja.sandbox.approveMandate(reference)
  did(`approved mandate ${reference}; the bank agrees to it a moment later`)
}

const accountAssigned: Trigger = async (tools) => {
  await assignAccount(tools)
}

const assignmentFailed: Trigger = async ({ paystack, did }) => {
  const { bvn, bank_code, first_name, last_name } = credential
  const email = newEmail()
  await paystack.dedicatedAccounts.assign({
    ...{ email, first_name, last_name, bvn, bank_code },
    country: 'NG',
    account_number: unresolvedAccount,
    phone: '+2348012345678',
    preferred_bank: 'test-bank',
  })
  did(`asked for an account for ${email}, whose identity will not be confirmed; the outcome comes a moment later`)
}

/**
 * Triggers by event name: first the names of Cashful and of this service, then Paystack's. Each trigger creates its own
 * customer.
 */
export const triggers: Readonly<Record<string, Trigger>> = {
  'customer.created': async (tools) => {
    await createCustomer(tools)
  },
  'customer.updated': async (tools) => {
    const customerId = await createCustomer(tools)
    await tools.cashful.customers.update(customerId, { name: 'Ada Lovelace' })
    tools.did('changed their name')
  },
  'customer.deleted': async (tools) => {
    await tools.cashful.customers.deleteBulk([await createCustomer(tools)])
    tools.did('deleted them')
  },
  'customer.risk_action_changed': async (tools) => {
    const customer = await createCustomer(tools)
    await tools.paystack.customers.setRiskAction({ customer, risk_action: 'allow' })
    tools.did('set their risk action to allow')
  },
  'identity.succeeded': identitySucceeded,
  'identity.failed': identityFailed,
  'payment_method.added': async (tools) => {
    await saveCard(tools, await createCustomer(tools))
  },
  'payment_method.removed': async (tools) => {
    const id = await saveCard(tools, await createCustomer(tools))
    await tools.cashful.paymentMethods.delete(id)
    tools.did(`removed it`)
  },
  'mandate.created': mandateCreated,
  'mandate.active': mandateCreated,
  'dedicated_account.assigned': accountAssigned,
  'dedicated_account.assignment_failed': assignmentFailed,
  'dedicated_account.removed': async (tools) => {
    await tools.paystack.dedicatedAccounts.deactivate(await assignAccount(tools))
    tools.did('took it away')
  },
  'pay_in.succeeded': async (tools) => {
    await createPayer(tools)
  },
  'pay_in.failed': declinePayment,
  'payment_intent.succeeded': async (tools) => {
    const { cashful, currency, did } = tools
    const customerId = await createCustomer(tools)
    const { id } = await cashful.paymentIntents.create({ customerId, amount: 700, currency })
    await cashful.paymentIntents.confirm(id)
    did(`created payment intent ${id} and confirmed it`)
  },
  'payment_intent.failed': declinePayment,
  'payment_intent.canceled': async ({ cashful, currency, did }) => {
    const { id } = await cashful.paymentIntents.create({ amount: 700, currency })
    await cashful.paymentIntents.cancel(id)
    did(`created payment intent ${id} and canceled it`)
  },
  'checkout.session.completed': async (tools) => {
    const { cashful, currency, did } = tools
    const customerId = await createCustomer(tools)
    const session = await cashful.checkoutSessions.create({ customerId, totalAmount: 700, currency, mode: 'payin' })
    did(`opened checkout session ${session.id}`)
    for await (const intent of cashful.paymentIntents.list({ limit: 100 })) {
      if (intent.customerId !== customerId) continue
      await cashful.paymentIntents.confirm(intent.id)
      return did(`paid its payment intent ${intent.id}`)
    }
  },
  'checkout.loaded': async ({ cashful, did }) => {
    const { merchantId } = await cashful.balance.retrieve()
    await cashful.events.create({ merchantId, type: 'checkout.loaded', data: { sessionId: 'checkout_sess_example' } })
    did('recorded the event')
  },
  'purchase.succeeded': async (tools) => {
    await buy(tools)
  },
  'transfer.completed': async (tools) => {
    const { id } = await send(tools)
    tools.did(`made transfer ${id}`)
  },
  'hold.placed': async (tools) => {
    await placeHold(tools)
  },
  'hold.captured': async (tools) => {
    const id = await placeHold(tools)
    await tools.mteja.holds.capture(id, { amount: 400 })
    tools.did('captured 400 of it')
  },
  'hold.released': async (tools) => {
    const id = await placeHold(tools)
    await tools.mteja.holds.release(id)
    tools.did('released it')
  },
  'hold.expired': async (tools) => {
    await placeHold(tools, { expiresAt: new Date(Date.now() + 1500).toISOString() })
    tools.did('it expires in a second')
  },
  'refund.succeeded': async (tools) => {
    const transactionId = await buy(tools)
    await tools.mteja.refunds.create({ transactionId, amount: 20 })
    tools.did('gave 20 of it back')
  },
  'reversal.succeeded': async (tools) => {
    const transactionId = await buy(tools)
    await tools.mteja.refunds.reverse({ transactionId })
    tools.did('undid it')
  },
  'customeridentification.success': identitySucceeded,
  'customeridentification.failed': identityFailed,
  'direct_debit.authorization.created': mandateCreated,
  'direct_debit.authorization.active': mandateCreated,
  'dedicatedaccount.assign.success': accountAssigned,
  'dedicatedaccount.assign.failed': assignmentFailed,
  'charge.success': async ({ paystack, currency, did }) => {
    const { reference } = await paystack.charges.create({ email: newEmail(), amount: 700, currency, card })
    did(`charged a card: ${reference}`)
  },
}

async function identify(tools: Tools, details: typeof credential): Promise<void> {
  const customerId = await createCustomer(tools)
  await tools.paystack.customers.validate(customerId, details)
  tools.did(`submitted account ${details.account_number} to identify them; the outcome comes a moment later`)
}

async function assignAccount(tools: Tools): Promise<number> {
  const customer = await createCustomer(tools)
  const { id, account_number } = await tools.paystack.dedicatedAccounts.create({
    customer,
    preferred_bank: 'test-bank',
  })
  tools.did(`gave them account ${account_number}`)
  return id
}

async function createCustomer({ cashful, did }: Tools): Promise<string> {
  const { id } = await cashful.customers.create({ phoneNumber: '+27821234567', email: newEmail(), name: 'Ada Obi' })
  did(`created customer ${id}`)
  return id
}

/** A customer with 5,000. */
async function createPayer(tools: Tools): Promise<string> {
  const customerId = await createCustomer(tools)
  const { id } = await tools.mteja.sandbox.payIn({ customerId, amount: 5000, currency: tools.currency })
  tools.did(`paid 5000 in: ${id}`)
  return customerId
}

async function saveCard({ mteja, did }: Tools, customerId: string, number?: string): Promise<string> {
  const { id } = await mteja.sandbox.createPaymentMethod({ customerId, type: 'card', number })
  did(`saved payment method ${id}`)
  return id
}

async function declinePayment(tools: Tools): Promise<void> {
  const customerId = await createCustomer(tools)
  const paymentMethodId = await saveCard(tools, customerId, declinedCard)
  try {
    await tools.cashful.paymentIntents.create({ customerId, paymentMethodId, amount: 700, currency: tools.currency })
  } catch (error) {
    if (!(error instanceof PaymentRefusedError)) throw error
    tools.did('charged it, which was declined')
  }
}

async function buy(tools: Tools): Promise<string> {
  const customerId = await createPayer(tools)
  const purchase = { customerId, productId: 'airtime', amount: 50, currency: tools.currency }
  const { id } = await tools.cashful.purchases.create(purchase)
  tools.did(`made purchase ${id}`)
  return id
}

async function send(tools: Tools) {
  const fromCustomerId = await createPayer(tools)
  const toCustomerId = await createCustomer(tools)
  return tools.cashful.transfers.create({ fromCustomerId, toCustomerId, amount: 250, currency: tools.currency })
}

async function placeHold(tools: Tools, more: { expiresAt?: string } = {}): Promise<string> {
  const customerId = await createPayer(tools)
  const { id } = await tools.mteja.holds.place({ customerId, amount: 1000, currency: tools.currency, ...more })
  tools.did(`placed hold ${id}`)
  return id
}

function newEmail(): string {
  return `ada.${randomBytes(6).toString('hex')}@example.com`
}
