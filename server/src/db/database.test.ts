import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../test/engines.ts'
import type { OwnedDb } from './database.ts'
import { type Sql, sql } from './sql.ts'

// Run with each engine: this is what everything above may count on.

let db: OwnedDb

beforeAll(async () => {
  db = await openTestDatabase()
  await db.asOwner(async (session) => {
    await session.execute('create table accounts (id integer primary key, balance bigint not null)')
    await session.execute('alter table accounts add constraint accounts_floor check (balance >= 0)')
    await session.execute('grant select, insert, update, delete on accounts to mteja_app')
  })
})

afterAll(() => db.close())

const balanceOf = async (id: number) => {
  const [row] = await db.query<{ balance: bigint }>(sql`select balance from accounts where id = ${id}`)
  return row?.balance
}
const open = (id: number, balance: bigint) => sql`insert into accounts (id, balance) values (${id}, ${balance})`
const add = (id: number, amount: bigint) => sql`update accounts set balance = balance + ${amount} where id = ${id}`

/** What a call that must fail fails with. */
const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error,
  )

describe('a value', () => {
  const roundTrip = async (statement: Sql) => (await db.query<{ value: unknown }>(statement))[0]?.value

  test.each<[string, Sql, unknown]>([
    ['int8 is a bigint, to the last digit', sql`select ${9223372036854775807n}::int8 as value`, 9223372036854775807n],
    ['int8[] is an array of bigint', sql`select ${[1n, null, -2n]}::int8[] as value`, [1n, null, -2n]],
    ['int4 is a number', sql`select ${7}::int4 as value`, 7],
    ['numeric is a string', sql`select ${'1.50'}::numeric as value`, '1.50'],
    ['timestamptz is a Date', sql`select ${new Date(1234567890123)}::timestamptz as value`, new Date(1234567890123)],
    [
      'timestamptz is the same Date in a session of another zone, to the millisecond',
      sql`select ${'2026-02-28T23:59:59.999999Z'}::timestamptz as value from set_config('TimeZone', 'Asia/Kathmandu', true)`,
      new Date('2026-02-28T23:59:59.999Z'),
    ],
    [
      'timestamptz without a fraction is a Date',
      sql`select '2026-02-28 10:00+02'::timestamptz as value`,
      new Date('2026-02-28T08:00Z'),
    ],
    ['date is text', sql`select '2026-02-28'::date as value`, '2026-02-28'],
    ['jsonb is parsed', sql`select ${{ a: [1, null, 'ü'] }}::jsonb as value`, { a: [1, null, 'ü'] }],
    ['json is parsed', sql`select ${'[1,2]'}::json as value`, [1, 2]],
    ['text[] is an array', sql`select ${['a,b', '"', 'NULL', '']}::text[] as value`, ['a,b', '"', 'NULL', '']],
    ['null is null', sql`select ${null}::int8 as value`, null],
    ['undefined is null', sql`select ${undefined}::text as value`, null],
    ['bytea is a Buffer', sql`select ${Buffer.from([0, 255])}::bytea as value`, Buffer.from([0, 255])],
  ])('a value of type %s', async (_title, statement, expected) => {
    expect(await roundTrip(statement)).toEqual(expected)
  })

  test('a value of several megabytes arrives whole', async () => {
    const large = 'größe'.repeat(1_000_000)
    expect(await roundTrip(sql`select ${large}::text as value`)).toBe(large)
  })
})

test('connections work with the role of the application, in the schema public', async () => {
  const [row] = await db.query(sql`select current_user as role, current_schema() as schema`)
  expect(row).toEqual({ role: 'mteja_app', schema: 'public' })
})

test('a statement that the application’s role may not run is refused, and the owner may run it', async () => {
  expect(await failureOf(db.query(sql`drop table accounts`))).toMatchObject({ code: '42501' })
  const [owner] = await db.asOwner((session) => session.query(sql`select current_user = session_user as same`))
  expect(owner).toEqual({ same: true })
})

