import { UpstreamError } from '../../base/upstream-error.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { AccountStatement, StatementItem } from '../../domain/reconciliation/account-statement.ts'
import type { Ask } from './ask.ts'
import { type Dispute, disputesListing } from './disputes.ts'
import { type Period, type ReadableListing, readPage } from './pages.ts'
import { orderOfTransfer } from './payouts.ts'
import { type Members, Unreadable } from './reading.ts'
import { markerIn } from './references.ts'
import { markerOf, type Refund, refundsListing } from './refunds.ts'
import { readBalances, type Settlement, settlementsListing } from './settlements.ts'
import { type Transaction, transactionsListing } from './transactions.ts'
import { type Transfer, transfersListing } from './transfers.ts'

/** A Paystack account, page by page. */
export function createPaystackStatement(ask: Ask): AccountStatement {
  return {
    async readPage({ mode }, { kind, from, until, page }) {
      // The account's `to` is the last instant that it lists.
      const period = { from, to: new Date(until.getTime() - 1) }
      switch (kind) {
        case 'payment':
          return readItems(await readLeniently(ask, datedTransactions(period), page), mode, ofTransaction)
        case 'refund':
          return readItems(await readLeniently(ask, refundsListing(period), page), mode, ofRefund)
        case 'dispute':
          return readItems(await readLeniently(ask, disputesListing(period), page), mode, ofDispute)
        case 'settlement':
          return readItems(await readIfServed(ask, settlementsListing(period), page), mode, ofSettlement)
        case 'payout':
          return readItems(await readIfServed(ask, transfersListing(period), page), mode, ofTransfer)
      }
    },
    readBalances: () => readBalances(ask),
  }
}

/** An account that has no such list has none of these things. */
async function readIfServed<Row>(ask: Ask, listing: ReadableListing<Row>, page: number) {
  return readLeniently(ask, listing, page).catch((error) => {
    if (error instanceof UpstreamError && error.status === 404)
      return { rows: [] as Row[], unreadable: [], isLast: true }
    throw error
  })
}

/** A row that cannot be read is named, and keeps no other from being read. */
async function readLeniently<Row>(ask: Ask, { readRow, ...listing }: ReadableListing<Row>, page: number) {
  const unreadable: string[] = []
  const lenient = (members: Members): Row | null => {
    try {
      return readRow(members)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      unreadable.push(String(members.id))
      return null
    }
  }
  const { rows, isLast } = await readPage(ask, { ...listing, readRow: lenient }, page)
  return { rows: rows.filter((row) => row !== null), unreadable, isLast }
}

type DatedTransaction = Transaction & { createdAt: Date }

function datedTransactions(period: Period): ReadableListing<DatedTransaction> {
  const { readRow, ...listing } = transactionsListing(period)
  return {
    ...listing,
    readRow(members) {
      const row = readRow(members)
      const { createdAt } = row
      if (createdAt === null) throw new Unreadable('created_at')
      return { ...row, createdAt }
    },
  }
}

function readItems<Row extends { mode: Mode }>(
  { rows, unreadable, isLast }: { rows: Row[]; unreadable: string[]; isLast: boolean },
  mode: Mode,
  read: (row: Row) => StatementItem,
) {
  return { items: rows.filter((row) => row.mode === mode).map(read), unreadable, isLast }
}

const nothing = {
  requestedAmount: null,
  fee: null,
  isFeeUnreadable: false,
  reference: null,
  paymentId: null,
  name: null,
}
const paid = ['success', 'reversal-pending', 'reversed']

function ofTransaction(row: DatedTransaction): StatementItem {
  const { id, status, amount, requestedAmount, fees, currency, reference, metadata, createdAt, unread } = row
  const isPaid = paid.includes(status)
  return {
    ...nothing,
    id: String(id),
    state: isPaid ? 'done' : status === 'failed' ? 'failed' : 'open',
    amount,
    requestedAmount,
    fee: fees,
    isFeeUnreadable: isPaid && unread.includes('fees'),
    currency,
    reference,
    name: markerIn(metadata),
    createdAt,
  }
}

function ofRefund(refund: Refund): StatementItem {
  const { id, status, amount, currency, transactionId, transactionReference, createdAt } = refund
  return {
    ...nothing,
    id: String(id),
    state: status === 'processed' ? 'done' : status === 'failed' ? 'failed' : 'open',
    amount,
    currency,
    reference: transactionReference,
    paymentId: String(transactionId),
    name: markerOf(refund),
    createdAt,
  }
}

function ofDispute(dispute: Dispute): StatementItem {
  const { id, status, resolution, amount, currency, transactionId, transactionReference, createdAt } = dispute
  const isDecided =
    status !== 'awaiting-merchant-feedback' && status !== 'awaiting-bank-feedback' && status !== 'pending'
  const isLost = isDecided && resolution?.endsWith('accepted') === true
  return {
    ...nothing,
    id: String(id),
    state: isLost ? 'done' : isDecided && resolution === 'declined' ? 'failed' : 'open',
    amount: amount ?? 0n,
    currency,
    reference: transactionReference,
    paymentId: String(transactionId),
    createdAt,
  }
}

const gone = ['failed', 'reversed', 'abandoned', 'blocked', 'rejected']

/** The fee of a transfer that was not made is one that it would have cost. */
function ofTransfer({
  id,
  status,
  amount,
  fee,
  isFeeUnreadable,
  currency,
  reference,
  createdAt,
}: Transfer): StatementItem {
  return {
    ...nothing,
    id: String(id),
    state: status === 'success' ? 'done' : gone.includes(status) ? 'failed' : 'open',
    amount,
    fee: gone.includes(status) && status !== 'reversed' ? null : fee,
    isFeeUnreadable,
    currency,
    reference,
    name: orderOfTransfer(reference),
    createdAt,
  }
}

function ofSettlement({ id, status, currency, paidOut, fees, createdAt }: Settlement): StatementItem {
  return {
    ...nothing,
    id: String(id),
    state: status === 'success' ? 'done' : status === 'failed' ? 'failed' : 'open',
    amount: paidOut,
    fee: fees,
    currency,
    createdAt,
  }
}
