import type { Currency } from '../../base/money.ts'
import { UpstreamError } from '../../base/upstream-error.ts'
import { banks } from '../../domain/banking/bank-list.ts'
import type { Mode, Tenant } from '../../domain/merchants/tenant.ts'
import type {
  AskOutcome,
  HolderAnswer,
  PayoutOrder,
  PayoutProcessor,
  SendOutcome,
} from '../../domain/payouts/payout-processor.ts'
import type { Ask } from './ask.ts'
import { resolveHolder } from './bank-accounts.ts'
import type { Outcome } from './outcomes.ts'
import { createRecipient, type NewRecipient, type Recipient, type RecipientType } from './recipients.ts'
import { estimateTransferFee } from './transfer-fees.ts'
import { finalizeTransfer, initiateTransfer, type NewTransfer, type Transfer, verifyTransfer } from './transfers.ts'

/** The parts of a Paystack account as a processor that pays out. */
export interface PaystackPayoutParts {
  ask: Ask
  /** The number of the account, among those of its merchant. */
  accountId: bigint
  /** Default two minutes: four times as long as an answer is waited for. */
  notFoundMs?: number | undefined
  /** Default 40 seconds: an answer is waited for 30. */
  sendAgainMs?: number | undefined
}

const defaultNotFoundMs = 120_000
const defaultSendAgainMs = 40_000

/** More recipients than one account pays to in an hour; the one that was used the longest ago makes room. */
const maxRemembered = 10_000

const reasons = {
  currency: 'Paystack pays out in NGN, GHS, KES and ZAR',
  mobileMoney: 'Paystack pays out to mobile wallets in GHS and KES',
  otherRecipient: 'The account has answered with a recipient of another account at the bank: nothing was sent',
  failed: 'Paystack could not pay the money out',
  abandoned: 'Nobody has given Paystack the one-time password in time',
  blocked: 'The approval URL of the account has not answered Paystack in time',
  rejected: 'The approval URL of the account has refused the transfer',
  gone: 'The payee was erased: nobody knows the account any more',
  reversed: 'The bank of the payee has sent the money back',
} as const

/** The bank of a payee may send money back for days, and the webhook of that may be lost. */
const returnLooksMs = [10 * 60_000, 60 * 60_000, 24 * 60 * 60_000, 72 * 60 * 60_000]

/**
 * A Paystack account as a processor that pays out. The account knows an order under its reference with our mark before it, and
 * never takes a reference twice. So an order may be sent again as it is, and its duplicate is refused.
 */
