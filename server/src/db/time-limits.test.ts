import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeTestDatabase, type PostgresServer, startPostgres, type TestPlace, testEngine } from '../../test/engines.ts'
import { createTestContext } from '../../test/service.ts'
import { lookAtDatabase } from '../domain/context.ts'
import { DatabaseBusyError, DatabaseUnavailableError, openDatabase } from './connect.ts'
import type { OwnedDb } from './database.ts'
import { PrimaryFinder } from './primary-finder.ts'
import { isRolledBack } from './rolled-back.ts'
import { sql } from './sql.ts'
import { Suspects } from './suspects.ts'

const statementTimeoutMs = 600
const lockTimeoutMs = statementTimeoutMs / 5

const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: unknown) => error,
  )

describe.runIf(testEngine === 'postgresql')('time limits of statements', () => {
  let db: OwnedDb
  let place: TestPlace
  beforeAll(async () => {
    place = await makeTestDatabase()
    db = await openDatabase({ ...place.options, statementTimeoutMs, poolSize: 4 })
    await db.asOwner(async (owner) => {
      await owner.execute('create table steps (id integer primary key)')
      await owner.execute('create table others (id integer primary key)')
      await owner.execute('grant select, insert, update on steps, others to mteja_app')
      await owner.execute('insert into others values (1)')
    })
  })
  afterAll(async () => {
    await db.close()
    await place.remove()
  })
  beforeEach(() => db.asOwner((owner) => owner.execute('truncate steps')))

  const add = (id: number) => sql`insert into steps (id) values (${id})`
  const read = sql`select id from steps order by id`
  const unrelated = sql`select id from others`
  const pause = (seconds: number) => sql`select pg_sleep(${seconds})`

  test('a statement that takes too long is undone, the work before it in the transaction too, and its connection goes on', async () => {
    const late = db.transaction(async (tx) => {
      await tx.query(add(1))
      await tx.query(pause(5))
    })
    const error = await errorOf(late)
    expect(error).toBeInstanceOf(DatabaseBusyError)
    expect(error).toMatchObject({ reason: 'time', code: '57014', message: 'The database did not answer in time' })
    // Its parts are not tried one by one: each would take as long.
    expect(isRolledBack(error)).toBe(false)
    expect(await db.query(read)).toEqual([])
  })

  test('a statement of a lane that takes too long leaves the next alone', async () => {
    const lane = db.lane()
    const answers = [errorOf(lane.query(pause(5))), errorOf(lane.query(add(2))), lane.query(read)]
    expect(await Promise.all(answers)).toMatchObject([{ reason: 'time' }, 'done', [{ id: 2 }]])
  })

  test('a transaction that is left open is ended by the database, and nothing of it is kept', async () => {
    const left = db.transaction(async (tx) => {
      await tx.query(add(3))
      await sleep(2 * statementTimeoutMs)
      await tx.query(add(4))
    })
    expect(await errorOf(left)).toBeInstanceOf(DatabaseUnavailableError)
    expect(await db.query(read)).toEqual([])
  })

  test('migrations, exports and the verification have no limit of time', async () => {
    const long = pause((2 * statementTimeoutMs) / 1000)
    await db.asOwner((owner) => owner.query(long))
    await db.unhurried.query(long)
    expect(await errorOf(db.query(long))).toMatchObject({ reason: 'time' })
  })

  describe('a table that is locked', () => {
    /** Locks the table `steps` until the answered function is called. */
    async function lockTable(): Promise<() => Promise<void>> {
      let unlock = () => {}
      const locked = new Promise<void>((resolve) => {
        const held = new Promise<void>((release) => {
          unlock = release
        })
        ended = db.asOwner(async (owner) => {
          await owner.execute('begin; lock table steps in access exclusive mode')
          resolve()
          await held
          await owner.execute('commit')
        })
      })
      await locked
      return () => {
        unlock()
        return ended
      }
    }
    let ended: Promise<void>

    test('a locked table takes no connection from unrelated calls for longer than one wait, nor readiness', async () => {
      const context = createTestContext(db)
      const unlock = await lockTable()
      let isOver = false
      const outcomes = new Map<unknown, number>()
      const caller = async (call: () => Promise<unknown>) => {
        while (!isOver) {
          const outcome = await errorOf(call())
          const name = outcome instanceof DatabaseBusyError ? outcome.reason : outcome
          outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
        }
      }
      const callers = [
        ...Array.from({ length: 20 }, () => caller(() => db.query(read))),
        ...Array.from({ length: 10 }, () => caller(() => db.transaction((tx) => tx.query(add(1))))),
        ...Array.from({ length: 10 }, () => db.lane()).map((lane) => caller(() => lane.query(read))),
      ]
      // The first wait is over then.
      await sleep(4 * lockTimeoutMs)
      const times: number[] = []
      for (let i = 0; i < 20; i += 1) {
        const begunAt = performance.now()
        await db.query(unrelated)
        await db.lane().query(unrelated)
        times.push(performance.now() - begunAt)
      }
      // A call that had to wait for its turn among the callers would wait some twenty times for the lock.
      expect(times.sort((a, b) => a - b)[10]).toBeLessThan(4 * lockTimeoutMs)
      expect(await lookAtDatabase(context)).toBe('ready')
      isOver = true
      await Promise.all(callers)
      // They wait for the lock, or for one of the few connections of those that do.
      expect([...outcomes.keys()].filter((name) => name !== 'lock' && name !== 'time')).toEqual([])
      await unlock()
      expect(await db.query(read)).toEqual([])
      expect(await db.lane().query(read)).toEqual([])
    })

    test('statements of a lane keep their order while the lane changes over to other connections and back', async () => {
      // Its statements may wait for longer, so that they still wait when the table is unlocked.
      const patient = await openDatabase({ ...place.options, statementTimeoutMs: 10 * statementTimeoutMs, poolSize: 4 })
      const unlock = await lockTable()
      const lane = patient.lane()
      const error = await errorOf(lane.query(add(1)))
      expect(error).toMatchObject({ reason: 'lock' })
      const suspects = new Suspects()
      suspects.note('add', error)
      expect(suspects.has('add')).toBe(true)
      const first = errorOf(lane.query(unrelated))
      const waiting = [2, 3].map((id) => errorOf(lane.query(add(id))))
      const other = errorOf(lane.query(unrelated))
      await unlock()
      const later = [4, 5, 6].map((id) => errorOf(lane.query(add(id))))
      const seen = lane.query(sql`select array_agg(id order by ctid) as ids from steps`)
      expect(await Promise.all([first, ...waiting, other, ...later])).toEqual(Array(7).fill('done'))
      expect(await seen).toEqual([{ ids: [2, 3, 4, 5, 6] }])
      await patient.close()
    })

    test('the lock of one row makes no suspects of the statements about other rows', async () => {
      const change = (id: number) => sql`update others set id = id where id = ${id}`
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      let holder = Promise.resolve()
      await new Promise<void>((locked) => {
        holder = db.asOwner(async (owner) => {
          await owner.execute('begin; update others set id = id')
          locked()
          await held
          await owner.execute('commit')
        })
      })
      const error = await errorOf(db.query(change(1)))
      expect(error).toMatchObject({ reason: 'lock' })
      const suspects = new Suspects()
      suspects.note('change', error)
      expect(suspects.has('change')).toBe(false)
      release()
      await holder
      expect(await errorOf(db.query(change(1)))).toBe('done')
    })
  })
})

