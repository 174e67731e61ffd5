import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { dyingDb } from '../../../test/dying-db.ts'
import { testEngine } from '../../../test/engines.ts'
import { randomFrom, testSeed } from '../../../test/random.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../test/wallets.ts'
import { sql } from '../../db/sql.ts'
import { getBalance } from '../ledger/balances.ts'
import { advanceDuePayouts, advancePayout, takePayoutNotice } from './advancing.ts'
import { cancelPayout } from './payout-decisions.ts'
import type { AskOutcome, PayoutOrder, PayoutProcessor, PayoutsContext, SendOutcome } from './payout-processor.ts'
import { type Payout, readPayouts } from './payout-records.ts'
import { createPayout, type NewPayout } from './payouts.ts'

// A processor that loses orders and answers, and servers that die. Nothing is paid twice, and nothing that was paid is released.

// The embedded engine takes one statement at a time.
const payoutCount = Number(process.env.MTEJA_TEST_PAYOUTS ?? (testEngine === 'postgresql' ? 2000 : 500))

let service: TestService
beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

/** An order as the party has it. */
interface Had {
  order: PayoutOrder
  status: 'pending' | 'paid' | 'failed' | 'returned'
  /** A question finds it from then on. */
  shownAt: number
}

const notFoundMs = 5_000

/** The party: it takes a reference once, and remembers all that it was sent. With faults it does each thing that a network does. */
function createParty(random: () => number) {
  const orders = new Map<string, Had>()
  const references = new Map<string, number>()
  const party = { isFaulty: true, orders, references, processor: null as unknown as PayoutProcessor }
  const now = () => service.clock.now().getTime()
  const faultAt = (odds: number) => party.isFaulty && random() < odds

  function take(order: PayoutOrder): Had {
    const known = orders.get(order.reference)
    if (known !== undefined) return known
    const luck = random()
    const status = luck < 0.3 ? 'paid' : luck < 0.4 ? 'failed' : 'pending'
    const made: Had = { order, status, shownAt: now() + (faultAt(0.3) ? notFoundMs - 1000 : 0) }
    orders.set(order.reference, made)
    return made
  }

  /** An order under way is decided, and paid money may come back. */
  function pass(had: Had): void {
    const luck = random() * (party.isFaulty ? 1 : 0.6)
    if (had.status === 'pending' && luck < 0.6) had.status = luck < 0.4 ? 'paid' : luck < 0.5 ? 'failed' : 'returned'
    else if (had.status === 'paid' && luck < 0.05) had.status = 'returned'
  }

  function tell({ status }: Had): Extract<AskOutcome, { is: 'exists' | 'conclusive' }> {
    if (status === 'pending') return { is: 'exists', attention: null }
    if (status === 'paid') return { is: 'conclusive', end: { status, fee: null } }
    if (status === 'failed') return { is: 'conclusive', end: { status, code: 'failed', reason: 'Failed' } }
    return { is: 'conclusive', end: { status, reason: 'Returned', fee: null } }
  }

  party.processor = {
    accountId: 0n,
    notFoundMs,
    returnLooksMs: [1_000, 10_000],
    estimateFee: () => 0n,
    async send(_, order): Promise<SendOutcome> {
      references.set(order.reference, (references.get(order.reference) ?? 0) + 1)
      if (!orders.has(order.reference) && faultAt(0.1)) return { is: 'not_sent', why: 'rate_limited', waitMs: 500 }
      if (!orders.has(order.reference) && faultAt(0.1)) return { is: 'refused', code: 'invalid', reason: 'Refused' }
      if (faultAt(0.15)) return { is: 'unknown' }
      const had = take(order)
      if (faultAt(0.15)) return { is: 'unknown' }
      if (faultAt(0.1)) throw new Error('a fault of the server itself')
      return tell(had)
    },
    async ask(_, order): Promise<AskOutcome> {
      if (faultAt(0.2)) return { is: 'unknown' }
      const had = orders.get(order.reference)
      if (had === undefined || had.shownAt > now()) return { is: 'not_found' }
      pass(had)
      return tell(had)
    },
  }
  return party
}

async function allPayouts(tenant: TestTenant): Promise<Payout[]> {
  return readPayouts(service.db, sql`select * from payouts where merchant_id = ${tenant.merchant.id}`)
}

async function countDue(tenant: TestTenant): Promise<bigint> {
  const [row] = await service.db.query<{ count: bigint }>(sql`
    select count(*) as count from payouts where merchant_id = ${tenant.merchant.id} and due_at is not null
  `)
  return row?.count as bigint
}

