import type { Currency } from '../../base/money.ts'
import type { Mode } from '../../domain/merchants/tenant.ts'
import type { Ask } from './ask.ts'
import { listPages, type Period, type ReadableListing } from './pages.ts'
import {
  type Members,
  optionalDate,
  readAmount,
  readAside,
  readCurrency,
  readDate,
  readId,
  readList,
  readMode,
  readOneOf,
  readSignedAmount,
  readSuccess,
} from './reading.ts'
import { readTransaction, type Transaction } from './transactions.ts'

/** Money that the account has sent to the merchant's bank. Amounts are minor units. */
export interface Settlement {
  id: bigint
  mode: Mode
  status: 'success' | 'processing' | 'pending' | 'failed'
  currency: Currency
  /** What was collected, without the fees. */
  amount: bigint
  collected: bigint | null
  fees: bigint | null
  /** Null where the account does not say. */
  deductions: bigint | null
  /** What the bank gets: less than the amount where something was taken off. */
  paidOut: bigint
  settledAt: Date | null
  createdAt: Date
}

/** `GET /settlement`, page by page, newest first. Throws `UpstreamError`. */
export function listSettlements(ask: Ask, period: Period = {}): AsyncGenerator<Settlement[]> {
  return listPages(ask, settlementsListing(period))
}

export function settlementsListing(period: Period): ReadableListing<Settlement> {
  return { operation: 'list_settlements', path: '/settlement', ...period, readRow: readSettlement }
}

/** `GET /settlement/:id/transactions`, page by page: the payments of a settlement. Throws `UpstreamError`. */
export function listSettledTransactions(ask: Ask, id: bigint): AsyncGenerator<Transaction[]> {
  const path = `/settlement/${id}/transactions`
  return listPages(ask, { operation: 'list_settled_transactions', path, readRow: readTransaction })
}

/** What the account holds in one currency. */
export interface AccountBalance {
  currency: Currency
  /**
   * Minor units; below zero where the account owes. An account that is another Mteja has wallets, whose money lies there as well. Null
   * for what cannot be read, such as a fraction of a unit.
   */
  amount: bigint | null
}

/** `GET /balance`, without currencies that are not known here. Throws `UpstreamError`. */
export async function readBalances(ask: Ask): Promise<AccountBalance[]> {
  const operation = 'read_balances'
  const answer = await ask({ operation, method: 'GET', path: '/balance' })
  return readSuccess(operation, answer, (data) => readList(data, 'data', readBalance).filter((row) => row !== null))
}

function readBalance(row: Members): AccountBalance | null {
  const currency = readAside(() => readCurrency(row))
  if (currency === null) return null
  const name = row.account_balance === undefined ? 'balance' : 'account_balance'
  return { currency, amount: readAside(() => readSignedAmount(row, name, currency)) }
}

function readSettlement(members: Members): Settlement {
  const currency = readCurrency(members)
  const amount = readSignedAmount(members, 'total_amount', currency)
  const isTold = members.effective_amount !== undefined && members.effective_amount !== null
  return {
    id: readId(members, 'id'),
    mode: readMode(members),
    status: readOneOf(members, 'status', ['success', 'processing', 'pending', 'failed'] as const),
    currency,
    amount,
    collected: readAside(() => readAmount(members, 'total_processed', currency)),
    fees: readAside(() => readAmount(members, 'total_fees', currency)),
    deductions: readAside(() =>
      members.deductions == null ? null : readSignedAmount(members, 'deductions', currency),
    ),
    paidOut: isTold ? readSignedAmount(members, 'effective_amount', currency) : amount,
    settledAt: readAside(() => optionalDate(members, 'settlement_date')),
    createdAt: readDate(members, 'createdAt'),
  }
}
