import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openDatabase } from '../../src/db/connect.ts'
import { sql } from '../../src/db/sql.ts'
import { unsoundBooks } from '../books.ts'
import { makeTestDatabase, makeTestFolder, type TestPlace, testEngine } from '../engines.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { freePort, ServerProcess } from '../server-process.ts'
import { chooseSometimes, type FaultProxy, openFaultProxy, requestFaults, webhookFaults } from './fault-proxy.ts'

// Two started servers: the second one is the Paystack account of the first. Both are killed, and what they say to each other gets lost.

vi.setConfig({ testTimeout: 900_000, hookTimeout: 240_000 })

const isLong = process.env.MTEJA_TEST_LONG !== undefined
const kills = Number(process.env.MTEJA_CRASH_ROUNDS ?? (isLong ? 60 : 4))
const walkers = 4
const agreedMs = 60_000
const adminKey = 'operator-of-the-service'
const random = randomFrom(seed)
const emails = ['ada@example.com', 'ben@example.com', 'chi@example.com']

interface Party {
  place: TestPlace
  server: ServerProcess
  secret: string
  code: string
}

let here: Party
let there: Party
let requests: FaultProxy
let webhooks: FaultProxy

async function openParty(environment: (origin: string) => Record<string, string>): Promise<Party> {
  const place = await makeTestDatabase()
  const dataFolder = place.options.dataFolder || (await makeTestFolder())
  const port = await freePort()
  const own = {
    MTEJA_ADMIN_KEY: adminKey,
    MTEJA_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    MTEJA_LOG_LEVEL: 'silent',
    MTEJA_SANDBOX_DELAY_MS: '200',
    MTEJA_WEBHOOK_NETWORKS: '127.0.0.0/8',
    ...environment(`http://127.0.0.1:${port}`),
  }
  const server = new ServerProcess(port, { ...place.options, dataFolder }, own)
  await server.start()
  const party = { place, server, secret: '', code: '' }
  const merchant = await ask(
    party,
    'POST',
    '/v1/merchants',
    { name: 'Duka', currencies: ['NGN'], country: 'NG' },
    adminKey,
  )
  const key = await ask(party, 'POST', `/v1/merchants/${merchant.id}/api-keys`, { mode: 'test' }, adminKey)
  return Object.assign(party, { secret: key.secret, code: merchant.id })
}

beforeAll(async () => {
  there = await openParty(() => ({}))
  requests = await openFaultProxy(there.server.origin)
  here = await openParty(() => ({ MTEJA_PAYSTACK_URL: requests.url }))
  webhooks = await openFaultProxy(here.server.origin)
})
afterAll(async () => {
  for (const { server, place } of [here, there]) {
    await server.kill()
    await place.remove()
  }
  await requests.close()
  await webhooks.close()
})

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: the shapes of answers are held to their schemas elsewhere
  body: any
}

