import { ServiceError } from '../../base/errors.ts'
import type { Random } from '../../base/ids.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import type { Tenant } from '../../domain/merchants/tenant.ts'
import { type ChargeStep, notAsked, type StepAnswer } from '../../domain/payments/charge-steps.ts'
import type { IdentifiedInstrument, InstrumentFacts } from '../../domain/payments/instruments.ts'
import type {
  Charge,
  ChargeState,
  HostedPages,
  NotSent,
  PageCharge,
  PaymentProcessor,
  Return,
  ReturnDestination,
  ReturnState,
} from '../../domain/payments/payment-processor.ts'
import type { ChargeToSend, SentCharge, SentCharges } from '../../domain/payments/sent-charges.ts'
import { createAccountDisputes } from './account-disputes.ts'
import { findDisagreements } from './agreement.ts'
import type { Ask } from './ask.ts'
import { initializeAuthorization, verifyAuthorization } from './authorizations.ts'
import { findIssuer } from './bins.ts'
import {
  type ChargeInstrument,
  createCharge,
  type MobileMoneyProvider,
  mobileMoneyProviders,
  type ChargeStep as SentStep,
  type StepGiven,
  submitStep,
} from './charges.ts'
import { sumDisputes } from './disputes.ts'
import { factsOf, transferOf } from './facts.ts'
import { causeOf, type Outcome } from './outcomes.ts'
import { newAccountReference, newMarker } from './references.ts'
import { createRefund, listRefunds, type NewRefund, type Refund, retryRefund, surveyRefunds } from './refunds.ts'
import {
  type ChargedAuthorization,
  chargeAuthorization,
  fetchTransaction,
  initializeTransaction,
  type NewTransaction,
  type Transaction,
  verifyTransaction,
} from './transactions.ts'

/** What a Paystack account as a processor of payments is made of. */
export interface PaystackParts {
  ask: Ask
  random: Random
  charges: SentCharges
  /** The number of the account, among those of its merchant. */
  accountId: bigint
}

const reasons = {
  declined: 'The payment was declined by the issuer',
  returned: 'The payment was given back',
  otherMode: 'Paystack has this payment in another mode, so no money of this mode came',
  stopped: 'The payment was not completed in time',
  noEmail: 'Paystack knows payers by their e-mail, and this customer has none',
  rawCard:
    'Card numbers and PINs are not taken here, because they would then have to be protected here: send the payer to the payment’s page, which is Paystack’s',
  instrument: 'Paystack cannot charge this instrument without its holder: send the payer to the payment’s page',
  noRefund: 'The payment is not known at Paystack, so there is nothing to give back',
  otherRefunds:
    'Paystack refuses the refund and shows none of this name: compare its refunds of this payment, and settle this one by hand',
  outdone: 'Paystack has given back so much of this payment by other refunds that this one can no longer be made',
  disputed: 'A dispute asks for so much of this payment, or has taken so much, that this refund cannot be made',
  needsAccount: 'Paystack needs a bank account of the payer to send the refund to',
  refundFailed: 'Paystack could not pay the refund out',
} as const

/** The channels are those of Paystack's page. Pages of this service send the payer there. */
const pages: HostedPages = {
  channels: ['card', 'mobile_money', 'bank_transfer', 'bank', 'ussd', 'qr', 'eft', 'apple_pay'],
  paymentNotice: null,
  testInstruments: null,
  mandateNotice: null,
  testAccount: null,
}

const mandateCheckMs = 60_000

/**
 * A Paystack account as the processor of payments. The account knows a charge under a random reference of ours, and keeps
 * our marker with it. No answer but the one to verify is believed.
 */
