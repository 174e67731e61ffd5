import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { Ask } from './ask.ts'
import { listPages, type Period } from './pages.ts'
import {
  type Members,
  optionalAmount,
  optionalDate,
  optionalMembers,
  optionalText,
  readCurrency,
  readDate,
  readId,
  readMembers,
  readMode,
  readOneOf,
  readSuccess,
  readText,
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
export function listDisputes(ask: Ask, period: Period = {}): AsyncGenerator<Dispute[]> {
  return listPages(ask, { operation: 'list_disputes', path: '/dispute', ...period }, readDispute)
}

function readDispute(members: Members): Dispute {
  const transaction = optionalMembers(members, 'transaction')
  if (transaction === null) throw new Unreadable('transaction')
  const currency = members.currency === null ? readCurrency(transaction) : readCurrency(members)
  return {
    id: readId(members, 'id'),
    mode: readMode(members),
    status: readOneOf(members, 'status', disputeStatuses),
    resolution: optionalText(members, 'resolution'),
    amount: optionalAmount(members, 'refund_amount', currency),
    currency,
    transactionId: readId(transaction, 'id'),
    transactionReference: 'reference' in transaction ? readText(transaction, 'reference') : null,
    createdAt: readDate(members, 'createdAt', 'created_at'),
    dueAt: optionalDate(members, 'dueAt'),
    resolvedAt: optionalDate(members, 'resolvedAt'),
  }
}
