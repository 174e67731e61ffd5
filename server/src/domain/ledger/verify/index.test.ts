import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../../../test/engines.ts'
import { addTestKey, createTestContext, createTestTenant } from '../../../../test/service.ts'
import { commandsFor, createLedger, createWallets } from '../../../../test/wallets.ts'
import type { OwnedDb, Queryable } from '../../../db/database.ts'
import { sql } from '../../../db/sql.ts'
import { expireDueHolds } from '../../wallet/due-holds.ts'
import { doTogether } from '../commands.ts'
import { type VerificationProgress, verifyLedger } from './index.ts'

/** Few rows a page, so that every kind of row is met on several pages. */
const pageSize = 3

let db: OwnedDb
let context: ReturnType<typeof createTestContext>
/** Where to find what is to be corrupted, as texts for SQL. */
let ids: Record<
  | ('merchant' | 'rich' | 'poor' | 'busy' | 'debtor' | 'hold' | 'purchase' | 'refund' | 'transfer' | 'capture')
  | ('other' | 'theirPayIn' | 'waiting' | 'settled' | 'suspended' | 'taken'),
  string
>

async function verify(books: Queryable, options?: { pageSize: number }) {
  const steps = verifyLedger(books, options)
  const progress: VerificationProgress[] = []
  for (;;) {
    const step = await steps.next()
    if (step.done) return { progress, result: step.value }
    progress.push(step.value)
  }
}

beforeAll(async () => {
  db = await openTestDatabase()
  context = createTestContext(db)
  const tenant = await createTestTenant(context)
  const make = commandsFor(context)
  const ledger = createLedger(context)
  const [rich = '', poor = '', busy = '', debtor = ''] = await createWallets(context, tenant, 12)
  const payIns = [make.payIn(rich, 1000n), make.payIn(rich, 5n), make.payIn(poor, 100n), make.payIn(busy, 1000n)]
  await doTogether(context, tenant, [...payIns, make.payIn(rich, 7n, { currency: 'NGN' })])
  const hold = make.place(rich, 300n)
  const purchase = make.purchase(rich, 200n)
  const transfer = make.transfer(rich, poor, 10n)
  await doTogether(context, tenant, [hold, purchase, transfer, make.transfer(poor, rich, 1n), make.place(poor, 5n)])
  const capture = make.capture(hold.id, rich, 100n)
  await ledger(tenant, capture)
  const cash = { kind: 'customer_cash', customer: rich } as const
  const refund = await ledger(tenant, make.giveBack(purchase.id, cash, { kind: 'merchant_balance' }, 50n))
  // A customer who owes.
  await ledger(tenant, make.chargeBack(debtor, 30n))
  // More entries than fit into one read.
  await doTogether(
    context,
    tenant,
    [...Array(40)].map(() => make.purchase(busy, 1n)),
  )
  const live = await addTestKey(context, tenant.merchant, 'live')
  const [liveOne = '', liveTwo = ''] = await createWallets(context, live, 2)
  await doTogether(context, live, [make.payIn(liveOne, 9n), make.transfer(liveOne, liveTwo, 3n)])
  const other = await createTestTenant(context)
  const [theirs = ''] = await createWallets(context, other, 3)
  const expiresAt = new Date(context.clock.now().getTime() + 1000)
  const theirPayIn = make.payIn(theirs, 50n)
  await doTogether(context, other, [theirPayIn, make.place(theirs, 20n, { expiresAt })])
  // Refunds that wait, that have moved money, and that have failed.
  const theirCash = { kind: 'customer_cash', customer: theirs } as const
  const backs = [5n, 4n, 3n].map((amount) => make.reserveBack(theirPayIn.id, theirCash, amount))
  await doTogether(context, other, backs)
  const [waiting, settled, failed] = backs.map((back) => back.id) as [string, string, string]
  await doTogether(context, other, [
    make.settleBack(settled, theirPayIn.id, { kind: 'outside' }, theirCash),
    make.failBack(failed, theirPayIn.id, theirCash),
  ])
  // Money in suspense, of which the account has taken a part back.
  const [processor, suspense] = [{ kind: 'outside', at: 7n }, { kind: 'suspense' }] as const
  const suspended = make.book('suspended', processor, suspense, 40n)
  const taken = make.book('given_back', suspense, processor, 30n)
  await doTogether(context, other, [suspended, taken])
  await db.query(sql`
    insert into suspense_decisions (merchant_id, id, mode, reference, outcome, state, amount, dispute_turn, created_at)
    values (${other.merchant.id}, ${taken.id}, 'test', ${suspended.id}, 'given_back', 'succeeded', 30, 'd/0', now())
  `)
  context.clock.advance(2000)
  await expireDueHolds(context)

  const account = async (code: string) => {
    const [row] = await db.query<{ id: bigint }>(sql`
      select a.id from ledger_accounts a join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
      where c.code = ${code} and a.currency = 'ZAR'
    `)
    return String(row?.id)
  }
  const [richId = '', poorId = '', busyId = '', debtorId = ''] = await Promise.all(
    [rich, poor, busy, debtor].map(account),
  )
  ids = {
    merchant: String(tenant.merchant.id),
    rich: richId,
    poor: poorId,
    busy: busyId,
    debtor: debtorId,
    hold: hold.id,
    purchase: purchase.id,
    refund: refund.id,
    transfer: transfer.id,
    capture: capture.id,
    other: String(other.merchant.id),
    theirPayIn: theirPayIn.id,
    waiting,
    settled,
    suspended: suspended.id,
    taken: taken.id,
  }
})

