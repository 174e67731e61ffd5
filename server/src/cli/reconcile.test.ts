import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../../test/engines.ts'
import { createLiveAccount, insertTransaction, type LiveAccount, pay } from '../../test/paystack/live-account.ts'
import { type LiveServer, openLiveServer } from '../../test/paystack/live-server.ts'
import { freePort, runMteja, startMteja } from '../../test/server-process.ts'
import { lockFolder } from '../db/folder-lock.ts'

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
const reconcile = (...args: string[]) => mteja('reconcile', '--merchant', merchant, '--mode', 'live', ...args)

test('mteja reconcile exits with 0 where the account and the books agree, with 3 and each difference where they differ, with 1 where nobody can tell', async () => {
  expect(await reconcile()).toEqual({
    code: 0,
    stdout: 'The account and the books agree: 0 read, 0 booked now.\n',
    // Nothing is said of a currency in which nothing is.
    stderr: '',
  })
  insertTransaction(account, { email: 'shop@example.com', amount: 3_000, reference: 'T-shirt-7' })
  pay(account, 'T-shirt-7')
  account.taken = 500
  const told = await reconcile('--json')
  expect([told.code, told.stderr]).toEqual([
    3,
    expect.stringMatching(/^mteja: The account and the books differ: 1 unexplained, 1 not_ours\n$/),
  ])
  const { status, differences } = JSON.parse(told.stdout)
  expect([status, differences.map((each: { kind: string; amount: number }) => [each.kind, each.amount])]).toEqual([
    'differing',
    [
      ['unexplained', 500],
      ['not_ours', 3_000],
    ],
  ])
  const shown = await reconcile()
  expect([shown.code, shown.stdout]).toEqual([3, expect.stringMatching(/not_ours +payment +3000 +NGN.+T-shirt-7/)])
  expect(shown.stderr).toContain('The money is in suspense')
  expect(shown.stderr).toMatch(/^NGN: the account has \d+, expected \d+/)
  const inTest = await mteja('reconcile', '--merchant', merchant)
  expect([inTest.code, inTest.stderr]).toEqual([1, expect.stringContaining('There is no account to compare')])
})

test('mteja reconcile says at once that it cannot go on, and that it is tried again', async () => {
  const nowhere = { MTEJA_PAYSTACK_URL: `http://127.0.0.1:${await freePort()}` }
  const { dataFolder, databaseUrl } = place
  const folder = ['--data', dataFolder, ...(databaseUrl ? ['--database-url', databaseUrl] : [])]
  const child = startMteja(['reconcile', '--merchant', merchant, '--mode', 'live', ...folder], nowhere, 'pipe')
  let told = ''
  child.stderr?.on('data', (chunk) => {
    told += chunk
  })
  let answered = ''
  child.stdout?.on('data', (chunk) => {
    answered += chunk
  })
  await vi.waitUntil(() => told.includes('The reconciliation cannot go on') && told.includes('"level":'), {
    timeout: 60_000,
  })
  child.kill('SIGKILL')
  await once(child, 'close')
  // The log of a failure, too, is no part of the answer.
  expect(answered).toBe('')
  expect(told).toMatch(
    /^The reconciliation cannot go on at this moment \(1 of 3 tries; the log has the reason\): it is tried again by itself\.$/m,
  )
})

test('mteja reconcile whose server stops says so, and that the same command goes on', async () => {
  const dataFolder = await makeTestFolder()
  const lock = await lockFolder(dataFolder)
  lock.setHandler((_request, response) => response.destroy())
  const { code, stderr } = await runMteja(['reconcile', '--merchant', merchant], { dataFolder })
  await lock.release()
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^mteja: The server does not answer any more: .+\. Nothing is lost: .+\n$/),
  ])
  expect(stderr).not.toContain('{}')
})