export function createPaystackProcessor(parts: PaystackParts): PaymentProcessor {
  const { ask, random, charges } = parts
  const name = (charge: Omit<Charge, 'instrument'>): ChargeToSend => ({
    reference: charge.reference,
    amount: charge.amount,
    currency: charge.currency,
    email: charge.email ?? null,
    sentReference: newAccountReference(random),
    marker: newMarker(random),
  })

  async function query(tenant: Tenant, reference: string): Promise<ChargeState | null> {
    const sent = await charges.find(tenant, reference)
    const found = sent === null ? null : await verifyTransaction(ask, sent.sentReference)
    if (sent === null || found === null) return null
    return found.status === 'reversed' ? readGone(ask, tenant, sent, found) : readState(tenant, sent, found)
  }

  async function open(sent: SentCharge, page: PageCharge) {
    if (sent.isStopped) throw new ServiceError('payment_intent_not_open', reasons.stopped)
    return initialize(ask, sent, page)
  }

  /** An error of a question leaves the charge under way: it is asked about again later. */
  async function look(
    tenant: Tenant,
    { reference }: Pick<Charge, 'reference'>,
    absent: ChargeState,
  ): Promise<ChargeState> {
    try {
      return (await query(tenant, reference)) ?? absent
    } catch (error) {
      if (error instanceof UpstreamError) return { status: 'processing' }
      throw error
    }
  }

  return {
    isSandbox: false,
    accountId: parts.accountId,
    defaultInstrument: null,
    pages,
    identify,
    readEncryptedCard: async () => null,
    findIssuer: (bin) => findIssuer(ask, bin),
    mandateCheckMs,
    async openMandatePage(_tenant, wanted) {
      const opened = await initializeAuthorization(ask, wanted)
      if (!('refused' in opened)) return opened
      throw new ServiceError('invalid_request', `Paystack refused the direct debit: ${opened.refused}`)
    },
    async askMandate(_tenant, { reference }) {
      const found = await verifyAuthorization(ask, reference)
      if (found === null) return { status: 'requested' }
      return { status: found.active ? 'active' : 'pending', token: found.code, bank: found.bank }
    },
    async openPage(tenant, page) {
      let sent = await charges.record(tenant, name(page))
      if (sent.isDecided && sent.page !== null && !sent.isStopped) sent = await charges.rename(tenant, name(page))
      if (sent.page !== null && !sent.isStopped) return sent.page
      let outcome = await open(sent, page)
      // Nobody has the address of a page whose answer was lost, so another page may be opened, under another name.
      if (outcome.is === 'unknown' || (outcome.is === 'exists' && outcome.thing === null)) {
        sent = await charges.rename(tenant, name(page))
        outcome = await open(sent, page)
      }
      if (outcome.is === 'exists' && outcome.thing !== null) {
        const opened = { url: outcome.thing.authorizationUrl, accessCode: outcome.thing.accessCode }
        await charges.keepPage(tenant, sent, opened)
        return opened
      }
      if (outcome.is === 'refused') {
        await charges.refuse(tenant, sent)
        throw new ServiceError('invalid_request', `Paystack refused the payment: ${outcome.reason}`)
      }
      throw 'cause' in outcome ? outcome.cause : new UpstreamError('initialize_transaction', 'refused')
    },
    async findPayment({ mode }, reference) {
      const found = await verifyTransaction(ask, reference)
      if (found === null || found.mode !== mode) return null
      const isGivenBack = found.status === 'reversal-pending' || found.status === 'reversed'
      return { isPaid: found.status === 'success', isGivenBack, facts: factsOf(found), transfer: transferOf(found) }
    },
    async findReference({ mode }, number) {
      if (!/^[1-9]\d{0,17}$/.test(number)) return null
      const found = await fetchTransaction(ask, BigInt(number))
      return found?.mode === mode ? found.reference : null
    },
    async charge(tenant, charge) {
      const unfit = reasonAgainst(charge)
      if (unfit !== null) return { status: 'failed', reason: unfit }
      const sent = await charges.record(tenant, name(charge))
      if (sent.isStopped) return { status: 'failed', reason: reasons.stopped }
      const outcome = await send(ask, sent, charge)
      // An earlier request of this charge may have been taken, and only this one refused.
      if (outcome.is === 'refused') return look(tenant, charge, { status: 'failed', reason: outcome.reason })
      // Not sent, too, is left to the next question: something on the way may have sent it twice.
      if (outcome.is === 'unknown' || outcome.is === 'not_sent') return { status: 'processing' }
      const continueAt = outcome.thing?.authorizationUrl
      if (continueAt) {
        await charges.keepPage(tenant, sent, { url: continueAt, accessCode: null })
        return { status: 'processing', continueAt }
      }
      return asking(await look(tenant, charge, { status: 'processing' }), outcome.thing?.asks)
    },
    async submit(tenant, reference, answer) {
      const sent = await charges.find(tenant, reference)
      if (sent === null || sent.isStopped) throw notAsked(answer)
      const outcome = await submitStep(ask, sent.sentReference, giveStep(answer))
      if (outcome.is === 'refused') {
        throw new ServiceError('invalid_request', `Paystack did not take the step: ${outcome.reason}`)
      }
      const state = await look(tenant, { reference }, { status: 'processing' })
      // Where nobody can say whether the step was taken, the payer sees it again.
      if (outcome.is === 'unknown' || outcome.is === 'not_sent') return state
      return asking(state, outcome.thing === null ? null : readAsked(outcome.thing))
    },
    query,
    async stop(tenant, charge) {
      const sent = await charges.stop(tenant, name(charge))
      // Money that arrived by itself is there: nothing of it can be given up.
      if (sent.marker === null) return (await query(tenant, charge.reference)) ?? { status: 'processing' }
      // Without an e-mail nothing has been sent.
      if (sent.email === null) return { status: 'failed', reason: reasons.stopped }
      const found = (await verifyTransaction(ask, sent.sentReference)) ?? (await burn(ask, sent))
      if (found === 'burnt') return { status: 'failed', reason: reasons.stopped }
      if (found === 'unknown') return { status: 'processing' }
      return readState(tenant, sent, found)
    },
    sendReturn: (tenant, wanted) => sendReturn(parts, tenant, wanted),
    async queryReturn(tenant, wanted) {
      const named = await nameReturn(parts, tenant, wanted)
      if (named === null) return { status: 'unknown' }
      const { own, othersProcessed, isTakenByOthers, endedDisputes } = await surveyRefunds(ask, named)
      if (own !== null) return beside(readReturn(own), isTakenByOthers)
      if (leavesTooLittle(named, othersProcessed)) return outdone
      const { lost } = await sumDisputes(ask, named, endedDisputes)
      if (leavesTooLittle(named, othersProcessed + lost)) return disputed
      return beside({ status: 'unknown' }, isTakenByOthers || lost > 0n)
    },
    redirectReturn: (tenant, wanted, destination) => redirectReturn(parts, tenant, wanted, destination),
    disputes: createAccountDisputes(ask),
  }
}