describe('an error', () => {
  test('an error keeps its code, constraint and table', async () => {
    await db.query(open(1, 5n))
    expect(await failureOf(db.query(open(1, 5n)))).toMatchObject({
      code: '23505',
      constraint: 'accounts_pkey',
      table: 'accounts',
    })
    expect(await failureOf(db.query(add(1, -6n)))).toMatchObject({ code: '23514', constraint: 'accounts_floor' })
  })

  test('an error of one statement does not touch the next, not even the same statement', async () => {
    const broken = sql`select 1 / ${0}::int as value`
    expect(await failureOf(db.query(broken))).toMatchObject({ code: '22012' })
    expect(await failureOf(db.query(broken))).toMatchObject({ code: '22012' })
    expect(await failureOf(db.query(sql`select nothing from nowhere`))).toMatchObject({ code: '42P01' })
    expect(await db.query(sql`select 1 as value`)).toEqual([{ value: 1 }])
  })

  test('an error of recursion without end is refused like any other', async () => {
    const nested = '['.repeat(200_000) + ']'.repeat(200_000)
    expect(await failureOf(db.query(sql`select ${nested}::jsonb`))).toMatchObject({ code: '54001' })
    expect(await db.query(sql`select 1 as value`)).toEqual([{ value: 1 }])
  })
})

describe('a transaction', () => {
  test('a transaction is committed when its work returns, and gives back what its work returned', async () => {
    const result = await db.transaction(async (tx) => {
      await tx.query(open(10, 1n))
      return 'done'
    })
    expect(result).toBe('done')
    expect(await balanceOf(10)).toBe(1n)
  })

  test('a transaction is rolled back when its work throws, and throws the same error', async () => {
    const reason = new Error('changed my mind')
    const call = db.transaction(async (tx) => {
      await tx.query(open(11, 1n))
      throw reason
    })
    expect(await failureOf(call)).toBe(reason)
    expect(await balanceOf(11)).toBeUndefined()
  })

  test('a transaction in which an error was swallowed is rolled back, and says so', async () => {
    const call = db.transaction(async (tx) => {
      await tx.query(open(12, 1n))
      await tx.query(open(12, 1n)).catch(() => undefined)
    })
    expect(await failureOf(call)).toMatchObject({ message: expect.stringContaining('swallowed') })
    expect(await balanceOf(12)).toBeUndefined()
  })

  test('a transaction goes on after an error inside a savepoint', async () => {
    await db.transaction(async (tx) => {
      await tx.query(open(13, 1n))
      await tx.query(sql`savepoint before`)
      await failureOf(tx.query(open(13, 1n)))
      await tx.query(sql`rollback to savepoint before`)
      await tx.query(add(13, 1n))
    })
    expect(await balanceOf(13)).toBe(2n)
  })

  test('a transaction runs statements asked for at once one after the other', async () => {
    const rows = await db.transaction((tx) =>
      Promise.all([1, 2, 3].map((value) => tx.query(sql`select ${value}::int as value`))),
    )
    expect(rows.flat()).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }])
  })

  test('a transaction whose statements fail at once fails once, and its connection is clean afterwards', async () => {
    const call = db.transaction((tx) =>
      Promise.all([tx.query(add(1, -9n)), tx.query(add(1, 1n)), tx.query(add(1, 1n))]),
    )
    expect(await failureOf(call)).toMatchObject({ constraint: 'accounts_floor' })
    expect(await balanceOf(1)).toBe(5n)
  })

  test('a transaction cannot be used once it is over', async () => {
    const kept = await db.transaction(async (tx) => tx)
    expect(await failureOf(kept.query(add(1, 1n)))).toMatchObject({ message: expect.stringContaining('is over') })
    expect(await balanceOf(1)).toBe(5n)
  })

  test('a transaction is read committed', async () => {
    const [row] = await db.transaction((tx) => tx.query(sql`show transaction_isolation`))
    expect(row).toEqual({ transaction_isolation: 'read committed' })
  })
})

test('fifty callers at once all get their own answer and lose no update', async () => {
  await db.query(open(20, 0n))
  const callers = Array.from({ length: 50 }, async (_, i) => {
    const echo = await db.transaction(async (tx) => {
      await tx.query(add(20, 1n))
      if (i % 10 === 0) await sleep(1)
      return tx.query(sql`select ${i}::int as value`)
    })
    expect(echo).toEqual([{ value: i }])
    await failureOf(db.query(open(20, 0n)))
    expect(await db.query(sql`select ${i}::int as value`)).toEqual([{ value: i }])
  })
  await Promise.all(callers)
  expect(await balanceOf(20)).toBe(50n)
})

test('a closed database refuses, and closing waits for what is running', async () => {
  const other = await openTestDatabase()
  const running = other.query(sql`select 1 as value`)
  const closed = other.close()
  expect(await running).toEqual([{ value: 1 }])
  await closed
  expect(await failureOf(other.query(sql`select 1`))).toMatchObject({ name: 'DatabaseUnavailableError' })
})
