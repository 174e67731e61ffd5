import type { Currency } from '../../base/money.ts'
import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'
import type { AccountKind } from '../ledger/accounts.ts'
import type { Tenant } from '../merchants/tenant.ts'

/**
 * What a merchant owes and what is held for it, in one currency, as of now. Minor units. The books balance: what is held outside,
 * with what is owed to the merchant, is what the merchant owes and owns.
 */
export interface Position {
  currency: Currency
  /** The cash of all customers. */
  customers: bigint
  /** The merchant's own balance, and its fees. */
  merchant: bigint
  /** Money that waits for its owner. */
  suspense: bigint
  /** What customers and the merchant owe, because money was taken back that had been spent. */
  owed: bigint
  /** What is held outside, by the account at a processor. */
  outside: { accountId: bigint; amount: bigint }[]
  /** Everything else, such as fees of processors and adjustments by hand: what it cost, above 0. */
  costs: bigint
}

interface Row {
  currency: Currency
  kind: AccountKind
  party_id: bigint
  posted: string
}

const own: readonly AccountKind[] = ['merchant_balance', 'fees']
const receivables: readonly AccountKind[] = ['customer_receivable', 'merchant_receivable']

/**
 * In each currency that has moved, the merchant's first currency first. The accounts of a currency add up to 0, so the cash of all
 * customers is known from the others, which are few: a million customers are not read.
 */
export async function listPositions(context: Context, { merchant, mode }: Tenant): Promise<Position[]> {
  const rows = await context.db.query<Row>(sql`
    select a.currency, a.kind, case when a.kind = 'outside' then a.party_id else 0 end as party_id, sum(a.posted) as posted
    from ledger_accounts a
    where a.merchant_id = ${merchant.id} and a.mode = ${mode} and a.customer_id is null
    group by 1, 2, 3
    order by a.currency <> ${merchant.currencies[0]}, a.currency, 3
  `)
  const currencies = [...new Set(rows.map(({ currency }) => currency))]
  return currencies.map((currency) =>
    positionOf(
      currency,
      rows.filter((row) => row.currency === currency),
    ),
  )
}

function positionOf(currency: Currency, rows: readonly Row[]): Position {
  const sumOf = (fits: (row: Row) => boolean) => rows.filter(fits).reduce((sum, { posted }) => sum + BigInt(posted), 0n)
  const merchant = sumOf(({ kind }) => own.includes(kind))
  const suspense = sumOf(({ kind }) => kind === 'suspense')
  const owed = -sumOf(({ kind }) => receivables.includes(kind))
  const known: readonly AccountKind[] = [...own, ...receivables, 'suspense', 'outside']
  return {
    currency,
    customers: -sumOf(() => true),
    ...{ merchant, suspense, owed },
    outside: rows
      .filter(({ kind }) => kind === 'outside')
      .map(({ party_id, posted }) => ({ accountId: party_id, amount: -BigInt(posted) })),
    costs: -sumOf(({ kind }) => !known.includes(kind)),
  }
}
