import { ServiceError } from '../../base/errors.ts'
import type { Currency } from '../../base/money.ts'
import { limitsOf } from '../../db/batch-limits.ts'
import { createBatcher } from '../../db/batcher.ts'
import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { type Context, perContext } from '../context.ts'
import { type Tenant, tenantKey } from '../merchants/tenant.ts'

/** A customer's cash in one currency, in minor units. */
export interface Balance {
  /** Null in a currency that the customer never had. */
  accountId: bigint | null
  customerCode: string
  currency: Currency
  /** The sum of the entries. */
  posted: bigint
  /** The part of posted that holds have reserved. */
  held: bigint
  /** The amount that can be spent: posted - held. */
  available: bigint
  /** The amount that the customer owes, because money was taken back that they had spent. Then nothing is available. */
  owed: bigint
  /** How many entries it has. */
  entryCount: bigint
  createdAt: Date
  updatedAt: Date
}

const queueOf = perContext((context) =>
  createBatcher(
    context.db,
    selectBalances,
    (call: { tenant: Tenant; code: string }) => tenantKey(call.tenant),
    limitsOf(context.meter, 'balances'),
  ),
)

/** The balances in each currency that the customer has an account in, as of now. Throws `customer_not_found`. */
export async function getBalances(context: Context, tenant: Tenant, code: string): Promise<Balance[]> {
  const balances = await queueOf(context)({ tenant, code })
  if (balances.length === 0) throw new ServiceError('customer_not_found', `There is no customer "${code}"`)
  return balances
}

/**
 * The balance in a currency, as of now; zeros in a currency that the customer never had. Throws `customer_not_found`.
 *
 * @param currency one that the merchant holds
 */
export async function getBalance(
  context: Context,
  tenant: Tenant,
  code: string,
  currency: Currency = tenant.merchant.currencies[0],
): Promise<Balance> {
  const balances = await getBalances(context, tenant, code)
  const balance = balances.find((each) => each.currency === currency)
  if (balance !== undefined) return balance
  const { createdAt } = balances[0] as Balance
  const zeros = { posted: 0n, held: 0n, available: 0n, owed: 0n, entryCount: 0n }
  return { accountId: null, customerCode: code, currency, ...zeros, createdAt, updatedAt: createdAt }
}

/**
 * Two index look-ups per call, whatever the planner knows of the tables. With plain joins it read all accounts of the
 * merchant for each batch, until the first analyze; `offset 0` keeps the look-ups apart.
 */
async function selectBalances(db: Queryable, calls: { tenant: Tenant; code: string }[]): Promise<Balance[][]> {
  const { tenant } = calls[0] as { tenant: Tenant }
  const rows = await db.query<{
    id: bigint
    code: string
    currency: Currency
    posted: bigint
    held: bigint
    owed: bigint
    entry_count: bigint
    created_at: Date
    updated_at: Date
  }>(sql`
    select a.id, c.code, a.currency, a.posted, a.held, a.owed, a.entry_count, a.created_at, a.updated_at
    from unnest(${[...new Set(calls.map((call) => call.code))]}::text[]) as n (code)
    cross join lateral (
      select c.merchant_id, c.mode, c.id, c.code, c.deleted_at from customers c
      where c.merchant_id = ${tenant.merchant.id} and c.code = n.code
      limit 1
    ) c
    cross join lateral (
      select * from ledger_accounts a
      where a.merchant_id = c.merchant_id and a.customer_id = c.id
      offset 0
    ) a
    where c.mode = ${tenant.mode} and c.deleted_at is null
  `)
  const byCode = new Map<string, Balance[]>()
  for (const row of rows) {
    const balance = {
      accountId: row.id,
      customerCode: row.code,
      currency: row.currency,
      posted: row.posted,
      held: row.held,
      available: row.posted - row.held,
      owed: row.owed,
      entryCount: row.entry_count,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }
    const others = byCode.get(row.code)
    if (others === undefined) byCode.set(row.code, [balance])
    else others.push(balance)
  }
  return calls.map((call) => byCode.get(call.code) ?? [])
}
