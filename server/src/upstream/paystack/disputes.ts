import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { Ask, Question } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import { listPages, type Period, type ReadableListing } from './pages.ts'
import {
  type Members,
  optionalAmount,
  optionalDate,
  optionalMembers,
  optionalText,
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

const disputeStatuses = [
  'awaiting-merchant-feedback',
  'awaiting-bank-feedback',
  'pending',
  'resolved',
  'archived',
] as const

export interface Dispute {
  id: bigint
  mode: Mode
  status: (typeof disputeStatuses)[number]
  /** Such as `chargeback`; null where the account does not say. */
  category: string | null
  /** The first message, which is the payer's. */
  complaint: string | null
  /** `merchant-accepted`, `auto-accepted` or `declined`; null until it is resolved. */
  resolution: string | null
  /** Minor units; null where no amount is asked back yet. */
  amount: bigint | null
  currency: Currency
  transactionId: bigint
  transactionReference: string | null
  createdAt: Date
  dueAt: Date | null
  resolvedAt: Date | null
}

/** `GET /dispute/:id`. Null for an id that the account does not know. Throws `UpstreamError`. */
export async function fetchDispute(ask: Ask, id: bigint): Promise<Dispute | null> {
  const operation = 'fetch_dispute'
  const answer = await ask({ operation, method: 'GET', path: `/dispute/${id}` })
  if (answer.status === 404 && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => readDispute(readMembers(data)))
}

/** `GET /dispute`, page by page, newest first. Throws `UpstreamError`. */
export function listDisputes(
  ask: Ask,
  { transactionId, ...period }: Period & { transactionId?: bigint } = {},
): AsyncGenerator<Dispute[]> {
  const query = { transaction: transactionId?.toString() }
  return listPages(ask, { ...disputesListing(period), query })
}

/**
 * Adds up what disputes of a payment ask back or have taken back, in minor units: all, and those that are lost. A dispute without an
 * amount is about the whole payment. Throws `UpstreamError`.
 *
 * @param but disputes that are not counted
 */
export async function sumDisputes(
  ask: Ask,
  { transactionId, currency, paid }: { transactionId: bigint; currency: Currency; paid: bigint },
  but: readonly bigint[],
): Promise<{ asked: bigint; lost: bigint }> {
  const all = new Map<bigint, Dispute>()
  for await (const page of listDisputes(ask, { transactionId })) {
    for (const each of page)
      if (each.transactionId === transactionId && each.currency === currency && !but.includes(each.id))
        all.set(each.id, each)
  }
  const isLost = ({ resolution }: Dispute) => resolution !== null && /accepted$/.test(resolution)
  const sumOf = (some: Dispute[]) => some.reduce((sum, { amount }) => sum + (amount ?? paid), 0n)
  const rows = [...all.values()]
  const isOpen = ({ status }: Dispute) => status !== 'resolved' && status !== 'archived'
  return { asked: sumOf(rows.filter((each) => isLost(each) || isOpen(each))), lost: sumOf(rows.filter(isLost)) }
}

export function disputesListing(period: Period): ReadableListing<Dispute> {
  return { operation: 'list_disputes', path: '/dispute', ...period, readRow: readDispute }
}

/** The merchant's answer to a dispute. */
export interface Resolution {
  resolution: 'merchant-accepted' | 'declined'
  message: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** The name of an uploaded file; the account wants one in any case. */
  fileName: string | null
}

/** `PUT /dispute/:id/resolve`. */
export function resolveDispute(ask: Ask, id: bigint, given: Resolution): Promise<Outcome<null>> {
  const { resolution, message } = given
  const body = { resolution, message, ...amountOf(given), uploaded_filename: given.fileName ?? '' }
  return change(ask, { operation: 'resolve_dispute', method: 'PUT', path: `/dispute/${id}/resolve`, body })
}

/** `PUT /dispute/:id`. */
export function updateDispute(
  ask: Ask,
  id: bigint,
  given: Pick<Resolution, 'amount' | 'currency' | 'fileName'>,
): Promise<Outcome<null>> {
  const file = given.fileName === null ? {} : { uploaded_filename: given.fileName }
  const body = { ...amountOf(given), ...file }
  return change(ask, { operation: 'update_dispute', method: 'PUT', path: `/dispute/${id}`, body })
}

/** What the merchant says in its defence. */
export interface Evidence {
  customerEmail: string
  customerName: string
  customerPhone: string
  serviceDetails: string
  deliveryAddress: string | null
  deliveryDate: string | null
}

/** `POST /dispute/:id/evidence`. */
export function createEvidence(ask: Ask, id: bigint, given: Evidence): Promise<Outcome<null>> {
  const body = {
    customer_email: given.customerEmail,
    customer_name: given.customerName,
    customer_phone: given.customerPhone,
    service_details: given.serviceDetails,
    ...(given.deliveryAddress === null ? {} : { delivery_address: given.deliveryAddress }),
    ...(given.deliveryDate === null ? {} : { delivery_date: given.deliveryDate }),
  }
  return change(ask, { operation: 'create_evidence', method: 'POST', path: `/dispute/${id}/evidence`, body })
}

/** `GET /dispute/:id/upload_url`. Throws `UpstreamError`. */
export async function fetchUpload(
  ask: Ask,
  id: bigint,
  fileName: string | undefined,
): Promise<{ url: string; fileName: string }> {
  const operation = 'fetch_upload_url'
  const query = { upload_filename: fileName }
  const answer = await ask({ operation, method: 'GET', path: `/dispute/${id}/upload_url`, query })
  return readSuccess(operation, answer, (data) => {
    const members = readMembers(data)
    return { url: readText(members, 'signedUrl'), fileName: readText(members, 'fileName') }
  })
}

function change(ask: Ask, question: Question): Promise<Outcome<null>> {
  return begin(ask, 'change_dispute', question, () => null)
}

function amountOf({ amount, currency }: Pick<Resolution, 'amount' | 'currency'>) {
  return { refund_amount: renderAmount(amount, currency) }
}

/** A list, or the text of one, or nothing. */
function readComplaint(messages: unknown): string | null {
  const [first] = Array.isArray(messages) ? messages : []
  const { body } = (first ?? {}) as { body?: unknown }
  return typeof body === 'string' ? body : null
}

function readDispute(members: Members): Dispute {
  const transaction = optionalMembers(members, 'transaction')
  if (transaction === null) throw new Unreadable('transaction')
  const currency = members.currency === null ? readCurrency(transaction) : readCurrency(members)
  return {
    id: readId(members, 'id'),
    mode: readMode(members),
    status: readOneOf(members, 'status', disputeStatuses),
    category: readAside(() => optionalText(members, 'category')),
    complaint: readComplaint(members.messages),
    resolution: optionalText(members, 'resolution'),
    amount: optionalAmount(members, 'refund_amount', currency),
    currency,
    transactionId: readId(transaction, 'id'),
    transactionReference: 'reference' in transaction ? readText(transaction, 'reference') : null,
    createdAt: readDate(members, 'createdAt', 'created_at'),
    dueAt: readAside(() => optionalDate(members, 'dueAt')),
    resolvedAt: readAside(() => optionalDate(members, 'resolvedAt')),
  }
}
