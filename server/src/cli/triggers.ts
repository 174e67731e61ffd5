import { randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Currency, minorDigits } from '../base/money.ts'
import type { CashfulClient, MtejaClient, PaystackClient } from './client.ts'
import { PaymentRefusedError } from './client.ts'
import { OperatorRefusal } from './operator-client.ts'

/** What a person asks of a trigger. */
export interface Asked {
  /** The customer whom the event is about. Default a new one. */
  customer?: string | undefined
  /** Minor units of the money that moves. Each trigger has a default. */
  amount?: number | undefined
  /** One of the merchant's currencies. */
  currency: Currency
}

/** A thing that a trigger has done: a text for people, and the ids of what was made. */
export interface Step {
  did: string
  [fact: string]: unknown
}

/** The clients with which triggers make events happen. They call the APIs as any client does. */
export interface Tools {
  cashful: CashfulClient
  paystack: PaystackClient
  mteja: MtejaClient
  asked: Asked
  /** Called for each step that was done. */
  did(text: string, facts?: Record<string, unknown>): void
}

type Happen = (tools: Tools) => Promise<void>

/** A way to make an event happen, and the things that can be asked of it. */
export interface Trigger {
  happen: Happen
  takes: readonly ('customer' | 'amount')[]
}

const declinedCard = '4084080000005408'
const card = { number: '4084084084084081', cvv: '408', expiry_month: '12', expiry_year: '2030' }
const account = { number: '0123456789', bank_code: '058' }
const address = { street: '1 Long Street', city: 'Lagos', state: 'Lagos' }

/** The number of an account that test mode cannot resolve. */
const unresolvedAccount = '0000000001'

/** The details that test mode confirms. */
const credential = {
  country: 'NG',
  type: 'bank_account' as const,
  account_number: '0111111111',
  bvn: '222222222221',
  bank_code: '007',
  first_name: 'Uchenna',
  last_name: 'Okoro',
}

const aboutNobody = (happen: Happen): Trigger => ({ happen, takes: [] })
const aboutCustomer = (happen: Happen): Trigger => ({ happen, takes: ['customer'] })
const aboutMoney = (happen: Happen): Trigger => ({ happen, takes: ['customer', 'amount'] })

const identitySucceeded = aboutCustomer((tools) => identify(tools, credential))
const identityFailed = aboutCustomer((tools) => identify(tools, { ...credential, account_number: unresolvedAccount }))

const mandateCreated = aboutCustomer(async (tools) => {
  const reference = await requestMandate(tools)
  await tools.mteja.sandbox.approveMandate(reference)
  tools.did(`approved mandate ${reference}; the bank agrees to it a moment later`, { reference })
})

const mandateDeclined = aboutCustomer(async (tools) => {
  const reference = await requestMandate(tools)
  await tools.mteja.sandbox.declineMandate(reference)
  tools.did(`declined mandate ${reference}`, { reference })
})

const accountAssigned = aboutCustomer(async (tools) => {
  await assignAccount(tools)
})

const pauseAndResume = aboutNobody(async ({ mteja, did }) => {
  await mteja.processors.setSending({ paused: true })
  did('paused all sending')
  await mteja.processors.setSending({ paused: false })
  did('let it go on')
})

const assignmentFailed = aboutNobody(async ({ paystack, did }) => {
  const { bvn, bank_code } = credential
  const { email, phone } = newPerson()
  await paystack.dedicatedAccounts.assign({
    ...{ email, phone, first_name: 'Trigger', last_name: 'Customer', bvn, bank_code },
    country: 'NG',
    account_number: unresolvedAccount,
    preferred_bank: 'test-bank',
  })
  did(`asked for an account for ${email}, whose identity will not be confirmed; the outcome comes a moment later`, {
    email,
  })
})

const paymentDeclined = aboutMoney(async (tools) => {
  const customerId = await findCustomer(tools)
  const paymentMethodId = await saveCard(tools, customerId, declinedCard)
  try {
    await tools.cashful.paymentIntents.create({ customerId, paymentMethodId, ...moneyOf(tools, 700) })
  } catch (error) {
    if (!(error instanceof PaymentRefusedError)) throw error
    tools.did('charged it, which was declined', { paymentMethodId })
  }
})

