import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { chmodSync, copyFileSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemRandom } from '../src/base/ids.ts'
import { createVault } from '../src/base/vault.ts'
import type { OwnedDb } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import { getBalance } from '../src/domain/ledger/balances.ts'
import { doCommand } from '../src/domain/ledger/commands.ts'
import { getMerchant } from '../src/domain/merchants/merchants.ts'
import type { Mode } from '../src/domain/merchants/tenant.ts'
import { readConfig } from '../src/start/config.ts'
import { loadEncryptionKey } from '../src/start/encryption-key.ts'
import { openMigrated } from '../src/start/open-service.ts'
import { type RunningServer, serve } from '../src/start/serve.ts'
import { unsoundBooks } from './books.ts'
import { execute, makeEmptyPlace, type TestPlace, testEngine } from './engines.ts'
import { type Expected, fixtureFiles, type Read } from './fixtures/expected.ts'
import { Recorder, until } from './fixtures/recorder.ts'
import { openReceiver, type Received, type Receiver } from './receiver.ts'
import { runMteja } from './server-process.ts'
import { createTestContext } from './service.ts'
import { findTexts } from './stored-texts.ts'
import { cash, commandsFor } from './wallets.ts'

// Data that old versions left behind are opened as a start does. Each test goes on with the data as the one before has
// left them. fixtures/*/README.md says how they were made.

const hourMs = 60 * 60 * 1000

