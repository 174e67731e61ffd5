import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '../../test/engines.ts'
import type { OwnedDb } from './database.ts'
import { sql } from './sql.ts'

// The rule is in ARCHITECTURE.md, "Versions of functions".

let db: OwnedDb

beforeAll(async () => {
  db = await openTestDatabase()
})

afterAll(() => db.close())

/** The functions that the statements of release 0.1 call, with the types of their parameters. */
const formerRelease = [
  'allocate_ids(integer, integer)',
  'claim_deliveries(timestamptz, uuid[], integer[], integer, integer, interval, interval)',
  'create_customers(integer, text, text, timestamptz, json, text[], bytea[])',
  'customer_snapshot(customers)',
  'entry_number_at(integer, bigint, timestamptz)',
  'first_id_since(regclass, integer, timestamptz)',
  'forget_idempotency_keys(timestamptz, integer)',
  `post_commands(
    integer, text, timestamptz, text[], text[], text[], uuid[], uuid[], text[], uuid[], text[], integer[], integer[],
    bigint[], integer[], boolean[], integer[], timestamptz[], text[], text[], text[], text[], text[], bytea[]
  )`,
  'record_attempts(integer, json, timestamptz)',
]

test.each(formerRelease)('a server of the former release can call %s', async (signature) => {
  const [row] = await db.query<{ may: boolean | null }>(sql`
    select has_function_privilege(to_regprocedure(${signature}), 'execute') as may
  `)
  expect(row?.may).toBe(true)
})

test('no SQL function has two signatures under one name, because a change of a signature is a new version', async () => {
  const twice = await db.query(sql`
    select p.proname
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
    group by p.proname
    having count(*) > 1
  `)
  expect(twice).toEqual([])
})