async function adjust(tools: Tools) {
  const money = moneyOf(tools, 250)
  const customerId = await findCustomer(tools)
  const reference = `trigger-${randomBytes(6).toString('hex')}`
  return tools.mteja.adjustments.make({ customerId, direction: 'credit', reason: 'mteja trigger', reference, ...money })
}

/** Makes an adjustment while everything waits for a second person, and answers its approval. */
async function askSecondPerson(tools: Tools): Promise<string> {
  return whileAllWaits(tools, async () => {
    const { id, approvalId } = await adjust(tools)
    tools.did(`asked for adjustment ${id}, which waits for a second person: ${approvalId}`, {
      transactionId: id,
      approvalId,
    })
    return approvalId as string
  })
}

/**
 * Asks for something while everything waits for a second person. Afterwards the limit is as it was before, which another person
 * must approve, too.
 */
async function whileAllWaits<Asked>(tools: Tools, ask: () => Promise<Asked>): Promise<Asked> {
  const { mteja, asked } = tools
  const { limits } = await mteja.approvals.retrieveSettings()
  const known = limits.find(({ currency }) => currency === asked.currency)
  const dailySumOver = known?.dailySumOver ?? undefined
  const setLimit = (amountOver: number | undefined) =>
    mteja.approvals.updateSettings({ limits: [{ currency: asked.currency, amountOver, dailySumOver }] })
  const amountOver = known?.amountOver ?? undefined
  if (amountOver !== 0) await setLimit(0)
  try {
    return await ask()
  } finally {
    if (amountOver !== 0) {
      const { waitingApprovalId } = await setLimit(amountOver)
      if (waitingApprovalId !== null) await mteja.sandbox.approveAsAnother(waitingApprovalId)
    }
  }
}

/** A refund of a payment by a card, which decides how the refund ends. */
function refundOf(number: string): Trigger {
  return aboutMoney(async (tools) => {
    const transaction = await chargeCard(tools, number)
    const { id } = await tools.paystack.refunds.create({ transaction })
    tools.did(`asked for refund ${id} of it; it ends a moment later`, { refundId: id })
  })
}

const refundRedirected = aboutMoney(async (tools) => {
  const { paystack, mteja, did, asked } = tools
  const transactionId = await chargeCard(tools, '4084080000671902')
  await mteja.refunds.create({ transactionId })
  const { id: transaction } = await paystack.transactions.verify(transactionId)
  const { data } = await paystack.refunds.list({ transaction: String(transaction) }).page()
  const id = data[0]?.id as number
  const destination = { currency: asked.currency, account_number: account.number, bank_id: '9' }
  await paystack.refunds.retry(id, { refund_account_details: destination })
  did(`sent refund ${id} of it to a bank account`, { refundId: id })
})

/** A payout to an account, which decides how the payout ends. */
function paidOut(accountNumber: string): Trigger {
  return aboutMoney(async (tools) => {
    await payOut(tools, accountNumber)
  })
}

async function payOut(tools: Tools, accountNumber: string): Promise<string> {
  const money = moneyOf(tools, 500)
  const customerId = await findPayer(tools, money.amount)
  const destination = { type: 'bank_account' as const, bankCode: '058', accountNumber, accountName: 'Trigger Payee' }
  const reference = `trigger-${randomBytes(8).toString('hex')}`
  const { id } = await tools.mteja.payouts.create({ customerId, ...money, destination, reference })
  tools.did(`paid out to account ${accountNumber}: ${id}; it ends a moment later`, { payoutId: id })
  return id
}

