import { deepEqual, equal } from 'node:assert/strict'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OwnedDb } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import { expireDueHolds } from '../src/domain/wallet/due-holds.ts'
import { listTransfers } from '../src/domain/wallet/transfers.ts'
import { openTestApi, type TestApi } from './api.ts'
import { unsoundLedger } from './books.ts'
import { testEngine } from './engines.ts'
import { Auditor, type Hold, isDebt, type Wallet } from './model/auditor.ts'
import { bankOverDomain, bankOverHttp } from './model/bank.ts'
import { Client } from './model/client.ts'
import { randomFrom, testSeed as seed } from './random.ts'
import { createWallets } from './wallets.ts'

// Random workloads of all operations on money, by many clients at once, against an auditor who keeps the books in
// memory. MTEJA_TEST_SEED repeats a workload. MTEJA_MODEL_OPERATIONS makes it longer.

const operations = Number(process.env.MTEJA_MODEL_OPERATIONS ?? (testEngine === 'postgresql' ? 85_000 : 16_000))
const clientCount = 128
/** The number of clients that use HTTP. */
const overHttp = 10
const stepsPerRound = 25
const allowedMs = 60_000 + operations * 10

let api: TestApi
const auditor = new Auditor()
const shared: Wallet[] = []

beforeAll(async () => {
  api = await openTestApi()
  const codes = await createWallets(api.service, api.tenant, 8)
  for (const code of codes) shared.push(auditor.wallet(auditor.addCustomer(code, true), 'ZAR'))
})

afterAll(() => api.close())

test(`the ledger agrees with an independent auditor after ${operations} operations by ${clientCount} clients at once, seed ${seed}`, {
  timeout: allowedMs,
}, async () => {
  const random = randomFrom(seed)
  // Three servers over one database, each with its own queues. One of them is called over HTTP.
  const banks = [bankOverDomain(api), bankOverDomain(api)]
  const http = bankOverHttp(api)
  const customers = shared.map(({ customer }) => customer)
  const clients = Array.from({ length: clientCount }, (_, i) => {
    const bank = i < overHttp ? http : (banks[i % banks.length] as (typeof banks)[number])
    return new Client(`${i}`, api, bank, auditor, randomFrom(seed + 1 + i), customers)
  })

  let done = 0
  for (let round = 0; done < operations; round++) {
    const steps = await Promise.all(clients.map((client) => walk(client, stepsPerRound)))
    done += steps.reduce((sum, each) => sum + each, 0)
    await audit(round % 20 === 0)
    if (round === 0 || round === 5) await analyze()
    done += await passTime(random)
  }
  await audit(true)
  console.log(`model: ${done} operations on ${testEngine}, seed ${seed}: ${countsOf(clients)}`)
  expect(done).toBeGreaterThanOrEqual(operations)
  for (const status of ['captured', 'released']) {
    expect(auditor.reserves.filter((each) => each.status === status).length).toBeGreaterThan(operations / 1000)
    expect(auditor.payouts.filter((each) => each.status === status).length).toBeGreaterThan(operations / 1000)
  }
  const debts = [...auditor.wallets.values()].flatMap(({ lines }) => lines.filter(isDebt))
  for (const kind of ['receivable/', 'repayment/']) {
    expect(debts.filter(({ id }) => id.startsWith(kind)).length).toBeGreaterThan(operations / 200)
  }
})

async function walk(client: Client, steps: number): Promise<number> {
  let done = 0
  for (let i = 0; i < steps; i++) done += await client.step()
  return done
}

/** Autovacuum would analyze within a minute. By then most of the test would have run on plans made for empty tables. */
async function analyze(): Promise<void> {
  await (api.service.db as OwnedDb).asOwner((session) => session.execute('analyze'))
}

/** Moves the clock. Then either two servers expire the due holds at once, or no server does so for now. */
async function passTime(random: () => number): Promise<number> {
  api.service.clock.advance(Math.floor(random() * 1_200_000))
  if (random() < 0.4) return 0
  const now = api.service.clock.now()
  const due = auditor.holds.filter((hold) => isDue(hold, now))
  // Each server expires up to 250 holds a round.
  for (let left = due.length; left > 0; left -= 250) {
    await Promise.all([expireDueHolds(api.service), expireDueHolds(api.service)])
  }
  for (const hold of await inOrderOfRepayment(due, now)) auditor.expire(hold, now)
  return due.length
}

