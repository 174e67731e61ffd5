import type { Currency } from '../../base/money.ts'
import type { StatementKind } from './account-statement.ts'

/** How the account and the books differ. */
export const differenceKinds = [
  'missing_here',
  'missing_there',
  'amount',
  'fee',
  'state',
  'currency',
  'duplicate',
  'not_ours',
  'unexplained',
] as const

export type DifferenceKind = (typeof differenceKinds)[number]

/** What differs. */
export type Subject = StatementKind | 'suspense' | 'balance'
export const subjects = [
  'payment',
  'refund',
  'dispute',
  'settlement',
  'payout',
  'suspense',
  'balance',
] as const satisfies Subject[]

/** A difference between an account and the books, as a comparison finds it. Amounts are minor units. */
export interface FoundDifference {
  kind: DifferenceKind
  subject: Subject
  /** The account's id of the thing, our id of a thing that the account does not have, or the currency of a balance. */
  name: string
  /** The account's name of the payment. */
  reference: string | null
  /** Our ledger transaction, if there is one. */
  transactionId: string | null
  /** From 0: how much is missing, or by how much two amounts differ. */
  amount: bigint
  ours: bigint | null
  theirs: bigint | null
  currency: Currency
  /** How much more than by our books the account has because of it, by currency. */
  effects: Readonly<Partial<Record<Currency, bigint>>>
  /** When the thing was made. */
  at: Date
}