/** A dispute of a payment by card, and what the merchant does about it. */
function disputed(
  { afterDecline, dueInMs }: { afterDecline?: 'underReview' | 'needsAttention'; dueInMs?: number } = {},
  answer?: 'accept' | 'decline',
): Trigger {
  return aboutMoney(async (tools) => {
    const { did, mteja } = tools
    const reference = await chargeCard(tools, card.number)
    const { id } = await mteja.sandbox.dispute({
      reference,
      reason: 'I did not make this payment',
      ...(dueInMs === undefined ? {} : { dueAt: new Date(Date.now() + dueInMs).toISOString() }),
      ...(afterDecline === undefined ? {} : { afterDecline }),
    })
    did(`had it disputed: ${id}${dueInMs === undefined ? '' : '; it ends a moment later'}`, { disputeId: id })
    if (answer === undefined) return
    await mteja.disputes[answer](id)
    did(answer === 'accept' ? 'accepted the dispute' : 'declined the dispute', { disputeId: id })
  })
}

/**
 * Triggers by event name: first the names of Cashful and of this service, then Paystack's. A trigger makes a customer of
 * its own, unless it is given one.
 */
export const triggers: Readonly<Record<string, Trigger>> = {
  'customer.created': aboutNobody(async (tools) => {
    await createCustomer(tools)
  }),
  'customer.updated': aboutCustomer(async (tools) => {
    const customerId = await findCustomer(tools)
    const name = `Trigger Customer ${randomBytes(2).toString('hex')}`
    await tools.cashful.customers.update(customerId, { name })
    tools.did(`changed their name to ${name}`, { customerId })
  }),
  'customer.deleted': aboutNobody(async (tools) => {
    const customerId = await createCustomer(tools)
    await tools.cashful.customers.deleteBulk([customerId])
    tools.did('deleted them', { customerId })
  }),
  'customer.erased': aboutNobody(async (tools) => {
    const customerId = await createCustomer(tools)
    await tools.mteja.customers.erase(customerId)
    tools.did('asked to erase them, which is complete a moment later', { customerId })
  }),
  'customer.risk_action_changed': aboutCustomer(async (tools) => {
    const customer = await findCustomer(tools)
    await tools.paystack.customers.setRiskAction({ customer, risk_action: 'allow' })
    tools.did('set their risk action to allow', { customerId: customer })
  }),
  'identity.succeeded': identitySucceeded,
  'identity.failed': identityFailed,
  'payment_method.added': aboutCustomer(async (tools) => {
    await saveCard(tools, await findCustomer(tools))
  }),
  'payment_method.removed': aboutCustomer(async (tools) => {
    const paymentMethodId = await saveCard(tools, await findCustomer(tools))
    await tools.cashful.paymentMethods.delete(paymentMethodId)
    tools.did(`removed it`, { paymentMethodId })
  }),
  'mandate.created': mandateCreated,
  'mandate.declined': mandateDeclined,
  'mandate.active': mandateCreated,
  'dedicated_account.assigned': accountAssigned,
  'dedicated_account.assignment_failed': assignmentFailed,
  'dedicated_account.removed': aboutCustomer(async (tools) => {
    const accountId = await assignAccount(tools)
    await tools.paystack.dedicatedAccounts.deactivate(accountId)
    tools.did('took it away', { accountId })
  }),
  'pay_in.succeeded': aboutMoney(async (tools) => {
    await payIn(tools, await findCustomer(tools), tools.asked.amount ?? 5000)
  }),
  'pay_in.failed': paymentDeclined,
  'adjustment.succeeded': aboutMoney(async (tools) => {
    const { id } = await adjust(tools)
    tools.did(`made adjustment ${id}`, { transactionId: id })
  }),
  'approval.requested': aboutMoney(async (tools) => {
    await askSecondPerson(tools)
  }),
  'approval.approved': aboutMoney(async (tools) => {
    const approvalId = await askSecondPerson(tools)
    await tools.mteja.sandbox.approveAsAnother(approvalId)
    tools.did(`approved ${approvalId} as another person`, { approvalId })
  }),
  'approval.denied': aboutMoney(async (tools) => {
    const approvalId = await askSecondPerson(tools)
    await tools.mteja.approvals.deny(approvalId, { reason: 'mteja trigger' })
    tools.did(`denied ${approvalId}`, { approvalId })
  }),
  'payment_intent.succeeded': aboutMoney(async (tools) => {
    const { cashful, did } = tools
    const customerId = await findCustomer(tools)
    const { id } = await cashful.paymentIntents.create({ customerId, ...moneyOf(tools, 700) })
    await cashful.paymentIntents.confirm(id)
    did(`created payment intent ${id} and confirmed it`, { paymentIntentId: id })
  }),
  'payment_intent.failed': paymentDeclined,
  'payment_intent.canceled': aboutMoney(async (tools) => {
    const { customer } = tools.asked
    const about = customer === undefined ? {} : { customerId: customer }
    const { id } = await tools.cashful.paymentIntents.create({ ...about, ...moneyOf(tools, 700) })
    await tools.cashful.paymentIntents.cancel(id)
    tools.did(`created payment intent ${id} and canceled it`, { paymentIntentId: id })
  }),
  'checkout.session.completed': aboutMoney(async (tools) => {
    const { cashful, did } = tools
    const customerId = await findCustomer(tools)
    const { amount: totalAmount, currency } = moneyOf(tools, 700)
    const session = await cashful.checkoutSessions.create({ customerId, totalAmount, currency, mode: 'payin' })
    did(`opened checkout session ${session.id}`, { checkoutSessionId: session.id })
    for await (const intent of cashful.paymentIntents.list({ limit: 100 })) {
      if (intent.customerId !== customerId) continue
      await cashful.paymentIntents.confirm(intent.id)
      return did(`paid its payment intent ${intent.id}`, { paymentIntentId: intent.id })
    }
  }),
  'checkout.loaded': aboutNobody(async ({ cashful, did }) => {
    const { merchantId } = await cashful.balance.retrieve()
    await cashful.events.create({ merchantId, type: 'checkout.loaded', data: { sessionId: 'checkout_sess_example' } })
    did('recorded the event', {})
  }),
  'purchase.succeeded': aboutMoney(async (tools) => {
    await buy(tools, 50)
  }),
  'transfer.completed': aboutMoney(async (tools) => {
    const money = moneyOf(tools, 250)
    const fromCustomerId = await findPayer(tools, money.amount)
    const toCustomerId = await createCustomer(tools)
    const { id } = await tools.cashful.transfers.create({ fromCustomerId, toCustomerId, ...money })
    tools.did(`made transfer ${id}`, { transferId: id })
  }),
  'hold.placed': aboutMoney(async (tools) => {
    await placeHold(tools)
  }),
  'hold.captured': aboutMoney(async (tools) => {
    const holdId = await placeHold(tools)
    const amount = tools.asked.amount ?? 400
    await tools.mteja.holds.capture(holdId, { amount })
    tools.did(`captured ${amount} of it`, { holdId })
  }),
  'hold.released': aboutMoney(async (tools) => {
    const holdId = await placeHold(tools)
    await tools.mteja.holds.release(holdId)
    tools.did('released it', { holdId })
  }),
  'hold.expired': aboutMoney(async (tools) => {
    const holdId = await placeHold(tools, { expiresAt: new Date(Date.now() + 1500).toISOString() })
    tools.did('it expires in a second', { holdId })
  }),
  'refund.pending': refundOf('4084084084084081'),
  'refund.unknown': refundOf('4084080000672009'),
  'refund.processing': refundRedirected,
  'refund.needs_attention': refundOf('4084080000671902'),
  'refund.failed': refundOf('4084080000671803'),
  'refund.succeeded': aboutMoney(async (tools) => {
    const transactionId = await buy(tools, 50)
    const amount = tools.asked.amount ?? 20
    await tools.mteja.refunds.create({ transactionId, amount })
    tools.did(`gave ${amount} of it back`, { transactionId })
  }),
  'reversal.succeeded': aboutMoney(async (tools) => {
    const transactionId = await buy(tools, 50)
    await tools.mteja.refunds.reverse({ transactionId })
    tools.did('undid it', { transactionId })
  }),
  'payout.awaiting_approval': aboutMoney(async (tools) => {
    await whileAllWaits(tools, () => payOut(tools, '0123456789'))
  }),
  'payout.pending': paidOut('0123456789'),
  'payout.sending': paidOut('0123456789'),
  'payout.sent': paidOut('0000000001'),
  'payout.needs_attention': paidOut('0000000004'),
  'payout.completed': paidOut('0123456789'),
  'payout.failed': paidOut('0000000002'),
  'payout.returned': paidOut('0000000003'),
  'payout.cancelled': aboutMoney(async (tools) => {
    const id = await payOut(tools, '0000000010')
    // A payout is not cancelled while it is being sent.
    while ((await tools.mteja.payouts.retrieve(id)).stateCode === null) await sleep(50)
    await tools.mteja.payouts.cancel(id)
    tools.did('cancelled it', { payoutId: id })
  }),
  'payout.denied': aboutMoney(async (tools) => {
    const id = await whileAllWaits(tools, () => payOut(tools, '0123456789'))
    const { approvalId } = await tools.mteja.payouts.retrieve(id)
    await tools.mteja.approvals.deny(approvalId as string, { reason: 'mteja trigger' })
    tools.did(`denied ${approvalId}`, { payoutId: id, approvalId })
  }),
  'dispute.opened': disputed(),
  'dispute.reminded': disputed({ dueInMs: 2000 }),
  'dispute.updated': disputed({ afterDecline: 'underReview' }, 'decline'),
  'dispute.needs_attention': disputed({ afterDecline: 'needsAttention' }, 'decline'),
  'dispute.won': disputed({}, 'decline'),
  'dispute.lost': disputed({}, 'accept'),
  'reconciliation.difference_found': aboutNobody(async ({ mteja, did }) => {
    const { id } = await mteja.sandbox.difference({ kind: 'unexplained', amount: 700 })
    did(`had the sandbox find a difference: ${id}`, { differenceId: id })
  }),
  'sending.paused': pauseAndResume,
  'sending.resumed': pauseAndResume,
  'customeridentification.success': identitySucceeded,
  'customeridentification.failed': identityFailed,
  'direct_debit.authorization.created': mandateCreated,
  'direct_debit.authorization.active': mandateCreated,
  'dedicatedaccount.assign.success': accountAssigned,
  'dedicatedaccount.assign.failed': assignmentFailed,
  'charge.success': aboutMoney(async (tools) => {
    await chargeCard(tools, card.number)
  }),
  'refund.processed': refundOf(card.number),
  'refund.needs-attention': refundOf('4084080000671902'),
  'charge.dispute.create': disputed(),
  'charge.dispute.remind': disputed({ dueInMs: 2000 }),
  'charge.dispute.resolve': disputed({}, 'accept'),
}

