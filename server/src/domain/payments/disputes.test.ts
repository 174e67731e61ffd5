import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { cash, commandsFor, createLedger, requestOf } from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import { uuidV7 } from '../../base/ids.ts'
import { maxAmount } from '../../base/money.ts'
import type { OwnedDb, Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import { deleteCustomers } from '../customers/customer-deletion.ts'
import { createCustomer } from '../customers/customers.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import { verifyLedger } from '../ledger/verify/index.ts'
import { simulateDispute } from '../sandbox/disputes.ts'
import { simulatePayIn } from '../sandbox/pay-ins.ts'
import { sandboxTenantOf } from '../sandbox/sandbox-tenant.ts'
import { makePurchase } from '../wallet/purchases.ts'
import { addEvidence, answerDispute, getDispute } from './dispute-answers.ts'
import { holdAmount } from './dispute-holds.ts'
import { settleDueDisputes } from './dispute-lookups.ts'
import { type Dispute, leftToTake } from './dispute-records.ts'
import type { DisputeReport } from './dispute-reports.ts'
import { changeDisputeSettings } from './dispute-settings.ts'
import { disputeArrows, disputeStates } from './dispute-states.ts'
import { remindOfDispute } from './dispute-turns.ts'
import { type DisputedMoney, findDisputedMoney } from './disputed-money.ts'
import { learnDispute } from './disputes.ts'
import { chargeInstrument, getPayment } from './payments.ts'
import { refundTransaction } from './refunds.ts'
import { findMovements } from './transaction-names.ts'

let service: TestService
let tenant: TestTenant
let ada: string

beforeAll(async () => {
  service = await openTestService()
})
afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})
beforeEach(async () => {
  tenant = await createTestTenant(service)
  ada = (await createCustomer(service, tenant, { email: 'ada@example.com' })).customer.code
})

const minute = 60_000
const hour = 60 * minute

/** A payment of 1,000 by card: into the balance of ada, or to the merchant. */
async function pay({ purpose = 'wallet_topup' } = {}) {
  const card = { type: 'card', number: '4084084084084081', expiryMonth: 12, expiryYear: 2030 } as const
  const wanted = { email: 'ada@example.com', amount: 1000n, currency: 'ZAR', metadata: { purpose } } as const
  return chargeInstrument(service, tenant, { ...wanted, instrument: card }, freshAttempt(service))
}

const dispute = (reference: string, own: { amount?: bigint; dueAt?: Date } = {}) =>
  simulateDispute(service, sandboxTenantOf(tenant), { reference, reason: 'Not mine', ...own })
const answer = (each: Dispute, resolution: 'accepted' | 'declined', amount?: bigint) =>
  answerDispute(service, tenant, each, { resolution, amount })
const settings = (change: { borneBy?: 'merchant' | 'customer'; holdsAmount?: boolean }) =>
  inTransaction(service, (tx) => changeDisputeSettings(tx, tenant, change))
const spend = (amount: number) =>
  makePurchase(service, tenant, { customerCode: ada, productId: 'p', amount, currency: 'ZAR' }, null)
const payIn = (amount: number) =>
  simulatePayIn(service, sandboxTenantOf(tenant), { customerCode: ada, amount, currency: 'ZAR' }, null)

const fundsOf = async (customer = ada) => {
  const { posted, held, owed } = await getBalance(service, tenant, customer)
  return [posted, held, owed]
}

/** What each account of the tenant has, without those that have nothing. */
async function books(): Promise<Record<string, number>> {
  const rows = await service.db.query<{ kind: string; posted: bigint }>(sql`
    select kind, sum(posted)::bigint as posted from ledger_accounts
    where merchant_id = ${tenant.merchant.id} group by kind having sum(posted) <> 0
  `)
  return Object.fromEntries(rows.map(({ kind, posted }) => [kind, Number(posted)]))
}

