import { readFileSync } from 'node:fs'
import pg from 'pg'
import { expect, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import { foldSearchTexts } from '../src/domain/customers/search-folding.ts'
import { makeTestDatabase } from './engines.ts'
import { createTestContext, createTestTenant } from './service.ts'

test('large', { timeout: 600_000 }, async () => {
  const place = await makeTestDatabase()
  const client = new pg.Client(place.options.databaseUrl)
  await client.connect()
  const timed = async (name: string, text: string) => {
    const t0 = performance.now()
    await client.query(text)
    console.log(name, Math.round(performance.now() - t0), 'ms')
  }
  const db = await openDatabase({ ...place.options } as never)
  const service = createTestContext(db)
  const tenant = await createTestTenant(service)
  const id = tenant.merchant.id
  const n = 1_000_000
  await client.query('set session_replication_role = replica')
  await client.query('drop index customers_search_text; drop index customers_unfolded')
  await timed(
    'fill',
    `insert into customers (merchant_id, id, mode, number, code, email, first_name, last_name, phone, phone_e164, metadata, search_text, created_at, updated_at)
    select ${id}, i, 'test', i, 'CUS_' || i, 'customer.' || i || '@example.com', 'Ngũgĩ', 'Adeyemi' || to_hex(i * 7919::bigint % 65536), '+27821234567', '+27821234567', '{"source":"bench"}',
    'ngũgĩ adeyemi' || to_hex(i * 7919::bigint % 65536) || E'\\ncustomer.' || i || E'@example.com\\n+27821234567\\n0821234567\\nbench', now(), now() from generate_series(1, ${n}) i`,
  )
  await timed('gin', 'create index customers_search_text on customers using gin (search_text gin_trgm_ops)')
  await client.query('set session_replication_role = origin')
  await client.query('analyze customers')
  await timed(
    'unfolded index',
    "create index customers_unfolded on customers (merchant_id, id) where left(search_text, 1) <> E'\\u0001'",
  )
  const [body] =
    /do \$\$[\s\S]*\$\$;/.exec(
      readFileSync(new URL('../db/migrations/0022_one_form_of_emails.sql', import.meta.url), 'utf8'),
    ) ?? []
  await timed('emails', body as string)
  const t0 = performance.now()
  let folded = 0
  for (let i = 0; i < 12; i++) folded += await foldSearchTexts(service)
  console.log('folded', folded, Math.round(performance.now() - t0), 'ms')
  // does a prepared statement survive a new column?
  await client.query('begin')
  const prepared = {
    name: 'p',
    text: 'select r.created, (r.customer).* from create_customers($1, $2, $3, now(), $4, $5, $6) r',
    values: [id, 'live', 'ZAR', '[{"code":"CUS_q1","search_text":"x"}]', [null], [null]],
  }
  await client.query(prepared)
  await client.query('commit')
  await client.query('alter table customers add column extra text')
  prepared.values[3] = '[{"code":"CUS_q2","search_text":"x"}]'
  const outcome = await client.query(prepared).then(
    () => 'fine',
    (error) => error.message,
  )
  console.log('prepared statement after a new column:', outcome)
  await client.end()
  await db.close()
  await place.remove()
  expect(1).toBe(1)
})
