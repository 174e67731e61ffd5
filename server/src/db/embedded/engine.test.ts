import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTestDatabase, openTestDatabase, testEngine } from '../../../test/engines.ts'
import { openDatabase } from '../connect.ts'
import type { OwnedDb } from '../database.ts'
import { DatabaseUnavailableError } from '../errors.ts'
import { sql } from '../sql.ts'

describe.runIf(testEngine === 'embedded')('the embedded engine', () => {
  let db: OwnedDb
  beforeAll(async () => {
    db = await openTestDatabase()
  })
  afterAll(() => db.close())

  test('the embedded engine lets the program go on while a query runs for long', async () => {
    let turns = 0
    const turn = setInterval(() => {
      turns += 1
    }, 1)
    await db.query(sql`select count(*) from generate_series(1, 2000000)`)
    clearInterval(turn)
    // In the program's own thread the query would leave it a turn before and a turn after.
    expect(turns).toBeGreaterThan(5)
  })

  test('an embedded engine that has crashed refuses waiting and new calls, and tells the reason once', async () => {
    const { options, remove } = await makeTestDatabase()
    const failures: string[] = []
    const crashing = await openDatabase({ ...options, onFailure: ({ message }) => failures.push(message) })
    await crashing.asOwner((owner) => owner.execute('create table lines (line text)'))
    // The disk is gone: the next file of the write-ahead log cannot be made.
    rmSync(path.join(options.dataFolder, 'pgdata', 'pg_wal'), { recursive: true })
    const insert = sql`insert into lines select md5(random()::text) from generate_series(1, 60000)`
    const calls = [crashing.asOwner((owner) => owner.query(insert)), crashing.query(sql`select 1`)]
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseUnavailableError) })
    }
    await expect(crashing.query(sql`select 2`)).rejects.toThrow(DatabaseUnavailableError)
    expect(failures).toEqual([expect.stringContaining('could not create file "pg_wal/')])
    await crashing.close()
    await remove()
  })

  test('the embedded engine gives a new connection a clean session, whatever the last connection has left open', async () => {
    await db.asOwner(async (owner) => {
      await owner.execute('begin')
      await owner.execute('create table half_done (id integer)')
      await owner.execute(`set timezone to 'Asia/Tokyo'`)
      await owner.execute('prepare mine as select 1')
    })
    const [row] = await db.query(sql`
      select to_regclass('half_done') is null as rolled_back, current_setting('timezone') as zone, current_user as role,
        (select count(*)::int from pg_prepared_statements where name = 'mine') as prepared`)
    expect(row).toEqual({ rolled_back: true, zone: 'UTC', role: 'mteja_app', prepared: 0 })
  })

  test('the embedded engine does not keep its answers', async () => {
    const run = async (queries: number) => {
      for (let i = 0; i < queries; i += 1) await db.query(sql`select repeat('x', 100000) from generate_series(1, 2)`)
      return process.memoryUsage().rss
    }
    const before = await run(600)
    const after = await run(1200)
    // Kept, 1,200 answers of 200 kB would be 240 MB and more; before, the heaps grow to their usual size.
    expect(after - before).toBeLessThan(120e6)
  })
})
