import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { createTestTenant, openTestService, type TestService, type TestTenant } from '../../../test/service.ts'
import { cash, commandsFor, createLedger } from '../../../test/wallets.ts'
import { maxAmount } from '../../base/money.ts'
import type { OwnedDb, Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { inTransaction } from '../context.ts'
import { createCustomer } from '../customers/customers.ts'
import { freshAttempt } from '../idempotency/attempt.ts'
import { getBalance } from '../ledger/balances.ts'
import { recordPayIn } from '../wallet/pay-ins.ts'
import { giveBackSuspended } from '../wallet/suspense.ts'
import { assignMoney, finishDecisions } from './assigned-money.ts'
import type { Dispute } from './dispute-records.ts'
import type { DisputeReport } from './dispute-reports.ts'
import { changeDisputeSettings } from './dispute-settings.ts'
import { type DisputedMoney, findByHand, findDisputedMoney } from './disputed-money.ts'
import { decideHere, learnDispute } from './disputes.ts'
import { createPaymentIntent } from './payment-intents.ts'
import { listParts } from './payment-parts.ts'

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

/** Money that an account has taken, and that has no owner. */
async function suspend(amount: bigint, details: Record<string, unknown> = {}): Promise<DisputedMoney> {
  const command = commandsFor(service).book('suspended', { kind: 'outside', at: 7n }, { kind: 'suspense' }, amount)
  const { id } = await createLedger(service)(tenant, { ...command, details })
  return (await findDisputedMoney(service, tenant, id)) as DisputedMoney
}

const at = { accountId: 7n, reference: 'x' }
const turn = { state: 'lost', stateReason: null, resolution: null } as const

/** What the account says of a dispute, by default that it is lost. */
async function learn(
  money: DisputedMoney,
  outsideId: string,
  amount: bigint | null,
  own: Partial<DisputeReport> = {},
  context = service,
): Promise<Dispute> {
  const about = { category: 'chargeback', complaint: null, respondBy: null, refundName: null }
  return (await learnDispute(context, tenant, money, at, { ...turn, ...about, outsideId, amount, ...own })) as Dispute
}

const assign = ({ transactionId: id }: DisputedMoney, context = service) =>
  assignMoney(context, tenant, { id, customerCode: ada })

/** The service with statements that go another way. */
const asking = (query: Queryable['query']): TestService => ({
  ...service,
  db: { ...service.db, query, lane: () => ({ depth: service.db.lane().depth, query }) },
})

const fundsOf = async () => {
  const { posted, held, owed } = await getBalance(service, tenant, ada)
  return [posted, held, owed]
}

async function books(): Promise<Record<string, number>> {
  const rows = await service.db.query<{ kind: string; posted: bigint }>(sql`
    select kind, sum(posted)::bigint as posted from ledger_accounts
    where merchant_id = ${tenant.merchant.id} group by kind having sum(posted) <> 0
  `)
  return Object.fromEntries(rows.map(({ kind, posted }) => [kind, Number(posted)]))
}

describe('a dispute of money in suspense', () => {
  test('takes a fee and what suspense has no longer, also one unit, from the merchant', async () => {
    const money = await suspend(1000n)
    for (const [id, amount] of [
      ['a', 1n],
      ['b', 1010n],
    ] as const) {
      expect(await learn(money, id, amount)).toMatchObject({ state: 'lost', borneBy: 'suspense', movements: 1 })
    }
    expect(await books()).toEqual({ outside: 11, processor_fees: -10, merchant_receivable: -1 })
  })

  test('that a person has given back is that giving back, once, as far as it goes', async () => {
    await learn(await suspend(500n), 'other', 500n)
    const money = await suspend(1000n)
    await giveBackSuspended(service, tenant, money.transactionId)
    const refund = await learn(money, 'refund/9', 300n, { category: 'refund' })
    // The dispute that the refund ends.
    const ended = await learn(money, 'ended', 300n, { refundName: '9' })
    const open = await learn(money, 'a', 500n, { state: 'open' })
    const [first, again] = [
      await decideHere(service, tenant, open, turn),
      await decideHere(service, tenant, open, turn),
    ]
    const further = [await learn(money, 'b', 199n), await learn(money, 'c', 1n)]
    for (const each of [refund, ended, first, again, ...further]) {
      expect(each).toMatchObject({ state: 'lost', borneBy: 'suspense', movementId: refund.movementId })
    }
    expect(await books()).toEqual({})
    expect(await learn(money, 'd', 1n)).toMatchObject({ state: 'lost', borneBy: 'merchant' })
    expect(await books()).toEqual({ outside: 1, merchant_receivable: -1 })
  })

  test('has not counted a giving back of the rest that came after it, when it is lost again', async () => {
    const money = await suspend(4000n)
    await learn(money, 'a', 1000n)
    await learn(money, 'a', 1000n, { state: 'won', resolution: 'declined' })
    await giveBackSuspended(service, tenant, money.transactionId)
    // 1,000 that it has brought back, and 1,000 of the 3,000 that the person has given back.
    expect(await learn(money, 'a', 2000n)).toMatchObject({ state: 'lost', borneBy: 'suspense' })
    expect(await learn(money, 'b', 2000n)).toMatchObject({ state: 'lost', borneBy: 'suspense' })
    expect(await books()).toEqual({})
  })

  test('takes what is left of a giving back, and the rest from the merchant', async () => {
    const money = await suspend(1500n)
    expect(await learn(money, 'before', 500n)).toMatchObject({ borneBy: 'suspense' })
    expect(await findDisputedMoney(service, tenant, money.transactionId)).toMatchObject({ decision: null })
    await giveBackSuspended(service, tenant, money.transactionId)
    await learn(money, 'a', 999n)
    expect(await learn(money, 'b', 3n)).toMatchObject({ borneBy: 'suspense' })
    expect(await books()).toEqual({ outside: 2, merchant_receivable: -2 })
  })

  test('that is assigned while its account takes it is taken from its new owner', async () => {
    const money = await suspend(1000n)
    let isAssigned = false
    const racing = asking(async (statement) => {
      const rows = await service.db.query(statement)
      if (!isAssigned && statement.text.includes('as is_posted')) {
        isAssigned = true
        await assign(money)
      }
      return rows as never
    })
    const lost = await learn(money, 'a', 1000n, {}, racing)
    expect(lost).toMatchObject({ state: 'lost', borneBy: 'customer', customerCode: ada })
    expect([await fundsOf(), await books()]).toEqual([[0n, 0n, 0n], {}])
  })

  test.each([1n, 7n])('takes from the merchant the %s that are missing in suspense', async (more) => {
    const money = await suspend(1000n)
    const { id } = await learn(money, 'a', 1000n, { state: 'open' })
    await learn(money, 'b', more)
    const planned = [{ partId: money.transactionId, amount: 1000, time: 0 }]
    await service.db.query(sql`
      update disputes set takings = ${JSON.stringify(planned)}::json
      where merchant_id = ${tenant.merchant.id} and id = ${id}
    `)
    for (let times = 0; times < 2; times++) {
      expect(await learn(money, 'a', 1000n)).toMatchObject({ state: 'lost', borneBy: 'suspense' })
      expect(await books()).toEqual({ outside: Number(more), merchant_receivable: -Number(more) })
    }
  })

  test('that was lost and won elsewhere while it was looked at stays won', async () => {
    const money = await suspend(1000n)
    await learn(money, 'a', 1000n, { state: 'open' })
    let readings = 0
    const racing = asking(async (statement) => {
      const rows = await service.db.query(statement)
      if (statement.text.includes('r.takings') && ++readings === 2) {
        for (const state of ['lost', 'won'] as const) await learn(money, 'a', 1000n, { state })
      }
      return rows as never
    })
    expect(await learn(money, 'a', 1000n, {}, racing)).toMatchObject({ state: 'won', movements: 2 })
    expect(await books()).toEqual({ outside: -1000, suspense: 1000 })
  })

  test('takes the parts in their order, also where it has reserved a later one', async () => {
    await inTransaction(service, (tx) => changeDisputeSettings(tx, tenant, { holdsAmount: true }))
    const money = await suspend(4000n)
    await learn(money, 'a', 1000n)
    await learn(money, 'a', 1000n, { state: 'won' })
    const bob = (await createCustomer(service, tenant, {})).customer.code
    const [first, second] = await listParts(service, tenant, money.transactionId)
    await assignMoney(service, tenant, { id: first?.id ?? '', customerCode: ada })
    await assignMoney(service, tenant, { id: second?.id ?? '', customerCode: bob })
    const ledger = createLedger(service)
    await ledger(tenant, commandsFor(service).purchase(ada, 3000n))
    await learn(money, 'b', 500n, { state: 'open' })
    expect((await getBalance(service, tenant, bob)).held).toBe(500n)
    await ledger(tenant, commandsFor(service).adjust({ kind: 'adjustments' }, cash(ada), 3000n))
    expect(await learn(money, 'b', 500n)).toMatchObject({
      state: 'lost',
      takings: [{ partId: first?.id, amount: 500n }],
    })
    expect([await fundsOf(), (await getBalance(service, tenant, bob)).posted]).toEqual([[2500n, 0n, 0n], 1000n])
  })

  test.each([
    ['one', [600n, 0n, 0n], 400],
    ['each', [maxAmount - 599n, 0n, 0n], 1000],
  ])(
    'gives each part back to its owner, and %s that its owner has no room for to the merchant, once, with the fee',
    async (which, funds, rest) => {
      const money = await suspend(1000n)
      const before = await learn(money, 'a', 400n)
      const back = await learn(money, 'a', 400n, { state: 'won' })
      expect([before.movementIds.length, back.movementIds.length]).toEqual([1, 2])
      await assign(money)
      const bob = (await createCustomer(service, tenant, {})).customer.code
      const parts = await listParts(service, tenant, money.transactionId)
      const part = parts.find((each) => each.left === 400n)
      await assignMoney(service, tenant, { id: part?.id ?? '', customerCode: bob })
      const lost = await learn(money, 'b', 1010n)
      expect(lost).toMatchObject({ state: 'lost', takings: [{ amount: 600n }, { amount: 400n }] })
      const fill = (customer: string, amount: bigint) =>
        createLedger(service)(tenant, commandsFor(service).adjust({ kind: 'adjustments' }, cash(customer), amount))
      await fill(bob, maxAmount - 399n)
      if (which === 'each') {
        // An account of adjustments has no room for the money of two.
        const spent = commandsFor(service).adjust(cash(bob), { kind: 'adjustments' }, maxAmount - 399n)
        const paid = commandsFor(service).book('pay_in', { kind: 'outside', at: 9n }, cash(bob), maxAmount - 399n)
        for (const command of [spent, paid]) await createLedger(service)(tenant, command)
        await fill(ada, maxAmount - 599n)
      }
      for (let times = 0; times < 2; times++) {
        const won = await learn(money, 'b', 1010n, { state: 'won' })
        expect(won).toMatchObject({ state: 'won' })
        expect(won.movementIds.filter((id) => id === null)).toEqual([])
        const { merchant_balance, merchant_receivable, processor_fees } = await books()
        expect([await fundsOf(), merchant_balance, merchant_receivable]).toEqual([funds, rest, undefined])
        expect(processor_fees).toBeUndefined()
      }
      expect((await learn(money, 'a', 400n, { state: 'won' })).movementIds).toEqual(back.movementIds)
    },
  )

  test('takes what nobody has first, also one unit, and tells of money that comes back by its payment’s name', async () => {
    const money = await suspend(1000n)
    for (const state of ['lost', 'won'] as const) await learn(money, 'a', 400n, { state })
    const [back] = await service.db.query<{ reference: string }>(sql`
      select details ->> 'processorReference' as reference from ledger_transactions
      where merchant_id = ${tenant.merchant.id} and kind = 'suspended' and details ->> 'disputeId' is not null
    `)
    expect(back).toEqual({ reference: 'x' })
    await assign(money)
    expect(await learn(money, 'b', 399n)).toMatchObject({ borneBy: 'suspense' })
    expect(await learn(money, 'c', 1n)).toMatchObject({ borneBy: 'suspense' })
    expect(await fundsOf()).toEqual([600n, 0n, 0n])
    expect(await learn(money, 'd', 1n)).toMatchObject({ borneBy: 'customer' })
  })

  test.each([
    [[1500n], 3500n],
    [[1500n, 4000n], 1000n],
    [[4000n], 1000n],
    [[5000n], 0n],
    [[4000n, 1500n, 100n], 4900n],
  ])('has counted what it has of a giving back, also when it takes again: %s', async (again, rest) => {
    const money = await suspend(5000n)
    await giveBackSuspended(service, tenant, money.transactionId)
    await learn(money, 'a', 4000n)
    for (const amount of again) {
      await learn(money, 'a', amount, { state: 'won' })
      expect(await learn(money, 'a', amount)).toMatchObject({ state: 'lost' })
    }
    if (rest > 0n) expect(await learn(money, 'refund/9', rest, { category: 'refund' })).toMatchObject({ state: 'lost' })
    expect(await books()).toEqual({})
    await learn(money, 'b', 7n)
    expect(await books()).toEqual({ outside: 7, merchant_receivable: -7 })
  })

  test('counts of the giving back of one of several parts what it has taken of it, and leaves the rest', async () => {
    const money = await suspend(5000n)
    for (const state of ['lost', 'won'] as const) await learn(money, 'x', 2000n, { state })
    const parts = await listParts(service, tenant, money.transactionId)
    await giveBackSuspended(service, tenant, parts.find(({ left }) => left === 2000n)?.id ?? '')
    for (let times = 0; times < 2; times++) {
      await learn(money, 'a', 4000n)
      expect(await books()).toEqual({})
      await learn(money, 'a', 4000n, { state: 'won' })
      expect(await books()).toEqual({ outside: -4000, suspense: 4000 })
    }
    await learn(money, 'a', 4000n)
    await learn(money, 'u', 1000n)
    expect(await books()).toEqual({})
  })

  test('takes of each of many parts, and gives back to each', async () => {
    const money = await suspend(1000n)
    for (const id of ['a', 'b', 'c', 'd']) {
      for (const state of ['lost', 'won'] as const) await learn(money, id, 100n, { state })
    }
    const left = async () => (await listParts(service, tenant, money.transactionId)).map((each) => each.left).toSorted()
    const before = await left()
    expect(before.length).toBeGreaterThan(4)
    expect((await learn(money, 'z', 1000n)).takings).toHaveLength(before.filter((each) => each > 0n).length)
    expect(await books()).toEqual({})
    await learn(money, 'z', 1000n, { state: 'won' })
    expect(await books()).toEqual({ outside: -1000, suspense: 1000 })
  })

  test('has of a refund that was told before it, and came and went, the last movement', async () => {
    const money = await suspend(1000n)
    await assign(money)
    const refund = { category: 'refund' } as const
    for (const state of ['lost', 'won', 'lost'] as const) await learn(money, 'refund/9', 300n, { ...refund, state })
    const told = await learn(money, 'refund/9', 300n, refund)
    const ended = await learn(money, 'a', 300n, { refundName: '9' })
    expect([told.movementIds.length, ended.movementIds]).toEqual([3, [told.movementId]])
    expect(await fundsOf()).toEqual([700n, 0n, 0n])
  })

  test('stays lost where suspense has no room for what comes back', async () => {
    const money = await suspend(1000n)
    await learn(money, 'a', 1000n)
    await suspend(maxAmount - 999n)
    await expect(learn(money, 'a', 1000n, { state: 'won' })).rejects.toMatchObject({ code: 'balance_limit' })
    expect(await books()).toEqual({ outside: Number(999n - maxAmount), suspense: Number(maxAmount - 999n) })
  })

  test('whose assignment was cut off before its movement is taken from its new owner, who gets it first', async () => {
    const money = await suspend(1000n)
    const dying = asking((statement) =>
      statement.text.includes('post_commands') ? Promise.reject(new Error('killed')) : service.db.query(statement),
    )
    await expect(assign(money, dying)).rejects.toThrow('killed')
    expect(await learn(money, 'a', 1000n)).toMatchObject({ state: 'lost', borneBy: 'customer' })
    expect(await fundsOf()).toEqual([0n, 0n, 0n])
    expect(await finishDecisions(service)).toBe(0)
  })

  test('whose assignment was cut off waits for its movement, and is taken out of suspense where the ledger refuses it', async () => {
    const money = await suspend(1000n)
    let fails = true
    const failing = asking((statement) => {
      if (!fails || !statement.text.includes('post_commands')) return service.db.query(statement)
      fails = false
      return Promise.reject(new Error('cut'))
    })
    await expect(assign(money, failing)).rejects.toThrow('cut')
    fails = true
    await expect(learn(money, 'a', 1000n, {}, failing)).rejects.toThrow('cut')
    const full = commandsFor(service).adjust({ kind: 'adjustments' }, cash(ada), maxAmount - 999n)
    await createLedger(service)(tenant, full)
    expect(await learn(money, 'a', 1000n)).toMatchObject({ state: 'lost', borneBy: 'suspense' })
    expect((await fundsOf())[2]).toBe(0n)
  })

  test('leaves its last unit to be assigned, and nothing once all of it was taken, also at that moment', async () => {
    const money = await suspend(2n)
    await learn(money, 'a', 1n)
    await assign(money)
    expect(await fundsOf()).toEqual([1n, 0n, 0n])
    const other = await suspend(1000n)
    let isTaken = false
    const racing = asking(async (statement) => {
      const rows = await service.db.query(statement)
      if (!isTaken && statement.text.includes('from suspense_decisions r')) {
        isTaken = true
        await learn(other, 'b', 1000n)
      }
      return rows as never
    })
    await expect(assign(other, racing)).rejects.toThrow('The account has taken the money')
    expect(isTaken).toBe(true)
  })

  test('in a currency that the merchant does not hold can only be given back', async () => {
    const command = commandsFor(service).book('suspended', { kind: 'outside', at: 7n }, { kind: 'suspense' }, 5n)
    const { id } = await createLedger(service)(tenant, { ...command, currency: 'KES' })
    const assigning = assignMoney(service, tenant, { id, customerCode: ada })
    await expect(assigning).rejects.toMatchObject({ code: 'currency_not_held' })
    expect(await giveBackSuspended(service, tenant, id)).toMatchObject({ decision: { outcome: 'given_back' } })
  })

  test('is of the customer whom its payment was for, and of all of the money where no part was told', async () => {
    const wanted = { amount: 1000, currency: 'ZAR', customerCode: ada }
    const { id } = await createPaymentIntent(service, tenant, wanted, freshAttempt(service))
    const money = await suspend(1000n, { paymentIntentId: id })
    expect(await learn(money, 'a', 1n, { state: 'open' })).toMatchObject({ customerCode: ada, paymentIntentId: id })
    await assign(money)
    // Before parts of such money could be taken, a decision had no amount.
    await (service.db as OwnedDb).asOwner((session) =>
      session.execute(`update suspense_decisions set amount = null where reference = '${money.transactionId}'`),
    )
    const { decision } = (await findDisputedMoney(service, tenant, money.transactionId)) as DisputedMoney
    expect(decision).toMatchObject({ outcome: 'assigned', amount: 1000n, isPosted: true })
  })
})

test('a payment at an account is the one that a person recorded under its name, in any case, if its amount is the same', async () => {
  const recorded = { customerCode: ada, amount: 1000, currency: 'ZAR', source: 'card', reference: 'Old-1' } as const
  const { id } = await recordPayIn(service, tenant, recorded)
  const find = (amount: bigint, currency: 'ZAR' | 'NGN') => findByHand(service, tenant, 'oLD-1', { amount, currency })
  expect(await find(1000n, 'ZAR')).toBe(id)
  expect([await find(999n, 'ZAR'), await find(1000n, 'NGN')]).toEqual([null, null])
})