/** Why a charge cannot be sent; null for a charge that can. */
function reasonAgainst({ email, instrument }: Charge): string | null {
  if (!email) return reasons.noEmail
  if (instrument.token !== undefined || toCharge(instrument) !== null) return null
  return instrument.type === 'card' ? reasons.rawCard : reasons.instrument
}

function toCharge({ type, phone, provider, expiresAt }: Charge['instrument']): ChargeInstrument | null {
  if (type === 'bank_transfer') return { type, expiresAt: expiresAt ?? null }
  const operator = provider?.toLowerCase() as MobileMoneyProvider
  if (type !== 'mobile_money' || !phone || !mobileMoneyProviders.includes(operator)) return null
  return { type, phone, provider: operator }
}

async function send(
  ask: Ask,
  sent: SentCharge,
  { instrument }: Charge,
): Promise<Outcome<Partial<ChargedAuthorization> & { asks?: ChargeStep | null }>> {
  const wanted = renderSent(sent)
  const { token } = instrument
  if (token !== undefined) return chargeAuthorization(ask, { ...wanted, authorizationCode: token })
  const outcome = await createCharge(ask, { ...wanted, instrument: toCharge(instrument) as ChargeInstrument })
  if (!('thing' in outcome) || outcome.thing === null) return outcome
  return { ...outcome, thing: { authorizationUrl: outcome.thing.url, asks: readAsked(outcome.thing) } }
}

/** A charge that is under way, with the payer's next step where the account tells it. */
function asking(state: ChargeState, asks: ChargeStep | null | undefined): ChargeState {
  return state.status === 'processing' && asks !== undefined ? { ...state, asks } : state
}

/** The payer's next step, as the account tells it; null for none. A page is told otherwise, and no card is typed in here. */
function readAsked({ status, text, ussdCode, countryCode, account }: SentStep): ChargeStep | null {
  switch (status) {
    case 'send_otp':
      return { kind: 'otp', text: text ?? 'Enter the one-time password' }
    case 'send_phone':
      return { kind: 'phone', text: text ?? 'Enter your phone number' }
    case 'send_birthday':
      return { kind: 'birthday', text: text ?? 'Enter your birthday' }
    case 'send_address':
      return { kind: 'address', text: text ?? 'Enter your address', countryCode: countryCode ?? '' }
    case 'pay_offline': {
      const offline = text ?? 'Complete the payment on your phone'
      return { kind: 'offline', text: offline, ...(ussdCode === null ? {} : { ussdCode }) }
    }
    case 'pending_bank_transfer': {
      if (account === null) return null
      const { number, name, bank, expiresAt } = account
      return {
        kind: 'transfer',
        text: text ?? 'Send the amount to this account',
        account: { number, name, bank: { ...bank, id: null }, expiresAt: expiresAt?.toISOString() ?? null },
      }
    }
    default:
      return null
  }
}