/** Two servers expire holds in any order. Where the owner owes, the order decides what each repays: it is read from the ledger. */
async function inOrderOfRepayment(expired: Hold[], since: Date): Promise<Hold[]> {
  const rows = await api.service.db.query<{ cause: string; number: bigint }>(sql`
    select t.details ->> 'causeId' as cause, t.from_number as number
    from ledger_transactions t
    where t.merchant_id = ${api.tenant.merchant.id} and t.kind = 'repayment' and t.created_at >= ${since}
  `)
  const numbers = new Map(rows.map(({ cause, number }) => [cause, Number(number)]))
  const placeOf = ({ id }: Hold) => numbers.get(id) ?? Number.MAX_SAFE_INTEGER
  return expired.toSorted((a, b) => placeOf(a) - placeOf(b))
}

function isDue({ status, expiresAt }: Hold, now: Date): boolean {
  return status === 'placed' && expiresAt !== null && expiresAt <= now
}

/** While no client works, everything stored must equal the auditor's books. */
async function audit(isThorough: boolean): Promise<void> {
  const wallets = [...auditor.wallets.values()]
  await auditHistories(wallets)
  await auditBalances(wallets)
  const { total } = await listTransfers(api.service, api.tenant, {}, { limit: 1, offset: 0 })
  equal(BigInt(total), auditor.transferCount)
  if (!isThorough) return
  await auditHolds()
  await auditEvents()
  deepEqual(await unsoundLedger(api.service.db), [])
}

async function auditBalances(wallets: Wallet[]): Promise<void> {
  const rows = await api.service.db.query<{
    code: string | null
    kind: string
    currency: string
    posted: bigint
    held: bigint
    owed: bigint
    entry_count: bigint
  }>(sql`
    select c.code, a.kind, a.currency, a.posted, a.held, a.owed, a.entry_count
    from ledger_accounts a
    left join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
    where a.merchant_id = ${api.tenant.merchant.id}
  `)
  const stored = new Map(rows.map((row) => [`${row.code ?? row.kind}/${row.currency}`, row]))
  const totals = new Map<string, bigint>()
  for (const { posted, held, owed, net, lines, customer, currency } of wallets) {
    const row = stored.get(`${customer.code}/${currency}`) ?? { posted: 0n, held: 0n, owed: 0n, entry_count: 0n }
    const known = `${customer.code} ${currency}`
    const told = [known, row.posted, row.held, row.owed, row.entry_count]
    deepEqual(told, [known, posted, held, owed, BigInt(lines.length)])
    totals.set(currency, (totals.get(currency) ?? 0n) + net)
  }
  const without = ['outside', 'suspense', 'adjustments']
  for (const [currency, total] of totals) {
    const earned = auditor.earned.get(currency as 'ZAR') ?? 0n
    equal(stored.get(`merchant_balance/${currency}`)?.posted ?? 0n, earned)
    const elsewhere = rows.filter((row) => row.currency === currency && without.includes(row.kind))
    equal(
      elsewhere.reduce((sum, { posted }) => sum + posted, 0n),
      -(total + earned),
    )
  }
}

async function auditHolds(): Promise<void> {
  const rows = await api.service.db.query<{ id: string; status: string; amount: bigint; captured: bigint }>(sql`
    select id, status, amount, captured from holds where merchant_id = ${api.tenant.merchant.id}
  `)
  const stored = new Map(rows.map((row) => [row.id, [row.status, row.amount, row.captured]]))
  equal(stored.size, auditor.holds.length + auditor.reserves.length + auditor.payouts.length)
  for (const { id, status, amount, captured } of auditor.holds) deepEqual(stored.get(id), [status, amount, captured])
  for (const { id, status, amount } of auditor.reserves) {
    deepEqual(stored.get(id), [status, amount, status === 'captured' ? amount : 0n])
  }
  for (const { id, status, amount, paying } of auditor.payouts) {
    deepEqual(stored.get(id), [status, amount, status === 'captured' ? paying : 0n])
  }
}

/** One event for each operation done, and no event for a refusal or a repeat. */
async function auditEvents(): Promise<void> {
  const [row] = await api.service.db.query<{ count: bigint }>(sql`
    select count(*) from events where merchant_id = ${api.tenant.merchant.id} and type not like 'customer.%'
  `)
  equal(row?.count, auditor.eventCount)
}

interface StoredLine {
  number: bigint
  transaction_id: string
  amount: bigint
  balance_after: bigint
}

