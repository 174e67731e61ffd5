import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { Ask } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import { listPages, type Period, type ReadableListing } from './pages.ts'
import {
  type Members,
  optionalDate,
  optionalId,
  optionalText,
  readAmount,
  readAside,
  readCurrency,
  readDate,
  readId,
  readMembers,
  readMode,
  readOneOf,
  readSuccess,
  readText,
  renderAmount,
  Unreadable,
} from './reading.ts'

/** A refund waits in `needs-attention` for a bank account of the payer. */
const refundStatuses = ['pending', 'processing', 'needs-attention', 'processed', 'failed'] as const

export interface Refund {
  id: bigint
  /** The payment's number at the account. */
  transactionId: bigint
  /** The payment's name at the account; null where the answer does not tell. */
  transactionReference: string | null
  mode: Mode
  status: (typeof refundStatuses)[number]
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** The account's number of the dispute that it ends; null for any other, and where the account does not say. */
  disputeId: bigint | null
  /** Where our marker stands. The account fills in a text of its own where none was given. */
  merchantNote: string | null
  createdAt: Date
  refundedAt: Date | null
}

/** A refund that is about to be asked for. */
export interface NewRefund {
  transactionId: bigint
  /** Minor units. Always told: the account takes its absence for the whole payment. */
  amount: bigint
  currency: Currency
  /** See `newMarker`. The wire has no reference for refunds: the marker is all by which one is found again. */
  marker: string
}

/** `POST /refund`. Never again after an unknown outcome: the account would pay twice. See `surveyRefunds`. */
export function createRefund(
  ask: Ask,
  { transactionId, amount, currency, marker }: NewRefund,
): Promise<Outcome<Refund>> {
  const body = {
    // An id is also taken as a text, and none is too large for a text.
    transaction: String(transactionId),
    amount: renderAmount(amount, currency),
    currency,
    merchant_note: noteOf(marker),
  }
  const question = { operation: 'create_refund', method: 'POST', path: '/refund', body } as const
  return begin(ask, 'refund', question, (data) => readRefund(readMembers(data)))
}

/** What the account shows of a refund of ours, and of the others of its payment. */
export interface RefundSurvey {
  /** Null where it is not in the list: that alone never says that the account has not got it. */
  own: Refund | null
  /** What others have given back of the payment, or are about to, in minor units. */
  others: bigint
  /** The part of it that has gone back for good. */
  othersProcessed: bigint
  /** Whether a refund that bears no marker of ours has gone back, or is about to. */
  isTakenByOthers: boolean
  /** The disputes that refunds of the payment end. */
  endedDisputes: bigint[]
}

/**
 * Finds our refund among those of its payment, by marker and amount. One that cannot be read, and whose note says that it is not ours, is
 * left out. Throws `UpstreamError`.
 */
export async function surveyRefunds(
  ask: Ask,
  { transactionId, amount, currency, marker }: NewRefund,
): Promise<RefundSurvey> {
  // By number: a row is seen twice where one is added between two pages.
  const all = new Map<bigint, Refund>()
  const readRow = (members: Members) => readUnlessOthers(members, marker)
  const query = { transaction: transactionId.toString() }
  for await (const page of listPages(ask, { ...refundsListing({}), query, readRow })) {
    for (const each of page)
      if (each?.transactionId === transactionId && each.currency === currency) all.set(each.id, each)
  }
  const isMarked = ({ merchantNote }: Refund) => merchantNote?.includes(noteOf(marker)) === true
  const rows = [...all.values()]
  const sumOf = (some: Refund[]) => some.reduce((sum, each) => sum + each.amount, 0n)
  const others = rows.filter((each) => !isMarked(each) && each.status !== 'failed')
  return {
    own: rows.find((each) => isMarked(each) && each.amount === amount) ?? null,
    others: sumOf(others),
    othersProcessed: sumOf(others.filter(({ status }) => status === 'processed')),
    isTakenByOthers: others.some((each) => markerOf(each) === null),
    endedDisputes: rows.flatMap(({ disputeId }) => disputeId ?? []),
  }
}

/** Null for a refund that cannot be read, and that bears a note without the marker. */
function readUnlessOthers(members: Members, marker: string): Refund | null {
  try {
    return readRefund(members)
  } catch (error) {
    if (!(error instanceof Unreadable) || readText(members, 'merchant_note').includes(marker)) throw error
    return null
  }
}

/** `GET /refund/:id`. Null for an id that the account does not know. Throws `UpstreamError`. */
export async function fetchRefund(ask: Ask, id: bigint): Promise<Refund | null> {
  const operation = 'fetch_refund'
  const answer = await ask({ operation, method: 'GET', path: `/refund/${id}` })
  if (answer.status === 404 && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => readRefund(readMembers(data)))
}

/** `GET /refund`, page by page, newest first. The account filters by a payment's number, not by its reference. */
export function listRefunds(
  ask: Ask,
  { transactionId, ...period }: Period & { transactionId?: bigint } = {},
): AsyncGenerator<Refund[]> {
  const query = { transaction: transactionId?.toString() }
  return listPages(ask, { ...refundsListing(period), query })
}

export function refundsListing(period: Period): ReadableListing<Refund> {
  return { operation: 'list_refunds', path: '/refund', ...period, readRow: readRefund }
}

/** The bank account to which a refund that needs attention goes. */
export interface RefundDestination {
  currency: Currency
  accountNumber: string
  /** The bank's number in the account's list of banks. */
  bankId: bigint
}

/** `POST /refund/retry_with_customer_details/:id`. */
export function retryRefund(
  ask: Ask,
  id: bigint,
  { currency, accountNumber, bankId }: RefundDestination,
): Promise<Outcome<Refund>> {
  const body = {
    refund_account_details: { currency, account_number: accountNumber, bank_id: String(bankId) },
  }
  const path = `/refund/retry_with_customer_details/${id}`
  return begin(ask, 'retry_refund', { operation: 'retry_refund', method: 'POST', path, body }, (data) =>
    readRefund(readMembers(data)),
  )
}

/** The words before the marker tell a person who reads the account's dashboard whose refund it is. */
function noteOf(marker: string): string {
  return `Mteja refund ${marker}`
}

/** A number, or an object with one. */
function readDisputeId(dispute: unknown): bigint | null {
  if (dispute === null || dispute === undefined) return null
  return typeof dispute === 'object' ? optionalId(readMembers(dispute), 'id') : readId({ dispute }, 'dispute')
}

/** The marker of a refund of ours, from the note that it bears; null for any other note. */
export function markerOf({ merchantNote }: Pick<Refund, 'merchantNote'>): string | null {
  return /\bMteja refund ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/.exec(merchantNote ?? '')?.[1] ?? null
}

/** The payment is an object where the refund is new, else its number. */
function readRefund(members: Members): Refund {
  const currency = readCurrency(members)
  const { transaction } = members
  const isObject = typeof transaction === 'object' && transaction !== null && 'id' in transaction
  return {
    id: readId(members, 'id'),
    transactionId: isObject ? readId(readMembers(transaction), 'id') : readId(members, 'transaction'),
    transactionReference: readAside(() =>
      isObject ? optionalText(readMembers(transaction), 'reference') : optionalText(members, 'transaction_reference'),
    ),
    mode: readMode(members),
    status: readOneOf(members, 'status', refundStatuses),
    amount: readAmount(members, 'amount', currency),
    currency,
    disputeId: readDisputeId(members.dispute),
    merchantNote: optionalText(members, 'merchant_note'),
    createdAt: readDate(members, 'createdAt', 'created_at'),
    refundedAt: readAside(() => optionalDate(members, 'refunded_at')),
  }
}