describe.runIf(testEngine === 'postgresql')('a PostgreSQL server that freezes', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())

  /** Said without asking the server anything. */
  const atOnce = 'The database is not available: the server does not answer'
  /** Nor has a limit of time of the pool ended a call, which comes later: it would say `timeout`. */
  const lost = new RegExp(`^(${atOnce}|The database is not available: Connection terminated( unexpectedly)?)$`)

  async function refusalOf(call: () => Promise<unknown>): Promise<string> {
    const error = await errorOf(call())
    expect(error).toBeInstanceOf(DatabaseUnavailableError)
    return (error as Error).message
  }

  test('a server that freezes is left with all its connections when a statement has run out of time, and used again when it answers', async () => {
    const db = await openDatabase({ databaseUrl: server.url, dataFolder: '', statementTimeoutMs, poolSize: 3 })
    await Promise.all([1, 2, 3].map(() => db.query(sql`select pg_sleep(0.05)`)))
    server.freeze()
    const calls = [
      db.query(sql`select 1`),
      db.transaction((tx) => tx.query(sql`select 2`)),
      db.lane().query(sql`select 3`),
    ]
    for (const error of await Promise.all(calls.map(errorOf))) expect(error).toBeInstanceOf(DatabaseUnavailableError)
    expect(await lookAtDatabase(createTestContext(db))).toBe('unreachable')
    server.thaw()
    await expect.poll(() => errorOf(db.query(sql`select 4`))).toBe('done')
    await db.close()
  })

  test('a server that freezes costs a call the time of a statement once, also one that waits for a connection, and later calls nothing', async () => {
    const db = await openDatabase({ databaseUrl: server.url, dataFolder: '', statementTimeoutMs, poolSize: 2 })
    await db.query(sql`select 1`)
    const calls = [
      () => db.query(sql`select 1`),
      () => db.transaction((tx) => tx.query(sql`select 2`)),
      () => db.lane().query(sql`select 3`),
    ]
    server.freeze()
    // One connection is open: a second one is opened, and the other calls wait for either.
    for (const refusal of await Promise.all([...calls, ...calls, ...calls].map(refusalOf)))
      expect(refusal).toMatch(lost)
    // For longer than a look at the server takes.
    for (let i = 0; i < 24; i += 1) {
      expect(await Promise.all(calls.map(refusalOf))).toEqual(calls.map(() => atOnce))
      await sleep(100)
    }
    expect(await lookAtDatabase(createTestContext(db))).toBe('unreachable')
    server.thaw()
    await expect.poll(() => errorOf(db.query(sql`select 4`))).toBe('done')
    await db.close()
  })

  test('a server that says nothing to new connections is given up when none is open, and later calls are refused at once', async () => {
    const db = await openDatabase({ databaseUrl: server.url, dataFolder: '', statementTimeoutMs, poolSize: 2 })
    server.freeze()
    expect(await refusalOf(() => db.query(sql`select 1`))).toMatch(lost)
    expect(await refusalOf(() => db.query(sql`select 1`))).toBe(atOnce)
    server.thaw()
    await expect.poll(() => errorOf(db.query(sql`select 4`))).toBe('done')
    // Nothing is left of refused calls that is taken for another silence later.
    const looks = vi.spyOn(PrimaryFinder.prototype, 'lookAfterSilence')
    await sleep(2500)
    expect(looks).not.toHaveBeenCalled()
    looks.mockRestore()
    await db.close()
  })
})

describe.runIf(testEngine === 'embedded')('an embedded database whose files cannot be used', () => {
  test('an embedded database that cannot read one of its files gives itself up', async () => {
    const { options, remove } = await makeTestDatabase()
    const first = await openDatabase(options)
    const [file] = await first.asOwner(async (owner) => {
      await owner.execute('create table lost as select 1 as value; grant select on lost to public; checkpoint')
      return owner.query<{ path: string }>(sql`select pg_relation_filepath('lost') as path`)
    })
    await first.close()
    await rm(path.join(options.dataFolder, 'pgdata', file?.path ?? ''))
    const failures: string[] = []
    const db = await openDatabase({ ...options, onFailure: (error) => failures.push(error.message) })
    expect(await errorOf(db.query(sql`select value from lost`))).toBeInstanceOf(DatabaseUnavailableError)
    expect(failures).toEqual(['The embedded database has stopped: it cannot use its files'])
    expect(await errorOf(db.query(sql`select 1`))).toBeInstanceOf(DatabaseUnavailableError)
    await db.close()
    await remove()
  })
})
