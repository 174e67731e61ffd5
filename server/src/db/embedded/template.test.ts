import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { makeTestFolder, testEngine } from '../../../test/engines.ts'
import { openDatabase } from '../connect.ts'
import { migrate } from '../migrate.ts'
import { sql } from '../sql.ts'

test.runIf(testEngine === 'embedded')('a new data folder has the schema of this program, and no data', async () => {
  const dataFolder = await makeTestFolder()
  const db = await openDatabase({ dataFolder })
  try {
    expect(await migrate(db)).toEqual({ applied: [] })
    const [row] = await db.query<{ tables: bigint; rows: bigint }>(sql`
      select count(*) as tables,
        sum((xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I', c.relname), true, true, '')))[1]::text::bigint)::bigint as rows
      from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migrations'
    `)
    expect(row).toEqual({ tables: expect.any(BigInt), rows: 0n })
    expect(row?.tables).toBeGreaterThan(50n)
  } finally {
    await db.close()
    rmSync(dataFolder, { recursive: true })
  }
})
