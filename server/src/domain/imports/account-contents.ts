import type { OpenedAccount } from '../banking/account-provider.ts'
import type { Context } from '../context.ts'
import type { NewCustomer, RiskAction } from '../customers/customers.ts'
import type { Mode, Tenant } from '../merchants/tenant.ts'
import type { NewPaymentMethod } from '../payments/payment-methods.ts'
import type { PaymentsContext } from '../payments/payment-processor.ts'
import type { PayoutProcessorChoice } from '../payouts/payout-processor.ts'

/** A row of a list of an account: read, or with the member that cannot be read. */
export type ReadRow<Row> = { name: string; row: Row } | { name: string; row: null; unreadable: string }

export interface ContentsPage<Row> {
  rows: readonly ReadRow<Row>[]
  /** Whether this is the last page. */
  isLast: boolean
  /** How many rows all pages have together; null where the account does not say. */
  total: number | null
}

/** A customer as the account knows them. */
export interface AccountCustomer extends Pick<NewCustomer, 'firstName' | 'lastName' | 'phone' | 'metadata'> {
  /** The account's own name of them. */
  code: string
  email: string
  riskAction: RiskAction
  /** Null where the account does not tell it. */
  mode: Mode | null
}

/** A saved instrument of a customer at the account. */
export interface AccountAuthorization {
  /** Secret: whoever has it can charge the instrument. */
  token: string
  isReusable: boolean
  /** Null for an instrument of a kind that is not saved here. */
  method: NewPaymentMethod | null
}

/** A dedicated account, and the account's name of the customer whose it is; null for nobody's. */
export interface AccountNumber {
  opened: OpenedAccount & { outsideId: bigint }
  customerCode: string | null
  isOpen: boolean
}

/** A payment of the account. */
export interface AccountPayment {
  id: string
  mode: Mode
  reference: string
  /** `reversed`: all of it was given back. `unpaid`: it was never paid. */
  status: 'succeeded' | 'reversed' | 'unpaid'
  /** Minor units. */
  amount: bigint
  currency: NonNullable<OpenedAccount['currency']>
  /** What the account has kept; null while that is not known. */
  fee: bigint | null
  /** The account's word for how it was paid. */
  channel: string | null
  paidAt: Date | null
  /** Our marker, if it bears one: it was asked for here. */
  marker: string | null
  customerCode: string | null
}

/** Where a list is read: pages count from 1, and the list ends before `until`. */
export interface ContentsQuestion {
  until: Date
  page: number
}

/** What an account at a processor has. Every call asks the account, and throws `UpstreamError` where that fails. */
export interface AccountContents {
  readCustomers(question: ContentsQuestion): Promise<ContentsPage<AccountCustomer>>
  /** The saved instruments of a customer. Empty for a customer whom the account does not know any more. */
  readAuthorizations(customerCode: string): Promise<readonly ReadRow<AccountAuthorization>[]>
  /** An account without dedicated accounts has none. */
  readAccountNumbers(question: Pick<ContentsQuestion, 'page'>): Promise<ContentsPage<AccountNumber>>
  readPayments(question: ContentsQuestion): Promise<ContentsPage<AccountPayment>>
}

/** The part of the context that this room adds: null for an account that cannot be asked any more. */
export interface ContentsChoice {
  readonly contentsOf: (context: Context, tenant: Tenant, accountId: bigint) => Promise<AccountContents | null>
}

export type ImportContext = PaymentsContext & PayoutProcessorChoice & ContentsChoice
