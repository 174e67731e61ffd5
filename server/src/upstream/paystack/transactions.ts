import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import { type Answer, type Ask, unusable } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import { listPages, type Period, type ReadableListing } from './pages.ts'
import {
  type Members,
  optionalAmount,
  optionalDate,
  optionalId,
  optionalMembers,
  optionalText,
  optionalWords,
  readAmount,
  readAside,
  readBoolean,
  readCurrency,
  readId,
  readMembers,
  readMetadata,
  readMode,
  readOneOf,
  readSuccess,
  readText,
  renderAmount,
  Unreadable,
} from './reading.ts'
import { markMetadata } from './references.ts'

/** `abandoned` is not final. `reversal-pending` is a payment of which a refund is under way. */
const transactionStatuses = [
  ...(['abandoned', 'failed', 'ongoing', 'pending', 'processing', 'queued'] as const),
  ...(['reversal-pending', 'reversed', 'success'] as const),
] as const

/** A payment at the account, as verify, fetch and list tell of it. Amounts are minor units. */
export interface Transaction {
  id: bigint
  mode: Mode
  status: (typeof transactionStatuses)[number]
  reference: string
  amount: bigint
  /** The amount that was asked for; the payer may have paid the fee besides, or only a part. Null in old records. */
  requestedAmount: bigint | null
  currency: Currency
  /** Null while it is not known, and where it cannot be read. */
  fees: bigint | null
  channel: string | null
  /** Null where an answer does not tell it. */
  createdAt: Date | null
  paidAt: Date | null
  /** The issuer's words. */
  gatewayResponse: string | null
  metadata: Members | null
  authorization: Authorization | null
  customer: { code: string; email: string } | null
  /** The members that are unknown because they cannot be read. */
  unread: readonly string[]
}

/** An instrument at the account, or the bank account that sent a transfer. */
export interface Authorization {
  /** Secret: whoever has it can charge the instrument. */
  code: string
  channel: string | null
  reusable: boolean
  /** The same each time the same card is used; null for other instruments. */
  signature: string | null
  bin: string | null
  last4: string | null
  expiryMonth: string | null
  expiryYear: string | null
  brand: string | null
  bank: string | null
  countryCode: string | null
  accountName: string | null
  /** Of a transfer to a dedicated account: the account that got it. */
  receiverAccountNumber: string | null
  receiverBank: string | null
  senderName: string | null
  senderBank: string | null
  /** Masked but for its end. */
  senderAccountNumber: string | null
  senderCountry: string | null
  narration: string | null
}

/** The page of the account on which a payment is paid. */
export interface InitializedTransaction {
  reference: string
  authorizationUrl: string
  accessCode: string
}

/** What the payments that we begin have in common. */
export interface NewTransaction {
  /** See `newAccountReference`. */
  reference: string
  /** See `newMarker`. */
  marker: string
  email: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** The address to which the payer returns. */
  callbackUrl?: string | undefined
  metadata?: Members | undefined
}

/** `POST /transaction/initialize`. */
export function initializeTransaction(
  ask: Ask,
  { channels, ...wanted }: NewTransaction & { channels?: readonly string[] | undefined },
): Promise<Outcome<InitializedTransaction>> {
  const body = { ...renderNew(wanted), channels }
  const path = '/transaction/initialize'
  return begin(ask, 'initialize', { operation: 'initialize_transaction', method: 'POST', path, body }, (data) => {
    const members = readMembers(data)
    return {
      reference: readOwn(members, wanted.reference),
      authorizationUrl: readAddress(members, 'authorization_url'),
      accessCode: readText(members, 'access_code'),
    }
  })
}

/** The answer to a charge of a saved instrument. It only leads to a question: a payment is believed when it is verified. */
export interface ChargedAuthorization {
  reference: string
  /** `paused` where the payer has to confirm at `authorizationUrl`. */
  status: string
  authorizationUrl: string | null
  gatewayResponse: string | null
}

/** `POST /transaction/charge_authorization`. */
export function chargeAuthorization(
  ask: Ask,
  { authorizationCode, ...wanted }: NewTransaction & { authorizationCode: string },
): Promise<Outcome<ChargedAuthorization>> {
  const body = { ...renderNew(wanted), authorization_code: authorizationCode }
  const question = {
    operation: 'charge_authorization',
    method: 'POST',
    path: '/transaction/charge_authorization',
    body,
  } as const
  return begin(ask, 'charge_authorization', question, (data) => {
    const members = readMembers(data)
    const isPaused = members.status === undefined && members.paused === true
    return {
      reference: readOwn(members, wanted.reference),
      status: isPaused ? 'paused' : readText(members, 'status'),
      authorizationUrl: isPaused ? readAddress(members, 'authorization_url') : null,
      gatewayResponse: optionalWords(members, 'gateway_response'),
    }
  })
}

/** `GET /transaction/verify/:reference`. Null for a reference that the account does not know. Throws `UpstreamError`. */
export async function verifyTransaction(ask: Ask, reference: string): Promise<Transaction | null> {
  const operation = 'verify_transaction'
  const path = `/transaction/verify/${encodeURIComponent(reference)}`
  const answer = await ask({ operation, method: 'GET', path })
  if (isUnknownTransaction(answer)) return null
  return readSuccess(operation, answer, (data) => {
    readOwn(readMembers(data), reference)
    return readTransaction(readMembers(data))
  })
}

