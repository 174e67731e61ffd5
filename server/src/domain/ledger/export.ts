import type { Currency } from '../../base/money.ts'
import type { Queryable } from '../../db/database.ts'
import { nothing, sql } from '../../db/sql.ts'
import { type AccountKind, customerOf } from './accounts.ts'
import type { TransactionKind } from './commands.ts'

/** One entry with its transaction and account: everything that an auditor needs to check the books alone. */
export interface ExportedEntry {
  merchant: string
  mode: 'test' | 'live'
  transactionId: string
  kind: TransactionKind
  accountId: bigint
  accountKind: AccountKind
  /** The code of the customer whom the account is of or about; null for any other account of the merchant. */
  customer: string | null
  /** Its place in the account's history. */
  number: bigint
  /** Minor units: positive came in, negative went out. */
  amount: bigint
  balanceAfter: bigint
  currency: Currency
  description: string | null
  details: Record<string, unknown> | null
  reversesId: string | null
  holdId: string | null
  createdAt: Date
}

const pageSize = 1000

/**
 * Reads all entries of one merchant, or of every merchant, in pages. The two entries of a transaction follow each other,
 * the paying account first. Transactions are ordered by merchant and id, which is roughly the order of time. The exported
 * entries sum to zero, whatever is posted meanwhile.
 */
export async function* exportEntries(db: Queryable, merchantId?: number): AsyncGenerator<ExportedEntry[]> {
  let after = { merchant: -1, id: '00000000-0000-0000-0000-000000000000' }
  for (;;) {
    const rows = await readPage(db, after, merchantId ?? null)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows.map(readEntry)
    after = { merchant: last.merchant_id, id: last.transaction_id }
  }
}

interface ExportedRow {
  merchant_id: number
  merchant: string
  mode: 'test' | 'live'
  transaction_id: string
  kind: TransactionKind
  account_id: bigint
  account_kind: AccountKind
  customer: string | null
  number: bigint
  amount: bigint
  balance_after: bigint
  currency: Currency
  description: string | null
  details: Record<string, unknown> | null
  reverses_id: string | null
  hold_id: string | null
  created_at: Date
}

function readPage(
  db: Queryable,
  after: { merchant: number; id: string },
  merchantId: number | null,
): Promise<ExportedRow[]> {
  return db.query<ExportedRow>(sql`
    select
      t.merchant_id, m.code as merchant, t.mode, t.id as transaction_id, t.kind, e.account_id, a.kind as account_kind,
      c.code as customer, e.number, e.amount, e.balance_after, t.currency, t.description, t.details, t.reverses_id,
      t.hold_id, t.created_at
    from (
      select * from ledger_transactions
      where (merchant_id, id) > (${after.merchant}::integer, ${after.id}::uuid)
        ${merchantId === null ? nothing : sql`and merchant_id = ${merchantId}`}
      order by merchant_id, id
      limit ${pageSize}
    ) t
    join merchants m on m.id = t.merchant_id
    cross join lateral (
      values (1, t.from_account_id, t.from_number), (2, t.to_account_id, t.to_number)
    ) as side (place, account_id, number)
    cross join lateral (
      select * from entries e
      where e.merchant_id = t.merchant_id and e.account_id = side.account_id and e.number = side.number
      limit 1
    ) e
    cross join lateral (
      select * from ledger_accounts a where a.merchant_id = t.merchant_id and a.id = side.account_id limit 1
    ) a
    left join lateral (
      select c.code from customers c
      where c.merchant_id = t.merchant_id and c.id = ${customerOf(sql`a`)}
      limit 1
    ) c on true
    order by t.merchant_id, t.id, side.place
  `)
}

function readEntry(row: ExportedRow): ExportedEntry {
  return {
    merchant: row.merchant,
    mode: row.mode,
    transactionId: row.transaction_id,
    kind: row.kind,
    accountId: row.account_id,
    accountKind: row.account_kind,
    customer: row.customer,
    number: row.number,
    amount: row.amount,
    balanceAfter: row.balance_after,
    currency: row.currency,
    description: row.description,
    details: row.details,
    reversesId: row.reverses_id,
    holdId: row.hold_id,
    createdAt: row.created_at,
  }
}
