import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { makeTestDatabase, makeTestFolder, testEngine } from '../../test/engines.ts'
import { openDatabase } from './connect.ts'
import { StartupError } from './errors.ts'
import { migrate } from './migrate.ts'
import { sql } from './sql.ts'

const place = await makeTestDatabase()
const db = await openDatabase(place.options)
afterAll(async () => {
  await db.close()
  await place.remove()
})

beforeEach(() =>
  db.asOwner(async (owner) => {
    await owner.execute('drop schema public cascade')
    await owner.execute('create schema public')
    await owner.execute('grant usage on schema public to public')
  }),
)

type Scripts = Record<string, string>

/** A folder of migrations; names with a slash are functions. */
async function write(scripts: Scripts): Promise<{ folder: string }> {
  const folder = await makeTestFolder()
  for (const kind of ['migrations', 'functions']) mkdirSync(path.join(folder, kind))
  edit(folder, scripts)
  return { folder }
}

function edit(folder: string, scripts: Scripts): void {
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(path.join(folder, name.includes('/') ? name : `migrations/${name}`), script)
  }
}

const things = 'create table things (id integer primary key); insert into things values (1);'
const count =
  'create or replace function count_things() returns bigint language sql as $$ select count(*) from things $$;'

test('migrations are applied once each, in the order of their numbers, then the functions', async () => {
  const folder = await write({ '0002_more.sql': 'insert into things values (2)', '0001_things.sql': things })
  edit(folder.folder, { 'functions/count.sql': count })
  const applied = ['0001_things.sql', '0002_more.sql', 'functions/count.sql']
  expect(await migrate(db, folder)).toEqual({ applied })
  expect(await migrate(db, folder)).toEqual({ applied: [] })
  expect(await db.asOwner((owner) => owner.query(sql`select count_things() as n`))).toEqual([{ n: 2n }])
})

test('a function is applied again when its file has changed, and a migration added later is applied', async () => {
  const { folder } = await write({ '0001_things.sql': things, 'functions/count.sql': count })
  await migrate(db, { folder })
  edit(folder, {
    'functions/count.sql': count.replace('count(*)', '-count(*)'),
    '0002_more.sql': 'insert into things values (2)',
  })
  expect(await migrate(db, { folder })).toEqual({ applied: ['0002_more.sql', 'functions/count.sql'] })
})

test('a server that calls a function goes on while the function gets its next version', async () => {
  const secured = count.replace('language sql', 'language sql security definer')
  const { folder } = await write({ '0001_things.sql': things, 'functions/count.sql': secured })
  await migrate(db, { folder })
  // Prepared on the connections of the pool, as a running server has it.
  const call = () => db.query(sql`select count_things() as n`)
  expect(await call()).toEqual([{ n: 1n }])
  edit(folder, {
    'functions/count.sql': `
      create or replace function count_things_v2(p_above integer) returns bigint
      language sql security definer as $$ select count(*) from things where id > p_above $$;
      create or replace function count_things() returns bigint
      language sql as $$ select count_things_v2(p_above => 0) + 100 $$;`,
  })
  expect(await migrate(db, { folder })).toEqual({ applied: ['functions/count.sql'] })
  expect(await db.query(sql`select count_things_v2(p_above => 1) as n`)).toEqual([{ n: 0n }])
  expect(await call()).toEqual([{ n: 101n }])
})

test('line ends do not make a file a different one', async () => {
  const { folder } = await write({ '0001_things.sql': 'create table things\n(id integer);\n' })
  await migrate(db, { folder })
  edit(folder, { '0001_things.sql': 'create table things\r\n(id integer);\r\n' })
  expect(await migrate(db, { folder })).toEqual({ applied: [] })
})

test('a landed migration that was edited is refused', async () => {
  const { folder } = await write({ '0001_things.sql': things })
  await migrate(db, { folder })
  edit(folder, { '0001_things.sql': `${things} -- better` })
  await expect(migrate(db, { folder })).rejects.toThrow(/^Migration 0001_things.sql was edited after it had landed/)
})

test('a database newer than the program is refused', async () => {
  const { folder } = await write({ '0001_things.sql': things, '0002_more.sql': 'select 1' })
  await migrate(db, { folder })
  rmSync(path.join(folder, 'migrations/0002_more.sql'))
  await expect(migrate(db, { folder })).rejects.toThrow(/^The database has migration 0002_more.sql, which this program/)
})

test('a migration numbered before one that has landed is refused', async () => {
  const { folder } = await write({ '0002_things.sql': things })
  await migrate(db, { folder })
  edit(folder, { '0001_late.sql': 'select 1' })
  await expect(migrate(db, { folder })).rejects.toThrow(/give it a higher number/)
})

test('two migrations of one number are refused, and so is a migration without a number', async () => {
  const twice = await write({ '0001_a.sql': 'select 1', '0001_b.sql': 'select 1' })
  await expect(migrate(db, twice)).rejects.toThrow(/have the same number/)
  await expect(migrate(db, await write({ 'things.sql': things }))).rejects.toThrow(/must be named NNNN_name.sql/)
})

test('a migration that fails leaves nothing behind, names its line, and may be corrected', async () => {
  const { folder } = await write({
    '0001_a.sql': 'create table a (id integer);',
    '0002_b.sql': `${things}\n\nselect 1/0;`,
  })
  const failure = await migrate(db, { folder }).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(StartupError)
  expect(failure).toMatchObject({ message: 'The statement at line 3 of 0002_b.sql failed: division by zero.' })
  edit(folder, { '0002_b.sql': things })
  expect(await migrate(db, { folder })).toEqual({ applied: ['0002_b.sql'] })
})

test('the schema of this package can be applied to an empty database', async () => {
  expect((await migrate(db)).applied.length).toBeGreaterThan(0)
  expect(await migrate(db)).toEqual({ applied: [] })
  expect(await db.query(sql`select current_user as role`)).toEqual([{ role: 'mteja_app' }])
})

const onPostgresql = test.runIf(testEngine === 'postgresql')

onPostgresql('of twenty servers that start at once each file is applied by one', async () => {
  const folder = await write({ '0001_things.sql': things, '0002_more.sql': 'insert into things values (2)' })
  edit(folder.folder, { 'functions/count.sql': count })
  const servers = await Promise.all(Array.from({ length: 20 }, () => openDatabase(place.options)))
  const results = await Promise.all(servers.map((server) => migrate(server, folder)))
  const applied = results.flatMap((result) => result.applied)
  expect(applied.sort()).toEqual(['0001_things.sql', '0002_more.sql', 'functions/count.sql'])
  await Promise.all(servers.map((server) => server.close()))
})

onPostgresql('a server that may change nothing starts when nothing is to be done', async () => {
  const folder = await write({ '0001_things.sql': things })
  await migrate(db, folder)
  const url = new URL(place.options.databaseUrl ?? '')
  url.username = `mteja_login_${process.pid}`
  url.password = 'x'
  await db.asOwner((owner) => owner.execute(`create role ${url.username} login password 'x' in role mteja_app`))
  const server = await openDatabase({ dataFolder: '', databaseUrl: url.href })
  expect(await migrate(server, folder)).toEqual({ applied: [] })
  edit(folder.folder, { '0002_more.sql': 'create table more (id integer)' })
  await expect(migrate(server, folder)).rejects.toThrow(/permission denied/)
  await server.close()
  await db.asOwner((owner) => owner.execute(`drop role ${url.username}`))
})