/** `GET /transaction/:id`. Null for an id that the account does not know. Throws `UpstreamError`. */
export async function fetchTransaction(ask: Ask, id: bigint): Promise<Transaction | null> {
  const operation = 'fetch_transaction'
  const answer = await ask({ operation, method: 'GET', path: `/transaction/${id}` })
  if (isUnknownTransaction(answer) || isNotFound(answer)) return null
  const transaction = readSuccess(operation, answer, (data) => readTransaction(readMembers(data)))
  if (transaction.id !== id) throw unusable(operation, answer.status)
  return transaction
}

/** `GET /transaction`, page by page, newest first. Throws `UpstreamError`. */
export function listTransactions(
  ask: Ask,
  { customerId, ...period }: Period & { status?: string | undefined; customerId?: bigint | undefined } = {},
): AsyncGenerator<Transaction[]> {
  const query = { customer: customerId?.toString() }
  return listPages(ask, { ...transactionsListing(period), query })
}

export function transactionsListing(period: Period & { status?: string | undefined }): ReadableListing<Transaction> {
  return { operation: 'list_transactions', path: '/transaction', ...period, readRow: readTransaction }
}

const unknownTransaction = /transaction (reference )?not found|transaction id or reference is invalid/i

/** The status of this answer has been seen as 400 and as 404: the code and the message count. */
function isUnknownTransaction({ status, body }: Answer): boolean {
  if (status !== 400 && status !== 404) return false
  return body.code === 'transaction_not_found' || unknownTransaction.test(String(body.message))
}

/** The words for an id that nothing has differ by account and by year. The status and the envelope are the same in all. */
function isNotFound({ status, body }: Answer): boolean {
  return status === 404 && body.status === false && /(^|_)not_found$/.test(String(body.code))
}

/** Only the members that decide about the money must be readable. */
export function readTransaction(members: Members): Transaction {
  const currency = readCurrency(members)
  const unread: string[] = []
  const aside = <Thing>(read: () => Thing) => readAside(read, unread)
  const createdAt = aside(() => optionalDate(members, 'created_at', 'createdAt'))
  const unreadBefore = unread.length
  const paidAt = aside(() => optionalDate(members, 'paid_at', 'paidAt'))
  return {
    id: readId(members, 'id'),
    mode: readMode(members),
    status: readOneOf(members, 'status', transactionStatuses),
    reference: readText(members, 'reference'),
    amount: readAmount(members, 'amount', currency),
    requestedAmount: aside(() => optionalAmount(members, 'requested_amount', currency)),
    currency,
    fees: aside(() => optionalAmount(members, 'fees', currency)),
    channel: aside(() => optionalText(members, 'channel')),
    createdAt,
    // It was not paid before it was made: that says on which side of a cut-over it may be.
    paidAt: unread.length > unreadBefore ? createdAt : paidAt,
    gatewayResponse: aside(() => optionalWords(members, 'gateway_response')),
    metadata: readMetadata(members.metadata),
    authorization: aside(() => readAuthorization(optionalMembers(members, 'authorization'))),
    customer: aside(() => readCustomer(optionalMembers(members, 'customer'))),
    unread,
  }
}

/** A payment that nobody has tried to pay has an authorization without a code. */
export function readAuthorization(members: Members | null): Authorization | null {
  if (members === null || optionalText(members, 'authorization_code') === null) return null
  const aside = (name: string) => readAside(() => optionalText(members, name))
  return {
    code: readText(members, 'authorization_code'),
    channel: aside('channel'),
    // One of which that cannot be read is not saved.
    reusable: readAside(() => readBoolean(members, 'reusable')) ?? false,
    signature: aside('signature'),
    bin: aside('bin'),
    last4: aside('last4'),
    expiryMonth: readAside(() => optionalNumeral(members, 'exp_month')),
    expiryYear: readAside(() => optionalNumeral(members, 'exp_year')),
    brand: aside('brand'),
    bank: aside('bank'),
    countryCode: aside('country_code'),
    accountName: aside('account_name'),
    receiverAccountNumber: aside('receiver_bank_account_number'),
    receiverBank: aside('receiver_bank'),
    senderName: aside('sender_name'),
    senderBank: aside('sender_bank'),
    senderAccountNumber: aside('sender_bank_account_number'),
    senderCountry: aside('sender_country'),
    narration: aside('narration'),
  }
}

/** Months and years are texts, and integers in some answers about mobile money. */
function optionalNumeral(members: Members, name: string): string | null {
  const value = members[name]
  const numeral = typeof value === 'number' ? String(optionalId(members, name)) : optionalText(members, name)
  if (numeral !== null && !/^\d{1,4}$/.test(numeral)) throw new Unreadable(name)
  return numeral
}

function readCustomer(members: Members | null): Transaction['customer'] {
  if (members === null || optionalText(members, 'customer_code') === null) return null
  return { code: readText(members, 'customer_code'), email: readText(members, 'email') }
}

function renderNew({ reference, marker, email, amount, currency, callbackUrl, metadata }: NewTransaction) {
  return {
    email,
    amount: renderAmount(amount, currency),
    currency,
    reference,
    callback_url: callbackUrl,
    // Here a text of JSON is documented; `POST /charge` takes the object.
    metadata: JSON.stringify(markMetadata(marker, metadata)),
  }
}

/** The reference of an answer. An answer about another payment is no answer. */
export function readOwn(members: Members, reference: string): string {
  if (readText(members, 'reference') === reference) return reference
  throw new Unreadable('reference')
}

/** An address to which a payer is sent. */
export function readAddress(members: Members, name: string): string {
  const address = readText(members, name)
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address
  throw new Unreadable(name)
}
