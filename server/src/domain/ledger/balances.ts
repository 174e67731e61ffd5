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
  accountId: bigint
  customerCode: string
  currency: Currency
  /** The sum of the entries. */
  posted: bigint
  /** The part of posted that holds have reserved. */
  held: bigint
  /** The amount that can be spent: posted - held. */
  available: bigint
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

/** The balance in the merchant's default currency, as of now. Throws `customer_not_found`. */
export async function getBalance(context: Context, tenant: Tenant, code: string): Promise<Balance> {
  const balance = await queueOf(context)({ tenant, code })
  if (balance === null) throw new ServiceError('customer_not_found', `There is no customer "${code}"`)
  return balance
}

/**
 * Two index look-ups per call, whatever the planner knows of the tables. With plain joins it read all accounts of the
 * merchant for each batch, until the first analyze.
 */
async function selectBalances(db: Queryable, calls: { tenant: Tenant; code: string }[]) {
  const { tenant } = calls[0] as { tenant: Tenant }
  const rows = await db.query<{
    id: bigint
    code: string
    currency: Currency
    posted: bigint
    held: bigint
    created_at: Date
    updated_at: Date
  }>(sql`
    select a.id, c.code, a.currency, a.posted, a.held, a.created_at, a.updated_at
    from unnest(${calls.map((call) => call.code)}::text[]) as n (code)
    cross join lateral (
      select c.merchant_id, c.mode, c.id, c.code from customers c
      where c.merchant_id = ${tenant.merchant.id} and c.code = n.code
      limit 1
    ) c
    cross join lateral (
      select * from ledger_accounts a
      where a.merchant_id = c.merchant_id and a.customer_id = c.id and a.currency = ${tenant.merchant.currencies[0]}
      limit 1
    ) a
    where c.mode = ${tenant.mode}
  `)
  const byCode = new Map(
    rows.map((row) => [
      row.code,
      {
        accountId: row.id,
        customerCode: row.code,
        currency: row.currency,
        posted: row.posted,
        held: row.held,
        available: row.posted - row.held,
        createdAt: row.created_at,
        updatedAt: row.updated_at,
      },
    ]),
  )
  return calls.map((call) => byCode.get(call.code) ?? null)
}