/** Paystack's names of events, with the types of the events that it calls so. */
export const ownNames: Readonly<Record<string, readonly string[]>> = {
  'customeridentification.success': ['identity.succeeded'],
  'customeridentification.failed': ['identity.failed'],
  'direct_debit.authorization.created': ['mandate.created'],
  'direct_debit.authorization.active': ['mandate.active'],
  'dedicatedaccount.assign.success': ['dedicated_account.assigned'],
  'dedicatedaccount.assign.failed': ['dedicated_account.assignment_failed'],
  'charge.success': ['payment_intent.succeeded'],
  'refund.processed': ['refund.succeeded', 'reversal.succeeded'],
  'refund.needs-attention': ['refund.needs_attention'],
  'charge.dispute.create': ['dispute.opened'],
  'charge.dispute.remind': ['dispute.reminded'],
  'charge.dispute.resolve': ['dispute.won', 'dispute.lost'],
}

/** Charges a card, and answers the reference. */
async function chargeCard(tools: Tools, number: string): Promise<string> {
  const { amount, currency } = moneyOf(tools, 700)
  const email = await findEmail(tools)
  const wanted = { email, amount: hundredths(amount, currency), currency, card: { ...card, number } }
  const { reference } = await tools.paystack.charges.create(wanted)
  tools.did(`charged a card: ${reference}`, { reference })
  return reference
}

