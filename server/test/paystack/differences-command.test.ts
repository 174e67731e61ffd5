import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../engines.ts'
import { freePort, runMteja, ServerProcess } from '../server-process.ts'
import { createLiveAccount, insertTransaction, type LiveAccount, pay, type TransactionRow } from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

// Each kind of difference is made at an account, and `mteja reconcile` names it, with its amount, and exits with 3.

vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 })

const adminKey = 'operator-of-the-service'
let account: LiveAccount
let live: LiveServer
let made: TestPlace
let place: TestPlace['options']
let environment: Record<string, string>
let server: ServerProcess
let merchant: string

beforeAll(async () => {
  account = createLiveAccount()
  live = await openLiveServer(account)
  made = await makeTestDatabase()
  place = testEngine === 'embedded' ? made.options : { ...made.options, dataFolder: await makeTestFolder() }
  environment = { MTEJA_ADMIN_KEY: adminKey, MTEJA_PAYSTACK_URL: live.url, MTEJA_LOG_LEVEL: 'silent' }
  server = new ServerProcess(await freePort(), place, environment)
  await server.start()
  const keyFile = path.join(await makeTestFolder(), 'key')
  await writeFile(keyFile, account.secretKey)
  const created = await runMteja(
    ['merchant', 'create', '--name', 'Duka', '--currencies', 'NGN', '--json'],
    place,
    environment,
  )
  merchant = JSON.parse(created.stdout).id
  const toPaystack = [
    'processor',
    'set',
    'in',
    'paystack',
    '--mode',
    'live',
    '--key-file',
    keyFile,
    '--merchant',
    merchant,
  ]
  expect((await runMteja(toPaystack, place, environment)).stderr).toBe('')
})
afterAll(async () => {
  await server.stop()
  await live.close()
  await made.remove()
})

async function ask(method: string, url: string, body: object | undefined, bearer: string) {
  const answer = await fetch(`${server.origin}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  expect(answer.ok, `${method} ${url}: ${text}`).toBe(true)
  return JSON.parse(text)
}

async function runReconcile(...period: string[]) {
  const args = ['reconcile', '--merchant', merchant, '--mode', 'live', '--json', ...period]
  const { code, stdout, stderr } = await runMteja(args, place, environment)
  expect(stdout, stderr).not.toBe('')
  return { code, ...JSON.parse(stdout) }
}

/** The exit code, and the differences that are open. */
async function reconcile() {
  const { code, differences } = await runReconcile()
  const named = (differences as { kind: string; subject: string; amount: number }[]).map(
    ({ kind, subject, amount }) => `${kind} ${subject} ${amount}`,
  )
  return [code, named]
}

test('each kind of difference is named by mteja reconcile with its amount, and the exit code is 3; without any it is 0', async () => {
  expect(await reconcile()).toEqual([0, []])
  const past = await runReconcile('--from', '2026-01-01', '--to', '2026-01-02T12:00:00Z')
  // An account tells its balance of now only.
  expect(past).toMatchObject({ code: 0, status: 'agreed', to: '2026-01-02T12:00:00.000Z', balances: [] })
  const { secret } = await ask('POST', `/v1/merchants/${merchant}/api-keys`, { mode: 'live' }, adminKey)
  const metadata = { purpose: 'wallet_topup' }
  const amount = 10_000
  const topUp = async (reference: string): Promise<TransactionRow> => {
    const wanted = { email: 'ada@example.com', amount, currency: 'NGN', reference, metadata }
    await ask('POST', '/transaction/initialize', wanted, secret)
    const row = account.transactions.at(-1) as TransactionRow
    pay(account, row.reference)
    const told = await ask('GET', `/transaction/verify/${reference}`, undefined, secret)
    expect(told.data.status).toBe('success')
    return row
  }
  const row = await topUp('order-1')
  // Each change is undone by the next one, so that each kind stands alone.
  const own = { ...row }
  const restore = () => Object.assign(row, own)
  const index = account.transactions.indexOf(row)

  row.fees = 200
  expect(await reconcile()).toEqual([3, ['fee payment 50']])
  Object.assign(restore(), { amount: 9_000, requested_amount: 9_000 })
  expect(await reconcile()).toEqual([3, ['amount payment 1000']])
  Object.assign(restore(), { currency: 'ZAR' })
  // The account goes on telling its balance in the other currency.
  expect(await reconcile()).toEqual([3, expect.arrayContaining(['currency payment 10000'])])
  Object.assign(restore(), { status: 'failed', paid_at: null })
  expect(await reconcile()).toEqual([3, ['state payment 10000']])
  restore()
  account.transactions.splice(index, 1)
  expect(await reconcile()).toEqual([3, ['missing_there payment 10000']])
  account.transactions.splice(index, 0, row)
  account.taken = 700
  expect(await reconcile()).toEqual([3, ['unexplained balance 700']])
  account.taken = 0
  // One that the list has as paid, and the account does not confirm.
  insertTransaction(account, { email: 'shop@example.com', amount: 2_000, reference: 'unconfirmed' })
  pay(account, 'unconfirmed')
  account.unconfirmed.add('unconfirmed')
  expect(await reconcile()).toEqual([3, ['missing_here payment 2000']])
  account.unconfirmed.delete('unconfirmed')
  // It is a sale of a shop, and in suspense now.
  expect(await reconcile()).toEqual([3, ['not_ours payment 2000']])
  const [sale] = (await ask('GET', '/v1/suspense', undefined, secret)).data
  await ask('POST', `/v1/suspense/${sale.id}/give-back`, undefined, secret)
  expect(await reconcile()).toEqual([3, ['missing_there suspense 2000']])
  // The money of the charge is taken a second time, under another name.
  insertTransaction(account, { email: 'ada@example.com', amount, reference: 'again', metadata: row.metadata })
  pay(account, 'again')
  expect((await reconcile())[1]).toContain('duplicate payment 10000')
})
