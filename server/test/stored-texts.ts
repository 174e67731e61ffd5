import type { Vault } from '../src/base/vault.ts'
import type { Queryable } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'

/** The purposes for which values are sealed. A sealed value is searched opened. */
const purposes = ['answer', 'identity', 'account', 'erasure emails']

/**
 * Searches every column of every table for texts, whatever its type, and answers for each text that was found its columns.
 * Upper and lower case, accents and blanks make no difference; bytes are read as text, as hexadecimal, as base64, and opened.
 */
export async function findTexts(
  { db, vault }: { db: Queryable; vault: Vault },
  texts: readonly string[],
): Promise<Map<string, string[]>> {
  const columns = await db.query<{ table: string; column: string; type: string }>(sql`
    select c.table_name as table, c.column_name as column, c.data_type as type
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
    order by c.table_name, c.ordinal_position
  `)
  const found = new Map<string, string[]>()
  for (const { table, column, type } of columns) {
    const value = type === 'bytea' ? `"${column}"` : `"${column}"::text`
    const rows = await db.query<{ value: string | Buffer }>({
      text: `select ${value} as value from "${table}" where "${column}" is not null`,
      values: [],
      name: '',
    })
    const whole = fold(rows.flatMap((row) => formsOf(vault, row.value)).join('\n'))
    for (const text of texts.filter((each) => whole.includes(fold(each)))) {
      found.set(text, [...(found.get(text) ?? []), `${table}.${column}`])
    }
  }
  return found
}

function formsOf(vault: Vault, value: string | Buffer): string[] {
  if (typeof value === 'string') return [value]
  const opened = purposes.flatMap((purpose) => {
    try {
      return [vault.open(value, purpose)]
    } catch {
      return []
    }
  })
  const hex = Buffer.from(value.toString('utf8').replace(/[^0-9a-f]/gi, ''), 'hex').toString('utf8')
  return [value.toString('utf8'), hex, Buffer.from(value.toString('utf8'), 'base64').toString('utf8'), ...opened]
}

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s/g, '')
}

/** The columns of the tables that can hold a text: text, JSON, bytes, and lists of these. */
export function listTextColumns(db: Queryable): Promise<{ table: string; column: string; type: string }[]> {
  return db.query(sql`
    select c.table_name as table, c.column_name as column, c.data_type as type
    from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
      and c.data_type in ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')
    order by c.table_name, c.column_name
  `)
}