/** Throws `invalid_request` for an answer that must not pass through here, and for one that an account never asks for. */
function giveStep(answer: StepAnswer): StepGiven {
  switch (answer.kind) {
    case 'otp':
      return { step: 'otp', otp: answer.otp }
    case 'phone':
      return { step: 'phone', phone: answer.phone }
    case 'birthday':
      return { step: 'birthday', birthday: answer.birthday }
    case 'address': {
      const { address, city, state, zipCode } = answer
      return { step: 'address', address, city, state, zip_code: zipCode }
    }
    case 'pin':
      throw new ServiceError('invalid_request', reasons.rawCard, 'pin')
    case 'confirmation':
      throw notAsked(answer)
  }
}

function initialize(ask: Ask, sent: SentCharge, { callbackUrl, channels }: Partial<PageCharge> = {}) {
  return initializeTransaction(ask, { ...renderSent(sent), callbackUrl, channels })
}

function renderSent({ sentReference, marker, amount, currency, email }: SentCharge): NewTransaction {
  return { reference: sentReference, marker: marker as string, amount, currency, email: email as string }
}

/**
 * Uses up the reference of a charge that the account has not heard of, by opening a page that nobody gets to know: a charge
 * that is still on its way is then refused. `unknown` where that cannot be told.
 */
async function burn(ask: Ask, sent: SentCharge): Promise<Transaction | 'burnt' | 'unknown'> {
  const outcome = await initialize(ask, sent)
  if (outcome.is !== 'exists') return 'unknown'
  if (outcome.thing !== null) return 'burnt'
  return (await verifyTransaction(ask, sent.sentReference)) ?? 'unknown'
}

function readState({ mode }: Tenant, sent: SentCharge, found: Transaction): ChargeState {
  const { amount, currency, marker } = sent
  switch (found.status) {
    case 'success': {
      const differences = findDisagreements({ amount, currency, marker, mode }, found)
      // Pretended money is no money, and real money is not pretended: neither is booked, also not to suspense.
      if (differences.includes('domain')) return { status: 'failed', reason: reasons.otherMode }
      const facts = factsOf(found)
      return differences.length === 0 ? { status: 'succeeded', facts } : { status: 'disagrees', differences, facts }
    }
    case 'failed':
      return { status: 'failed', reason: found.gatewayResponse ?? reasons.declined }
    case 'reversed':
      return { status: 'failed', reason: reasons.returned }
    case 'abandoned':
      // It can still be paid, until we give it up.
      return sent.isStopped ? { status: 'failed', reason: reasons.stopped } : { status: 'processing' }
    default:
      return { status: 'processing' }
  }
}

/**
 * A payment that was paid before, and that has gone back. The account has kept its fee. It says so of a part, too: after a lost dispute
 * whatever its amount. So what it shows counts.
 */
async function readGone(ask: Ask, tenant: Tenant, sent: SentCharge, found: Transaction): Promise<ChargeState> {
  const before = readState(tenant, sent, { ...found, status: 'success' })
  if (before.status !== 'succeeded' && before.status !== 'disagrees') return before
  const { id: transactionId, amount: paid, currency } = found
  let refunded = 0n
  for await (const page of listRefunds(ask, { transactionId })) {
    const processed = page.filter((each) => each.transactionId === transactionId && each.status === 'processed')
    refunded += processed.reduce((sum, { amount }) => sum + amount, 0n)
  }
  const isShown = refunded > 0n || (await sumDisputes(ask, { transactionId, currency, paid }, [])).lost > 0n
  const differences = before.status === 'disagrees' ? before.differences : []
  const gone = { facts: factsOf(found), differences, isShown }
  return { status: 'failed', reason: reasons.returned, gone }
}

/** A return as the account knows it, with what was paid. */
type NamedReturn = NewRefund & { paid: bigint }

/** Null where the account does not know the payment. */
async function nameReturn(
  { ask, charges }: PaystackParts,
  tenant: Tenant,
  wanted: Return,
): Promise<NamedReturn | null> {
  const { id: marker, reference, amount, currency } = wanted
  const sent = await charges.find(tenant, reference)
  // Money that arrived unasked has the account's own reference.
  const paid = await verifyTransaction(ask, sent?.sentReference ?? reference)
  return paid === null ? null : { transactionId: paid.id, amount, currency, marker, paid: paid.amount }
}

