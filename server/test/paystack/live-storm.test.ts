import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { settleDueCharges } from '../../src/domain/payments/due-charges.ts'
import { settleDuePayments } from '../../src/domain/payments/due-payments.ts'
import { settleDueRefunds } from '../../src/domain/payments/refunds.ts'
import { chooseProviders } from '../../src/start/providers.ts'
import { openTestApi, type TestApi } from '../api.ts'
import { unsoundBooks } from '../books.ts'
import { dyingDb } from '../dying-db.ts'
import { testEngine } from '../engines.ts'
import { randomFrom, testSeed as seed } from '../random.ts'
import { addTestKey, createTestTenant, type TestTenant } from '../service.ts'
import {
  chooseSometimes,
  type FaultProxy,
  openFaultProxy,
  requestFaults,
  waitForNothingLate,
  webhookFaults,
} from './fault-proxy.ts'
import { createLiveAccount, decline, type LiveAccount, moveRefund, pay, type Webhook } from './live-account.ts'
import { type LiveServer, openLiveServer } from './live-server.ts'

// Thousands of payments and refunds at an account whose answers and webhooks get lost, while servers are killed.

/** Payments and refunds together. The embedded database is slower, and has fewer. With --long there are more. */
const usual = testEngine === 'embedded' ? 400 : 2000
const count = Number(process.env.MTEJA_TEST_STORM ?? (process.env.MTEJA_TEST_LONG === undefined ? usual : 3 * usual))
const callers = 16
const emails = ['ada@example.com', 'ben@example.com', 'chi@example.com', 'dan@example.com', 'efe@example.com']
const amount = 10_000

const random = randomFrom(seed)
let api: TestApi
let account: LiveAccount
let server: LiveServer
let proxy: FaultProxy
let tenant: TestTenant
const told: Webhook[] = []

beforeAll(async () => {
  api = await openTestApi()
  account = createLiveAccount((webhook) => told.push(webhook), api.service.clock)
  server = await openLiveServer(account)
  proxy = await openFaultProxy(server.url)
  const own = { sandboxDelayMs: 1000, upstreamPaystack: undefined, paystackUrl: proxy.url }
  Object.assign(api.service, chooseProviders(api.service, own))
  const { merchant } = await createTestTenant(api.service, { currencies: ['NGN'] })
  tenant = await addTestKey(api.service, merchant, 'live')
  await ask('PUT', '/v1/processors/in', { processor: 'paystack', secretKey: account.secretKey })
})
afterAll(async () => {
  await proxy.close()
  await server.close()
  await api.close()
})

const ask = async (method: string, path: string, body?: object) => {
  const answer = await api.call(method, path, body, tenant.secret)
  return { status: answer.statusCode, body: answer.json() }
}

const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

async function tell({ body: payload, signature }: Webhook): Promise<void> {
  const headers = { 'content-type': 'application/json', 'x-paystack-signature': signature }
  const url = `/webhooks/paystack/${tenant.merchant.code}/live`
  expect((await api.app.inject({ method: 'POST', url, headers, payload })).statusCode).toBeOneOf([200, 401])
}

let kills = 0
const works = [settleDueCharges, settleDuePayments, settleDueRefunds]

/** A round of the background by a server that is killed on its way, or by one that is not. */
async function settle(isKilled: boolean): Promise<void> {
  if (!isKilled) {
    for (const work of works) await work(api.service)
    return
  }
  const last = 1 + Math.floor(random() * 20)
  const { db, asked } = dyingDb(api.service.db, last, random() < 0.5 ? 'before' : 'after')
  for (const work of works) await work({ ...api.service, db }).catch(() => {})
  if (asked() >= last) kills += 1
}

/** Some webhooks are lost, repeated, forged, or arrive in another order; the account repeats the lost ones later. */
async function tellSome(lost: Webhook[], chooseFault: () => string): Promise<void> {
  for (const webhook of told.splice(0).sort(() => random() - 0.5)) {
    const fault = chooseFault()
    if (fault === 'lost' || fault === 'reordered') lost.push(webhook)
    else if (fault === 'forged') {
      await tell({ ...webhook, body: webhook.body.replace('"amount":', '"amount":9') })
      lost.push(webhook)
    } else for (const each of fault === 'repeated' ? [webhook, webhook] : [webhook]) await tell(each)
  }
}

/** Payers pay or do not, and the bank moves refunds on. */
function happenOutside(): void {
  for (const row of account.transactions) {
    if (row.paid_at !== null || row.status === 'failed') continue
    const draw = random()
    if (draw < 0.4) pay(account, row.reference)
    else if (draw < 0.45) decline(account, row.reference)
  }
  for (const refund of account.refunds) {
    if (refund.status === 'pending' && random() < 0.5) moveRefund(account, refund, 'processing')
    else if (refund.status === 'processing' && random() < 0.5)
      moveRefund(account, refund, oneOf(['processed', 'processed', 'failed']))
  }
}

async function payOnce(i: number, code: string): Promise<void> {
  const wanted = {
    email: oneOf(emails),
    amount,
    currency: 'NGN',
    metadata: { purpose: 'wallet_topup' },
    reference: `s-${i}`,
  }
  if (random() < 0.4)
    await ask('POST', '/transaction/charge_authorization', { ...wanted, email: emails[0], authorization_code: code })
  else await ask('POST', '/transaction/initialize', wanted)
}