async function identify(tools: Tools, details: typeof credential): Promise<void> {
  const customerId = await findCustomer(tools)
  await tools.paystack.customers.validate(customerId, details)
  tools.did(`submitted account ${details.account_number} to identify them; the outcome comes a moment later`, {
    customerId,
  })
}

async function assignAccount(tools: Tools): Promise<number> {
  const customer = await findCustomer(tools)
  const { id, account_number } = await tools.paystack.dedicatedAccounts.create({
    customer,
    preferred_bank: 'test-bank',
  })
  tools.did(`gave them account ${account_number}`, { accountId: id })
  return id
}

/** The customer who was asked for, or a new one. */
async function findCustomer(tools: Tools): Promise<string> {
  return tools.asked.customer ?? createCustomer(tools)
}

async function createCustomer({ cashful, did }: Tools): Promise<string> {
  const { email, phone } = newPerson()
  const { id } = await cashful.customers.create({ phoneNumber: phone, email, name: 'Trigger Customer' })
  did(`created customer ${id}`, { customerId: id })
  return id
}

/** Answers the reference of the mandate that the customer is asked for. */
async function requestMandate(tools: Tools): Promise<string> {
  const customerId = await findCustomer(tools)
  const { id } = await tools.paystack.customers.fetch(customerId)
  const { reference } = await tools.paystack.customers.initializeDirectDebit(id, { account, address })
  return reference
}

