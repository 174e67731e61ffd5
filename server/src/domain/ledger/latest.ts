import { sql } from '../../db/sql.ts'
import type { Context } from '../context.ts'

/** The time of the newest transaction of all merchants. Null for an empty ledger. */
export async function latestTransactionAt({ db }: Context): Promise<Date | null> {
  // The ids of transactions begin with their time, so each merchant's newest is at the end of the primary key.
  const [row] = await db.query<{ latest: Date | null }>(sql`
    select max(newest.created_at) as latest
    from merchants m cross join lateral (
      select t.created_at from ledger_transactions t where t.merchant_id = m.id order by t.id desc limit 1
    ) newest
  `)
  return row?.latest ?? null
}