/** Compares the lines added to each wallet since the last time. */
async function auditHistories(wallets: Wallet[]): Promise<void> {
  const rows = await api.service.db.query<StoredLine & { place: bigint }>(sql`
    select
      w.place, e.number, e.amount, e.balance_after,
      case
        when t.kind in ('receivable', 'repayment') then t.kind || '/' || (t.details ->> 'causeId')
        else e.transaction_id::text
      end as transaction_id
    from unnest(
      ${wallets.map(({ customer }) => customer.code)}::text[], ${wallets.map(({ currency }) => currency)}::text[],
      ${wallets.map(({ audited }) => audited)}::bigint[]
    ) with ordinality as w (code, currency, audited, place)
    cross join lateral (
      select merchant_id, id from customers where merchant_id = ${api.tenant.merchant.id} and code = w.code limit 1
    ) c
    cross join lateral (
      select * from ledger_accounts
      where merchant_id = c.merchant_id and customer_id = c.id and currency = w.currency
      limit 1
    ) a
    cross join lateral (
      select * from entries
      where merchant_id = a.merchant_id and account_id = a.id and number > w.audited
      order by number
      limit 100000
    ) e
    cross join lateral (
      select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
    ) t
    order by w.place, e.number
  `)
  const byWallet = wallets.map((): StoredLine[] => [])
  for (const row of rows) byWallet[Number(row.place) - 1]?.push(row)
  wallets.forEach((wallet, i) => {
    const stored = byWallet[i] ?? []
    stored.forEach(({ number }, place) => {
      equal(number, BigInt(wallet.audited + place + 1))
    })
    if (wallet.customer.isShared) checkShared(wallet, stored)
    else checkOwn(wallet, stored)
    wallet.audited = wallet.lines.length
    wallet.refused = []
    wallet.released = 0n
  })
}

function checkOwn(wallet: Wallet, stored: StoredLine[]): void {
  deepEqual(
    stored.map(({ transaction_id, amount, balance_after }) => [transaction_id, amount, balance_after]),
    wallet.lines.slice(wallet.audited).map(({ id, amount, after }) => [id, amount, after]),
  )
}

/**
 * Checks a wallet that many clients used at once, whose order is known only now. Every acknowledged operation is stored
 * once, and nothing else is stored but loans and repayments, each beside its cause. Every client was told the balance at its
 * turn. No client was refused an amount that was free at every moment.
 */
function checkShared(wallet: Wallet, stored: StoredLine[]): void {
  const acknowledged = new Map(wallet.lines.slice(wallet.audited).map((line) => [line.id, line]))
  equal(stored.filter((each) => !isDebt({ id: each.transaction_id })).length, acknowledged.size)
  const first = stored[0]
  let lowest = first === undefined ? wallet.posted : first.balance_after - first.amount
  const inOrder = stored.map(({ transaction_id, amount, balance_after }, i) => {
    const line = acknowledged.get(transaction_id)
    if (isDebt({ id: transaction_id })) checkDebt(wallet, stored, i)
    else equal(line?.amount, amount)
    if (line?.told !== undefined) equal(line.told, balance_after)
    if (balance_after < lowest) lowest = balance_after
    return { ...line, id: transaction_id, amount, after: balance_after, at: line?.at ?? new Date(0) }
  })
  wallet.lines.splice(wallet.audited, acknowledged.size, ...inOrder)
  // At every moment at least this much was free: it is the rest if all amounts held since then were held at once.
  const surelyFree = lowest - wallet.held - wallet.released
  for (const amount of wallet.refused) expect(amount).toBeGreaterThan(surelyFree)
}

/** A loan stands just before the movement that it is for, a repayment just after its cause, unless a hold is the cause. */
function checkDebt(wallet: Wallet, stored: StoredLine[], i: number): void {
  const [kind, cause] = (stored[i]?.transaction_id ?? '').split('/')
  if (kind === 'receivable') equal(stored[i + 1]?.transaction_id, cause)
  else if (
    !auditor.holds.some(({ id, wallet: own }) => id === cause && own === wallet) &&
    !auditor.reserves.some(
      ({ id, original, status }) => id === cause && original.to === wallet && status === 'released',
    ) &&
    !auditor.payouts.some((each) => each.id === cause && each.wallet === wallet && each.status === 'released')
  ) {
    equal(stored[i - 1]?.transaction_id, cause)
  }
}

function countsOf(clients: Client[]): string {
  const counts: Record<string, number> = {}
  for (const client of clients) {
    for (const [name, count] of Object.entries(client.counts)) counts[name] = (counts[name] ?? 0) + count
  }
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}
