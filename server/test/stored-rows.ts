import type { Queryable } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import type { Tenant } from '../src/domain/tenant.ts'

/**
 * Everything that is stored of a tenant, by table: to see that a request changed nothing. Rows are JSON texts in order.
 * Left out is what a refusal may leave behind: a gap in the numbers given out, the idempotency keys, which remember
 * refusals too, and ledger accounts that nothing was ever posted to.
 */
export async function storedRows(db: Queryable, { merchant, mode }: Tenant): Promise<Record<string, string[]>> {
  const tables = await db.query<{ name: string; has_mode: boolean }>(sql`
    select table_name as name, bool_or(column_name = 'mode') as has_mode
    from information_schema.columns
    where table_schema = 'public' and table_name not in ('merchant_ids', 'idempotency_keys')
    group by table_name
    having bool_or(column_name = 'merchant_id')
    order by table_name
  `)
  const stored: Record<string, string[]> = {}
  for (const { name, has_mode } of tables) {
    // Made by hand: a table's name cannot be a parameter. Named nothing, so that it is not prepared.
    const text = `select row_to_json(t)::text as row from ${name} t
      where merchant_id = $1 ${has_mode ? 'and mode = $2' : 'and $2::text is not null'} order by 1`
    const rows = await db.query<{ row: string }>({ text, values: [merchant.id, mode], name: '' })
    stored[name] = rows.map(({ row }) => row).filter((row) => !row.includes('"entry_count":0,'))
  }
  return stored
}