describe.each(listFixtures())('data of $name', ({ folder }) => {
  const recorded = readFileSync(new URL(fixtureFiles.expected(testEngine), folder), 'utf8')
  const old: Expected = JSON.parse(recorded, asToldToday)
  const bearers = Object.fromEntries(Object.entries(old.bearers).map(([name, parts]) => [name, parts.join('')]))
  /** A statement from one day to the same day was refused by the old version. Today it is the statement of this day. */
  const reads = old.reads.filter(({ path, status }) => !(path.includes('/statement?') && status === 400))
  const balances = reads.filter(({ path }) => path.includes('/balance'))
  const client = new Recorder(bearers)
  let place: TestPlace
  let server: RunningServer | undefined
  let receiver: Receiver

  beforeAll(async () => {
    // The moment at which the old server ended: tokens, keys and due work grow old.
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(old.recordedAt) })
    receiver = await openReceiver()
    place = await restore(folder)
    await start()
  })
  afterAll(async () => {
    await stop()
    await place.remove()
    await receiver.close()
    vi.useRealTimers()
  })

  async function start(): Promise<void> {
    server = await serve(configOf(place, bearers.operator), { onFailure: failAtOnce })
    client.origin = server.origin
  }

  async function stop(): Promise<void> {
    await server?.close()
    server = undefined
  }

  /** What a GET answers now. */
  async function repeat({ as, path, answer: _old, status: _was }: Read): Promise<Read> {
    const { status, json } = await client.send({ as, method: 'GET', path: pathNow(as, path) })
    return { as, path, status, answer: json }
  }

  /** The old version's histories showed the default currency only. */
  function pathNow(as: string, path: string): string {
    if (!/\/(transactions|balance\/history)\?/.test(path)) return path
    return `${path}&currency=${as.startsWith('soko') ? 'NGN' : 'ZAR'}`
  }

  /** The requests that are no longer answered as they were; an answer may have got more members. */
  async function findChanged(reads: Read[]): Promise<Read[]> {
    const now = await Promise.all(reads.map(repeat))
    return now.filter((answer, i) => !matches(answer, reads[i] ?? {}))
  }

  async function verify(): Promise<{ isSound: boolean }> {
    const { text } = await client.send({ as: 'operator', method: 'GET', path: '/v1/ledger/verification' })
    return JSON.parse(text.trim().split('\n').at(-1) ?? '').result
  }

  async function balanceOf(customer: string): Promise<{ amount: number; pending: number }> {
    const { amount, pending } = await client.ask('first', 'GET', `/api/canary/customers/${customer}/balance`)
    return { amount, pending }
  }

  test('old data are upgraded, and `ledger verify` finds nothing wrong', async () => {
    expect(await verify()).toMatchObject({ isSound: true })
  })

  test('each old customer has the balances, counts and last entries that the old version told', async () => {
    expect(reads.length).toBeGreaterThan(50)
    expect(await Promise.all(reads.map(repeat))).toMatchObject(reads)
  })

  test('old API keys and tokens are accepted, and a revoked key is refused', async () => {
    const statuses: Record<string, number> = {}
    for (const as of ['first', 'second', 'soko', 'sokoLive', 'token', 'olderToken', 'revoked']) {
      const { status } = await client.send({ as, method: 'GET', path: '/api/canary/balance' })
      statuses[as] = status
    }
    const good = { first: 200, second: 200, soko: 200, sokoLive: 200, token: 200, olderToken: 200 }
    expect(statuses).toEqual({ ...good, revoked: 401 })
  })

  test('a request repeated under an old Idempotency-Key is answered byte for byte as before', async () => {
    expect(old.replays.length).toBeGreaterThan(30)
    for (const { status, answer, otherBody: _, ...request } of old.replays) {
      const again = await client.send(request)
      const isReplayed = again.headers.get('idempotent-replayed')
      expect([request.path, again.status, again.text, isReplayed]).toEqual([request.path, status, answer, 'true'])
    }
  })

  test('an old Idempotency-Key is refused for another request', async () => {
    for (const { otherBody, ...request } of old.replays) {
      if (otherBody === null) continue
      const other = await client.send({ ...request, body: otherBody })
      expect([request.path, other.status]).toEqual([request.path, 409])
    }
  })

  test('an old key in the body of a payment intent charges nothing a second time', async () => {
    const path = '/api/canary/payment-intents'
    for (const { as, body, id } of old.intents) {
      const again = await client.send({ as, method: 'POST', path, body })
      expect([again.status, again.json.id]).toEqual([201, id])
      const other = await client.send({ as, method: 'POST', path, body: { ...body, amount: body.amount + 1 } })
      expect(other.status).toBe(409)
    }
    // Nor has any request of the tests before done anything.
    expect(await findChanged(reads)).toEqual([])
  })

  test('a payment that the old version was killed in is made once when it is asked for again', async () => {
    const answers = await Promise.all(old.interrupted.map((request) => client.send(request)))
    expect(answers.map(({ status, json }) => [status, json.status])).toEqual(answers.map(() => [201, 'succeeded']))
    const again = await Promise.all(old.interrupted.map((request) => client.send(request)))
    expect(again.map(({ text }) => text)).toEqual(answers.map(({ text }) => text))
    const customer = old.interrupted[0]?.body.customerId ?? ''
    const amount = old.interrupted.reduce((sum, { body }) => sum + body.amount, 0)
    expect(await balanceOf(customer)).toEqual({ amount, pending: 0 })
  })

  test('a new transfer, the capture of an old hold and the refund of an old purchase are posted', async () => {
    const { sender, receiver, openHold, purchase } = old
    const before = [await balanceOf(sender), await balanceOf(receiver)] as const
    const transfer = { fromCustomerId: sender, toCustomerId: receiver, amount: 100, currency: 'ZAR' }
    await client.ask('first', 'POST', '/api/canary/transfers', transfer)
    await client.ask('first', 'POST', `/v1/holds/${openHold.id}/capture`, { amount: 300 })
    await client.ask('first', 'POST', '/v1/refunds', { transactionId: purchase.id })
    expect(await balanceOf(sender)).toEqual({
      amount: before[0].amount - 100 - 300 + purchase.amount,
      pending: before[0].pending - 300,
    })
    expect(await balanceOf(receiver)).toEqual({ amount: before[1].amount + 100, pending: before[1].pending })
  })

  test('work that the old version left undone is done when it is due, and its webhooks are delivered', async () => {
    for (const { as, id } of old.endpoints) {
      await client.ask(as, 'PATCH', `/v1/webhook-endpoints/${id}`, { url: receiver.url })
    }
    vi.setSystemTime(new Date(old.recordedAt).getTime() + 2 * hourMs)
    await until('what was due', async () => (await findChanged(old.readsLater)).length === 0).catch(() => undefined)
    expect(await Promise.all(old.readsLater.map(repeat))).toMatchObject(old.readsLater)

    for (const { as, id, style, secrets, pending } of old.endpoints) {
      const left = `/v1/deliveries/resend-preview?status=pending&endpointId=${id}`
      await until('deliveries', async () => (await client.ask(as, 'GET', left)).count === 0)
      const told = receiver.received.filter((each) => 'x-paystack-signature' in each.headers === (style === 'paystack'))
      expect(told.length).toBeGreaterThanOrEqual(pending)
      expect(pending).toBeGreaterThan(0)
      for (const secret of secrets) for (const each of told) checkSignature(style, secret, each)
    }
    expect(await verify()).toMatchObject({ isSound: true })
  })

  test('upgraded data are the same after the next start', async () => {
    const before = await Promise.all(balances.map(repeat))
    await stop()
    await start()
    expect(await Promise.all(balances.map(repeat))).toEqual(before)
    const { stdout, stderr, code } = await runMteja(['ledger', 'verify'], place.options)
    expect({ stdout, stderr, code }).toEqual({
      stdout: expect.stringMatching(/^The ledger is sound/),
      stderr: '',
      code: 0,
    })
  })

  test('a person of the old version is erased from every column of every table', async () => {
    const traces = ['Nwọsu-Obi', '0821234501', '27821234501']
    const { customer_code: code } = (await client.ask('first', 'GET', '/customer/ada@example.com')).data
    expect([...(await storedTexts(traces)).keys()].sort()).toEqual([...traces].sort())
    const { balances: all } = await client.ask('first', 'GET', `/v1/customers/${code}/balances`)
    const { data: holds } = await client.ask('first', 'GET', `/v1/holds?customerId=${code}`)
    for (const hold of holds) {
      if (hold.status === 'placed') await client.ask('first', 'POST', `/v1/holds/${hold.id}/release`, {})
    }
    for (const { currency, posted } of all) {
      const purchase = { customerId: code, productId: 'rest', amount: posted, currency }
      if (posted > 0) await client.ask('first', 'POST', '/api/canary/purchases', purchase)
    }
    await client.ask('first', 'POST', `/v1/customers/${code}/erase`, {})
    await until('the erasure', async () => {
      // It waits for the transactions of the database server that are under way, also of other tests, and looks again a second later.
      vi.setSystemTime(Date.now() + 1000)
      return (await client.ask('first', 'GET', `/v1/customers/${code}/erasure`)).erasedAt !== null
    })
    expect(Object.fromEntries(await storedTexts(traces))).toEqual({})
    expect(await verify()).toMatchObject({ isSound: true })
  })

  /** The columns in which each text is found. The server is started again. */
  async function storedTexts(texts: string[]): Promise<Map<string, string[]>> {
    await stop()
    const config = configOf(place, bearers.operator)
    const { db, lock } = await openMigrated(config, { onFailure: failAtOnce })
    const vault = createVault(loadEncryptionKey(config.encryptionKey, config.dataFolder, null), systemRandom)
    const found = await findTexts({ db, vault }, texts)
    await db.close()
    await lock?.release()
    await start()
    return found
  }

  test('upgraded data need no further upgrade, and one balance changed by hand is noticed', async () => {
    const changed = await findChanged(balances)
    await stop()
    const { db, lock, applied } = await openMigrated(configOf(place, bearers.operator), { onFailure: failAtOnce })
    expect(applied).toEqual([])
    expect(await unsoundBooks(db)).toEqual([])
    await bookFacts(db)
    await takeFromTheRichest(db)
    await db.close()
    await lock?.release()
    await start()
    expect(await verify()).toMatchObject({ isSound: false })
    expect((await findChanged(balances)).length).toBeGreaterThan(changed.length)
  })
})