/** What is said of a return that the account has not got, and can no longer take: because of other refunds, or of disputes. */
const outdone: ReturnState = { status: 'refused', reason: reasons.outdone, othersTook: true }
const disputed: ReturnState = { status: 'refused', reason: reasons.disputed, othersTook: true }

function beside<State extends ReturnState | NotSent>(state: State, isTakenByOthers: boolean): State {
  return isTakenByOthers && state.status !== 'not_sent' ? { ...state, othersTook: true } : state
}

/**
 * True where others have given back so much that ours does not fit beside it. The account never gives back more than was paid, so
 * it cannot have ours: this is more than an empty list says.
 */
function leavesTooLittle({ amount, paid }: NamedReturn, others: bigint): boolean {
  return others + amount > paid
}

/** Nothing is sent before the account has shown its payment and its other refunds. */
async function sendReturn(parts: PaystackParts, tenant: Tenant, wanted: Return): Promise<ReturnState | NotSent> {
  const { ask } = parts
  const named = await unsent(nameReturn(parts, tenant, wanted))
  if (named !== null && 'why' in named) return named
  if (named === null) return { status: 'failed', reason: reasons.noRefund }
  const known = await unsent(surveyRefunds(ask, named))
  if ('why' in known) return known
  if (known.own !== null) return beside(readReturn(known.own), known.isTakenByOthers)
  return beside(await sendNew(ask, named), known.isTakenByOthers)
}

async function sendNew(ask: Ask, named: NamedReturn): Promise<ReturnState | NotSent> {
  const outcome = await createRefund(ask, named)
  if (outcome.is === 'refused') return { status: 'failed', reason: outcome.reason }
  if (outcome.is === 'not_sent') return { status: 'not_sent', why: outcome.why }
  if (outcome.is === 'unknown') return { status: 'unknown' }
  if (outcome.thing !== null) return readReturn(outcome.thing)
  const { own, others, isTakenByOthers, endedDisputes } = await surveyRefunds(ask, named)
  if (own !== null) return beside(readReturn(own), isTakenByOthers)
  // It was refused because of the others, if they leave too little: then no copy of the request was taken either.
  if (leavesTooLittle(named, others)) return outdone
  const { asked } = await sumDisputes(ask, named, endedDisputes)
  if (leavesTooLittle(named, others + asked)) return disputed
  return beside({ status: 'needs_attention', reason: reasons.otherRefunds }, isTakenByOthers || asked > 0n)
}

async function redirectReturn(
  parts: PaystackParts,
  tenant: Tenant,
  wanted: Return,
  destination: ReturnDestination,
): Promise<ReturnState | NotSent | null> {
  const { ask } = parts
  const named = await nameReturn(parts, tenant, wanted)
  const known = named === null ? null : await surveyRefunds(ask, named)
  if (known === null || known.own === null) return null
  const outcome = await retryRefund(ask, known.own.id, { currency: wanted.currency, ...destination })
  const stateOf = (): ReturnState | NotSent => {
    // The refund still waits, and says why the account was not taken.
    if (outcome.is === 'refused') return { status: 'needs_attention', reason: outcome.reason }
    if (outcome.is === 'not_sent') return { status: 'not_sent', why: outcome.why }
    if (outcome.is === 'unknown') return { status: 'unknown' }
    return outcome.thing === null ? { status: 'processing' } : readReturn(outcome.thing)
  }
  return beside(stateOf(), known.isTakenByOthers)
}

/** A question that failed has sent nothing. */
function unsent<Answer>(question: Promise<Answer>): Promise<Answer | NotSent> {
  return question.catch((error: unknown): NotSent => {
    if (error instanceof UpstreamError) return { status: 'not_sent', why: causeOf(error) }
    throw error
  })
}

function readReturn({ status }: Refund): ReturnState {
  switch (status) {
    case 'pending':
      return { status: 'pending' }
    case 'processed':
      return { status: 'succeeded' }
    case 'failed':
      return { status: 'failed', reason: reasons.refundFailed }
    case 'needs-attention':
      return { status: 'needs_attention', reason: reasons.needsAccount }
    default:
      return { status: 'processing' }
  }
}

/** Only the account knows what a card's number means, and only its page takes one. */
function identify(instrument: IdentifiedInstrument): InstrumentFacts {
  if (instrument.type === 'card') throw new ServiceError('invalid_request', reasons.rawCard, 'number')
  if (instrument.type === 'direct_debit') return { provider: 'paystack', bank: null }
  const message = `provider must be the mobile money operator of the number: one of ${mobileMoneyProviders.join(', ')}`
  throw new ServiceError('invalid_request', message, 'provider')
}
