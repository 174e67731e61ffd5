import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { Metadata } from '../customers/metadata.ts'
import { type AccountKind, customerOf } from '../ledger/accounts.ts'
import type { TransactionKind } from '../ledger/commands.ts'
import type { Tenant } from '../merchants/tenant.ts'
import { type Doer, type DoerRow, doerColumns, joinDoer, readDoer, unpackRequestId } from '../trail/trail.ts'
import type { PaymentStatus } from './payment-records.ts'

/** One of the two entries of a transaction. */
export interface TransactionEntry {
  accountKind: AccountKind
  /** The code of the customer whose cash it is, or who owes; null for another account of the merchant. */
  customer: string | null
  /** Its place in the account's history: 1, 2, 3 … */
  number: bigint
  /** Minor units: negative on the paying side, positive on the receiving side. */
  amount: bigint
  balanceAfter: bigint
}

/** A ledger transaction with everything that it is related to. */
export interface Transaction {
  id: string
  kind: TransactionKind
  /** Minor units, above 0. */
  amount: bigint
  currency: Currency
  description: string | null
  details: Record<string, unknown>
  /** The paying side, then the receiving side. */
  entries: [TransactionEntry, TransactionEntry]
  /** The transaction that this one gives back; null for other kinds. */
  reversesId: string | null
  /** The sum of its refunds and reversals. */
  givenBack: bigint
  /** The hold that it captures. For a refund or reversal, the hold of the transaction that it gives back. */
  holdId: string | null
  /** The payment from outside that it is, or that it gives back. */
  payment: TransactionPayment | null
  /** Who made the movement, and with which request. */
  by: Doer
  requestId: string | null
  createdAt: Date
}

export interface TransactionPayment {
  paymentIntentId: string
  checkoutSessionId: string | null
  /** The rest is null for a payment intent that makes no payment under a reference. */
  reference: string | null
  number: bigint | null
  status: PaymentStatus | null
  metadata: Metadata | string | null
}

interface TransactionRow extends DoerRow {
  request_id: Buffer | null
  id: string
  kind: TransactionKind
  amount: bigint
  currency: Currency
  description: string | null
  details: Record<string, unknown> | null
  from_kind: AccountKind
  from_customer: string | null
  from_number: bigint
  from_balance: bigint
  to_kind: AccountKind
  to_customer: string | null
  to_number: bigint
  to_balance: bigint
  reverses_id: string | null
  given_back: bigint
  hold_id: string | null
  payment_intent_id: string | null
  checkout_session_id: string | null
  reference: string | null
  payment_number: bigint | null
  payment_status: PaymentStatus | null
  metadata: Metadata | string | null
  created_at: Date
}

/** Throws `transaction_not_found`. */
export async function getTransaction(context: Context, tenant: Tenant, id: string): Promise<Transaction> {
  const [transaction] = await readTransactions(context, tenant, [id])
  if (transaction !== undefined) return transaction
  throw new ServiceError('transaction_not_found', `There is no transaction ${JSON.stringify(id)}`)
}

/** The transactions with these ids, newest first. Each part of each is an index look-up. */
export async function readTransactions(context: Context, tenant: Tenant, ids: string[]): Promise<Transaction[]> {
  const rows = await context.db.query<TransactionRow>(sql`
    select
      t.id, t.kind, t.amount, t.currency, t.description, t.details, t.reverses_id, t.created_at,
      coalesce(t.hold_id, o.hold_id) as hold_id, coalesce(g.amount, 0) as given_back,
      fa.kind as from_kind, fc.code as from_customer, t.from_number, fe.balance_after as from_balance,
      ta.kind as to_kind, tc.code as to_customer, t.to_number, te.balance_after as to_balance,
      i.id as payment_intent_id, i.checkout_session_id, p.reference, p.id as payment_number, p.status as payment_status,
      coalesce(p.metadata, i.metadata) as metadata, t.request_id, ${doerColumns}
    from ledger_transactions t
    join ledger_accounts fa on fa.merchant_id = t.merchant_id and fa.id = t.from_account_id
    join ledger_accounts ta on ta.merchant_id = t.merchant_id and ta.id = t.to_account_id
    join entries fe on fe.merchant_id = t.merchant_id and fe.account_id = t.from_account_id and fe.number = t.from_number
    join entries te on te.merchant_id = t.merchant_id and te.account_id = t.to_account_id and te.number = t.to_number
    left join customers fc on fc.merchant_id = t.merchant_id and fc.id = ${customerOf(sql`fa`)}
    left join customers tc on tc.merchant_id = t.merchant_id and tc.id = ${customerOf(sql`ta`)}
    left join ledger_transactions o on o.merchant_id = t.merchant_id and o.id = t.reverses_id
    left join ledger_transactions s
      on s.merchant_id = t.merchant_id and s.id = (coalesce(o.details, t.details) ->> 'suspendedId')::uuid
    left join refund_totals g on g.merchant_id = t.merchant_id and g.transaction_id = t.id
    left join payment_intents i
      on i.merchant_id = t.merchant_id
      and i.id = substr(coalesce(s.details, o.details, t.details) ->> 'paymentIntentId', 4)::uuid
    left join payments p on p.merchant_id = i.merchant_id and p.payment_intent_id = i.id
    ${joinDoer(sql`t`)}
    where t.merchant_id = ${tenant.merchant.id} and t.mode = ${tenant.mode} and t.id = any(${ids}::uuid[])
    order by t.id desc
  `)
  return rows.map(readTransaction)
}

function readTransaction(row: TransactionRow): Transaction {
  return {
    id: row.id,
    kind: row.kind,
    amount: row.amount,
    currency: row.currency,
    description: row.description,
    details: row.details ?? {},
    entries: [
      {
        accountKind: row.from_kind,
        customer: row.from_customer,
        number: row.from_number,
        amount: -row.amount,
        balanceAfter: row.from_balance,
      },
      {
        accountKind: row.to_kind,
        customer: row.to_customer,
        number: row.to_number,
        amount: row.amount,
        balanceAfter: row.to_balance,
      },
    ],
    reversesId: row.reverses_id,
    givenBack: row.given_back,
    holdId: row.hold_id,
    payment: readPayment(row),
    by: readDoer(row),
    requestId: row.request_id === null ? null : unpackRequestId(row.request_id),
    createdAt: row.created_at,
  }
}

function readPayment(row: TransactionRow): TransactionPayment | null {
  if (row.payment_intent_id === null) return null
  return {
    paymentIntentId: `pi_${row.payment_intent_id}`,
    checkoutSessionId: row.checkout_session_id === null ? null : `checkout_sess_${row.checkout_session_id}`,
    reference: row.reference,
    number: row.payment_number,
    status: row.payment_status,
    metadata: row.metadata,
  }
}