const eventsOf = async () => {
  const rows = await service.db.query<{ type: string }>(sql`
    select type from events where merchant_id = ${tenant.merchant.id} and type like 'dispute.%' order by id
  `)
  return rows.map(({ type }) => type)
}

const descriptionOf = async (movementId: string | null | undefined) => {
  const [row] = await service.db.query<{ description: string }>(sql`
    select description from ledger_transactions where merchant_id = ${tenant.merchant.id} and id = ${movementId ?? null}
  `)
  return row?.description
}

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => 'not refused',
    (thrown: unknown) => thrown,
  )
  return error instanceof ServiceError ? error.code : String(error)
}

describe('a dispute', () => {
  test('that is lost takes what is available, the rest is owed, and the next pay-in repays it', async () => {
    const { reference } = await pay()
    await spend(600)
    const opened = await dispute(reference)
    expect(opened).toMatchObject({ state: 'open', amount: 1000n, complaint: 'Not mine', customerCode: ada })
    expect(await fundsOf()).toEqual([400n, 0n, 0n])

    const lost = await answer(opened, 'accepted')
    expect(lost).toMatchObject({ state: 'lost', resolution: 'merchant-accepted', borneBy: 'customer', movements: 1 })
    expect(await fundsOf()).toEqual([0n, 0n, 600n])
    expect(await books()).toEqual({ merchant_balance: 600, customer_receivable: -600 })
    expect((await getPayment(service, tenant, { reference })).status).toBe('reversed')

    await payIn(800)
    expect(await fundsOf()).toEqual([200n, 0n, 0n])
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.lost'])
  })

  test('is booked once, however often it is answered and by how many at once', async () => {
    const opened = await dispute((await pay()).reference)
    const answers = await Promise.all([1, 2, 3, 4].map(() => answer(opened, 'accepted')))
    expect(answers.map(({ state, movements }) => [state, movements])).toEqual(Array(4).fill(['lost', 1]))
    expect(await answer(opened, 'accepted')).toMatchObject({ state: 'lost', movements: 1 })
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
    expect(await refusal(answer(await getDispute(service, tenant, opened), 'declined'))).toBe('dispute_not_open')
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.lost'])
  })

  test('that is declined leaves the money, and a second one can be lost in part', async () => {
    const { reference } = await pay()
    const first = await answer(await dispute(reference), 'declined')
    expect(first).toMatchObject({ state: 'won', resolution: 'declined', movementId: null, borneBy: null })
    expect(await fundsOf()).toEqual([1000n, 0n, 0n])
    const second = await answer(await dispute(reference), 'accepted', 300n)
    expect(second).toMatchObject({ state: 'lost', amount: 300n, askedAmount: 1000n })
    expect(await fundsOf()).toEqual([700n, 0n, 0n])
    expect((await getPayment(service, tenant, { reference })).status).toBe('succeeded')
    expect(await refusal(dispute(reference, { amount: 701n }))).toBe('invalid_request')
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.won', 'dispute.opened', 'dispute.lost'])
  })

  test('is the merchant’s where the merchant bears disputes, and where the merchant was paid', async () => {
    await settings({ borneBy: 'merchant' })
    expect(await answer(await dispute((await pay()).reference), 'accepted')).toMatchObject({ borneBy: 'merchant' })
    expect(await fundsOf()).toEqual([1000n, 0n, 0n])
    expect(await books()).toEqual({ customer_cash: 1000, merchant_receivable: -1000 })

    await settings({ borneBy: 'customer' })
    await answer(await dispute((await pay({ purpose: 'payment' })).reference), 'accepted')
    expect(await books()).toEqual({ customer_cash: 1000, merchant_receivable: -1000 })
  })

  test('that is not answered is told again, and lost when its time is over', async () => {
    const opened = await dispute((await pay()).reference)
    service.clock.advance(12 * hour - 1)
    await settleDueDisputes(service)
    expect(await eventsOf()).toEqual(['dispute.opened'])
    service.clock.advance(1)
    await settleDueDisputes(service)
    await settleDueDisputes(service)
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.reminded'])
    service.clock.advance(4 * hour)
    await settleDueDisputes(service)
    expect(await getDispute(service, tenant, opened)).toMatchObject({ state: 'lost', resolution: 'auto-accepted' })
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
    service.clock.advance(48 * hour)
    expect(await settleDueDisputes(service)).toBe(0)
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.reminded', 'dispute.lost'])
  })

  test('of a short time is told again when half of it is over', async () => {
    const dueAt = new Date(service.clock.now().getTime() + 2 * hour)
    await dispute((await pay()).reference, { dueAt })
    service.clock.advance(hour - 1)
    await settleDueDisputes(service)
    expect(await eventsOf()).toEqual(['dispute.opened'])
    service.clock.advance(1)
    await settleDueDisputes(service)
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.reminded'])
    service.clock.advance(hour)
    await settleDueDisputes(service)
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.reminded', 'dispute.lost'])
  })

  test('of a customer who is denied is booked all the same, and keeps the customer from being deleted while it is open', async () => {
    const opened = await dispute((await pay()).reference)
    await service.db.query(sql`update customers set risk_action = 'deny' where merchant_id = ${tenant.merchant.id}`)
    expect(await refusal(deleteCustomers(service, tenant, [ada]))).toBe('customer_not_deletable')
    await answer(opened, 'accepted')
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
    await deleteCustomers(service, tenant, [ada])
  })

  test('is only of money that came by the sandbox, under any of its names, and until a time ahead', async () => {
    const { transactionId } = { transactionId: (await payIn(50)).id }
    expect(await dispute(`txn_${transactionId}`)).toMatchObject({ amount: 50n, wireId: null })
    const bought = await makePurchase(
      service,
      tenant,
      { customerCode: ada, productId: 'p', amount: 5, currency: 'ZAR' },
      null,
    )
    expect(await refusal(dispute(bought.id))).toBe('invalid_request')
    expect(await refusal(dispute('nothing'))).toBe('transaction_not_found')
    const { reference } = await pay()
    expect(await refusal(dispute(reference, { dueAt: service.clock.now() }))).toBe('invalid_request')
  })

  test('has evidence, once it was given, until it is decided', async () => {
    const opened = await dispute((await pay()).reference)
    const given = {
      customerEmail: 'ada@example.com',
      customerName: 'Ada',
      customerPhone: '0800',
      serviceDetails: 'A top-up',
      deliveryAddress: null,
      deliveryDate: null,
    }
    const added = await addEvidence(service, tenant, opened, given)
    expect(added.evidence).toMatchObject(given)
    const won = await answer(added.dispute, 'declined')
    expect(won.evidence).toMatchObject(given)
    expect(await refusal(addEvidence(service, tenant, won, given))).toBe('dispute_not_open')
  })
})

