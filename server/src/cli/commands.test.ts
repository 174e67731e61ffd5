import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test, vi } from 'vitest'
import { makeEmptyPlace, makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../../test/engines.ts'
import { runMteja } from '../../test/server-process.ts'
import { openDatabase } from '../db/connect.ts'
import { type Sql, sql } from '../db/sql.ts'
import { buildProgram } from './main.ts'

// Each command is a process of its own and opens the database anew.
vi.setConfig({ testTimeout: 120_000 })

/** Commands that need a database, with the arguments that they need. They must not make one. */
const needDatabase = [
  'import paystack',
  'merchant list',
  'merchant show some-merchant',
  'merchant update some-merchant --name New',
  'merchant close some-merchant',
  'merchant reopen some-merchant',
  'key create',
  'key list',
  'key revoke some-key',
  'payment-settings show',
  'payment-settings set',
  'processor show',
  'processor set some-direction manual',
  'sending show',
  'sending pause',
  'sending resume',
  'signing-key rotate',
  'ledger verify',
  'ledger export',
  'reconcile',
]
/** Commands that make the database that is not there. */
const makeDatabase = ['serve', 'migrate', 'merchant create']
/** Commands that speak to a server over the network. */
const needServer = ['listen', 'trigger']

const program = buildProgram({})

/** The commands without sub-commands, with their names in full. */
function leaves(command: Command, names: string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[names.join(' '), command]]
  return command.commands.flatMap((each) => leaves(each, [...names, each.name()]))
}

test('every command is known to need a database, to make one, or to need a server', () => {
  const needing = needDatabase.map((line) => line.replace(/ some-.+$/, ''))
  const known = [...needing, ...makeDatabase, ...needServer]
  expect(leaves(program).map(([name]) => name)).toEqual(expect.arrayContaining(known))
  expect(leaves(program)).toHaveLength(known.length)
})

test.each(leaves(program))('mteja %s takes --json', (_name, command) => {
  expect(command.options.map(({ long }) => long)).toContain('--json')
})

test('mteja --help lists every command in a group, without colours where no terminal is', async () => {
  const { code, stdout } = await runMteja(['--help'])
  expect(code).toBe(0)
  for (const { name } of program.commands.map((each) => ({ name: each.name() })))
    expect(stdout).toContain(`\n  ${name}`)
  for (const group of ['Server:', 'Merchants and keys:', 'Books:', 'While you develop:'])
    expect(stdout).toContain(group)
  expect(stdout).not.toContain('\u001b')
})

test('a terminal that wants colours gets them, and NO_COLOR takes them away', async () => {
  const coloured = await runMteja(['key', 'lst'], undefined, { FORCE_COLOR: '1' })
  expect(coloured.stderr).toContain('\u001b[31merror')
  const plain = await runMteja(['key', 'lst'], undefined, { NO_COLOR: '1' })
  expect(plain.stderr).not.toContain('\u001b')
})

describe.each(needDatabase)('mteja %s', (line) => {
  const run = ({ options }: TestPlace) => runMteja(line.split(' '), options)

  test.runIf(testEngine === 'embedded')(
    `mteja ${line} refuses a folder that is not there, and makes none`,
    async () => {
      const dataFolder = path.join(await makeTestFolder(), 'typo')
      const { code, stdout, stderr } = await run({ options: { dataFolder }, remove: async () => {} })
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toBe(
        `mteja: There is no database in the folder ${dataFolder}. Correct --data (MTEJA_DATA), or start the server on this folder first.\n`,
      )
      expect(existsSync(dataFolder)).toBe(false)
    },
  )

  test.runIf(testEngine === 'embedded')(`mteja ${line} refuses a file in the place of a folder`, async () => {
    const folder = await makeTestFolder()
    const dataFolder = path.join(folder, 'notes.txt')
    await writeFile(dataFolder, 'mine')
    for (const place of [dataFolder, path.join(dataFolder, 'data')]) {
      const { code, stderr } = await run({ options: { dataFolder: place }, remove: async () => {} })
      const reason = place === dataFolder ? 'is a file and no folder' : 'There is no database in the folder'
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(new RegExp(`^mteja: .*${reason}.*Correct --data[^\\n]*\\n$`)),
      ])
    }
  })

  test.runIf(testEngine === 'postgresql')(
    `mteja ${line} refuses a database without Mteja’s tables, and makes none`,
    async () => {
      const place = await makeEmptyPlace()
      const { code, stdout, stderr } = await run(place)
      expect([code, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(
        /^mteja: The database that --database-url names does not have the schema of this version .+\n$/,
      )
      expect(await ask(place, sql`select tablename from pg_tables where schemaname = 'public'`)).toEqual([])
      await place.remove()
    },
  )
})

test('a command that reads refuses a database that no server has set up, and sets none up', async () => {
  const place = await makeTestDatabase()
  const { code, stdout, stderr } = await runMteja(['merchant', 'list'], place.options)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(
    /^mteja: The database .+ is not set up\. If it is the right database, start the server, or make a merchant with mteja merchant create, first\.\n$/,
  )
  expect(await ask(place, sql`select 1 from installation`)).toEqual([])
  expect(existsSync(path.join(place.options.dataFolder, 'encryption.key'))).toBe(false)
  await place.remove()
})

test('a command that reads refuses the schema of an older version, and leaves it as it is', async () => {
  const place = await makeTestDatabase()
  await ask(
    place,
    sql`delete from schema_migrations where name = (select max(name) from schema_migrations where name like '0%')`,
  )
  const before = await ask(place, sql`select name from schema_migrations order by name`)
  const { code, stderr } = await runMteja(['merchant', 'list'], place.options)
  expect([code, stderr]).toEqual([1, expect.stringContaining('run mteja migrate or start the server first')])
  expect(await ask(place, sql`select name from schema_migrations order by name`)).toEqual(before)
  await place.remove()
})

/** The answer of the database to its owner. */
async function ask({ options }: TestPlace, statement: Sql): Promise<unknown[]> {
  const db = await openDatabase(options)
  try {
    return await db.asOwner((owner) => owner.query(statement))
  } finally {
    await db.close()
  }
}