/** Null where the server is away. */
async function tryAsk(
  { server, secret }: Party,
  method: string,
  url: string,
  body?: object,
  bearer = secret,
): Promise<Answer | null> {
  try {
    const answer = await fetch(`${server.origin}${url}`, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  } catch {
    return null
  }
}

async function ask(...asked: Parameters<typeof tryAsk>) {
  const answer = await tryAsk(...asked)
  expect(answer?.status, `${asked[1]} ${asked[2]}: ${JSON.stringify(answer)}`).toBeLessThan(300)
  return (answer as Answer).body
}

const card = { method: 'card', number: '4084 0840 8408 4081', expiry: '12/30', cvv: '123' }

/** The payer goes to the page, perhaps by a page of ours that sends them on, and pays there as soon as it can be reached. */
async function payAt(address: string): Promise<boolean> {
  let url = address
  for (let i = 0; i < 60; i += 1) {
    const isOurs = url.startsWith(here.server.origin)
    const sent = isOurs ? {} : { method: 'POST', body: new URLSearchParams(card) }
    const answer = await fetch(url, { ...sent, redirect: 'manual' }).catch(() => null)
    await answer?.arrayBuffer().catch(() => null)
    if (!isOurs && answer?.status === 303) return true
    const location = answer?.headers.get('location')
    if (isOurs && location) url = new URL(location, url).href
    await sleep(100)
  }
  return false
}

let made = 0
/** How many of them were answered as hoped. */
let worked = 0
/** How the account's client was answered when it asked for refunds. */
const refunds = new Map<string, number>()
const numbers: { accountNumber: string }[] = []
const paidReferences: string[] = []

/** A payment, a part of one given back, or a transfer that arrives: whatever becomes of it. */
async function doSomething(): Promise<void> {
  const draw = random()
  made += 1
  const mine = made
  if (draw < 0.3 && paidReferences.length > 0) {
    const transaction = paidReferences[Math.floor(random() * paidReferences.length)]
    // A program asks how a payment stands before it gives money back.
    await tryAsk(here, 'GET', `/transaction/verify/${transaction}`)
    const answer = await tryAsk(here, 'POST', '/refund', { transaction, amount: 1 + Math.floor(random() * 4_000) })
    const name = `${answer?.status} ${answer?.body.message}`
    refunds.set(name, (refunds.get(name) ?? 0) + 1)
    if (answer === null) await sleep(200)
    else worked += 1
    return
  }
  if (draw < 0.4) {
    const { accountNumber } = numbers[0] as { accountNumber: string }
    const path = `/v1/sandbox/dedicated-accounts/${accountNumber}/transfers`
    await tryAsk(there, 'POST', path, { amount: 100 + mine, reference: `transfer-${mine}` })
    return
  }
  const wanted = {
    email: emails[mine % emails.length],
    ...{ amount: 10_000, currency: 'NGN', reference: `order-${mine}`, metadata: { purpose: 'wallet_topup' } },
  }
  const opened = await tryAsk(here, 'POST', '/transaction/initialize', wanted)
  const address = opened?.body.data?.authorization_url
  if (address === undefined) await sleep(200)
  else if (random() < 0.9 && (await payAt(address))) {
    paidReferences.push(wanted.reference)
    worked += 1
  }
}

/** Every page of a list of the account. */
async function listThere(path: string): Promise<{ status: string; amount: number }[]> {
  const found: { status: string; amount: number }[] = []
  for (let page = 1; ; page += 1) {
    const { data, meta } = await ask(there, 'GET', `${path}?perPage=100&page=${page}`)
    found.push(...data)
    if (page >= meta.pageCount) return found
  }
}

async function reconcile(body: object = {}) {
  for (;;) {
    const run = await ask(here, 'POST', '/v1/reconciliations', body)
    if (run.status !== 'running') return run
    await sleep(100)
  }
}

const sumOf = (rows: { amount: number }[]) => rows.reduce((sum, { amount }) => sum + amount, 0)

test(`after ${kills} kills of two servers, and faults between them, both books agree within a minute; seed ${seed}`, async () => {
  const hooks = { url: `${webhooks.url}/webhooks/paystack/${here.code}/test`, style: 'paystack' }
  await ask(there, 'POST', '/v1/webhook-endpoints', hooks)
  await ask(here, 'PUT', '/v1/processors/in', { processor: 'paystack', secretKey: there.secret })
  expect(await reconcile()).toMatchObject({ status: 'agreed' })
  const holder = { email: 'dan@example.com', first_name: 'Dan', last_name: 'Obi', phone: '+2348031234567' }
  const { data: customer } = await ask(here, 'POST', '/customer', holder)
  const { data: number } = await ask(here, 'POST', '/dedicated_account', { customer: customer.customer_code })
  numbers.push({ accountNumber: number.account_number })

  // An answer that never comes keeps a caller for half a minute: with --long there are such, too.
  const faults = requestFaults.filter((fault) => isLong || fault !== 'late')
  const chooseOfRequest = chooseSometimes(random, faults, 0.15)
  requests.choose = ({ method, path }) => {
    const fault = chooseOfRequest()
    // The wire has no name for a refund: one that arrives twice is two, which is a difference and no fault of either.
    return fault === 'repeated' && method === 'POST' && path === '/refund' ? 'none' : fault
  }
  webhooks.choose = chooseSometimes(random, webhookFaults, 0.5)

  let isOver = false
  const walking = Array.from({ length: walkers }, async () => {
    while (!isOver) await doSomething()
  })
  for (let i = 0; i < kills; i += 1) {
    // However fast the machine is, something has been done since the last kill.
    const enough = worked + 6 + Math.floor(random() * 8)
    for (let waited = 0; worked < enough && waited < 15_000; waited += 20) await sleep(20)
    await sleep(random() * 200)
    const { server } = random() < 0.5 ? here : there
    await server.kill()
    await sleep(random() * 300)
    await server.start()
  }
  await sleep(500)
  isOver = true
  await Promise.all(walking)
  requests.choose = () => 'none'
  webhooks.choose = () => 'none'

  const endedAt = performance.now()
  // A refund that is under way at the account is open in both books, and ends at any moment.
  const isRefunding = async () =>
    (await listThere('/refund')).some(({ status }) => /^(pending|processing)$/.test(status))
  let isOpen = await isRefunding()
  let run = await reconcile()
  while ((isOpen || run.status !== 'agreed') && performance.now() - endedAt < agreedMs) {
    await sleep(1000)
    isOpen = await isRefunding()
    run = await reconcile()
  }
  const tookMs = Math.round(performance.now() - endedAt)
  const differences = (await ask(here, 'GET', '/v1/differences?status=open')).data
  const paid = (await listThere('/transaction')).filter(({ status }) => /^(success|reversed|reversal)/.test(status))
  const back = (await listThere('/refund')).filter(({ status }) => status === 'processed')
  const said = `seed ${seed}: ${made} things, ${paid.length} paid, ${back.length} given back, agreed after ${tookMs} ms, ${JSON.stringify([...refunds])}`
  console.log(`${testEngine}: ${said}`)
  expect([run.status, differences], said).toEqual(['agreed', []])
  expect(run.balances, said).toMatchObject([{ explained: 0, unexplained: 0, opening: 0 }])
  expect(Math.min(paid.length, back.length), said).toBeGreaterThan(1)

  for (const { server } of [here, there]) await server.stop()
  const db = await openDatabase(here.place.options)
  try {
    expect(await unsoundBooks(db), said).toEqual([])
    // Each payment of the account is credited once, and each refund is one refund.
    const [books] = await db.query<{ cash: bigint; suspense: bigint; paid: bigint; back: bigint }>(sql`
      select
        (select coalesce(sum(posted), 0)::bigint from ledger_accounts where kind = 'customer_cash') as cash,
        (select coalesce(sum(posted), 0)::bigint from ledger_accounts where kind = 'suspense') as suspense,
        (select count(*) from ledger_transactions where kind = 'pay_in') as paid,
        (select count(*) from refunds where state = 'processed') as back
    `)
    expect(books, said).toEqual({
      cash: BigInt(sumOf(paid) - sumOf(back)),
      ...{ suspense: 0n, paid: BigInt(paid.length), back: BigInt(back.length) },
    })
    // What is open is still being asked about, or waits for a person with its reason.
    const open = await db.query(sql`
      select state, state_reason from refunds
      where state not in ('processed', 'failed')
        and (due_at is null and state <> 'needsAttention' or state_reason is null and state in ('unknown', 'needsAttention'))
    `)
    expect(open, said).toEqual([])
  } finally {
    await db.close()
  }
  const account = await openDatabase(there.place.options)
  expect(await unsoundBooks(account), said).toEqual([])
  await account.close()
})