describe('an open dispute that holds its amount', () => {
  beforeEach(async () => {
    await settings({ holdsAmount: true })
  })

  test('reserves what is available, and takes it when it is lost', async () => {
    const { reference } = await pay()
    await spend(300)
    const opened = await dispute(reference)
    expect(await fundsOf()).toEqual([700n, 700n, 0n])
    expect(await refusal(spend(1))).toBe('insufficient_funds')
    await answer(opened, 'accepted')
    expect(await fundsOf()).toEqual([0n, 0n, 300n])
    service.clock.advance(2 * minute)
    expect(await settleDueDisputes(service)).toBe(1)
    expect(await settleDueDisputes(service)).toBe(0)
  })

  test('that is over leaves another one its time', async () => {
    const [over, open] = [await dispute((await pay()).reference), await dispute((await pay()).reference)]
    await answer(over, 'declined')
    for (const ms of [2 * minute, 16 * hour]) {
      service.clock.advance(ms)
      await settleDueDisputes(service)
    }
    expect(await service.db.query(sql`select from disputes where id = ${over.id} and due_at is not null`)).toEqual([])
    expect(await getDispute(service, tenant, open)).toMatchObject({ state: 'lost', resolution: 'auto-accepted' })
  })

  test('gives it free when it is won, and a hold that came too late goes as well', async () => {
    const opened = await dispute((await pay()).reference)
    expect(await fundsOf()).toEqual([1000n, 1000n, 0n])
    await answer(opened, 'declined')
    expect(await fundsOf()).toEqual([1000n, 0n, 0n])
    await spend(1000)
    const { reference } = await pay()
    await spend(1000)
    const late = await dispute(reference)
    await answer(late, 'declined')
    await payIn(1000)
    const money = (await findDisputedMoney(service, tenant, late.transactionId)) as DisputedMoney
    await holdAmount(service, tenant, late, money)
    expect(await fundsOf()).toEqual([1000n, 1000n, 0n])
    service.clock.advance(2 * minute)
    await settleDueDisputes(service)
    expect(await fundsOf()).toEqual([1000n, 0n, 0n])
  })

  test('reserves what no other hold has, however much of another payment was given back', async () => {
    const { id } = await payIn(1000)
    await refundTransaction(service, tenant, { transactionId: id, amount: 900 }, null)
    const { reference } = await pay()
    await createLedger(service)(tenant, commandsFor(service).place(ada, 400n))
    await dispute(reference)
    expect(await fundsOf()).toEqual([1100n, 1100n, 0n])
  })

  test('reserves no more than is left of its own payment, whatever else is there', async () => {
    const { id } = await payIn(1000)
    const opened = await dispute(`txn_${id}`)
    await answer(opened, 'declined')
    await refundTransaction(service, tenant, { transactionId: id, amount: 400 }, null)
    await payIn(1000)
    const money = await findDisputedMoney(service, tenant, id)
    const newId = () => uuidV7(service.random, service.clock.now())
    const again = { ...opened, id: newId(), holdId: newId() }
    await holdAmount(service, tenant, again, money as NonNullable<typeof money>)
    expect(await fundsOf()).toEqual([1600n, 600n, 0n])
  })

  test('reserves what is left, to the last unit, where money is spent while it looks', async () => {
    const { id } = await payIn(1000)
    const spending = [600, 399]
    const query: Queryable['query'] = async (statement) => {
      const rows = await service.db.query(statement)
      const amount = statement.text.includes('as available') ? spending.shift() : undefined
      if (amount !== undefined) await spend(amount)
      return rows as never
    }
    const racing = { ...service, db: { ...service.db, query } }
    await simulateDispute(racing, sandboxTenantOf(tenant), { reference: `txn_${id}`, reason: 'Not mine' })
    expect([spending, await fundsOf()]).toEqual([[], [1n, 1n, 0n]])
  })

  test('gives free what it has reserved itself, and nothing else', async () => {
    const bob = (await createCustomer(service, tenant, {})).customer.code
    const paid = await simulatePayIn(
      service,
      sandboxTenantOf(tenant),
      { customerCode: bob, amount: 500, currency: 'ZAR' },
      null,
    )
    await dispute(`txn_${paid.id}`)
    const own = await dispute((await pay()).reference)
    await answer(own, 'declined')
    expect([await fundsOf(), await fundsOf(bob)]).toEqual([
      [1000n, 0n, 0n],
      [500n, 500n, 0n],
    ])
  })

  test('reserves nothing that was spent, and nothing of a merchant who bears disputes', async () => {
    const { reference } = await pay()
    await spend(1000)
    await dispute(reference)
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
    await settings({ borneBy: 'merchant' })
    await dispute((await pay()).reference)
    expect(await fundsOf()).toEqual([1000n, 0n, 0n])
  })
})