export function createPaystackPayouts({
  ask,
  accountId,
  notFoundMs = defaultNotFoundMs,
  sendAgainMs = defaultSendAgainMs,
}: PaystackPayoutParts): PayoutProcessor {
  /** Codes of recipients, by the account that they stand for. Another server, or this one after a start, asks again and gets the same. */
  const remembered = new Map<string, string>()

  async function look(tenant: Tenant, order: PayoutOrder): Promise<AskOutcome> {
    try {
      const found = await verifyTransfer(ask, nameOf(order))
      return found === null ? { is: 'not_found' } : readFound(tenant, order, found)
    } catch (error) {
      if (error instanceof UpstreamError) return { is: 'unknown' }
      throw error
    }
  }

  /** A transfer with this reference may be there, although the last answer says otherwise: something on the way sent it twice. */
  async function unlessMade(tenant: Tenant, order: PayoutOrder, answer: SendOutcome): Promise<SendOutcome> {
    const found = await look(tenant, order)
    return found.is === 'not_found' ? answer : found
  }

  async function findRecipient(order: PayoutOrder, wanted: NewRecipient, key: string): Promise<Outcome<Recipient>> {
    const outcome = await createRecipient(ask, wanted)
    if (!('thing' in outcome) || outcome.thing === null) return outcome
    if (!isRecipientOf(order, outcome.thing)) {
      return { is: 'refused', code: 'other_recipient', reason: reasons.otherRecipient }
    }
    remembered.set(key, outcome.thing.code)
    for (const oldest of remembered.keys()) {
      if (remembered.size <= maxRemembered) break
      remembered.delete(oldest)
    }
    return outcome
  }

  /** The recipient may be gone from the account: an order that is refused with a remembered one is sent with a new one. */
  async function initiate(order: PayoutOrder): Promise<Outcome<Transfer> | { is: 'unsent'; answer: SendOutcome }> {
    const wanted = recipientOf(order)
    if ('refused' in wanted) return { is: 'refused', code: 'not_served', reason: wanted.refused }
    if (order.destination.accountNumber === null) return { is: 'refused', code: 'recipient_gone', reason: reasons.gone }
    const key = JSON.stringify(wanted)
    const known = remembered.get(key)
    if (known !== undefined) {
      const outcome = await initiateTransfer(ask, transferOf(order, known))
      if (outcome.is !== 'refused') return outcome
      remembered.delete(key)
    }
    const recipient = await findRecipient(order, wanted, key)
    if (recipient.is === 'refused') return recipient
    if ('thing' in recipient && recipient.thing !== null) {
      return initiateTransfer(ask, transferOf(order, recipient.thing.code))
    }
    return { is: 'unsent', answer: withoutRecipient(recipient) }
  }

  async function send(tenant: Tenant, order: PayoutOrder): Promise<SendOutcome> {
    const outcome = await initiate(order)
    switch (outcome.is) {
      case 'unsent':
        return outcome.answer
      case 'refused':
        return unlessMade(tenant, order, { ...outcome, code: outcome.code ?? 'refused' })
      case 'not_sent': {
        const answer = notSent(outcome)
        const isUnheard = ['unauthorized', 'no_connection', 'paused'].includes(outcome.why)
        return isUnheard ? answer : unlessMade(tenant, order, answer)
      }
      case 'unknown':
        return { is: 'unknown' }
      case 'exists':
        if (outcome.thing !== null) return readMade(tenant, order, outcome.thing)
        break
      default:
    }
    // The account says that it has the order, or how it ended. Only the answer to verify is believed.
    const found = await look(tenant, order)
    return found.is === 'not_found' ? { is: 'unknown' } : found
  }

  async function giveOtp(_tenant: Tenant, order: PayoutOrder, otp: string): Promise<boolean> {
    const found = await verifyTransfer(ask, nameOf(order))
    if (found !== null) await finalizeTransfer(ask, found.code, otp)
    return true
  }

  /** Banks of other countries are asked in ways that cost money, or not at all. */
  async function findHolder(
    _tenant: Tenant,
    { destination: { type, accountNumber, bankCode }, currency }: Pick<PayoutOrder, 'destination' | 'currency'>,
  ): Promise<HolderAnswer> {
    if (type !== 'bank_account' || accountNumber === null || (currency !== 'NGN' && currency !== 'GHS')) return null
    return resolveHolder(ask, { accountNumber, bankCode })
  }

  return {
    accountId,
    notFoundMs,
    sendAgainMs,
    returnLooksMs,
    estimateFee: estimateTransferFee,
    send,
    ask: look,
    giveOtp,
    findHolder,
  }
}

const mark = 'mteja-'

/** The reference of an order at the account: 30 characters of `[a-z0-9-]`. */
function nameOf({ reference }: Pick<PayoutOrder, 'reference'>): string {
  return `${mark}${reference}`
}

/** The order of a transfer of ours, from the reference at the account; null for a transfer that was not made here. */
export function orderOfTransfer(reference: string): string | null {
  return /^mteja-([a-z0-9]{24})$/.exec(reference)?.[1] ?? null
}

const bankTypes: Readonly<Partial<Record<Currency, RecipientType>>> = {
  NGN: 'nuban',
  GHS: 'ghipss',
  KES: 'kepss',
  ZAR: 'basa',
}

/** Businesses of M-Pesa. */
const businessCodes = ['MPPAYBILL', 'MPTILL']

function recipientOf({ destination, currency }: PayoutOrder): NewRecipient | { refused: string } {
  const { type: kind, accountNumber, bankCode, name } = destination
  const bankType = bankTypes[currency]
  if (bankType === undefined) return { refused: reasons.currency }
  const own = { name, accountNumber: accountNumber ?? '', bankCode, currency }
  if (kind === 'bank_account') return { type: bankType, ...own }
  if (currency !== 'GHS' && currency !== 'KES') return { refused: reasons.mobileMoney }
  return { type: businessCodes.includes(bankCode) ? 'mobile_money_business' : 'mobile_money', ...own }
}

