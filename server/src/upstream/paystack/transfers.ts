import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { Ask } from './ask.ts'
import { begin, type Outcome } from './outcomes.ts'
import { listPages, type Period, type ReadableListing } from './pages.ts'
import {
  cutText,
  type Members,
  optionalAmount,
  optionalDate,
  optionalMembers,
  optionalText,
  optionalWords,
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
import { type Recipient, readRecipient } from './recipients.ts'

const transferStatuses = [
  ...(['pending', 'otp', 'received', 'processing', 'queued'] as const),
  ...(['success', 'failed', 'reversed', 'abandoned', 'blocked', 'rejected'] as const),
] as const

/** `pending` to `queued` are open. A success can still be reversed; the other ends are final. */
export type TransferStatus = (typeof transferStatuses)[number]

export interface Transfer {
  id: bigint
  /** `TRF_…`. */
  code: string
  reference: string
  mode: Mode
  status: TransferStatus
  /** Minor units. */
  amount: bigint
  currency: Currency
  /** The number of the recipient at the account. */
  recipientId: bigint
  /** Null in the answer to a new transfer, which has only the number. */
  recipient: Recipient | null
  /** What the account took for itself; null where it does not say, or what it says cannot be read. Minor units. */
  fee: bigint | null
  isFeeUnreadable: boolean
  /** The narration. */
  reason: string | null
  /** Why it has failed; null where the account does not say. */
  failure: string | null
  createdAt: Date
  transferredAt: Date | null
}

/** A transfer that is about to be asked for. */
export interface NewTransfer {
  /** See `newAccountReference`. It is burnt by the first use, whatever becomes of it. */
  reference: string
  /** Minor units. */
  amount: bigint
  currency: Currency
  recipientCode: string
  /** Shown to the payee. */
  reason?: string | undefined
}

/** `POST /transfer`. It may be repeated under the same reference: the account refuses the second as a duplicate. */
export function initiateTransfer(
  ask: Ask,
  { reference, amount, currency, recipientCode, reason }: NewTransfer,
): Promise<Outcome<Transfer>> {
  const body = {
    source: 'balance',
    reference,
    amount: renderAmount(amount, currency),
    currency,
    recipient: recipientCode,
    reason,
  }
  const question = { operation: 'initiate_transfer', method: 'POST', path: '/transfer', body } as const
  return begin(ask, 'transfer', question, (data) => readTransfer(readMembers(data)))
}

/**
 * `POST /transfer/finalize_transfer`: gives the one-time password that the account has sent to its owner. A wrong one ends the
 * transfer.
 */
export function finalizeTransfer(ask: Ask, code: string, otp: string): Promise<Outcome<Transfer>> {
  const body = { transfer_code: code, otp }
  const path = '/transfer/finalize_transfer'
  return begin(ask, 'finalize_transfer', { operation: 'finalize_transfer', method: 'POST', path, body }, (data) =>
    readTransfer(readMembers(data)),
  )
}

/**
 * `GET /transfer/verify/:reference`. Null for a reference that the account does not know: a transfer that has just been sent
 * may be unknown and be made nevertheless. Throws `UpstreamError`.
 */
export async function verifyTransfer(ask: Ask, reference: string): Promise<Transfer | null> {
  const operation = 'verify_transfer'
  const answer = await ask({ operation, method: 'GET', path: `/transfer/verify/${encodeURIComponent(reference)}` })
  if (answer.status === 404 && answer.body.status === false) return null
  return readSuccess(operation, answer, (data) => {
    const transfer = readTransfer(readMembers(data))
    // The account looks up what it was asked for. An answer about another transfer is no answer.
    if (transfer.reference !== reference || transfer.recipient === null) throw new Unreadable('reference')
    return transfer
  })
}

/** `GET /transfer`, page by page, newest first. Throws `UpstreamError`. */
export function listTransfers(ask: Ask, period: Period = {}): AsyncGenerator<Transfer[]> {
  return listPages(ask, transfersListing(period))
}

export function transfersListing(period: Period): ReadableListing<Transfer> {
  return { operation: 'list_transfers', path: '/transfer', ...period, readRow: readTransfer }
}

/** The recipient is its number in the answer to a new transfer, and an object anywhere else. */
function readTransfer(members: Members): Transfer {
  const currency = readCurrency(members)
  const unread: string[] = []
  const isNumber = typeof members.recipient !== 'object' || members.recipient === null || !('id' in members.recipient)
  const recipient = isNumber ? null : readRecipient(readMembers(members.recipient, 'recipient'))
  return {
    id: readId(members, 'id'),
    code: readText(members, 'transfer_code'),
    reference: readText(members, 'reference'),
    mode: readMode(members),
    status: readOneOf(members, 'status', transferStatuses),
    amount: readAmount(members, 'amount', currency),
    currency,
    recipientId: recipient?.id ?? readId(members, 'recipient'),
    recipient,
    fee: readAside(() => optionalAmount(members, 'fee_charged', currency), unread),
    isFeeUnreadable: unread.length > 0,
    reason: readAside(() => optionalText(members, 'reason')),
    failure: readFailure(members),
    createdAt: readDate(members, 'createdAt', 'created_at'),
    transferredAt: readAside(() => optionalDate(members, 'transferred_at')),
  }
}

/** The cause stands in one of two members, and in no documented form: only a text is taken for it. */
function readFailure(members: Members): string | null {
  const { gateway_response: response, failures } = members
  if (typeof response === 'string' && response !== '') return cutText(response)
  if (typeof failures === 'string' && failures !== '') return cutText(failures)
  return readAside(() => {
    const told = optionalMembers(members, 'failures')
    return told === null ? null : (optionalWords(told, 'message') ?? optionalWords(told, 'reason'))
  })
}