/** A part of a payment is given back, on either surface; it may be refused, and its answer may be lost. */
async function refundOnce(i: number): Promise<void> {
  const transaction = `s-${Math.floor(random() * i)}`
  const part = 1 + Math.floor(random() * amount)
  await ask('POST', '/refund', { transaction, ...(random() < 0.8 ? { amount: part } : {}) })
}

test(`after ${count} payments and refunds with faults, and servers that were killed, both books agree`, {
  timeout: 3_600_000,
}, async () => {
  await ask('POST', '/transaction/initialize', { email: emails[0], amount, currency: 'NGN', reference: 'first' })
  pay(account, account.transactions[0]?.reference ?? '')
  const first = await ask('GET', '/transaction/verify/first')
  const code = first.body.data.authorization.authorization_code
  account.authorizations.set('AUTH_ekk8t49ogj', { email: emails[0] as string, behaviour: 'pays' })
  waitForNothingLate(proxy)
  const chooseOfRequest = chooseSometimes(random, requestFaults, 0.2)
  // The wire has no name for a refund: an account that gets the request twice makes two, which only a reconciliation can tell.
  proxy.choose = ({ method, path }) => {
    const fault = chooseOfRequest()
    return fault === 'repeated' && method === 'POST' && path === '/refund' ? 'none' : fault
  }
  const chooseFault = chooseSometimes(random, webhookFaults, 0.5)

  const lost: Webhook[] = []
  const numbers = Array.from({ length: count }, (_, i) => i)
  const makeMany = async () => {
    for (let i = numbers.shift(); i !== undefined; i = numbers.shift()) {
      if (i > 20 && random() < 0.3) await refundOnce(i)
      else await payOnce(i, code)
    }
  }
  let isOver = false
  const others = (async () => {
    while (!isOver) {
      happenOutside()
      await tellSome(lost, chooseFault)
      await settle(random() < 0.5)
      api.service.clock.advance(Math.floor(random() * 90_000))
    }
  })()
  await Promise.all(Array.from({ length: callers }, makeMany))
  isOver = true
  await others

  proxy.choose = () => 'none'
  for (let i = 0; account.refunds.some(({ status }) => status !== 'processed' && status !== 'failed') || i < 6; i++) {
    happenOutside()
    lost.push(...told.splice(0))
    for (const webhook of lost.splice(0)) await tell(webhook)
    api.service.clock.advance(61 * 60_000)
    await settle(false)
  }
  // Pages that nobody paid expire, and are asked about for three days more.
  for (let i = 0; i < 12; i++) {
    api.service.clock.advance(12 * 60 * 60_000)
    await settle(false)
  }

  const { service } = api
  const said = `seed ${seed}, ${kills} kills, ${account.transactions.length} payments and ${account.refunds.length} refunds at the account`
  console.log(`${testEngine}: ${said}`)
  const books = new Map(
    (
      await service.db.query<{ kind: string; posted: bigint }>(sql`
        select kind, sum(posted)::bigint as posted from ledger_accounts
        where merchant_id = ${tenant.merchant.id} group by kind
      `)
    ).map(({ kind, posted }) => [kind, Number(posted)]),
  )
  const sumOf = (rows: { amount: number }[]) => rows.reduce((sum, row) => sum + row.amount, 0)
  const paid = account.transactions.filter(({ paid_at }) => paid_at !== null)
  const back = account.refunds.filter(({ status }) => status === 'processed')
  const { customer_cash = 0, merchant_balance = 0 } = Object.fromEntries(books)
  expect(customer_cash + merchant_balance, said).toBe(sumOf(paid) - sumOf(back))
  expect(books.get('outside'), said).toBe(-account.balance())
  expect(books.get('suspense') ?? 0, said).toBe(0)
  expect(await unsoundBooks(service.db)).toEqual([])

  // Each refund here is at most one there, and none there is a stranger here.
  const notes = account.refunds.map(({ merchant_note }) => merchant_note)
  expect(new Set(notes).size, said).toBe(notes.length)
  const states = await service.db.query<{ state: string; count: bigint }>(sql`
    select state, count(*) from refunds where merchant_id = ${tenant.merchant.id} group by state
  `)
  const stateCounts = Object.fromEntries(states.map(({ state, count: n }) => [state, Number(n)]))
  expect(stateCounts.processed, said).toBe(back.length)
  expect(Object.keys(stateCounts).sort(), said).toEqual(expect.arrayContaining(['failed', 'processed']))
  // What is still open waits for a person, with its reason.
  const open = await service.db.query(sql`
    select state, state_reason from refunds
    where merchant_id = ${tenant.merchant.id} and state not in ('processed', 'failed')
      and (state <> 'needsAttention' or state_reason is null)
  `)
  expect(open, said).toEqual([])
  const charges = await service.db.query<{ n: bigint }>(sql`
    select count(*) as n from payment_intents where merchant_id = ${tenant.merchant.id} and status = 'processing'
  `)
  expect(charges, said).toEqual([{ n: 0n }])
  expect(kills, said).toBeGreaterThan(0)
})