/** Nothing is paid to a recipient that nobody has made: what is unknown of it is not unknown of the order. */
function withoutRecipient(outcome: Outcome<Recipient>): SendOutcome {
  return outcome.is === 'not_sent' ? notSent(outcome) : { is: 'not_sent', why: 'no_connection', waitMs: null }
}

function transferOf(order: PayoutOrder, recipientCode: string): NewTransfer {
  const { amount, currency, reason } = order
  return { reference: nameOf(order), amount, currency, recipientCode, reason: reason ?? undefined }
}

function notSent({ why, said, retryAfterMs }: Extract<Outcome<unknown>, { is: 'not_sent' }>): SendOutcome {
  return { is: 'not_sent', why, said, waitMs: retryAfterMs }
}

/** A new transfer has no more than the number of its recipient. */
function readMade(tenant: Tenant, order: PayoutOrder, made: Transfer): SendOutcome {
  const differences = findDifferences(tenant.mode, order, made)
  if (made.reference !== nameOf(order)) differences.push('reference')
  return differences.length > 0 ? { is: 'unknown', differences } : openState(made)
}

function readFound(tenant: Tenant, order: PayoutOrder, found: Transfer): Exclude<AskOutcome, { is: 'not_found' }> {
  const differences = findDifferences(tenant.mode, order, found)
  if (!isRecipientOf(order, found.recipient)) differences.push('recipient')
  if (differences.length > 0) return { is: 'unknown', differences }
  const { status, fee, failure } = found
  switch (status) {
    case 'success':
      return { is: 'conclusive', end: { status: 'paid', fee } }
    case 'reversed':
      // No document says whether the account gives its fee back: what it tells counts.
      return { is: 'conclusive', end: { status: 'returned', reason: failure ?? reasons.reversed, fee } }
    case 'failed':
    case 'abandoned':
    case 'blocked':
    case 'rejected':
      return { is: 'conclusive', end: { status: 'failed', code: status, reason: failure ?? reasons[status] } }
    default:
      return openState(found)
  }
}

function openState({ status }: Transfer): Extract<AskOutcome, { is: 'exists' }> {
  return { is: 'exists', attention: status === 'otp' ? 'otp' : null }
}

function findDifferences(mode: Mode, order: PayoutOrder, found: Transfer): string[] {
  return [
    found.amount === order.amount ? [] : 'amount',
    found.currency === order.currency ? [] : 'currency',
    found.mode === mode ? [] : 'domain',
  ].flat()
}

/**
 * Its account, and not its code: the account at the bank is where the money goes. Of a payee who was erased the number is not known
 * any more; the reference of the order, which nobody can guess, then has to do.
 */
function isRecipientOf(order: PayoutOrder, recipient: Recipient | null): boolean {
  const wanted = recipientOf(order)
  if ('refused' in wanted || recipient === null) return false
  return (
    recipient.type === wanted.type &&
    recipient.currency === wanted.currency &&
    isSameBank(wanted, recipient.bankCode) &&
    (order.destination.accountNumber === null ||
      (recipient.accountNumber !== null && isSameNumber(wanted, recipient.accountNumber)))
  )
}

/** The account may name a bank by another of its codes, or write a code without the zeros before it. */
function isSameBank({ type, bankCode }: NewRecipient, found: string | null): boolean {
  return found !== null && bankOf(type, bankCode) === bankOf(type, found)
}

/** One name for all the codes of a bank, as the list of banks has them; a code that is in no list stands for itself. */
function bankOf(type: RecipientType, code: string): string {
  const own = banks.filter((each) => each.type === type)
  const bank =
    own.find((each) => each.code === code) ??
    own.find((each) => each.longcode === code || each.nipCode === code) ??
    own.find((each) => plainCode(each.code) === plainCode(code))
  return bank?.code ?? plainCode(code)
}

function plainCode(code: string): string {
  return code
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
}

/** The account may write a telephone number with the code of its country, or without. */
function isSameNumber({ type, accountNumber }: NewRecipient, found: string): boolean {
  if (type !== 'mobile_money') return accountNumber === found
  const local = (text: string) => text.replace(/\D/g, '').slice(-9)
  return local(accountNumber) === local(found)
}
