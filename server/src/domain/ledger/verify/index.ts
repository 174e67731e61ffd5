import type { Queryable } from '../../../db/database.ts'
import { sql } from '../../../db/sql.ts'
import { checkAccounts } from './accounts.ts'
import { type Books, UnsoundRowError } from './books.ts'
import { checkDisputes } from './disputes.ts'
import { checkHolds } from './holds.ts'
import { checkNumbers } from './numbers.ts'
import { checkPayouts } from './payouts.ts'
import { checkRefundTotals } from './refund-totals.ts'
import { checkSuspense } from './suspense.ts'
import { checkTransactions } from './transactions.ts'

/** The number of rows checked so far, and the number of rows at the start. */
export interface VerificationProgress {
  done: number
  total: number
}

/** The numbers of rows that were found sound, or the first row that is wrong and its fault. */
export type VerificationResult = ({ isSound: true } & Books['counts']) | { isSound: false; wrong: string }

/** The walk over the books. */
const parts = [
  checkAccounts,
  checkTransactions,
  checkHolds,
  checkRefundTotals,
  checkDisputes,
  checkSuspense,
  checkPayouts,
  checkNumbers,
]

/**
 * Derives every stored figure of the ledger from its entries again, row by row: the balance and the held amount of each
 * account, numbers and running balances, the two entries of each transaction, captured and given-back amounts, what has
 * left suspense, the numbers of transfers and customers.
 *
 * It reads in pages by key and keeps no page, so it needs the same memory for any number of rows. Servers may post
 * meanwhile: history only grows, and each account is checked up to the entry that was its last when the account was read.
 *
 * @param options.pageSize see `Books`
 */
export async function* verifyLedger(
  db: Queryable,
  { pageSize = 2000 } = {},
): AsyncGenerator<VerificationProgress, VerificationResult> {
  const counts = { entries: 0, transactions: 0, accounts: 0, holds: 0, customers: 0 }
  const total = await countRows(db)
  let done = 0
  yield { done, total }
  try {
    for (const part of parts) {
      for await (const rows of part({ db, pageSize, counts })) {
        done += rows
        yield { done, total: Math.max(done, total) }
      }
    }
  } catch (error) {
    if (error instanceof UnsoundRowError) return { isSound: false, wrong: error.message }
    throw error
  }
  return { isSound: true, ...counts }
}

/** Transactions are not counted, since each has two entries: there are half as many. */
async function countRows(db: Queryable): Promise<number> {
  const [row] = await db.query<{ total: string }>(sql`
    select
      a.accounts + a.entries + a.entries / 2 + n.numbers
      + (select count(*) from holds) + (select count(*) from refund_totals) + (select count(*) from disputes) + (select count(*) from payouts)
      + (select count(*) from suspense_decisions)
        as total
    from (select count(*) as accounts, coalesce(sum(entry_count), 0) as entries from ledger_accounts) a
    cross join (select coalesce(sum(transfer_count + customer_count), 0) as numbers from merchant_counters) n
  `)
  return Math.ceil(Number(row?.total ?? 0))
}