afterAll(() => db.close())

test('sound books are found sound, with how much was looked at', async () => {
  const { result, progress } = await verify(db, { pageSize })
  expect(result).toEqual({ isSound: true, entries: 116, transactions: 58, accounts: 26, holds: 6, customers: 17 })
  expect((await verify(db)).result).toEqual(result)
  expect(progress.at(-1)).toEqual({ done: progress.at(-1)?.total, total: progress[0]?.total })
  expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).toSorted((a, b) => a - b))
})

test('empty books are sound', async () => {
  const empty = await openTestDatabase()
  expect((await verify(empty)).result).toMatchObject({ isSound: true, accounts: 0 })
  await empty.close()
})

test('books are found sound while they are written', { timeout: 60_000 }, async () => {
  const tenant = await createTestTenant(context)
  const make = commandsFor(context)
  const [a = '', b = ''] = await createWallets(context, tenant, 2)
  const ledger = createLedger(context)
  await ledger(tenant, make.payIn(a, 100_000n))
  let isOver = false
  const writers = [1, 2, 3, 4].map(async () => {
    while (!isOver) {
      const hold = make.place(a, 3n)
      await Promise.all([
        ledger(tenant, make.transfer(a, b, 1n)),
        ledger(tenant, hold),
        createWallets(context, tenant, 1),
      ])
      await ledger(tenant, make.capture(hold.id, a, 1n))
    }
  })
  for (let i = 0; i < 2; i++) expect((await verify(db, { pageSize: 20 })).result).toMatchObject({ isSound: true })
  isOver = true
  await Promise.all(writers)
})

/** Runs corruptions as a superuser with no trigger in the way, verifies, and undoes them. */
async function verifyCorrupted(statements: string): Promise<string> {
  return db.asOwner(async (session) => {
    await session.execute('begin')
    try {
      await session.execute('set local session_replication_role = replica')
      for (const each of statements.split(';')) await session.execute(each)
      const { result } = await verify(session, { pageSize })
      return result.isSound ? 'found sound' : result.wrong
    } finally {
      await session.execute('rollback')
    }
  })
}

