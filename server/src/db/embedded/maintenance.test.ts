import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTestDatabase, openTestDatabase, testEngine } from '../../../test/engines.ts'
import { openTestLog } from '../../../test/log-lines.ts'
import { systemClock } from '../../base/clock.ts'
import { createFailureLog } from '../../base/failure-log.ts'
import { openDatabase } from '../connect.ts'
import type { OwnedDb } from '../database.ts'
import type { Sql } from '../sql.ts'
import { sql } from '../sql.ts'

/** The bytes of the files in a folder. A file that is removed meanwhile has none. */
async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map((name) =>
    stat(path.join(folder, name)).then(
      (found) => (found.isFile() ? found.size : 0),
      () => 0,
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

describe.runIf(testEngine === 'embedded')('maintenance of the embedded database', () => {
  const log = openTestLog()
  let db: OwnedDb

  beforeAll(async () => {
    const failures = createFailureLog(systemClock, log.log)
    db = await openTestDatabase({ maintenance: { everyMs: 50 }, failures })
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

  test('a table of many rows is vacuumed for the pages of its new rows, not for a share of all its rows', async () => {
    await db.asOwner(async (owner) => {
      await owner.execute('create table large (id integer, text text)')
      await owner.execute('grant all on large to mteja_app')
      await owner.execute(`update pg_class set reltuples = 10000000, relpages = 10000000 / 40 where relname = 'large'`)
    })
    const vacuumsOfLarge = () => one(sql`select vacuum_count as n from pg_stat_all_tables where relname = 'large'`)
    await db.query(sql`insert into large select g, repeat('x', 170) from generate_series(1, 50000) g`)
    await sleep(1000)
    expect(await vacuumsOfLarge()).toBe(0)
    await db.query(sql`insert into large select g, repeat('x', 170) from generate_series(1, 50000) g`)
    await until(async () => (await vacuumsOfLarge()) > 0)
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

  test('under load, and with looks for background work, the log stays below 64 MB and tables are vacuumed', async () => {
    const { options, remove } = await makeTestDatabase()
    const loaded = await openDatabase(options)
    await loaded.asOwner((owner) => owner.execute('create table lines (id bigint primary key, text text)'))
    await loaded.asOwner((owner) => owner.execute('grant all on lines to mteja_app'))
    const looks = setInterval(() => void loaded.query(sql`select count(*) from lines where id < 0`), 250)
    const position = async () => {
      const at = sql`select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8 as n`
      return Number((await loaded.query<{ n: bigint }>(at))[0]?.n)
    }
    const begin = await position()
    let largest = 0
    for (let i = 0; (await position()) < begin + 150e6; i += 1) {
      await loaded.query(sql`
        insert into lines select ${i * 1000}::bigint + g, repeat(md5(g::text), 12) from generate_series(1, 1000) g`)
      await loaded.query(sql`update lines set text = ${'x'} where id between ${i * 1000} and ${i * 1000 + 100}`)
      largest = Math.max(largest, await sizeOf(path.join(options.dataFolder, 'pgdata', 'pg_wal')))
    }
    clearInterval(looks)
    expect(largest).toBeLessThanOrEqual(64 * 1024 * 1024)
    const vacuumed = sql`select vacuum_count > 0 as done from pg_stat_all_tables where relname = 'lines'`
    expect(await loaded.query(vacuumed)).toEqual([{ done: true }])
    await loaded.close()
    await remove()
  })

  test('maintenance does nothing while nothing is written', async () => {
    const position = async () =>
      (await db.query<{ at: string }>(sql`select pg_current_wal_insert_lsn()::text as at`))[0]?.at
    const isStill = async () => {
      const before = await position()
      await sleep(300)
      return (await position()) === before
    }
    // At first it may have chores left.
    await expect.poll(isStill).toBe(true)
  })
})