/** Paystack's charges name their customer by e-mail. */
async function findEmail({ paystack, asked: { customer } }: Tools): Promise<string> {
  if (customer === undefined) return newPerson().email
  const { email } = await paystack.customers.fetch(customer)
  if (email) return email
  throw new OperatorRefusal(`${customer} has no e-mail, which a charge needs`)
}

/** A customer with at least the amount, paid in for them. */
async function findPayer(tools: Tools, amount: number): Promise<string> {
  const customerId = await findCustomer(tools)
  await payIn(tools, customerId, Math.max(5000, amount))
  return customerId
}

async function payIn({ mteja, asked: { currency }, did }: Tools, customerId: string, amount: number): Promise<void> {
  const { id } = await mteja.sandbox.payIn({ customerId, amount, currency })
  did(`paid ${amount} in: ${id}`, { transactionId: id })
}

async function saveCard({ mteja, did }: Tools, customerId: string, number?: string): Promise<string> {
  const { id } = await mteja.sandbox.createPaymentMethod({ customerId, type: 'card', number })
  did(`saved payment method ${id}`, { paymentMethodId: id })
  return id
}

async function buy(tools: Tools, usualAmount: number): Promise<string> {
  const money = moneyOf(tools, usualAmount)
  const customerId = await findPayer(tools, money.amount)
  const { id } = await tools.cashful.purchases.create({ customerId, productId: 'airtime', ...money })
  tools.did(`made purchase ${id}`, { transactionId: id })
  return id
}

async function placeHold(tools: Tools, more: { expiresAt?: string } = {}): Promise<string> {
  const money = moneyOf(tools, 1000)
  const customerId = await findPayer(tools, money.amount)
  const { id } = await tools.mteja.holds.place({ customerId, ...money, ...more })
  tools.did(`placed hold ${id}`, { holdId: id })
  return id
}

function moneyOf({ asked: { amount, currency } }: Tools, usualAmount: number) {
  return { amount: amount ?? usualAmount, currency }
}

/** Paystack's amounts are hundredths, also of a currency that has none. */
function hundredths(amount: number, currency: Currency): number {
  return minorDigits(currency) === 0 ? amount * 100 : amount
}

/** Somebody who is in no other document or test: whoever searches for people of their own finds only these. */
function newPerson() {
  const id = randomBytes(6).toString('hex')
  // A South African mobile number that is never dialled.
  return { email: `trigger.${id}@example.com`, phone: `+2771${String(randomInt(10_000_000)).padStart(7, '0')}` }
}
