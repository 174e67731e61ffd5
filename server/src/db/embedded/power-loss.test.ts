import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { amcheck } from '@electric-sql/pglite/contrib/amcheck'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTestFolder, testEngine } from '../../../test/engines.ts'
import { type Mercy, PowerLossDisk } from '../../../test/power-loss-disk.ts'
import { randomFrom, testSeed as seed } from '../../../test/random.ts'
import { prepareDataFolder } from './data-folder.ts'
import { DurableNodeFS, startParameters } from './durable-fs.ts'
import { makeTemplate } from './template.ts'

/** Adds one entry and keeps the account's balance equal to the sum of its entries. */
const schema = `
  create extension amcheck;
  create table balances (id integer primary key, balance bigint not null);
  insert into balances select g, 0 from generate_series(1, 50) g;
  create table entries (key text primary key, account integer not null references balances, amount bigint not null);
  create function post(account integer, amount bigint, key text) returns void language sql as $$
    insert into entries values (key, account, amount);
    update balances set balance = balance + amount where id = account;
  $$;`

/** What PostgreSQL does from time to time, each of which writes in its own way. */
const events = [
  'checkpoint',
  'select pg_switch_wal()',
  'vacuum full entries',
  'vacuum (analyze) balances',
  'create table extra as select g from generate_series(1, 5000) g; create index on extra (g); drop table extra',
  'truncate scratch; insert into scratch select g from generate_series(1, 3000) g',
]

const mercies: Mercy[] = ['chance', 'chance', 'nothing']

describe.runIf(testEngine === 'embedded')(`a power loss (seed ${seed})`, () => {
  const random = randomFrom(seed)
  const acknowledged: string[] = []
  let disk: PowerLossDisk
  let engine: PGlite
  let images: string

  const open = (files: DurableNodeFS) =>
    PGlite.create({ fs: files, extensions: { amcheck }, startParams: startParameters(PGlite.defaultStartParams) })

  beforeAll(async () => {
    images = await makeTestFolder()
    const live = await prepareDataFolder(await makeTestFolder(), makeTemplate)
    disk = new PowerLossDisk(live, path.join(images, 'safe'))
    engine = await open(disk)
    await engine.exec(`${schema} create table scratch (g integer)`)
  })
  afterAll(() => engine.close())

  async function write(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const key = `key-${acknowledged.length}`
      await engine.query('select post($1, $2, $3)', [1 + (acknowledged.length % 50), 1 + (i % 9), key])
      acknowledged.push(key)
    }
  }

  async function inspect(image: string) {
    const copy = await open(new DurableNodeFS(image))
    const keys = await copy.query<{ key: string }>('select key from entries')
    const sums = await copy.query<{ account: number }>(`
      select account from entries group by account
      having sum(amount) <> (select balance from balances where id = account)`)
    const indexes = `select bt_index_check(oid, true) from pg_class where relname in ('entries_pkey', 'balances_pkey')`
    await copy.query(indexes)
    await copy.close()
    const found = new Set(keys.rows.map(({ key }) => key))
    return { lost: acknowledged.filter((key) => !found.has(key)), unequal: sums.rows }
  }

  test.each(events.map((event, i) => ({ event, mercy: mercies[i % mercies.length] ?? 'nothing' })))(
    'every acknowledged write survives a power loss around $event (unsynced writes that survive: $mercy)',
    async ({ event, mercy }) => {
      await write(20 + Math.floor(random() * 60))
      await engine.exec(event)
      await write(Math.floor(random() * 40))
      const image = path.join(images, 'image')
      disk.losePower(image, mercy, random)
      expect(await inspect(image)).toEqual({ lost: [], unequal: [] })
    },
  )

  test('the disk is in fact asked to sync for each write', () => {
    expect(disk.syncs).toBeGreaterThan(acknowledged.length)
  })
})
