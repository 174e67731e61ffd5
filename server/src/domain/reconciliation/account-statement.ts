import type { Currency } from '../../base/money.ts'
import type { Context } from '../context.ts'
import type { Tenant } from '../merchants/tenant.ts'
import type { PaymentsContext } from '../payments/payment-processor.ts'
import type { ApprovalUrlAsker, PayoutProcessorChoice } from '../payouts/payout-processor.ts'

/** The things that an account tells of, each in a list of its own. */
export const statementKinds = ['payment', 'refund', 'dispute', 'settlement', 'payout'] as const
export type StatementKind = (typeof statementKinds)[number]

/** A thing as an account at a processor tells of it. */
export interface StatementItem {
  /** The account's own id of it. */
  id: string
  /**
   * `done`: a payment is paid, also if it was given back since; a refund has gone back; a dispute is lost; a settlement has
   * reached the bank; a payout is paid. `failed`: that will not happen. `open`: it may.
   */
  state: 'open' | 'done' | 'failed'
  /** Minor units. Of a settlement: what the bank gets. */
  amount: bigint
  /** Of a payment: the amount that was asked for, if the account tells it. Null for other things. */
  requestedAmount: bigint | null
  /** Of a payment, settlement or payout: what the processor keeps; null while that is not known, and for other things. */
  fee: bigint | null
  /** Whether the account tells a fee that cannot be read, such as a fraction of a unit. `fee` is null then. */
  isFeeUnreadable: boolean
  currency: Currency
  /** The account's name of a payment or payout; of a refund or dispute that of its payment, null where it is not told. */
  reference: string | null
  /** Of a refund or dispute: the account's own id of the payment. */
  paymentId: string | null
  /**
   * Of a payment: the marker that it bears. Of a refund: the id of our refund that it bears. Of a payout: the reference of our
   * order. Null for none.
   */
  name: string | null
  createdAt: Date
}

export interface StatementPage {
  items: StatementItem[]
  /** The account's ids of things that cannot be read; empty for one without. */
  unreadable: string[]
  /** Whether this is the last page. */
  isLast: boolean
}

/** Where an account has its list of a kind: from `from` on, and before `until`. Pages count from 1. */
export interface StatementQuestion {
  kind: StatementKind
  from: Date
  until: Date
  page: number
}

/** What an account holds in a currency. */
export interface StatementBalance {
  currency: Currency
  /** Minor units; below zero where the account owes. Null for what cannot be read, such as a fraction of a unit. */
  amount: bigint | null
}

/** An account at a processor as it tells of itself. Every call asks the account, and throws `UpstreamError` where that fails. */
export interface AccountStatement {
  /** Only things of the tenant's mode. */
  readPage(tenant: Tenant, question: StatementQuestion): Promise<StatementPage>
  readBalances(): Promise<StatementBalance[]>
}

/** The part of the context that this room adds: what an account says, null for an account that cannot be asked any more. */
export interface StatementChoice {
  readonly statementOf: (context: Context, tenant: Tenant, accountId: bigint) => Promise<AccountStatement | null>
}

export type ReconciliationContext = PaymentsContext & PayoutProcessorChoice & ApprovalUrlAsker & StatementChoice
