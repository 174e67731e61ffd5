import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openDatabase } from '../../src/db/connect.ts'
import type { Queryable } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'
import { unsoundBooks } from '../books.ts'
import { copyTestDatabase, makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../engines.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { freePort, ServerProcess } from '../server-process.ts'
import { type FaultProxy, openFaultProxy } from './fault-proxy.ts'
import {
  createLiveAccount,
  insertTransaction,
  type LiveAccount,
  moveRefund,
  openDispute,
  pay,
  type RefundRow,
  refundInDashboard,
  resolveDispute,
  settle,
  type TransactionRow,
} from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

// A server is killed in the middle of a reconciliation, again and again. One that is never killed comes to the same end.

vi.setConfig({ testTimeout: 600_000, hookTimeout: 240_000 })

const isLong = process.env.MTEJA_TEST_LONG !== undefined
const kills = Number(process.env.MTEJA_CRASH_ROUNDS ?? (isLong ? 60 : 4))
/** More than a page. The embedded database is slower, and has fewer. */
const sales = testEngine === 'embedded' && !isLong ? 25 : 110
const random = randomFrom(seed)
const adminKey = 'operator-of-the-service'

let account: LiveAccount
let live: LiveServer
let proxy: FaultProxy
let original: TestPlace
let environment: Record<string, string>
let server: ServerProcess
let secret: string

beforeAll(async () => {
  account = createLiveAccount()
  live = await openLiveServer(account)
  proxy = await openFaultProxy(live.url)
  original = await makeTestDatabase()
  environment = {
    MTEJA_ADMIN_KEY: adminKey,
    MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    MTEJA_PAYSTACK_URL: proxy.url,
    MTEJA_LOG_LEVEL: 'silent',
  }
})
afterAll(async () => {
  await server.kill()
  await proxy.close()
  await live.close()
  await original.remove()
})

async function start({ options }: TestPlace): Promise<void> {
  const dataFolder = options.dataFolder || (await makeTestFolder())
  server = new ServerProcess(await freePort(), { ...options, dataFolder }, environment)
  await server.start()
}

// biome-ignore lint/suspicious/noExplicitAny: the shapes of answers are held to their schemas elsewhere
async function ask(method: string, url: string, body?: object, bearer = secret): Promise<any> {
  const answer = await fetch(`${server.origin}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const json = await answer.json()
  expect(answer.ok, `${method} ${url}: ${JSON.stringify(json)}`).toBe(true)
  return json
}

/** A payment on the account's page. Without `isKnown` no webhook has told the server of the payment yet. */
async function pays(reference: string, { isKnown = true } = {}): Promise<TransactionRow> {
  const metadata = { purpose: 'wallet_topup' }
  await ask('POST', '/transaction/initialize', {
    ...{ email: 'ada@example.com', amount: 10_000, currency: 'NGN', reference, metadata },
  })
  const row = account.transactions.at(-1) as TransactionRow
  pay(account, row.reference)
  if (isKnown) expect((await ask('GET', `/transaction/verify/${reference}`)).data.status).toBe('success')
  return row
}

/** A merchant whose account has payments and refunds that no webhook has told of, and some that differ from the books. */
async function prepare(): Promise<void> {
  await start(original)
  const merchant = await ask('POST', '/v1/merchants', { name: 'Duka', currencies: ['NGN'] }, adminKey)
  const key = await ask('POST', `/v1/merchants/${merchant.id}/api-keys`, { mode: 'live' }, adminKey)
  secret = key.secret
  const chosen = { mode: 'live', processor: 'paystack', secretKey: account.secretKey }
  await ask('PUT', `/v1/merchants/${merchant.id}/processors/in`, chosen, adminKey)
  const first = await reconcile()
  expect(first).toMatchObject({ status: 'agreed' })

  await pays('refunded')
  const disputed = await pays('disputed')
  const returned = await pays('returned')
  const charged = await pays('charged')
  const forgotten = await pays('forgotten')
  await ask('POST', '/refund', { transaction: 'refunded', amount: 4_000 })
  await vi.waitFor(() => expect(account.refunds).toHaveLength(1), { timeout: 60_000 })
  for (const reference of ['untold-1', 'untold-2', 'untold-3']) await pays(reference, { isKnown: false })
  await server.stop()

  moveRefund(account, account.refunds[0] as RefundRow, 'processed')
  resolveDispute(account, openDispute(account, disputed.reference), 'auto-accepted')
  refundInDashboard(account, returned.reference, 2_500)
  charged.fees = 200
  account.transactions.splice(account.transactions.indexOf(forgotten), 1)
  for (let i = 0; i < sales; i += 1) {
    insertTransaction(account, { email: 'shop@example.com', amount: 3_000 + i, reference: `sale-${i}` })
    pay(account, `sale-${i}`)
  }
  settle(account)
  account.taken = 700
}

interface Ended {
  status: string
  itemsRead: number
  balances: object[]
}

/** Works on a reconciliation to its end. `mend` is called after each call that a killed server has not answered. */
async function reconcile(mend?: () => Promise<void>): Promise<Ended> {
  const call = (body: object) =>
    ask('POST', '/v1/reconciliations', body).catch((error) => {
      if (!(error instanceof TypeError) || mend === undefined) throw error
    })
  let run: (Ended & { id: string }) | undefined
  for (;;) {
    run = (await call(run === undefined ? {} : { id: run.id })) ?? run
    if (run !== undefined && run.status !== 'running') return run
    await sleep(20)
    await mend?.()
  }
}

/** What a reconciliation has left in the database, without times and random ids. */
async function findings(db: Queryable) {
  expect(await unsoundBooks(db)).toEqual([])
  return {
    books: await db.query(sql`
      select kind, case when kind = 'outside' then party_id end as party, sum(posted)::bigint as posted, sum(held)::bigint as held
      from ledger_accounts group by 1, 2 order by 1, 2
    `),
    movements: await db.query(sql`
      select kind, amount, count(*) from ledger_transactions group by 1, 2 order by 1, 2
    `),
    differences: await db
      .query(sql`
      select kind, subject, name, amount, ours, theirs, state from differences
      order by kind, subject, amount, case when subject in ('payment', 'settlement') then name end
    `)
      .then((rows) => rows.map((row) => ({ ...row, name: row.subject === 'balance' ? row.name : '' }))),
    told: await db.query(sql`select type, count(*) from events group by 1 order by 1`),
    items: await db.query(sql`select kind, state, count(*) from statement_items group by 1, 2 order by 1, 2`),
  }
}

async function readFindings({ options }: TestPlace) {
  const db = await openDatabase(options)
  try {
    return await findings(db)
  } finally {
    await db.close()
  }
}

test(`a reconciliation whose server is killed ${kills} times in its middle ends as one that is never killed; seed ${seed}`, async () => {
  await prepare()
  const [calm, killed] = [await copyTestDatabase(original), await copyTestDatabase(original)]

  let asked = 0
  proxy.choose = () => {
    asked += 1
    return 'none'
  }
  await start(calm)
  const expected = await reconcile()
  await server.stop()
  const total = asked
  expect(expected).toMatchObject({ status: 'differing' })

  // The next kill comes some requests later, and a moment after the request: before, in or after what it leads to.
  let killing: Promise<void> | undefined
  let isUp = false
  let done = 0
  const moments: string[] = []
  let next = 1
  const plan = () => {
    next = asked + 1 + Math.floor((random() * 1.6 * total) / kills)
  }
  asked = 0
  plan()
  proxy.choose = ({ path }) => {
    asked += 1
    if (isUp && asked >= next && killing === undefined && done < kills) {
      const waits = random() < 0.5 ? random() * 10 : random() * 150
      moments.push(`${asked} ${path.split('?')[0]} +${Math.round(waits)} ms`)
      killing = sleep(waits).then(() => server.kill())
    }
    return 'none'
  }
  const mend = async () => {
    if (killing === undefined) return
    await killing
    isUp = false
    done += 1
    const db = await openDatabase(killed.options)
    expect(await unsoundBooks(db)).toEqual([])
    // What the killed server had taken on is free for another one after a minute.
    await db.query(sql`update reconciliations set due_at = now() where due_at is not null`)
    await db.close()
    killing = undefined
    plan()
    await start(killed)
    isUp = true
  }
  await start(killed)
  isUp = true
  const ended = await reconcile(mend)
  if (killing !== undefined) await mend()
  await server.stop()

  const said = `seed ${seed}, killed ${done} times of ${asked} requests, after ${moments.join(', ')}`
  console.log(`${testEngine}: ${said}`)
  expect(done, said).toBeGreaterThan(0)
  const { status, balances } = expected
  expect(ended, said).toMatchObject({ status, balances })
  expect(await readFindings(killed), said).toEqual(await readFindings(calm))
  await calm.remove()
  await killed.remove()
})
