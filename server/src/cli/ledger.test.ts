import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../../test/engines.ts'
import { freePort, runMteja, ServerProcess } from '../../test/server-process.ts'
import { createTestContext, createTestTenant, type TestTenant } from '../../test/service.ts'
import { commandsFor, createWallets } from '../../test/wallets.ts'
import { openDatabase } from '../db/connect.ts'
import { doTogether } from '../domain/ledger/commands.ts'

// Each command is a process of its own and opens the database anew.
vi.setConfig({ testTimeout: 90_000 })

let place: TestPlace['options']
let remove: () => Promise<void>
let tenant: TestTenant

beforeAll(async () => {
  const made = await makeTestDatabase()
  remove = made.remove
  // The encryption key is stored in a folder with either engine.
  place = testEngine === 'embedded' ? made.options : { ...made.options, dataFolder: await makeTestFolder() }
  const db = await openDatabase(place)
  const context = createTestContext(db)
  tenant = await createTestTenant(context)
  const [a = '', b = ''] = await createWallets(context, tenant, 2)
  const make = commandsFor(context)
  const described = { ...make.payIn(a, 100n), description: 'two\nlines, "quoted"' }
  await doTogether(context, tenant, [described, make.transfer(a, b, 30n), make.place(b, 5n)])
  await db.close()
  await runMteja(['merchant', 'create', '--name', 'Sets the database up'], place)
})

afterAll(() => remove())

const mteja = (...args: string[]) => runMteja(['ledger', ...args], place)
const sound = 'The ledger is sound: 4 entries, 2 transactions, 3 accounts, 1 hold, 2 customers.\n'

async function corrupt(statement: string): Promise<void> {
  const db = await openDatabase(place)
  await db.asOwner(async (session) => {
    await session.execute('set session_replication_role = replica')
    await session.execute(statement)
  })
  await db.close()
}

describe('mteja ledger verify', () => {
  test('mteja ledger verify reports sound books, without progress where no terminal is', async () => {
    expect(await mteja('verify')).toEqual({ code: 0, stdout: sound, stderr: '' })
    expect(JSON.parse((await mteja('verify', '--json')).stdout)).toEqual({
      ...{ isSound: true, entries: 4, transactions: 2, accounts: 3, holds: 1, customers: 2 },
    })
  })

  test('mteja ledger verify names the first wrong row and exits with 1', async () => {
    await corrupt("update ledger_accounts set posted = posted + 1 where kind = 'outside'")
    const { code, stdout, stderr } = await mteja('verify')
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /^mteja: The ledger is wrong: ledger account \d+ of merchant \d+ has -99 posted, but its entries add up to -100\n$/,
    )
    await corrupt("update ledger_accounts set posted = posted - 1 where kind = 'outside'")
  })
})

describe('mteja ledger export', () => {
  test('mteja ledger export writes CSV to the standard output', async () => {
    const { code, stdout } = await mteja('export')
    expect(code).toBe(0)
    expect(stdout.split('\r\n')).toHaveLength(1 + 4 + 1)
    expect(stdout).toMatch(/^merchant,mode,createdAt/)
  })

  test('mteja ledger export writes the JSON lines of one merchant to a file', async () => {
    const file = path.join(await makeTestFolder(), 'entries.jsonl')
    const flags = ['--format', 'jsonl', '--merchant', tenant.merchant.code, '--out', file]
    expect(await mteja('export', ...flags)).toEqual({
      ...{ code: 0, stdout: `Exported 4 entries to ${file}.\n`, stderr: '' },
    })
    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).amount).toSorted((x, y) => x - y)).toEqual([-100, -30, 30, 100])
  })

  test('mteja ledger export counts entries, not lines, and reports them in JSON', async () => {
    const file = path.join(await makeTestFolder(), 'entries.csv')
    const { stdout } = await mteja('export', '--out', file, '--json', '--format', 'csv')
    expect(JSON.parse(stdout)).toEqual({ entries: 4, file })
    expect((await readFile(file, 'utf8')).split('\n').length).toBeGreaterThan(1 + 4 + 1)
  })

  test('mteja ledger export --json writes JSON lines', async () => {
    const { stdout, stderr } = await mteja('export', '--json')
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => typeof JSON.parse(line).amount),
    ).toEqual(Array(4).fill('number'))
    expect(stderr).toBe('')
  })

  test.each([
    ['a merchant there is not', 1, ['--merchant', 'mer_x'], 'mteja: There is no merchant "mer_x"'],
    ['a file that cannot be written', 1, ['--out', '/nowhere/x.csv'], 'mteja: The export could not be written in full'],
    ['a format there is not', 2, ['--format', 'xml'], "argument 'xml' is invalid"],
  ])('mteja ledger export refuses %s', async (_title, code, flags, words) => {
    const refused = await mteja('export', ...flags)
    expect(refused.code).toBe(code)
    expect(refused.stderr).toContain(words)
  })
})

test('mteja ledger verify and export work while the server runs', async () => {
  const server = new ServerProcess(await freePort(), place, {})
  try {
    await server.start()
    expect(await mteja('verify')).toEqual({ code: 0, stdout: sound, stderr: '' })
    expect((await mteja('export', '--format', 'jsonl')).stdout.trim().split('\n')).toHaveLength(4)
  } finally {
    await server.kill()
  }
})
