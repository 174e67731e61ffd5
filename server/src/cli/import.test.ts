import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../../test/engines.ts'
import {
  createLiveAccount,
  insertTransaction,
  introduce,
  type LiveAccount,
  pay,
  saveInstrument,
} from '../../test/paystack/live-account.ts'
import { type LiveServer, openLiveServer } from '../../test/paystack/live-server.ts'
import { runMteja, startMteja } from '../../test/server-process.ts'

// Each command is a process of its own and opens the database anew.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let place: TestPlace['options']
let remove: () => Promise<void>
let account: LiveAccount
let server: LiveServer
let merchant: string

beforeAll(async () => {
  const made = await makeTestDatabase()
  remove = made.remove
  // The encryption key is stored in a folder with either engine.
  place = testEngine === 'embedded' ? made.options : { ...made.options, dataFolder: await makeTestFolder() }
  account = createLiveAccount()
  server = await openLiveServer(account)
  for (let i = 0; i < 40; i += 1) introduce(account, { email: `customer-${i}@example.com` })
  saveInstrument(account, 'customer-3@example.com', { authorization_code: 'AUTH_three' })
  for (const reference of ['order-1', 'never-paid']) {
    const row = insertTransaction(account, { email: 'customer-3@example.com', amount: 3_000, reference })
    row.customer = { ...introduce(account, { email: 'customer-3@example.com' }) }
  }
  pay(account, 'order-1')
  const keyFile = path.join(await makeTestFolder(), 'key')
  await writeFile(keyFile, account.secretKey)
  // The embedded database has a test merchant as well.
  const created = await mteja('merchant', 'create', '--name', 'Duka', '--currencies', 'NGN', '--json')
  merchant = JSON.parse(created.stdout).id
  const toPaystack = ['in', 'paystack', '--mode', 'live', '--key-file', keyFile]
  const chosen = await mteja('processor', 'set', ...toPaystack, '--merchant', merchant)
  expect([chosen.code, chosen.stderr]).toEqual([0, ''])
})
afterAll(async () => {
  await server.close()
  await remove()
})

const mteja = (...args: string[]) => runMteja(args, place, { MTEJA_PAYSTACK_URL: server.url })
const importing = (...args: string[]) => ['import', 'paystack', '--merchant', merchant, '--mode', 'live', ...args]

test('mteja import paystack is killed in the middle, goes on, reports what it left out, and changes nothing the second time', async () => {
  const folder = ['--data', place.dataFolder, ...(place.databaseUrl ? ['--database-url', place.databaseUrl] : [])]
  const killed = startMteja([...importing(), ...folder], { MTEJA_PAYSTACK_URL: server.url }, 'ignore')
  const isUnderWay = () => server.asked.filter((each) => each.startsWith('GET /customer/')).length >= 15
  await vi.waitUntil(isUnderWay, { timeout: 60_000, interval: 1 })
  killed.kill('SIGKILL')
  await once(killed, 'close')
  const report = path.join(await makeTestFolder(), 'report.csv')
  const done = await mteja(...importing('--report', report))
  expect([done.code, done.stderr]).toEqual([0, expect.stringMatching(/^Importing [a-z ]+: \d+/m)])
  expect(done.stdout).toMatch(/^customer +40 +40 +0 +0 +0$/m)
  expect(done.stdout).toMatch(/^authorization +1 +1 +0 +0 +0$/m)
  expect(done.stdout).toMatch(/^payment +2 +1 +0 +0 +1$/m)
  expect(done.stdout).toContain('payment: It was never paid')
  expect(await readFile(report, 'utf8')).toBe(
    'kind,name,reason,message,detail\npayment,never-paid,not_paid,It was never paid,\n',
  )
  const again = await mteja(...importing('--json'))
  expect(again.code).toBe(0)
  const { counts, skipped } = JSON.parse(again.stdout)
  expect(counts.map((each: { created: number; unchanged: number }) => [each.created, each.unchanged])).toEqual([
    [0, 40],
    [0, 1],
    [0, 0],
    [0, 1],
  ])
  expect(skipped.map(({ name }: { name: string }) => name)).toEqual(['never-paid'])
  const inTest = await mteja('import', 'paystack', '--merchant', merchant)
  expect([inTest.code, inTest.stderr]).toEqual([1, expect.stringContaining('There is no account to import from')])
  account.secretKey = 'sk_live_another'
  const refused = await mteja(...importing())
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('the same command goes on from here')])
})