describe('two answers at once', () => {
  test.each([
    ['accepted', 'declined', [0n, 0n, 0n]],
    ['declined', 'accepted', [1000n, 0n, 0n]],
  ] as const)(
    'that has %s decides: the other is refused, and the same again is answered alike',
    async (first, second, funds) => {
      const seen = await dispute((await pay()).reference)
      const decided = await answer(seen, first)
      // Both have read it while it was open.
      expect(await refusal(answer(seen, second))).toBe('dispute_not_open')
      expect(await answer(seen, first)).toEqual(decided)
      expect(await getDispute(service, tenant, seen)).toEqual(decided)
      expect(await fundsOf()).toEqual(funds)
    },
  )

  test('whatever the race, an answer that is taken has decided the dispute, and nothing stays reserved', async () => {
    await settings({ holdsAmount: true })
    for (let round = 0; round < 5; round++) {
      const seen = await dispute((await pay()).reference)
      const [declined, accepted] = await Promise.allSettled([
        answer(seen, 'declined'),
        answer(seen, 'accepted'),
        answer(seen, 'declined'),
      ])
      if (declined.status === 'fulfilled') expect(declined.value.state).toBe('won')
      if (accepted.status === 'fulfilled') expect(accepted.value.state).toBe('lost')
      expect([declined.status, accepted.status]).toContain('fulfilled')
      expect((await fundsOf())[1]).toBe(0n)
    }
  })
})

