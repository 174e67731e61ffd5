import type { Queryable } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import type { Tenant } from '../src/domain/merchants/tenant.ts'

/**
 * All stored rows of a tenant, to see that a request changed nothing. Leaves out the traces that a refusal may leave: a
 * gap in the numbers given out, idempotency keys (they remember refusals too), the names of those who ask (actors), and ledger accounts without entries.
 */
export async function storedRows(db: Queryable, { merchant, mode }: Tenant): Promise<string[]> {
  const text = await (statements.get(db) ?? writeStatement(db))
  const rows = await db.query<{ row: string }>({ text, values: [merchant.id, mode], name: '' })
  return rows.map(({ row }) => row)
}

const statements = new WeakMap<Queryable, Promise<string>>()

/** One statement over all tables. It is built as text, because a table's name cannot be a parameter. */
function writeStatement(db: Queryable): Promise<string> {
  const statement = listTables(db).then((tables) => {
    const parts = tables.map(({ name, has_mode }) => {
      const mode = has_mode ? 'mode = $2' : '$2::text is not null'
      const condition = name === 'ledger_accounts' ? `${mode} and entry_count > 0` : mode
      return `select '${name} ' || row_to_json(t)::text as row from ${name} t where merchant_id = $1 and ${condition}`
    })
    return `${parts.join(' union all ')} order by row`
  })
  statements.set(db, statement)
  return statement
}

function listTables(db: Queryable) {
  return db.query<{ name: string; has_mode: boolean }>(sql`
    select table_name as name, bool_or(column_name = 'mode') as has_mode
    from information_schema.columns
    join information_schema.tables using (table_schema, table_name)
    where table_schema = 'public' and table_type = 'BASE TABLE'
      and table_name not in ('merchant_ids', 'idempotency_keys', 'actors')
    group by table_name
    having bool_or(column_name = 'merchant_id')
    order by table_name
  `)
}