describe('unsound books', () => {
  const at = (account: string) => `where merchant_id = ${ids.merchant} and id = ${account}`
  const entry = (account: string, number: number) =>
    `where merchant_id = ${ids.merchant} and account_id = ${account} and number = ${number}`
  const transaction = (id: string) => `where merchant_id = ${ids.merchant} and id = '${id}'`

  test.each<[string, () => string, () => string]>([
    [
      'a balance that is not what its entries add up to',
      () => `update ledger_accounts set posted = posted + 1 ${at(ids.rich)}`,
      () => `ledger account ${ids.rich} of merchant ${ids.merchant} has 747 posted, but its entries add up to 746`,
    ],
    [
      'the balance of a long history',
      () => `update ledger_accounts set posted = posted - 1 ${at(ids.busy)}`,
      () => `ledger account ${ids.busy} of merchant ${ids.merchant} has 959 posted, but its entries add up to 960`,
    ],
    [
      'a balance that never had an entry',
      () => `update ledger_accounts set posted = 5 where merchant_id = ${ids.merchant} and entry_count = 0`,
      () => 'has 5 posted, but its entries add up to 0',
    ],
    [
      'a count that is too high',
      () => `update ledger_accounts set entry_count = entry_count + 1 ${at(ids.rich)}`,
      () => `ledger account ${ids.rich} of merchant ${ids.merchant} counts 8 entries, but number 8 is missing`,
    ],
    [
      'a count that is too low',
      () => `update ledger_accounts set entry_count = entry_count - 1 ${at(ids.rich)}`,
      () => `ledger account ${ids.rich} of merchant ${ids.merchant} counts 6 entries, but has one numbered 7`,
    ],
    [
      'a wrong date of the last entry',
      () => `update ledger_accounts set last_entry_at = '2020-01-01' ${at(ids.rich)}`,
      () => 'dates its last entry 2020-01-01',
    ],
    [
      'a wrong count of pay-ins',
      () => `update ledger_accounts set pay_in_count = 3 ${at(ids.rich)}`,
      () => 'tells of 3 pay-ins of 1005, but its entries have 2 of 1005',
    ],
    [
      'a wrong total of pay-ins',
      () => `update ledger_accounts set pay_in_total = 1 ${at(ids.rich)}`,
      () => 'tells of 2 pay-ins of 1, but its entries have 2 of 1005',
    ],
    [
      'a part of money in suspense that was taken twice',
      () => `
        insert into suspense_decisions (merchant_id, id, mode, reference, outcome, state, amount, dispute_turn, created_at, due_at)
        select merchant_id, gen_random_uuid(), mode, reference, outcome, 'recorded', 11, 'd/1', created_at, created_at
        from suspense_decisions where merchant_id = ${ids.other}`,
      () => `is of ${ids.suspended}, of which 41 of 40 were taken`,
    ],
    [
      'a taking that has moved another amount',
      () => `update suspense_decisions set amount = 29 where merchant_id = ${ids.other}`,
      () =>
        `the decision about suspense ${ids.taken} of merchant ${ids.other} says given_back 29 ZAR, but moved given_back 30 ZAR`,
    ],
    [
      'a taking that was refused, and has moved money',
      () => `update suspense_decisions set state = 'refused', refusal = 'busy' where merchant_id = ${ids.other}`,
      () => 'was refused, and has moved money',
    ],
    [
      'a taking without a movement',
      () => `update suspense_decisions set id = gen_random_uuid() where merchant_id = ${ids.other}`,
      () => 'has moved nothing',
    ],
    [
      'a taking of money that was never in suspense',
      () => `update suspense_decisions set reference = '${ids.theirPayIn}' where merchant_id = ${ids.other}`,
      () => `is of ${ids.theirPayIn}, which brought nothing into suspense`,
    ],
    [
      'what is held for no hold',
      () => `update ledger_accounts set held = held + 1 ${at(ids.rich)}`,
      () => `ledger account ${ids.rich} of merchant ${ids.merchant} holds 201, but its open holds add up to 200`,
    ],
    [
      'an account below its floor',
      () =>
        `alter table ledger_accounts drop constraint ledger_accounts_floor; update ledger_accounts set floor = 5000 ${at(ids.rich)}`,
      () => 'available, below its floor',
    ],
    [
      'an account without its floor',
      () => `update ledger_accounts set floor = null ${at(ids.rich)}`,
      () => 'has a floor that its kind has not',
    ],
    [
      'an account that owes less than its receivable says',
      () => `update ledger_accounts set owed = 29 ${at(ids.debtor)}`,
      () => `ledger account ${ids.debtor} of merchant ${ids.merchant} owes 29, but its receivable has 30`,
    ],
    [
      'an account that forgot its debt',
      () => `update ledger_accounts set owed = 0 ${at(ids.debtor)}`,
      () => `ledger account ${ids.debtor} of merchant ${ids.merchant} owes 0, but its receivable has 30`,
    ],
    [
      'an account that owes without a receivable',
      () =>
        `update ledger_accounts set owed = 5 where merchant_id = ${ids.merchant} and id = (select min(id) from ledger_accounts where entry_count = 0 and merchant_id = ${ids.merchant} and mode = 'test')`,
      () => 'owes 5, but its receivable has 0',
    ],
    [
      'a receivable that is owed by nobody',
      () =>
        `update ledger_accounts set party_id = 999999, posted = 0 where kind = 'customer_receivable'; update ledger_accounts set owed = 0 ${at(ids.debtor)}`,
      () => 'is owed by an account that is not there',
    ],
    [
      'an account that owes and has something available',
      () =>
        `alter table ledger_accounts drop constraint ledger_accounts_owed; update ledger_accounts set posted = 7 ${at(ids.debtor)}`,
      () => `ledger account ${ids.debtor} of merchant ${ids.merchant} owes 30, but has 7 available`,
    ],
    [
      'an account of another mode than its customer',
      () => `update ledger_accounts set mode = 'live' ${at(ids.busy)}`,
      () => 'who is not of its mode',
    ],
    [
      'a customer’s account without a customer',
      () =>
        `alter table ledger_accounts drop constraint ledger_accounts_owner; update ledger_accounts set customer_id = null ${at(ids.busy)}`,
      () => 'has an owner that its kind has not',
    ],
    [
      'entries of an account that is gone',
      () => `delete from ledger_accounts ${at(ids.poor)}`,
      () => `account ${ids.poor}, which is not there`,
    ],
    [
      'entries before the first account',
      () => `update entries set account_id = 1 ${entry(ids.rich, 7)}`,
      () => `entries of merchant ${ids.merchant} name account 1, which is not there`,
    ],
    [
      'entries after the last',
      () => "insert into entries values (999999, 1, 1, gen_random_uuid(), 5, 5, '2026-01-01')",
      () => 'is followed by entries of account 1, which is not there',
    ],
    ['a gap at the beginning', () => `delete from entries ${entry(ids.rich, 1)}`, () => 'but number 1 is missing'],
    ['a gap in the middle', () => `delete from entries ${entry(ids.busy, 20)}`, () => 'but number 20 is missing'],
    [
      'a gap at the end',
      () => `delete from entries ${entry(ids.rich, 7)}`,
      () => 'counts 7 entries, but number 7 is missing',
    ],
    [
      'an amount that was changed',
      () => `update entries set amount = amount + 1 ${entry(ids.rich, 3)}`,
      () => `entry 3 of account ${ids.rich} of merchant ${ids.merchant} has the balance 805 after it, not 806`,
    ],
    [
      'an amount and its balances that were changed',
      () =>
        `update entries set amount = amount + 1 ${entry(ids.rich, 3)}; update entries set balance_after = balance_after + 1 where account_id = ${ids.rich} and number >= 3; update ledger_accounts set posted = posted + 1 ${at(ids.rich)}`,
      () =>
        `entry 3 of account ${ids.rich} of merchant ${ids.merchant} of -199 is not one of the two of transaction ${ids.purchase}`,
    ],
    [
      'a balance after an entry that was changed',
      () => `update entries set balance_after = 0 ${entry(ids.rich, 2)}`,
      () => 'has the balance 0 after it, not 1005',
    ],
    // One of as many entries as a page has is the first of its page.
    ...[15, 16, 17].map((number): [string, () => string, () => string] => [
      `the balance after entry ${number} of a long history`,
      () => `update entries set balance_after = 0 ${entry(ids.busy, number)}`,
      () => `entry ${number} of account ${ids.busy} of merchant ${ids.merchant} has the balance 0 after it`,
    ]),
    [
      'an entry dated before the one before it',
      () => `update entries set created_at = '2020-01-01' ${entry(ids.rich, 2)}`,
      () => 'entry 2 of account',
    ],
    [
      'an entry dated unlike its transaction',
      () =>
        `update entries set created_at = created_at + interval '1 day' ${entry(ids.rich, 7)}; update ledger_accounts set last_entry_at = last_entry_at + interval '1 day' ${at(ids.rich)}`,
      () => 'is not dated as its transaction',
    ],
    [
      'an entry of a transaction that is gone',
      () => `delete from ledger_transactions ${transaction(ids.transfer)}`,
      () => `belongs to transaction ${ids.transfer}, which is not there`,
    ],
    [
      'an entry of a transaction of the other mode',
      () => `update ledger_transactions set mode = 'live' ${transaction(ids.purchase)}`,
      () => 'of another mode or currency',
    ],
    [
      'an entry of a transaction of another currency',
      () => `update ledger_transactions set currency = 'NGN' ${transaction(ids.transfer)}`,
      () => 'of another mode or currency',
    ],
    [
      'a transaction of another amount',
      () => `update ledger_transactions set amount = amount + 1 ${transaction(ids.transfer)}`,
      () => `is not one of the two of transaction ${ids.transfer}`,
    ],
    [
      'a transaction between other accounts',
      () => `update ledger_transactions set from_account_id = ${ids.busy} ${transaction(ids.transfer)}`,
      () => `is not one of the two of transaction ${ids.transfer}`,
    ],
    [
      'a transaction without entries',
      () =>
        `insert into ledger_transactions select merchant_id, '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', mode, kind, null, from_account_id, 800, to_account_id, 801, amount, currency, description, reverses_id, hold_id, details, created_at from ledger_transactions ${transaction(ids.purchase)}`,
      () =>
        `ledger transaction 019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d of merchant ${ids.merchant} has no entry 800 in account ${ids.rich}, which pays`,
    ],
    [
      'a second transaction for the same entries',
      () =>
        `insert into ledger_transactions select merchant_id, '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d', mode, kind, null, from_account_id, from_number, to_account_id, to_number, amount, currency, description, reverses_id, hold_id, details, created_at from ledger_transactions ${transaction(ids.purchase)}`,
      () => `ledger transaction 019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d of merchant ${ids.merchant} has no entry`,
    ],
    [
      'a refund of a transaction that is gone',
      () =>
        `update ledger_transactions set reverses_id = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d' ${transaction(ids.refund)}`,
      () =>
        `ledger transaction ${ids.refund} of merchant ${ids.merchant} gives back 019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d, which is not the other way round`,
    ],
    [
      'a refund of a transaction between others',
      () => `update ledger_transactions set reverses_id = '${ids.transfer}' ${transaction(ids.refund)}`,
      () => `gives back ${ids.transfer}, which is not the other way round`,
    ],
    [
      'a refund that is not added up',
      () => 'delete from refund_totals',
      () => `gives back ${ids.purchase}, but that is not added up`,
    ],
    [
      'a total given back that is not',
      () => 'update refund_totals set amount = amount + 1',
      () =>
        `the total given back of transaction ${ids.purchase} of merchant ${ids.merchant} is 51, but what was given back adds up to 50`,
    ],
    [
      'a total given back of nothing',
      () => `insert into refund_totals values (${ids.merchant}, '${ids.transfer}', 1)`,
      () => 'is 1, but what was given back adds up to 0',
    ],
    [
      'a capture of a hold that is gone',
      () => `delete from holds ${transaction(ids.hold)}; update ledger_accounts set held = 0 ${at(ids.rich)}`,
      () =>
        `ledger transaction ${ids.capture} of merchant ${ids.merchant} captures hold ${ids.hold} of another account`,
    ],
    [
      'a hold that says more was captured',
      () =>
        `update holds set captured = captured + 1 ${transaction(ids.hold)}; update ledger_accounts set held = held - 1 ${at(ids.rich)}`,
      () => `hold ${ids.hold} of merchant ${ids.merchant} says 101 was captured, but its captures add up to 100`,
    ],
    [
      'a hold of another account',
      () =>
        `update holds set account_id = ${ids.busy}, customer_id = (select customer_id from ledger_accounts ${at(ids.busy)}) ${transaction(ids.hold)}; update ledger_accounts set held = 0 ${at(ids.rich)}; update ledger_accounts set held = 200 ${at(ids.busy)}`,
      () => 'of another account',
    ],
    [
      'a refund that waits and is not counted',
      () => `update refund_totals set amount = 4 where transaction_id = '${ids.theirPayIn}'`,
      () =>
        `the total given back of transaction ${ids.theirPayIn} of merchant ${ids.other} is 4, but what was given back adds up to 9`,
    ],
    [
      'a refund that waits for money of another account',
      () => `update holds set original_id = '${ids.purchase}' where id = '${ids.waiting}'`,
      () => `reserves a refund of ${ids.purchase}, which did not come to its account`,
    ],
    [
      'a refund that has not moved what its hold says',
      () => `update holds set captured = 3 where id = '${ids.settled}'`,
      () => `hold ${ids.settled} of merchant ${ids.other} says 3 was captured, but its captures add up to 4`,
    ],
    [
      'a hold in another currency',
      () => `update holds set currency = 'NGN' ${transaction(ids.hold)}`,
      () => `hold ${ids.hold} of merchant ${ids.merchant} is not of its account ${ids.rich}`,
    ],
    [
      'a hold that should have been taken off',
      () => `update holds set status = 'released' ${transaction(ids.hold)}`,
      () => 'holds 200, but its open holds add up to 0',
    ],
    [
      'a transfer that is missing among the numbers',
      () =>
        `update ledger_transactions set number = 7 where number = 1 and merchant_id = ${ids.merchant} and mode = 'test'; update merchant_counters set transfer_count = 7 where merchant_id = ${ids.merchant} and mode = 'test'`,
      () => `merchant ${ids.merchant} in test mode has no transfer numbered 1`,
    ],
    [
      'a transfer beyond the count',
      () => `update merchant_counters set transfer_count = 1 where merchant_id = ${ids.merchant} and mode = 'test'`,
      () => `merchant ${ids.merchant} in test mode counts 1 transfers, but has one numbered 2`,
    ],
    [
      'a count of transfers that is too high',
      () => `update merchant_counters set transfer_count = 9 where merchant_id = ${ids.merchant} and mode = 'live'`,
      () => `merchant ${ids.merchant} in live mode has no transfer numbered 2`,
    ],
    [
      'a transfer without a number',
      () => `update ledger_transactions set number = null ${transaction(ids.transfer)}`,
      () => 'is numbered among the transfers, or is not, wrongly',
    ],
    [
      'a customer beyond the count',
      () => `update merchant_counters set customer_count = 11 where merchant_id = ${ids.merchant} and mode = 'test'`,
      () => `merchant ${ids.merchant} in test mode counts 11 customers, but has one numbered 12`,
    ],
    [
      'a customer that is missing among the numbers',
      () =>
        `update customers set number = 13 where merchant_id = ${ids.merchant} and mode = 'test' and number = 5; update merchant_counters set customer_count = 13 where merchant_id = ${ids.merchant} and mode = 'test'`,
      () => `merchant ${ids.merchant} in test mode has no customer numbered 5`,
    ],
    [
      'a customer dated before the one before',
      () =>
        `update customers set created_at = '2020-01-01' where merchant_id = ${ids.merchant} and mode = 'test' and number = 4`,
      () => `customer number 4 of merchant ${ids.merchant} in test mode is dated before the one before`,
    ],
    [
      'a wrong date of the last customer',
      () =>
        `update merchant_counters set last_customer_at = '2020-01-01' where merchant_id = ${ids.merchant} and mode = 'test'`,
      () => 'dates its last customer 2020-01-01',
    ],
  ])('the verification of unsound books names %s', async (_title, corruption, wrong) => {
    expect(await verifyCorrupted(corruption())).toContain(wrong())
  })
})