test(`of ${payoutCount} payouts from 64 callers nothing is paid twice, and nothing that was paid is released (MTEJA_TEST_SEED=${testSeed})`, async () => {
  const random = randomFrom(testSeed)
  const party = createParty(random)
  const tenant = await createTestTenant(service)
  const customers = await createWallets(service, tenant, 8)
  const [ledger, make] = [createLedger(service), commandsFor(service)]
  const start = BigInt(payoutCount) * 100n
  await Promise.all(customers.map((each) => ledger(tenant, make.payIn(each, start))))
  const servers = [0, 1].map((): PayoutsContext => ({ ...service, payoutProcessorOf: async () => party.processor }))
  const inputs = Array.from({ length: payoutCount }, (_, i): NewPayout => {
    const accountNumber = String(1_000_000 + Math.floor(random() * 50))
    return {
      customerCode: customers[i % customers.length],
      amount: 1 + Math.floor(random() * 99),
      destination: { type: 'bank_account', bankCode: '058', accountNumber, name: 'Payee' },
      reference: `payout-${i}`,
    }
  })
  const waiting = inputs.entries()
  const callers = Array.from({ length: 64 }, async () => {
    for (const [i, input] of waiting) {
      const server = servers[i % 2] as PayoutsContext
      const { payout } = await createPayout(server, tenant, input, null)
      // Some callers repeat themselves, some are told, and some change their mind.
      if (random() < 0.1) await createPayout(servers[(i + 1) % 2] as PayoutsContext, tenant, input, null)
      if (random() < 0.1) await cancelPayout(server, tenant, payout.id).catch(() => {})
      if (random() < 0.3) await advancePayout(server, tenant, payout.id).catch(() => {})
      const isTold = random() < 0.1 && party.orders.has(payout.sentReference)
      if (isTold) await takePayoutNotice(service, tenant, payout.sentReference, 0n)
    }
  })
  await Promise.all(callers)
  for (let round = 0; round < 400; round++) {
    party.isFaulty = round < 4
    service.clock.advance(party.isFaulty ? 700 : 10_000)
    const done = await Promise.all(servers.map((each) => advanceDuePayouts(each)))
    if (!party.isFaulty && done.every((count) => count === 0) && (await countDue(tenant)) === 0n) break
  }
  const payouts = await allPayouts(tenant)
  expect(payouts).toHaveLength(payoutCount)
  const shown = new Map(payouts.map((each) => [each.sentReference, each]))
  expect([...party.references.keys()].filter((reference) => !shown.has(reference))).toEqual([])
  for (const payout of payouts) {
    const had = party.orders.get(payout.sentReference)
    const expected =
      had === undefined ? ['failed', 'cancelled'] : had.status === 'returned' ? ['returned', 'failed'] : [had.status]
    expect([payout.reference, had?.status, expected]).toEqual([
      payout.reference,
      had?.status,
      expect.arrayContaining([payout.state]),
    ])
  }
  for (const [i, customer] of customers.entries()) {
    const left = payouts
      .filter(({ state, customerCode }) => state === 'paid' && customerCode === customer)
      .reduce((sum, { amount }) => sum + amount, 0n)
    const { posted, held } = await getBalance(service, tenant, customer)
    expect([i, posted, held]).toEqual([i, start - left, 0n])
  }
}, 280_000)

describe('a server that is killed while it makes and sends a payout', () => {
  test.each(['before', 'after'] as const)(
    '%s any of its statements, pays it at most once, and the next server ends it',
    async (moment) => {
      const tenant = await createTestTenant(service)
      const [customer = ''] = await createWallets(service, tenant, 1)
      await createLedger(service)(tenant, commandsFor(service).payIn(customer, 100_000n))
      for (let last = 1; ; last++) {
        const party = createParty(() => 0.2)
        party.isFaulty = false
        const { db, asked } = dyingDb(service.db, last, moment)
        const dying = { ...service, db, payoutProcessorOf: async () => party.processor }
        const next: PayoutsContext = { ...service, payoutProcessorOf: async () => party.processor }
        const reference = `killed-${moment}-${last}`
        const input: NewPayout = {
          customerCode: customer,
          amount: 10,
          destination: { type: 'bank_account', bankCode: '058', accountNumber: '1', name: 'Payee' },
          reference,
        }
        await createPayout(dying, tenant, input, null)
          .then(({ payout }) => advancePayout(dying, tenant, payout.id))
          .catch(() => {})
        const wasKilled = asked() >= last
        const before = (await getBalance(service, tenant, customer)).posted
        const [known] = (await allPayouts(tenant)).filter((each) => each.reference === reference)
        // The caller repeats its request, and the other server goes on.
        const { payout } = await createPayout(next, tenant, input, null)
        if (known !== undefined) expect(payout.id).toBe(known.id)
        for (let round = 0; round < 4; round++) {
          service.clock.advance(61_000)
          await advanceDuePayouts(next)
        }
        const [end] = (await allPayouts(tenant)).filter((each) => each.reference === reference)
        expect([last, end?.state, party.orders.size]).toEqual([last, 'paid', 1])
        const { posted, held } = await getBalance(service, tenant, customer)
        expect([posted, held]).toEqual([known?.state === 'paid' ? before : before - 10n, 0n])
        if (!wasKilled) break
      }
    },
    120_000,
  )
})
