import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  execute,
  makeTestDatabase,
  makeTestFolder,
  type PostgresServer,
  startPostgres,
  testEngine,
} from '../../test/engines.ts'
import { randomFrom, testSeed as seed } from '../../test/random.ts'
import { type DatabaseOptions, openDatabase } from './connect.ts'
import { sql } from './sql.ts'

const random = randomFrom(seed)
const program = fileURLToPath(new URL('../../test/kill-child.ts', import.meta.url))

const schema = [
  'create table kill_accounts (id integer primary key, balance bigint not null)',
  'insert into kill_accounts select g, 0 from generate_series(1, 20) g',
  'create table kill_entries (key text primary key, account integer not null, amount bigint not null)',
  'grant select, insert, update on kill_accounts, kill_entries to public',
]

/** Each round lets so many be acknowledged before it kills. */
const leastKeys = 10
const rounds = Number(process.env.MTEJA_TEST_KILLS ?? 5)

/** A process that writes and prints the keys of what was acknowledged. */
class Writer {
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>
  #output = ''

  constructor(options: DatabaseOptions, round: number) {
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    this.#process = spawn(process.execPath, [program, JSON.stringify(options), String(round)], { stdio: [...stdio] })
    this.#process.stdout?.on('data', (chunk) => {
      this.#output += chunk
    })
    this.#exited = once(this.#process, 'close')
  }

  async untilWriting(): Promise<void> {
    while (this.keys().length < leastKeys) {
      if (this.#process.exitCode !== null) throw new Error('the writer has ended by itself')
      await sleep(5)
    }
  }

  keys(): string[] {
    return this.#output.split('\n').slice(0, -1)
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exited
  }
}

async function inspect(options: DatabaseOptions, acknowledged: readonly string[]) {
  const db = await openDatabase(options)
  const rows = await db.query<{ key: string }>(sql`select key from kill_entries`)
  const unequal = await db.query(sql`
    select id
    from kill_accounts
    where balance <> (select coalesce(sum(amount), 0) from kill_entries where account = id)`)
  await db.close()
  const found = new Set(rows.map(({ key }) => key))
  return { lost: acknowledged.filter((key) => !found.has(key)), unequal }
}

const intact = { lost: [], unequal: [] }

describe.runIf(testEngine === 'embedded')(`the embedded database, killed while it writes (seed ${seed})`, () => {
  test('an embedded database keeps acknowledged writes after many kills', { timeout: 120_000 }, async () => {
    const { options, remove } = await makeTestDatabase()
    const db = await openDatabase(options)
    await db.asOwner(async (owner) => {
      for (const statement of schema) await owner.execute(statement)
    })
    await db.close()
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      // Opening what the last kill has left is part of the round.
      const writer = new Writer({ ...options, maintenance: { everyMs: 60, quietShare: 1 } }, round)
      await writer.untilWriting()
      await sleep(random() * 500)
      await writer.kill()
      acknowledged.push(...writer.keys())
      if (round % 2 === 0) expect(await inspect(options, acknowledged)).toEqual(intact)
    }
    await remove()
  })

  test('an embedded database opens after a first start that was killed', { timeout: 120_000 }, async () => {
    const dataFolder = path.join(await makeTestFolder(), 'data')
    for (let round = 0; round < 4; round += 1) {
      const writer = new Writer({ dataFolder }, round)
      await sleep(100 + random() * 600)
      await writer.kill()
    }
    const db = await openDatabase({ dataFolder })
    expect(await db.query(sql`select 1 as value`)).toEqual([{ value: 1 }])
    await db.close()
  })
})

describe.runIf(testEngine === 'postgresql')(`PostgreSQL, killed while it is written to (seed ${seed})`, () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
    for (const statement of schema) await execute(server.url, statement)
  })
  afterAll(() => server.stop())

  test('PostgreSQL keeps acknowledged writes when it or its user is killed', { timeout: 120_000 }, async () => {
    const options = { dataFolder: '', databaseUrl: server.url }
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round += 1) {
      const writer = new Writer(options, round)
      await writer.untilWriting()
      await sleep(random() * 400)
      if (round % 2 === 0) {
        await server.kill()
        await server.restart()
      }
      await writer.kill()
      acknowledged.push(...writer.keys())
      expect(await inspect(options, acknowledged)).toEqual(intact)
    }
  })
})