describe('a dispute of refunded money', () => {
  test('disputes at most the part of the payment that refunds and other disputes have left', async () => {
    const { reference, paymentIntentId } = await pay()
    const [row] = await service.db.query<{ id: string }>(sql`
      select transaction_id as id from payment_intents
      where merchant_id = ${tenant.merchant.id} and id = ${paymentIntentId.slice(3)}
    `)
    const give = (amount: number) =>
      refundTransaction(service, tenant, { transactionId: row?.id as string, amount }, null)
    await give(250)
    expect(await refusal(dispute(reference, { amount: 751n }))).toBe('invalid_request')
    const opened = await dispute(reference)
    expect(opened.amount).toBe(750n)
    expect(await refusal(dispute(reference, { amount: 1n }))).toBe('invalid_request')
    await answer(opened, 'declined')
    await give(750)
    expect(await refusal(dispute(reference))).toBe('invalid_request')
  })
})

describe('a refund of disputed money', () => {
  test.each([false, true])('is refused while it is open and once it is lost, with a hold: %s', async (holdsAmount) => {
    await settings({ holdsAmount })
    const { reference, paymentIntentId } = await pay()
    const [row] = await service.db.query<{ id: string }>(sql`
      select transaction_id as id from payment_intents
      where merchant_id = ${tenant.merchant.id} and id = ${paymentIntentId.slice(3)}
    `)
    const transactionId = row?.id as string
    const request = requestOf('first', { amount: 100 })
    const first = await refundTransaction(service, tenant, { transactionId, amount: 100 }, request)
    const opened = await dispute(reference, { amount: 500n })
    const again = await refundTransaction(service, tenant, { transactionId, amount: 100 }, request)
    expect([again.id, again.replayed]).toEqual([first.id, true])
    expect(await refusal(refundTransaction(service, tenant, { transactionId, amount: 401 }, null))).toBe(
      'refund_exceeded',
    )
    expect(await refusal(refundTransaction(service, tenant, { transactionId }, null))).toBe('refund_exceeded')
    await refundTransaction(service, tenant, { transactionId, amount: 399 }, null)
    await expect(refundTransaction(service, tenant, { transactionId, amount: 2 }, null)).rejects.toThrow(
      '1 minor units',
    )
    await refundTransaction(service, tenant, { transactionId, amount: 1 }, null)
    for (const other of [null, requestOf('second', { amount: 1 })]) {
      const refunding = refundTransaction(service, tenant, { transactionId, amount: 1 }, other)
      await expect(refunding).rejects.toMatchObject({ code: 'refund_exceeded' })
      await expect(refunding).rejects.toThrow('nothing can be given back')
    }
    expect((await refundTransaction(service, tenant, { transactionId, amount: 100 }, request)).id).toBe(first.id)
    await answer(opened, 'accepted')
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
    expect(await refusal(refundTransaction(service, tenant, { transactionId, amount: 1 }, null))).toBe(
      'refund_exceeded',
    )
  })
})

