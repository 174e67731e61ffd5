import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, testEngine } from '../../test/engines.ts'
import type { Lane, OwnedDb } from './database.ts'
import { DatabaseUnavailableError } from './errors.ts'
import { sql } from './sql.ts'

const poolSize = 6
let db: OwnedDb

beforeAll(async () => {
  db = await openTestDatabase({ poolSize })
  await db.asOwner(async (session) => {
    await session.execute('create table steps (id integer primary key)')
    await session.execute('grant select, insert on steps to mteja_app')
  })
})

afterAll(() => db.close())

const add = (id: number) => sql`insert into steps (id) values (${id})`
const backend = async (lane: Lane) => (await lane.query<{ pid: number }>(sql`select pg_backend_pid() as pid`))[0]?.pid
const pause = (seconds: number) => sql`select pg_sleep(${seconds}), pg_backend_pid() as pid`
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )

test('statements sent at once are done in their order, and one that fails leaves the others alone', async () => {
  const lane = db.lane()
  const outcomes = [add(1), add(2), add(1), add(3)].map((statement) => codeOf(lane.query(statement)))
  const seen = lane.query<{ id: number }>(sql`select id from steps order by id`)
  expect(await Promise.all(outcomes)).toEqual(['done', 'done', '23505', 'done'])
  expect((await seen).map(({ id }) => id)).toEqual([1, 2, 3])
})

test('a statement that cannot be read leaves the next alone', async () => {
  const lane = db.lane()
  const outcomes = [sql`select nothing from nowhere`, sql`select 1`].map((statement) => codeOf(lane.query(statement)))
  expect(await Promise.all(outcomes)).toEqual(['42P01', 'done'])
})

test('a lane works with the role of the application', async () => {
  expect(await db.lane().query(sql`select current_user as role`)).toEqual([{ role: 'mteja_app' }])
})

describe.runIf(testEngine === 'postgresql')('connections of lanes', () => {
  test('statements of one lane that are under way together share one connection', async () => {
    const lane = db.lane()
    const pids = await Promise.all([backend(lane), backend(lane), backend(lane)])
    expect(new Set(pids).size).toBe(1)
  })

  test('lanes have a connection each as far as half the pool goes, and share connections then', async () => {
    const lanes = Array.from({ length: 5 }, () => db.lane())
    const rows = await Promise.all(lanes.map((lane) => lane.query<{ pid: number }>(pause(0.2))))
    const pids = rows.map(([row]) => row?.pid)
    const lanesOf = (pid: number | undefined) => pids.filter((each) => each === pid).length
    expect([...new Set(pids)].map(lanesOf).sort()).toEqual([1, 2, 2])
  })

  test('the rest of the pool serves while all lanes are busy', async () => {
    const wait = sql`select pg_advisory_xact_lock(1)`
    let busy: Promise<unknown> | undefined
    await db.transaction(async (gate) => {
      await gate.query(wait)
      busy = Promise.all(Array.from({ length: 20 }, () => db.lane().query(wait)))
      await Promise.all(Array.from({ length: 5 }, () => db.transaction((tx) => tx.query(sql`select 1`))))
    })
    await busy
  })

  test('lanes give their connections back when nothing is under way: all of the pool can be had', async () => {
    await Promise.all(Array.from({ length: 10 }, () => db.lane().query(sql`select 1`)))
    let missing = poolSize
    let openGate = () => {}
    const gate = new Promise<void>((resolve) => {
      openGate = resolve
    })
    const wait = async () => {
      missing -= 1
      if (missing === 0) openGate()
      await gate
    }
    await Promise.all(Array.from({ length: poolSize }, () => db.transaction(wait)))
  })

  test('a lost connection is not used for a statement that is sent as soon as the loss is known', async () => {
    const lane = db.lane()
    const pid = await backend(lane)
    const lost = lane.query(pause(30)).catch(() => lane.query<{ id: number }>(sql`select id from steps where id = 1`))
    const lostToo = lane.query(pause(30)).catch(() => 'lost')
    await sleep(100)
    await db.asOwner((session) => session.query(sql`select pg_terminate_backend(${pid}::int)`))
    expect(await lost).toEqual([{ id: 1 }])
    expect(await lostToo).toBe('lost')
  })

  test('a lost connection is told to every caller under way on it, and its lane gets another', async () => {
    const lane = db.lane()
    const pid = await backend(lane)
    const lost = [lane.query(pause(30)), lane.query(add(50))].map((call) => call.catch((error: unknown) => error))
    await sleep(100)
    await db.asOwner((session) => session.query(sql`select pg_terminate_backend(${pid}::int)`))
    for (const outcome of await Promise.all(lost)) expect(outcome).toBeInstanceOf(DatabaseUnavailableError)
    expect(await codeOf(lane.query(add(50)))).toBe('done')
  })
})
