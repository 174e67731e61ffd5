import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, testEngine } from '../../../test/engines.ts'
import { openTestLog } from '../../../test/log-lines.ts'
import { systemClock } from '../../base/clock.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import type { OwnedDb } from '../database.ts'
import type { Sql } from '../sql.ts'
import { sql } from '../sql.ts'

describe.runIf(testEngine === 'embedded')('maintenance of the embedded database', () => {
  const log = openTestLog()
  let db: OwnedDb

  beforeAll(async () => {
    const failures = createFailureLog(systemClock, log.log)
    db = await openTestDatabase({ maintenance: { everyMs: 50, idleMs: 30, patienceMs: 400 }, failures })
    await db.asOwner(async (owner) => {
      await owner.execute('create table rows (id integer primary key, text text) with (fillfactor = 100)')
      await owner.execute('grant all on rows to mteja_app')
    })
  })
  afterAll(() => db.close())

  const vacuums = () => one(sql`select vacuum_count as n from pg_stat_all_tables where relname = 'rows'`)
  const deadRows = () => one(sql`select n_dead_tup as n from pg_stat_all_tables where relname = 'rows'`)
  const unreadLog = () =>
    one(sql`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::int8 as n from pg_control_checkpoint()`)

  async function one(statement: Sql): Promise<number> {
    const [row] = await db.query<{ n: bigint }>(statement)
    return Number(row?.n)
  }

  /** Asks rarely enough for the database to find it quiet. */
  async function until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await sleep(150)
  }

  test('maintenance vacuums and analyzes a table that much was written to', async () => {
    await db.query(sql`insert into rows select g, g from generate_series(1, 20000) g`)
    await db.query(sql`update rows set text = text || '!'`)
    await until(async () => (await vacuums()) > 0 && (await deadRows()) === 0)
    const [row] = await db.query(sql`select reltuples::int as rows from pg_class where relname = 'rows'`)
    expect(row).toEqual({ rows: 20000 })
  })

  test('a maintenance chore that fails is reported when it begins to fail and when it works again, and is tried again', async () => {
    await db.asOwner(async (owner) => {
      await owner.execute('create table broken (one integer)')
      await owner.execute(`
        create function refuse_while_broken(id integer) returns integer language plpgsql immutable as $$
        begin
          if exists (select from public.broken) then raise 'broken'; end if;
          return id;
        end $$`)
      await owner.execute('create table many (id integer)')
      // To analyze the table is to ask the function.
      await owner.execute('create index on many (refuse_while_broken(id))')
      // In one transaction, so that no chore comes between.
      await owner.execute('insert into many select g from generate_series(1, 20000) g; insert into broken values (1)')
    })
    await until(async () => log.lines.length > 0)
    await db.asOwner((owner) => owner.execute('truncate broken'))
    await until(async () => log.lines.length > 1)
    const subject = 'database maintenance'
    expect(log.lines).toMatchObject([
      { level: 40, subject, msg: 'begins to fail', reason: 'broken' },
      { level: 40, subject, msg: 'works again' },
    ])
  })

  test('maintenance makes a checkpoint when the log since the last checkpoint has grown', async () => {
    await db.query(sql`insert into rows select g, repeat(md5(g::text), 20) from generate_series(30001, 60000) g`)
    await until(async () => (await unreadLog()) < 4e6)
  })

  test('maintenance is done under load too, but never inside a transaction', async () => {
    const before = await vacuums()
    let stop = false
    const busy = (async () => {
      while (!stop) {
        await db.transaction(async (tx) => {
          await tx.query(sql`update rows set text = ${'busy'} where id <= 200`)
          const [row] = await tx.query(
            sql`select current_user as role, count(*)::int as n from rows where text = ${'busy'}`,
          )
          expect(row).toEqual({ role: 'mteja_app', n: 200 })
        })
      }
    })()
    const vacuumed = until(async () => (await vacuums()) > before)
    await Promise.race([busy, vacuumed])
    stop = true
    await busy
  })

  test('maintenance does nothing while nothing is written', async () => {
    await sleep(500)
    const position = sql`select pg_current_wal_insert_lsn()::text as at`
    const before = await db.query(position)
    await sleep(300)
    expect(await db.query(position)).toEqual(before)
  })
})