describe('a dispute at an account', () => {
  const report = {
    outsideId: '358950',
    stateReason: null,
    category: 'chargeback',
    amount: null,
    complaint: null,
    respondBy: null,
    refundName: null,
  }

  test('is the refund that was told before it: the money is taken, and counted, once', async () => {
    const { id } = await payIn(1000)
    const money = await findDisputedMoney(service, tenant, id)
    if (money === null) throw new Error('no money')
    const lost = { ...report, amount: 300n, state: 'lost', resolution: 'refunded' } as const
    const learn = (own: object) =>
      learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...lost, ...own })
    const refund = await learn({ outsideId: 'refund/9', category: 'refund' })
    const told = await learn({ refundName: '9' })
    expect(told).toMatchObject({ state: 'lost', borneBy: 'customer', movementId: refund?.movementId, movements: 0 })
    expect(await fundsOf()).toEqual([700n, 0n, 0n])
    expect(await descriptionOf(refund?.movementId)).toBe('Refund made at the processor')
    expect(await leftToTake(service, tenant, id)).toBe(700n)
    await refundTransaction(service, tenant, { transactionId: id, amount: 700 }, null)
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
  })

  test('gives the money back when it is won after it was lost, and takes it again', async () => {
    const { id } = await payIn(1000)
    await spend(600)
    const money = await findDisputedMoney(service, tenant, id)
    if (money === null) throw new Error('no money')
    const learn = (state: 'open' | 'lost' | 'won') => {
      const resolution = { open: null, lost: 'auto-accepted', won: 'declined' }[state]
      return learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...report, state, resolution })
    }
    const taken = await learn('lost')
    expect(await descriptionOf(taken?.movementId)).toBe('Chargeback')
    await learn('open')
    expect(await fundsOf()).toEqual([0n, 0n, 600n])
    await Promise.all([learn('won'), learn('won')])
    expect(await fundsOf()).toEqual([400n, 0n, 0n])
    await learn('lost')
    expect(await fundsOf()).toEqual([0n, 0n, 600n])
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.lost', 'dispute.won', 'dispute.lost'])
    expect(await findMovements(service, tenant, `txn_${id}`, { before: undefined, limit: 10 })).toHaveLength(4)
  })

  test('takes what a payer had paid besides as a fee, also one unit, and gives it back', async () => {
    const { id } = await payIn(1000)
    const money = await findDisputedMoney(service, tenant, id)
    if (money === null) throw new Error('no money')
    const more = { ...report, amount: 1001n, resolution: null } as const
    const learn = (state: 'lost' | 'won') =>
      learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...more, state })
    await learn('lost')
    expect([await fundsOf(), await books()]).toEqual([[0n, 0n, 0n], expect.objectContaining({ processor_fees: -1 })])
    await learn('won')
    expect(await fundsOf()).toEqual([1000n, 0n, 0n])
    expect(await books()).not.toHaveProperty('processor_fees')
  })

  test('is looked at after as long again as it is open, from a minute to an hour, and in time for its one reminder', async () => {
    await settings({ holdsAmount: true })
    const { id } = await payIn(1000)
    const money = await findDisputedMoney(service, tenant, id)
    if (money === null) throw new Error('no money')
    const learn = async (own: Partial<DisputeReport> = {}) => {
      const told = { ...report, state: 'open', resolution: null, ...own } as const
      return (await learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, told)) as Dispute
    }
    const rowOf = async ({ id }: Dispute) => {
      const [row] = await service.db.query<{ due_at: Date | null; reminded_at: Date | null }>(sql`
        select due_at, reminded_at from disputes where merchant_id = ${tenant.merchant.id} and id = ${id}
      `)
      return row as { due_at: Date | null; reminded_at: Date | null }
    }
    const dueIn = async (each: Dispute) => {
      const { due_at } = await rowOf(each)
      return due_at === null ? null : due_at.getTime() - service.clock.now().getTime()
    }
    const learnAfter = async (ms: number, own: Partial<DisputeReport> = {}) => {
      service.clock.advance(ms)
      return dueIn(await learn(own))
    }
    const begin = service.clock.now().getTime()
    const over = await learn({ outsideId: 'over', respondBy: new Date(begin) })
    expect(await dueIn(over)).toBe(minute)
    const atRest = await rowOf(over)
    expect(await learnAfter(0)).toBe(minute)
    expect(await learnAfter(10 * minute)).toBe(10 * minute)
    expect(await learnAfter(110 * minute, { respondBy: new Date(begin + 8 * hour) })).toBe(hour)
    expect(await learnAfter(90 * minute)).toBe(30 * minute)
    expect(await learnAfter(30 * minute)).toBe(0)
    expect(await learnAfter(hour)).toBe(-hour)
    const reminded = await learn()
    for (let i = 0; i < 2; i++) await remindOfDispute(service, tenant, reminded)
    expect(await eventsOf()).toEqual(['dispute.opened', 'dispute.opened', 'dispute.reminded'])
    expect([await dueIn(reminded), await learnAfter(minute)]).toEqual([hour, hour])
    expect(await rowOf(over)).toEqual(atRest)

    expect(await dueIn(await learn({ state: 'won' }))).toBe(minute)
    await learn({ outsideId: 'over', state: 'won' })
    service.clock.advance(minute)
    await settleDueDisputes(service)
    expect(await dueIn(await learn({ state: 'won' }))).toBe(null)
  })

  test('gives the money to the merchant where the owner’s balance has no room for it, once', async () => {
    const { id } = await payIn(1000)
    const money = await findDisputedMoney(service, tenant, id)
    if (money === null) throw new Error('no money')
    const learn = (state: 'lost' | 'won') =>
      learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...report, state, resolution: null })
    await learn('lost')
    const full = maxAmount - 999n
    const rich = commandsFor(service).adjust({ kind: 'adjustments' }, cash(ada), full)
    await createLedger(service)(tenant, rich)
    for (let times = 0; times < 2; times++) {
      expect(await learn('won')).toMatchObject({ state: 'won', borneBy: null })
      expect([await fundsOf(), (await books()).merchant_balance]).toEqual([[full, 0n, 0n], 1000])
    }
  })

  test.each([
    [9n, maxAmount - 9n, 1010],
    [10n, maxAmount, 1000],
  ])('gives back the fee that the owner had borne once, where the owner has room for %s', async (room, funds, rest) => {
    const { id } = await payIn(1000)
    const found = await findDisputedMoney(service, tenant, id)
    if (found === null) throw new Error('no money')
    const money = { ...found, feeBearer: 'owner' } as const
    const own = { ...report, amount: 1010n, resolution: null }
    const learn = (state: 'lost' | 'won') =>
      learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...own, state })
    await learn('lost')
    expect(await fundsOf()).toEqual([0n, 0n, 10n])
    await payIn(10)
    const rich = commandsFor(service).adjust({ kind: 'adjustments' }, cash(ada), maxAmount - room)
    await createLedger(service)(tenant, rich)
    await learn('won')
    expect([await fundsOf(), (await books()).merchant_balance]).toEqual([[funds, 0n, 0n], rest])
  })

  test('takes the fee once, where the owner can owe the fee and not the money', async () => {
    const { id } = await payIn(1000)
    const most = maxAmount - 1000n
    const [ledger, make] = [createLedger(service), commandsFor(service)]
    await ledger(tenant, make.purchase(ada, 1000n))
    const large = await ledger(tenant, make.payIn(ada, most))
    await ledger(tenant, make.adjust(cash(ada), { kind: 'adjustments' }, most))
    const learn = async (transactionId: string, amount: bigint, accountId: bigint) => {
      const found = await findDisputedMoney(service, tenant, transactionId)
      if (found === null) throw new Error('no money')
      const money = { ...found, feeBearer: 'owner' } as const
      const own = { ...report, amount, state: 'lost', resolution: null } as const
      return learnDispute(service, tenant, money, { accountId, reference: 'x' }, own)
    }
    await learn(large.id, most, 7n)
    expect(await fundsOf()).toEqual([0n, 0n, most])
    expect(await learn(id, 1010n, 8n)).toMatchObject({ state: 'lost', borneBy: 'merchant' })
    expect(await fundsOf()).toEqual([0n, 0n, most + 10n])
    const { merchant_balance = 0, merchant_receivable = 0 } = await books()
    expect([merchant_balance, merchant_receivable]).toEqual([0, 0])
  })

  test('stays lost, and fails, where the ledger can book its money to nobody', async () => {
    const { id } = await payIn(1000)
    const money = await findDisputedMoney(service, tenant, id)
    if (money === null) throw new Error('no money')
    const learn = (state: 'lost' | 'won') =>
      learnDispute(service, tenant, money, { accountId: 7n, reference: 'x' }, { ...report, state, resolution: null })
    const lost = (await learn('lost')) as Dispute
    const bob = (await createCustomer(service, tenant, {})).customer.code
    const make = commandsFor(service)
    const full = [
      make.adjust({ kind: 'adjustments' }, cash(ada), maxAmount - 999n),
      make.payIn(bob, maxAmount - 1000n),
      make.purchase(bob, maxAmount - 1000n),
      make.adjust({ kind: 'adjustments' }, { kind: 'merchant_balance' }, 1n),
    ]
    for (const command of full) await createLedger(service)(tenant, command)
    await expect(learn('won')).rejects.toMatchObject({ code: 'balance_limit' })
    expect(await getDispute(service, tenant, lost)).toMatchObject({ state: 'lost', borneBy: 'customer', movements: 1 })
  })
})

