import { type Sql, sql } from '../../db/sql.ts'

/** Every kind of account. Only the posting function moves money to or from a receivable. */
export const accountKinds = [
  'customer_cash',
  'merchant_balance',
  'fees',
  'outside',
  'processor_fees',
  'adjustments',
  'suspense',
  'customer_receivable',
  'merchant_receivable',
] as const

export type AccountKind = (typeof accountKinds)[number]

/**
 * The `outside` of money that is moved by hand. In live mode it is the one of nobody, which live mode has had all along. In test
 * mode the one of nobody is the sandbox's. Accounts at processors have numbers from 2 on.
 */
export function outsideOfHand(mode: 'test' | 'live'): bigint {
  return mode === 'live' ? 0n : 1n
}

/** The numbers of accounts at processors begin here: below are the sandbox, and money that is moved by hand. */
export const firstAccountId = 2n

/** The id of the customer whom the account of a row is of or about: their cash, or what they owe. Null for another account. */
export function customerOf(account: Sql): Sql {
  return sql`coalesce(
    ${account}.customer_id, case when ${account}.kind = 'customer_receivable' then ${account}.party_id end
  )`
}