/**
 * An old answer as it is told today. On Paystack's wire amounts are hundredths, and money with thousandths does not exist: the
 * one pay-in in TND is counted no more. A refusal names the customer of a transfer who does not exist.
 */
function asToldToday(name: string, value: unknown): unknown {
  if (typeof value === 'string')
    return value.replace(/no customer (\\?"\w+\\?") or no customer (?=\\?"CUS_0+)/, 'no customer ')
  if (name === 'data' && value !== null && typeof value === 'object' && 'total_transaction_value' in value) {
    const { total_transaction_value: totals, total_transactions: count } = value as {
      total_transaction_value: { currency: string; amount: number }[]
      total_transactions: number
    }
    return {
      ...value,
      total_transactions: count - totals.filter(({ currency }) => currency === 'TND').length,
      total_transaction_value: totals
        .filter(({ currency }) => currency !== 'TND')
        .map(({ currency, amount }) => ({ currency, amount: currency === 'XOF' ? 100 * amount : amount })),
    }
  }
  return value
}

/** A folder for each old version. */
function listFixtures(): { name: string; folder: URL }[] {
  const root = new URL('fixtures/', import.meta.url)
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.map(({ name }) => ({ name, folder: new URL(`${name}/`, root) }))
}

/** Puts the old data where a server would have left them. */
async function restore(fixture: URL): Promise<TestPlace> {
  const read = (name: string) => readFileSync(new URL(name, fixture))
  const place = await makeEmptyPlace()
  const { dataFolder, databaseUrl } = place.options
  const key = path.join(dataFolder, fixtureFiles.key)
  copyFileSync(fileURLToPath(new URL(fixtureFiles.key, fixture)), key)
  // As the server wrote it. A repository does not keep the rights of its files.
  chmodSync(key, 0o600)
  if (databaseUrl !== undefined) await execute(databaseUrl, gunzipSync(read(fixtureFiles.dump)).toString('utf8'))
  else {
    const input = brotliDecompressSync(read(fixtureFiles.dataFolder))
    execFileSync('tar', ['--extract', '--file=-', `--directory=${dataFolder}`], { input })
  }
  return place
}

function configOf({ options: { dataFolder, databaseUrl } }: TestPlace, adminKey = '') {
  const flags = { port: '0', data: dataFolder, ...(databaseUrl === undefined ? {} : { databaseUrl }) }
  return readConfig(flags, { MTEJA_ADMIN_KEY: adminKey, MTEJA_PUBLIC_URL: 'http://mteja.invalid' })
}

/** Where the database is lost. */
function failAtOnce(error: Error): never {
  throw error
}

function matches(actual: unknown, expected: object): boolean {
  try {
    expect(actual).toMatchObject(expected)
    return true
  } catch {
    return false
  }
}

function checkSignature(style: 'standard' | 'paystack', secret: string, { body, headers }: Received): void {
  if (style === 'standard') new Webhook(secret).verify(body, headers as Record<string, string>)
  else expect(headers['x-paystack-signature']).toBe(createHmac('sha512', secret).update(body).digest('hex'))
}

/** A customer of before loses more than they have, and has it repaid. The outside of before is the one without a party. */
async function bookFacts(db: OwnedDb): Promise<void> {
  const context = createTestContext(db)
  const [row] = await db.query<{
    merchant_id: number
    mode: Mode
    customer: string
    posted: bigint
    held: bigint
    outside: bigint
  }>(sql`
    select a.merchant_id, a.mode, c.code as customer, a.posted, a.held, o.id as outside from customers c
    join ledger_accounts a on a.merchant_id = c.merchant_id and a.customer_id = c.id and a.currency = 'ZAR'
    join ledger_accounts o on o.merchant_id = a.merchant_id and o.mode = a.mode and o.kind = 'outside' and o.currency = 'ZAR'
    where c.deleted_at is null and a.posted > a.held
    order by a.posted
    limit 1
  `)
  if (row === undefined) throw new Error('no customer of before has money')
  const tenant = { merchant: await getMerchant(context, String(row.merchant_id)), mode: row.mode }
  const make = commandsFor(context)
  const { customer } = row
  const available = row.posted - row.held
  await doCommand(context, tenant, make.chargeBack(customer, available + 50n))
  expect(await getBalance(context, tenant, customer, 'ZAR')).toMatchObject({ posted: row.held, owed: 50n })
  const repaid = await doCommand(
    context,
    tenant,
    make.book('pay_in', { kind: 'outside' }, cash(customer), available + 50n),
  )
  expect(await getBalance(context, tenant, customer, 'ZAR')).toMatchObject({ posted: row.posted, owed: 0n })
  const [used] = await db.query(sql`
    select from_account_id as id from ledger_transactions where merchant_id = ${row.merchant_id} and id = ${repaid.id}
  `)
  expect(used).toEqual({ id: row.outside })
  expect(await unsoundBooks(db)).toEqual([])
}

/** A customer whose money no test here moves. */
async function takeFromTheRichest(db: OwnedDb): Promise<void> {
  await db.asOwner((owner) =>
    owner.query(sql`
      update ledger_accounts set posted = posted - 1
      where posted = (select max(posted) from ledger_accounts where kind = 'customer_cash')
    `),
  )
}