test('the verification of the ledger compares each dispute with its movement', async () => {
  const opened = await dispute((await pay()).reference)
  const { id, movementId } = await answer(opened, 'accepted')
  const verify = async (db: Queryable) => {
    const walk = verifyLedger(db)
    for (;;) {
      const { done, value } = await walk.next()
      if (done) return value.isSound ? 'sound' : value.wrong
    }
  }
  expect(await verify(service.db)).toBe('sound')
  const corrupted = (statement: string) =>
    (service.db as OwnedDb).asOwner(async (session) => {
      await session.execute('begin')
      try {
        await session.execute('set local session_replication_role = replica')
        await session.execute(`update disputes set ${statement} where id = '${id}'`)
        return await verify(session)
      } finally {
        await session.execute('rollback')
      }
    })
  const about = `dispute ${id} of merchant ${tenant.merchant.id}`
  expect(await corrupted('amount = 999')).toBe(`${about} of 999 ZAR moved 1000 ZAR`)
  expect(await corrupted('borne_by = null')).toBe(`${about} is lost, and borne by nobody`)
  expect(await corrupted(`movement_id = original_id`)).toBe(`${about} was taken by a movement of kind pay_in`)
  expect(await corrupted(`original_id = '${movementId}'`)).toContain('which brought no money of it')
  const nothing = '00000000-0000-7000-8000-000000000000'
  expect(await corrupted(`movement_id = '${nothing}'`)).toContain('which does not exist')
})

test('the table of states in the documentation has the arrows of the code', () => {
  const text = readFileSync(new URL('../../../../docs/ledger.md', import.meta.url), 'utf8')
  const [, section = ''] = text.split('\n## Disputes\n')
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)]
  const documented = rows.map(([, from, to]) => `${from} ${to}`)
  const known = disputeStates.flatMap((from) => disputeArrows[from].map((to) => `${from} ${to}`))
  expect(documented.toSorted()).toEqual(known.toSorted())
})
