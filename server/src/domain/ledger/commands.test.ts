import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsoundBooks } from '../../../test/books.ts'
import { tellStory } from '../../../test/money-story.ts'
import {
  addTestKey,
  createTestTenant,
  openTestService,
  type TestService,
  type TestTenant,
} from '../../../test/service.ts'
import {
  cash,
  commandsFor,
  createLedger,
  createWallets,
  type Ledger,
  merchantBalance,
  requestOf,
} from '../../../test/wallets.ts'
import { ServiceError } from '../../base/errors.ts'
import type { OwnedDb, OwnerSession } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import { setRiskAction } from '../customers/risk-actions.ts'
import { actorIdOf } from '../merchants/actors.ts'
import { getHold, placeHold } from '../wallet/holds.ts'
import { listTransfers, makeTransfers } from '../wallet/transfers.ts'
import { getBalance } from './balances.ts'
import {
  type AccountName,
  doBatchNoting,
  doTogether,
  doTogetherOnce,
  type LedgerCommand,
  parametersOf,
  type Receipt,
} from './commands.ts'

let service: TestService
let tenant: TestTenant
let ledger: Ledger
let make: ReturnType<typeof commandsFor>

beforeAll(async () => {
  service = await openTestService()
  tenant = await createTestTenant(service)
  ledger = createLedger(service)
  make = commandsFor(service)
})

afterAll(async () => {
  expect(await unsoundBooks(service.db)).toEqual([])
  await service.close()
})

test('a call of the posting function gives every parameter it has, with its type, and no other', async () => {
  const [{ declared } = {}] = await service.db.query<{ declared: Record<string, string> }>(sql`
    select json_object_agg(a.name, a.type::regtype::text) as declared
    from pg_proc p
    cross join lateral unnest(p.proargnames, p.proargmodes, p.proallargtypes) as a (name, mode, type)
    where p.proname = 'post_commands_v2' and a.mode = 'i'
  `)
  const given = parametersOf(tenant, service.clock.now(), [])
  const [{ types } = {}] = await service.db.query<{ types: Record<string, string> }>(sql`
    select json_object_agg(g.name, g.type::regtype::text) as types
    from unnest(
      ${Object.keys(given)}::text[], ${Object.values(given).map(({ type }) => type)}::text[]
    ) as g (name, type)
  `)
  expect(types).toEqual(declared)
})

// While PostgreSQL knows nothing of a table, a plan that reads all rows of the merchant seems as good to it as any.
test('a command reads its own hold and no other hold of the merchant', async () => {
  const other = await createTestTenant(service)
  const [payer = ''] = await createWallets(service, other, 1)
  await ledger(other, make.payIn(payer, 1000n))
  const holds = await Promise.all(Array.from({ length: 200 }, () => ledger(other, make.place(payer, 1n))))
  const { id } = holds[100] as Receipt
  const read = await service.db.transaction(async (tx) => {
    const capture = { tenant: other, command: make.capture(id, payer, 1n) }
    const [outcome] = await doBatchNoting(service, tx, [capture], sql`nothing as (select 1)`)
    expect(outcome).toMatchObject({ amount: 1n })
    const [row] = await tx.query<{ count: bigint }>(sql`
      select s.seq_tup_read + s.idx_tup_fetch as count from pg_stat_xact_user_tables s where s.relname = 'holds'
    `)
    return Number(row?.count)
  })
  expect([read > 0, read, read < 20]).toEqual([true, read, true])
})

const limit = 2n ** 53n - 1n

/** A story, and how it ends. See test/money-story.ts for the words. */
type Rule = [title: string, story: string, ending: string]

const floors: Rule[] = [
  ['all of a balance can be spent', 'A gets 100 \n A spends 100', 'merchant 100'],
  ['a balance cannot be overspent, not by one unit', 'A gets 100 \n A spends 101 -> insufficient_funds', 'A 100'],
  [
    'a balance cannot be sent beyond its amount',
    'A gets 100 \n A sends B 101 -> insufficient_funds \n A sends B 100',
    'B 100',
  ],
  ['a customer who has nothing cannot spend', 'A spends 1 -> insufficient_funds', ''],
  ['received money can be passed on', 'A gets 9 \n A sends B 9 \n B sends C 9 \n C spends 9', 'merchant 9'],
  ['money of one currency does not pay for another', 'A gets 100 NGN \n A spends 1 -> insufficient_funds', 'A 100 NGN'],
  ['currencies are kept apart', 'A gets 5 \n A gets 7 NGN \n A sends B 7 NGN \n A spends 5', 'B 7 NGN, merchant 5'],
  ['a currency the merchant does not hold is refused', 'A gets 5 USD -> currency_not_held', ''],
  ['nobody sends to themself', 'A gets 5 \n A sends A 1 -> invalid_request', 'A 5'],
]

const holds: Rule[] = [
  [
    'held money is still posted but cannot be spent',
    'A gets 100 \n A holds 60 \n A spends 41 -> insufficient_funds',
    'A 100 [60]',
  ],
  ['money that is not held can be spent', 'A gets 100 \n A holds 60 \n A spends 40', 'A 60 [60], merchant 40'],
  [
    'a hold cannot exceed the available balance',
    'A gets 100 \n A holds 60 \n A holds 41 -> insufficient_funds',
    'A 100 [60]',
  ],
  ['several holds add up', 'A gets 100 \n A holds 60 \n A holds 40', 'A 100 [100]'],
  ['a capture of all takes the whole hold', 'A gets 100 \n A holds 60 as h \n capture all of h', 'A 40, merchant 60'],
  [
    'a capture may take a part and leave the rest held',
    'A gets 100 \n A holds 60 as h \n capture 20 of h',
    'A 80 [40], merchant 20',
  ],
  [
    'a hold may be captured in parts until nothing is left',
    'A gets 100 \n A holds 60 as h \n capture 20 of h \n capture 30 of h \n capture 11 of h -> hold_exceeded \n capture 10 of h \n capture 1 of h -> hold_not_open',
    'A 40, merchant 60',
  ],
  [
    'a capture of all takes all that earlier captures have left',
    'A gets 100 \n A holds 60 as h \n capture 20 of h \n capture all of h',
    'A 40, merchant 60',
  ],
  [
    'a final capture gives up the rest',
    'A gets 100 \n A holds 60 as h \n capture 20 of h, final \n capture 1 of h -> hold_not_open \n A spends 80',
    'merchant 100',
  ],
  [
    'a final capture of everything gives up nothing',
    'A gets 100 \n A holds 60 as h \n capture all of h, final',
    'A 40, merchant 60',
  ],
  [
    'a capture cannot exceed its hold, however much money there is',
    'A gets 100 \n A holds 60 as h \n capture 61 of h -> hold_exceeded',
    'A 100 [60]',
  ],
  [
    'a refused capture may be followed by a smaller one',
    'A gets 100 \n A holds 60 as h \n capture 61 of h -> hold_exceeded \n capture 60 of h',
    'A 40, merchant 60',
  ],
  [
    'money of one hold is not captured for another',
    'A gets 100 \n A holds 30 as h \n A holds 70 as i \n capture 31 of h -> hold_exceeded \n capture all of i',
    'A 30 [30], merchant 70',
  ],
  ['a release gives the whole hold back', 'A gets 100 \n A holds 60 as h \n release h \n A spends 100', 'merchant 100'],
  [
    'a release gives back what captures have left',
    'A gets 100 \n A holds 60 as h \n capture 20 of h \n release h \n A spends 80',
    'merchant 100',
  ],
  [
    'a released hold is neither captured nor released again',
    'A gets 100 \n A holds 60 as h \n release h \n release h -> hold_not_open \n capture 1 of h -> hold_not_open',
    'A 100',
  ],
  [
    'a captured hold is not released',
    'A gets 100 \n A holds 60 as h \n capture all of h \n release h -> hold_not_open',
    'A 40, merchant 60',
  ],
  ['a hold that is not there is not captured', 'A gets 100 \n capture 1 of h -> hold_not_found', 'A 100'],
  [
    'a hold lasts until it expires',
    'A gets 100 \n A holds 60 for 1h as h \n wait 3599999ms \n expire \n capture 10 of h',
    'A 90 [50], merchant 10',
  ],
  [
    'a hold can no longer be captured at the moment it expires',
    'A gets 100 \n A holds 60 for 1h as h \n wait 1h \n capture 10 of h -> hold_not_open',
    'A 100 [60]',
  ],
  [
    'an expired hold gives its money back',
    'A gets 100 \n A holds 60 for 1h as h \n wait 1h \n expire \n A spends 100',
    'merchant 100',
  ],
  [
    'a partly captured hold gives its rest back when it expires',
    'A gets 100 \n A holds 60 for 1h as h \n capture 10 of h \n wait 2h \n expire \n expire',
    'A 90, merchant 10',
  ],
  [
    'only holds that are due expire',
    'A gets 100 \n A holds 60 for 1h \n A holds 30 for 2h \n A holds 10 \n wait 1h \n expire',
    'A 100 [40]',
  ],
  [
    'an expired hold is neither captured nor released',
    'A gets 100 \n A holds 60 for 1h as h \n wait 1h \n expire \n capture 1 of h -> hold_not_open \n release h -> hold_not_open',
    'A 100',
  ],
  [
    'a hold that is due may still be released',
    'A gets 100 \n A holds 60 for 1h as h \n wait 1h \n release h \n expire',
    'A 100',
  ],
  [
    'held money cannot be refunded',
    'A gets 100 as t \n A holds 60 \n refund 41 of t -> insufficient_funds \n refund 40 of t',
    'A 60 [60]',
  ],
  [
    'a hold in one currency leaves another free',
    'A gets 100 \n A gets 100 NGN \n A holds 100 NGN \n A spends 100',
    'A 100 NGN [100], merchant 100',
  ],
]

const givingBack: Rule[] = [
  ['a refund returns a purchase', 'A gets 100 \n A spends 60 as p \n refund all of p', 'A 100'],
  ['a refund may return a part of a purchase', 'A gets 100 \n A spends 60 as p \n refund 10 of p', 'A 50, merchant 50'],
  [
    'a purchase may be refunded several times, never beyond its amount',
    'A gets 100 \n A spends 60 as p \n refund 10 of p \n refund 20 of p \n refund 31 of p -> refund_exceeded \n refund 30 of p \n refund 1 of p -> refund_exceeded',
    'A 100',
  ],
  [
    'a refund of all returns all that earlier refunds have left',
    'A gets 100 \n A spends 60 as p \n refund 10 of p \n refund all of p \n refund all of p -> refund_exceeded',
    'A 100',
  ],
  [
    'other money of the merchant does not raise what is left to refund',
    'A gets 100 \n A spends 50 as p \n A spends 50 \n refund 51 of p -> refund_exceeded',
    'merchant 100',
  ],
  [
    'a reversal undoes what a refund has left',
    'A gets 100 \n A spends 60 as p \n refund 10 of p \n reverse p \n reverse p -> refund_exceeded',
    'A 100',
  ],
  [
    'nothing is refunded after a reversal',
    'A gets 100 \n A spends 60 as p \n reverse p \n refund 1 of p -> refund_exceeded',
    'A 100',
  ],
  [
    'a transfer is reversed, not refunded',
    'A gets 100 \n A sends B 60 as t \n refund 1 of t -> invalid_request \n reverse t',
    'A 100',
  ],
  [
    'a customer who has spent a transfer cannot give it back',
    'A gets 100 \n A sends B 60 as t \n B spends 1 \n reverse t -> insufficient_funds \n A sends B 1 \n reverse t',
    'A 99, merchant 1',
  ],
  [
    'a refused refund leaves all that was left to refund',
    'A gets 100 as t \n A spends 100 as p \n refund 1 of t -> insufficient_funds \n refund all of p \n refund all of t',
    '',
  ],
  ['a refunded pay-in goes back outside', 'A gets 100 as t \n refund 40 of t \n reverse t', ''],
  [
    'a capture is refunded like a purchase',
    'A gets 100 \n A holds 60 as h \n capture 40 of h as c \n refund 30 of c \n refund 11 of c -> refund_exceeded',
    'A 90 [20], merchant 10',
  ],
  [
    'a refund is not refunded',
    'A gets 100 \n A spends 60 as p \n refund 60 of p as r \n refund 1 of r -> invalid_request \n reverse r -> invalid_request',
    'A 100',
  ],
  [
    'a merchant who has given everything back can give back no more',
    'A gets 9 \n A spends 9 as p \n refund all of p \n A spends 5 as q \n refund 1 of p -> refund_exceeded',
    'A 4, merchant 5',
  ],
  ['a transaction that is not there is not given back', 'refund 1 of p -> transaction_not_found', ''],
]

const permissions: Rule[] = [
  ['a denied customer cannot spend', 'A gets 100 \n deny A \n A spends 1 -> customer_denied', 'A 100'],
  ['a denied customer cannot send', 'A gets 100 \n deny A \n A sends B 1 -> customer_denied', 'A 100'],
  ['a denied customer cannot be sent to', 'A gets 100 \n deny B \n A sends B 1 -> customer_denied', 'A 100'],
  ['a denied customer is credited with money from outside', 'deny A \n A gets 100', 'A 100'],
  ['a denied customer cannot have money held', 'A gets 100 \n deny A \n A holds 1 -> customer_denied', 'A 100'],
  [
    'a hold of a denied customer cannot be captured',
    'A gets 100 \n A holds 10 as h \n deny A \n capture all of h -> customer_denied',
    'A 100 [10]',
  ],
  [
    'a hold of a denied customer is released and expires',
    'A gets 100 \n A holds 10 as h \n A holds 5 for 1h \n deny A \n release h \n wait 1h \n expire',
    'A 100',
  ],
  [
    'money of a denied customer goes back the way it came',
    'A gets 100 as t \n A spends 40 as p \n deny A \n refund all of p \n refund all of t',
    '',
  ],
  [
    'a customer who is allowed again can spend as before',
    'A gets 100 \n deny A \n A spends 1 -> customer_denied \n allow A \n A spends 1',
    'A 99, merchant 1',
  ],
  ['an unknown customer cannot send', 'X sends A 1 -> customer_not_found', ''],
  ['an unknown customer cannot be sent to', 'A gets 1 \n A sends X 1 -> customer_not_found', 'A 1'],
  ['an unknown customer cannot be paid from outside', 'X gets 1 -> customer_not_found', ''],
  [
    'an unknown customer can neither spend nor hold',
    'X spends 1 -> customer_not_found \n X holds 1 -> customer_not_found',
    '',
  ],
]

const limits: Rule[] = [
  ['a balance may be 2^53 - 1', `A gets ${limit} \n A spends ${limit}`, `merchant ${limit}`],
  ['an amount may not be above 2^53 - 1', `A gets ${limit + 1n} -> invalid_request`, ''],
  [
    'a balance may not pass 2^53 - 1, in one step or many',
    `A gets ${limit - 1n} \n A gets 2 -> balance_limit \n A gets 1 \n A gets 1 -> balance_limit`,
    `A ${limit}`,
  ],
  ['a balance on the other side may not pass 2^53 - 1', `A gets ${limit} \n B gets 1 -> balance_limit`, `A ${limit}`],
  [
    'a hold may not pass a balance at its limit',
    `A gets ${limit} \n A holds ${limit} \n A holds 1 -> insufficient_funds`,
    `A ${limit} [${limit}]`,
  ],
]

/** What is taken back after it was spent is owed, and repaid by whatever makes money available. */
const debts: Rule[] = [
  ['a chargeback is borne by what is there', 'A gets 100 \n A loses 60', 'A 40'],
  ['a chargeback of all that is there leaves no debt', 'A gets 100 \n A loses 100', ''],
  ['a chargeback of one unit more than is there is owed by one unit', 'A gets 100 \n A loses 101', 'A 0 owes 1'],
  [
    'what a customer had spent is owed after a chargeback',
    'A gets 100 \n A spends 60 \n A loses 100',
    'A 0 owes 60, merchant 60',
  ],
  ['held money does not bear a chargeback', 'A gets 100 \n A holds 30 \n A loses 100', 'A 30 [30] owes 30'],
  ['debts add up', 'A loses 5 \n A loses 7 \n A is charged 1', 'A 0 owes 13'],
  ['a merchant can owe as well', 'M loses 5 \n M is charged 2', 'merchant 0 owes 7'],
  ['a fee is borne by what is there', 'A gets 10 \n A is charged 3', 'A 7'],
  ['a pay-in repays first', 'A loses 60 \n A gets 50', 'A 0 owes 10'],
  ['a pay-in of the debt repays it and leaves nothing', 'A loses 60 \n A gets 60', ''],
  ['a pay-in of more than the debt leaves the rest', 'A loses 60 \n A gets 61 \n A spends 1', 'merchant 1'],
  ['a transfer repays first', 'A loses 60 \n B gets 70 \n B sends A 70', 'A 10'],
  [
    'a refund repays first',
    'A gets 100 \n A spends 60 as p \n A loses 100 \n refund 20 of p',
    'A 0 owes 40, merchant 40',
  ],
  ['a dispute that is won repays', 'A gets 5 \n A loses 9 \n A regains 9', 'A 5'],
  ['an adjustment gives a debt up', 'A loses 60 \n A is given 60', ''],
  ['a released hold repays first', 'A gets 100 \n A holds 30 as h \n A loses 90 \n release h', 'A 10'],
  [
    'an expired hold repays first',
    'A gets 100 \n A holds 30 for 1h \n A loses 110 \n wait 1h \n expire',
    'A 0 owes 10',
  ],
  [
    'a capture repays with what it releases',
    'A gets 100 \n A holds 30 as h \n A loses 100 \n capture 10 of h, final',
    'A 0 owes 10, merchant 10',
  ],
  [
    'a capture that releases nothing repays nothing',
    'A gets 100 \n A holds 30 as h \n A loses 100 \n capture 10 of h',
    'A 20 [20] owes 30, merchant 10',
  ],
  ['a purchase repays the debt of the merchant', 'M loses 50 \n A gets 100 \n A spends 30', 'A 70, merchant 0 owes 20'],
  [
    'both sides of a capture may repay',
    'A gets 100 \n A holds 30 as h \n A loses 100 \n M loses 7 \n capture 10 of h, final',
    'A 0 owes 10, merchant 3',
  ],
  [
    'whoever owes can neither spend nor send nor hold',
    'A loses 5 \n A spends 1 -> insufficient_funds \n A sends B 1 -> insufficient_funds \n A holds 1 -> insufficient_funds',
    'A 0 owes 5',
  ],
  [
    'a merchant who owes gives nothing back',
    'A gets 9 \n A spends 9 as p \n M loses 20 \n refund 1 of p -> insufficient_funds',
    'merchant 0 owes 11',
  ],
  ['a debt in one currency is not repaid in another', 'A loses 5 NGN \n A gets 9', 'A 0 NGN owes 5, A 9'],
  [
    'a debt of one unit is repaid like any other, on either side of a movement',
    'A loses 1 \n A gets 5 \n B gets 5 \n B holds 5 as h \n B loses 1 \n capture 1 of h, final',
    'A 4, B 3, merchant 1',
  ],
  ['a debt of one is not repaid by another', 'A loses 5 \n B gets 9', 'A 0 owes 5, B 9'],
  [
    'what happened outside is booked for a denied customer',
    'A gets 9 \n deny A \n A loses 5 \n A receives 3 \n A is charged 1 \n A regains 2',
    'A 8',
  ],
  ['a debt of a denied customer is repaid', 'deny A \n A loses 5 \n A receives 7', 'A 2'],
  ['an adjustment of a denied customer is refused', 'deny A \n A is given 5 -> customer_denied', ''],
  [
    'an adjustment takes no more than is available',
    'A gets 9 \n A holds 4 \n A is taken 6 -> insufficient_funds \n A is taken 5',
    'A 4 [4]',
  ],
  [
    'an adjustment of the merchant',
    'M is given 9 \n M is taken 10 -> insufficient_funds \n M is taken 4',
    'merchant 5',
  ],
  [
    'nothing can be booked for an unknown customer',
    'X loses 5 -> customer_not_found \n X receives 5 -> customer_not_found',
    '',
  ],
  [
    'a fact may not pass the limit of a balance',
    `A gets ${limit} \n A receives 1 -> balance_limit \n M receives 1 -> balance_limit`,
    `A ${limit}`,
  ],
  [
    'a loan may not pass the limit of a balance, beside what is held',
    `A gets 10 \n A holds 10 \n A loses ${limit - 9n} -> balance_limit \n A loses ${limit - 10n}`,
    `A 10 [10] owes ${limit - 10n}`,
  ],
]

/** Who is asked first: is everybody there, may they, is the hold or original open, is there money, is there room. */
const precedence: Rule[] = [
  [
    'an unknown customer is reported before a denied customer',
    'A gets 5 \n deny A \n A sends X 1 -> customer_not_found',
    'A 5',
  ],
  ['a denied customer is reported before missing funds', 'deny A \n A spends 1 -> customer_denied', ''],
  [
    'a denied customer is reported before a closed hold',
    'A gets 5 \n A holds 5 as h \n release h \n deny A \n capture all of h -> customer_denied',
    'A 5',
  ],
  [
    'a closed hold is reported before an exceeded hold',
    'A gets 5 \n A holds 5 as h \n release h \n capture 9 of h -> hold_not_open',
    'A 5',
  ],
  [
    'an exceeded refund is reported before missing funds',
    'A gets 5 \n A spends 5 as p \n refund all of p \n A sends B 5 \n refund 9 of p -> refund_exceeded',
    'B 5',
  ],
  [
    'missing funds are reported before a full balance',
    `B gets ${limit} \n A sends B 1 -> insufficient_funds`,
    `B ${limit}`,
  ],
]

describe.each([
  ['a floor', floors],
  ['a hold', holds],
  ['giving back', givingBack],
  ['a permission', permissions],
  ['a limit', limits],
  ['a debt', debts],
  ['precedence', precedence],
])('%s', (_name, rules) => {
  test.each(rules)('%s', async (_title, story, ending) => {
    expect(await tellStory(service, story)).toBe(ending)
  })
})

/** What is stored of an account, oldest entry first. */
async function entriesOf(code: string) {
  return service.db.query<{ number: bigint; amount: bigint; balance_after: bigint; transaction_id: string }>(sql`
    select e.number, e.amount, e.balance_after, e.transaction_id
    from customers c
    join ledger_accounts a on a.merchant_id = c.merchant_id and a.customer_id = c.id and a.currency = 'ZAR'
    join entries e on e.merchant_id = a.merchant_id and e.account_id = a.id
    where c.merchant_id = ${tenant.merchant.id} and c.code = ${code}
    order by e.number
  `)
}

const wallets = (count: number) => createWallets(service, tenant, count) as Promise<[string, string, string, string]>
const codeOf = (outcome: Receipt | ServiceError) => (outcome instanceof ServiceError ? outcome.code : 'done')

/** What a call that must be refused was refused with. */
const refusalOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.fail('it should have been refused'),
    (error: unknown) => error as ServiceError,
  )

describe('the record of a command', () => {
  test('entries are numbered from 1 without gaps and carry the balance after them', async () => {
    const [a, b] = await wallets(2)
    await ledger(tenant, make.payIn(a, 100n))
    await refusalOf(ledger(tenant, make.purchase(a, 101n)))
    await Promise.all([ledger(tenant, make.purchase(a, 10n)), ledger(tenant, make.transfer(a, b, 20n))])
    await ledger(tenant, make.place(a, 5n))
    await ledger(tenant, make.transfer(b, a, 3n))
    const stored = await entriesOf(a)
    expect(stored.map(({ number, amount, balance_after }) => [number, amount, balance_after])).toEqual([
      [1n, 100n, 100n],
      [2n, -10n, 90n],
      [3n, -20n, 70n],
      [4n, 3n, 73n],
    ])
  })

  test('the receipt says what is stored: both balances, the id and the time', async () => {
    const [a, b] = await wallets(2)
    await ledger(tenant, make.payIn(a, 100n))
    const command = make.transfer(a, b, 30n)
    const receipt = await ledger(tenant, command)
    expect(receipt).toEqual({
      id: command.id,
      amount: 30n,
      fromBalance: 70n,
      toBalance: 30n,
      createdAt: service.clock.now(),
      replayed: false,
    })
    expect(await entriesOf(b)).toEqual([{ number: 1n, amount: 30n, balance_after: 30n, transaction_id: command.id }])
    // What is held is still posted.
    expect(await ledger(tenant, make.place(a, 20n))).toMatchObject({ amount: 20n, fromBalance: 70n, toBalance: null })
  })

  test('an account is dated in the order of its entries, even where a server’s clock is behind', async () => {
    const [a] = await wallets(1)
    const first = await ledger(tenant, make.payIn(a, 1n))
    const behind = { ...service, clock: { now: () => new Date(service.clock.now().getTime() - 60_000) } }
    const second = await createLedger(behind)(tenant, make.payIn(a, 1n))
    expect(second.createdAt).toEqual(first.createdAt)
    // On either side of a movement.
    const [b] = await wallets(1)
    const third = await createLedger(behind)(tenant, make.transfer(a, b, 1n))
    await createLedger(behind)(tenant, make.payIn(b, 1n))
    const [c] = await wallets(1)
    service.clock.advance(1000)
    const ahead = await ledger(tenant, make.payIn(c, 1n))
    const fourth = await createLedger(behind)(tenant, make.transfer(b, c, 1n))
    expect([third.createdAt, fourth.createdAt]).toEqual([first.createdAt, ahead.createdAt])
    // And within a batch.
    const [d, e] = await wallets(2)
    await ledger(tenant, make.payIn(c, 1n))
    const passedOn = await doTogether(behind, tenant, [make.transfer(c, d, 1n), make.transfer(d, e, 1n)])
    expect(passedOn).toMatchObject([{ createdAt: ahead.createdAt }, { createdAt: ahead.createdAt }])
    // The merchant's own as well: the outside has paid since.
    const [unused] = await wallets(1)
    expect(await createLedger(behind)(tenant, make.payIn(unused, 1n))).toMatchObject({ createdAt: ahead.createdAt })
  })

  test('a fee is what the merchant takes of a customer’s cash', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 10n))
    const fee: LedgerCommand = { ...make.purchase(a, 3n), kind: 'fee', to: { kind: 'fees' } }
    expect(await ledger(tenant, fee)).toMatchObject({ amount: 3n, fromBalance: 7n })
    expect((await entriesOf(a)).at(-1)).toMatchObject({ amount: -3n, balance_after: 7n })
    const back = make.giveBack(fee.id, cash(a), { kind: 'fees' }, null)
    expect(await ledger(tenant, { ...back, kind: 'reversal' })).toMatchObject({ amount: 3n, toBalance: 10n })
  })

  test('a hold that would be over at this very moment is not placed', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 10n))
    const [now, later] = [0, 1].map((ms) => new Date(service.clock.now().getTime() + ms)) as [Date, Date]
    expect(await refusalOf(ledger(tenant, make.place(a, 1n, { expiresAt: now })))).toMatchObject({ field: 'expiresAt' })
    expect(await ledger(tenant, make.place(a, 1n, { expiresAt: later }))).toMatchObject({ amount: 1n })
  })

  test('a hold says what became of it', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 100n))
    const expiresAt = new Date(service.clock.now().getTime() + 1000)
    const holds = [1, 2, 3, 4].map(() => make.place(a, 10n))
    const expiring = make.place(a, 10n, { expiresAt })
    await doTogether(service, tenant, [...holds, expiring])
    const [whole, final, released, part] = holds.map(({ id }) => id) as [string, string, string, string]
    const expire: LedgerCommand = { ...make.release(expiring.id, a), action: 'expire' }
    const outcomes = await doTogether(service, tenant, [
      make.capture(whole, a, null),
      make.capture(final, a, 4n, { isFinal: true }),
      make.capture(released, a, 4n),
      make.release(released, a),
      make.capture(part, a, 4n),
      make.capture(expiring.id, a, 4n),
      expire,
    ])
    expect(codeOf(outcomes.at(-1) as Receipt)).toBe('hold_not_open')
    const before = await getHold(service, tenant, expiring.id)
    expect(before).toMatchObject({ status: 'placed', captured: 4n, remaining: 6n })
    service.clock.advance(1000)
    expect((await doTogether(service, tenant, [expire])).map(codeOf)).toEqual(['done'])
    const stored = await Promise.all([...holds, expiring].map(({ id }) => getHold(service, tenant, id)))
    expect(stored.map(({ status, captured, remaining }) => [status, captured, remaining])).toEqual([
      ['captured', 10n, 0n],
      ['captured', 4n, 0n],
      ['released', 4n, 0n],
      ['placed', 4n, 6n],
      ['expired', 4n, 0n],
    ])
  })

  test('an event is there when its command is, and not when the command was refused', async () => {
    const [a] = await wallets(1)
    const event = { type: 'pay_in.succeeded' as const, data: { customer: { code: a }, details: { n: 1 } } }
    await ledger(tenant, make.payIn(a, 5n, { event, request: requestOf(`event-${a}`) }))
    await ledger(tenant, make.payIn(a, 5n, { event, request: requestOf(`event-${a}`) }))
    await refusalOf(ledger(tenant, make.purchase(a, 6n, { event: { ...event, type: 'purchase.succeeded' } })))
    const events = await service.db.query<{ type: string; data: unknown }>(sql`
      select e.type, e.data from events e
      join customers c on c.merchant_id = e.merchant_id and c.id = e.customer_id
      where c.merchant_id = ${tenant.merchant.id} and c.code = ${a} and e.type <> 'customer.created'
    `)
    expect(events).toEqual([{ type: 'pay_in.succeeded', data: event.data }])
  })

  test('a refusal for missing funds names the customer, or the merchant, who cannot pay', async () => {
    const own = await createTestTenant(service)
    const [a = ''] = await createWallets(service, own, 1)
    const cash = { kind: 'customer_cash', customer: a } as const
    const purchase = make.purchase(a, 5n)
    await doTogether(service, own, [make.payIn(a, 5n), purchase])
    expect((await refusalOf(ledger(own, make.purchase(a, 1n)))).message).toContain(`of customer ${a} does not cover`)
    await ledger(own, {
      ...make.purchase(a, 5n),
      kind: 'fee',
      from: { kind: 'merchant_balance' },
      to: { kind: 'fees' },
    })
    const refund = ledger(own, make.giveBack(purchase.id, cash, { kind: 'merchant_balance' }, null))
    expect((await refusalOf(refund)).message).toContain('of the merchant does not cover')
  })

  test('a refused command leaves every account as it was', async () => {
    const [a, b] = await wallets(2)
    await doTogether(service, tenant, [make.payIn(a, 5n), make.payIn(b, 5n)])
    const accounts = () =>
      service.db.query(sql`
        select l.* from ledger_accounts l
        join customers c on c.merchant_id = l.merchant_id and c.id = l.customer_id
        where c.merchant_id = ${tenant.merchant.id} and c.code in (${a}, ${b})
        order by l.id
      `)
    const before = await accounts()
    service.clock.advance(1000)
    await refusalOf(ledger(tenant, make.transfer(a, b, 6n)))
    await refusalOf(ledger(tenant, make.place(a, 6n)))
    expect(await accounts()).toEqual(before)
  })

  test('a customer of the other mode is refused, and no account is opened for them', async () => {
    const own = await createTestTenant(service)
    const live = await addTestKey(service, own.merchant, 'live')
    const [code = ''] = await createWallets(service, live, 1)
    const refused = await refusalOf(ledger(own, make.payIn(code, 5n, { currency: 'NGN' })))
    expect(refused.code).toBe('customer_not_found')
    const accounts = await service.db.query(sql`
      select a.mode, a.currency from ledger_accounts a
      join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
      where c.merchant_id = ${own.merchant.id} and c.code = ${code}
    `)
    expect(accounts).toEqual([{ mode: 'live', currency: 'ZAR' }])
    await ledger(live, make.payIn(code, 5n, { currency: 'NGN' }))
  })

  test('transfers are numbered within their tenant, also where some of a batch are refused', async () => {
    const own = await createTestTenant(service)
    const live = await addTestKey(service, own.merchant, 'live')
    const [a = '', b = ''] = await createWallets(service, own, 2)
    const [c = '', d = ''] = await createWallets(service, live, 2)
    await ledger(own, make.payIn(a, 10n))
    await doTogether(service, live, [make.payIn(c, 10n), make.transfer(c, d, 1n)])
    const inputs = [4, 100, 3, 100, 2].map((amount) => ({ fromCustomer: a, toCustomer: b, amount }))
    const { outcomes } = await makeTransfers(service, own, inputs, null)
    expect(outcomes.map((each) => (each instanceof ServiceError ? each.code : each.amount))).toEqual([
      4n,
      'insufficient_funds',
      3n,
      'insufficient_funds',
      2n,
    ])
    const page = await listTransfers(service, own, {}, { limit: 2, offset: 1 })
    expect(page).toMatchObject({ total: 3, items: [{ amount: 3n }, { amount: 4n }] })
    expect((await listTransfers(service, live, {}, { limit: 5, offset: 0 })).total).toBe(1)
  })
})

describe('a loan and its repayment', () => {
  const outside: AccountName = { kind: 'outside' }

  /** Every movement of the customer's cash and of their receivable, in the order of the cash's entries. */
  async function movementsOf(code: string, owner = tenant) {
    const rows = await service.db.query<{ id: string; line: string; details: unknown; actor_id: number | null }>(sql`
      select t.id, t.details, t.actor_id,
        format('%s %s: cash %s, receivable %s', t.kind, t.amount, e.balance_after, coalesce(f.balance_after::text, '-')) as line
      from customers c
      join ledger_accounts a on a.merchant_id = c.merchant_id and a.customer_id = c.id and a.currency = 'ZAR'
      join entries e on e.merchant_id = a.merchant_id and e.account_id = a.id
      join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
      left join ledger_accounts r
        on r.merchant_id = a.merchant_id and r.kind = 'customer_receivable' and r.party_id = c.id
        and r.id in (t.from_account_id, t.to_account_id)
      left join entries f on f.merchant_id = r.merchant_id and f.account_id = r.id and f.transaction_id = t.id
      where c.merchant_id = ${owner.merchant.id} and c.code = ${code}
      order by e.number
    `)
    return rows
  }
  const linesOf = async (code: string, owner = tenant) => (await movementsOf(code, owner)).map(({ line }) => line)

  test('a loan comes just before the fact, a repayment just after what makes it possible', async () => {
    const [a] = await wallets(1)
    const [payIn, loss, second] = [make.payIn(a, 10n), make.chargeBack(a, 70n), make.payIn(a, 100n)]
    await ledger(tenant, payIn)
    expect(await ledger(tenant, loss)).toMatchObject({ amount: 70n, fromBalance: 0n })
    expect(await ledger(tenant, second)).toMatchObject({ amount: 100n, toBalance: 100n })
    const movements = await movementsOf(a)
    expect(movements.map(({ line }) => line)).toEqual([
      'pay_in 10: cash 10, receivable -',
      'receivable 60: cash 70, receivable -60',
      'chargeback 70: cash 0, receivable -',
      'pay_in 100: cash 100, receivable -',
      'repayment 60: cash 40, receivable 0',
    ])
    expect(movements.map(({ details }) => details)).toEqual([
      null,
      { causeId: loss.id },
      null,
      null,
      { causeId: second.id },
    ])
    const [, loan, , , repayment] = movements.map(({ id }) => id)
    const now = service.clock.now().getTime().toString(16).padStart(12, '0')
    for (const id of [loan, repayment]) expect(id?.replaceAll('-', '')).toMatch(new RegExp(`^${now}7`))
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 40n, owed: 0n })
  })

  test('one batch lends, repays and lends again, to customers and the merchant', async () => {
    const own = await createTestTenant(service)
    const [a = '', b = ''] = await createWallets(service, own, 2)
    const hold = make.place(a, 5n)
    await doTogether(service, own, [make.payIn(a, 5n), hold])
    const outcomes = await doTogether(service, own, [
      make.chargeBack(a, 8n),
      make.chargeBack(b, 3n),
      make.payIn(a, 6n),
      make.book('chargeback', merchantBalance, outside, 4n),
      make.chargeBack(a, 2n),
      make.purchase(a, 1n),
      make.payIn(b, 9n),
      make.transfer(b, a, 6n),
      make.capture(hold.id, a, 5n),
    ])
    expect(outcomes.map(codeOf)).toEqual([
      ...['done', 'done', 'done', 'done', 'done'],
      'insufficient_funds',
      ...['done', 'done', 'done'],
    ])
    expect(outcomes[2]).toMatchObject({ amount: 6n, toBalance: 11n })
    expect(await linesOf(a, own)).toEqual([
      'pay_in 5: cash 5, receivable -',
      'receivable 8: cash 13, receivable -8',
      'chargeback 8: cash 5, receivable -',
      'pay_in 6: cash 11, receivable -',
      'repayment 6: cash 5, receivable -2',
      'receivable 2: cash 7, receivable -4',
      'chargeback 2: cash 5, receivable -',
      'transfer 6: cash 11, receivable -',
      'repayment 4: cash 7, receivable 0',
      'hold_capture 5: cash 2, receivable -',
    ])
    expect(await linesOf(b, own)).toEqual([
      'receivable 3: cash 3, receivable -3',
      'chargeback 3: cash 0, receivable -',
      'pay_in 9: cash 9, receivable -',
      'repayment 3: cash 6, receivable 0',
      'transfer 6: cash 0, receivable -',
    ])
    const [merchant] = await service.db.query(sql`
      select posted, owed from ledger_accounts
      where merchant_id = ${own.merchant.id} and kind = 'merchant_balance'
    `)
    expect(merchant).toEqual({ posted: 1n, owed: 0n })
    expect((await listTransfers(service, own, {}, { limit: 5, offset: 0 })).total).toBe(1)
  })

  test('a loan and a repayment have the actor and the request of their command, and no key', async () => {
    const [a] = await wallets(1)
    const requestId = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'
    const name = { kind: 'token', apiKeyId: null, surface: 'test' } as const
    const actor = { id: await actorIdOf(service, { merchantId: tenant.merchant.id, ...name }), requestId, ...name }
    const by = { ...tenant, actor }
    const request = requestOf(`loan-${a}`)
    const first = await ledger(by, make.chargeBack(a, 5n, { request }))
    await ledger(by, make.payIn(a, 5n))
    expect(await ledger(by, make.chargeBack(a, 5n, { request }))).toEqual({ ...first, replayed: true })
    const rows = await service.db.query<{ kind: string; actor_id: number; request_id: Buffer }>(sql`
      select t.kind, t.actor_id, t.request_id from ledger_transactions t
      join entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
      join ledger_accounts l on l.merchant_id = e.merchant_id and l.id = e.account_id
      join customers c on c.merchant_id = l.merchant_id and c.id = l.customer_id
      where t.merchant_id = ${tenant.merchant.id} and c.code = ${a}
      order by e.number
    `)
    expect(rows.map(({ kind, actor_id, request_id }) => [kind, actor_id, request_id.toString('hex')])).toEqual(
      ['receivable', 'chargeback', 'pay_in', 'repayment'].map((kind) => [
        kind,
        actor.id,
        requestId.replaceAll('-', ''),
      ]),
    )
  })

  test('a receivable is dated in the order of its entries, even where a server’s clock is behind', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.chargeBack(a, 5n))
    service.clock.advance(1000)
    const [b] = await wallets(1)
    await ledger(tenant, make.payIn(b, 9n))
    await ledger(tenant, make.transfer(b, a, 1n))
    const behind = { ...service, clock: { now: () => new Date(service.clock.now().getTime() - 60_000) } }
    await createLedger(behind)(tenant, make.transfer(b, a, 1n))
    await createLedger(behind)(tenant, make.chargeBack(a, 1n))
    expect(await unsoundBooks(service.db)).toEqual([])
  })

  test('debts of two tenants, two modes and two currencies are apart', async () => {
    const own = await createTestTenant(service)
    const live = await addTestKey(service, own.merchant, 'live')
    const [a = ''] = await createWallets(service, own, 1)
    const [b = ''] = await createWallets(service, live, 1)
    await doTogether(service, own, [
      make.chargeBack(a, 5n),
      make.chargeBack(a, 7n, { currency: 'NGN' }),
      make.book('chargeback', merchantBalance, outside, 3n),
    ])
    await doTogether(service, live, [make.chargeBack(b, 11n), make.book('chargeback', merchantBalance, outside, 13n)])
    await ledger(own, make.payIn(a, 1n))
    await ledger(live, make.payIn(b, 1n))
    const rows = await service.db.query<{ row: string }>(sql`
      select format('%s %s %s posted %s owed %s', mode, kind, currency, posted, owed) as row from ledger_accounts
      where merchant_id = ${own.merchant.id} and kind <> 'outside' and (posted <> 0 or owed <> 0)
      order by 1
    `)
    expect(rows.map(({ row }) => row)).toEqual([
      'live customer_cash ZAR posted 0 owed 10',
      'live customer_receivable ZAR posted -10 owed 0',
      'live merchant_balance ZAR posted 0 owed 13',
      'live merchant_receivable ZAR posted -13 owed 0',
      'test customer_cash NGN posted 0 owed 7',
      'test customer_cash ZAR posted 0 owed 4',
      'test customer_receivable NGN posted -7 owed 0',
      'test customer_receivable ZAR posted -4 owed 0',
      'test merchant_balance ZAR posted 0 owed 3',
      'test merchant_receivable ZAR posted -3 owed 0',
    ])
  })

  test('what is owed may not pass 2^53 - 1, from however many accounts it was taken', async () => {
    const [a] = await wallets(1)
    const elsewhere: AccountName = { kind: 'outside', at: 9n }
    const own = await createTestTenant(service)
    const [b = ''] = await createWallets(service, own, 1)
    await ledger(own, make.chargeBack(b, 5n))
    const tooMuch = ledger(own, make.book('chargeback', cash(b), elsewhere, limit - 4n))
    expect(await refusalOf(tooMuch)).toMatchObject({ code: 'balance_limit' })
    await ledger(own, make.book('chargeback', cash(b), elsewhere, limit - 5n))
    expect(await getBalance(service, own, b)).toMatchObject({ posted: 0n, owed: limit })
    expect((await getBalance(service, tenant, a)).owed).toBe(0n)
  })

  test('many who take from and pay to one customer on several servers leave exactly what is owed', async () => {
    const [a, b] = await wallets(2)
    await ledger(tenant, make.payIn(b, 1000n))
    const servers = Array.from({ length: 4 }, () => createLedger(service))
    const calls = Array.from({ length: 120 }, (_, i) => {
      const command = [make.chargeBack(a, 7n), make.payIn(a, 3n), make.transfer(b, a, 2n)][i % 3] as LedgerCommand
      return (servers[i % 4] as Ledger)(tenant, command)
    })
    await Promise.all(calls)
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 0n, owed: 40n * (7n - 3n - 2n) })
    await ledger(tenant, make.payIn(a, 81n))
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 1n, owed: 0n })
    expect(await unsoundBooks(service.db)).toEqual([])
  })
})

describe('accounts without a floor', () => {
  const bank: AccountName = { kind: 'outside' }
  const processor: AccountName = { kind: 'outside', at: 7n }
  const processorFees: AccountName = { kind: 'processor_fees' }
  const suspense: AccountName = { kind: 'suspense' }
  const posted = async (owner: TestTenant) => {
    const rows = await service.db.query<{ name: string; posted: bigint }>(sql`
      select format('%s %s %s', kind, party_id, currency) as name, posted from ledger_accounts
      where merchant_id = ${owner.merchant.id} and kind <> 'customer_cash'
    `)
    return Object.fromEntries(rows.map((row) => [row.name, row.posted]))
  }

  test('each account at a processor has its own outside, and a settlement moves money from one to another', async () => {
    const own = await createTestTenant(service)
    const [a = ''] = await createWallets(service, own, 1)
    await doTogether(service, own, [
      make.book('pay_in', processor, cash(a), 100n),
      make.book('processor_fee', processorFees, processor, 3n),
      // Seen from the wallets: the bank has more, so the outside there has less.
      make.book('settlement', bank, processor, 97n),
      make.book('pay_in', bank, merchantBalance, 1n),
      make.book('processor_fee_returned', processor, processorFees, 2n),
    ])
    expect(await posted(own)).toEqual({
      'outside 7 ZAR': -2n,
      'outside 0 ZAR': -98n,
      'processor_fees 0 ZAR': -1n,
      'merchant_balance 0 ZAR': 1n,
    })
  })

  test('no balance passes 2^53 - 1, from however many accounts at processors it came', async () => {
    const own = await createTestTenant(service)
    const [a = '', b = '', c = ''] = await createWallets(service, own, 3)
    const hold = make.place(a, 10n)
    const purchase = make.purchase(b, 10n)
    await doTogether(service, own, [make.payIn(a, 10n), hold, make.payIn(b, 10n), purchase])
    const outcomes = await doTogether(service, own, [
      make.book('pay_in', processor, merchantBalance, limit - 10n),
      make.capture(hold.id, a, 1n),
      make.payIn(c, 1n),
      make.purchase(c, 1n),
      make.giveBack(purchase.id, cash(b), merchantBalance, 1n),
      make.capture(hold.id, a, 1n),
      make.book('pay_in', { kind: 'outside', at: 8n }, cash(b), limit - 1n),
      make.giveBack(purchase.id, cash(b), merchantBalance, 1n),
      make.payIn(b, 1n),
    ])
    expect(outcomes.map(codeOf)).toEqual([
      'done',
      'balance_limit',
      'done',
      'balance_limit',
      'done',
      'done',
      'done',
      'balance_limit',
      'balance_limit',
    ])
  })

  test('money in suspense is assigned or given back, also in a currency that the merchant does not hold', async () => {
    const own = await createTestTenant(service)
    const [a = ''] = await createWallets(service, own, 1)
    const usd = { currency: 'USD' as 'ZAR' }
    await setRiskAction(service, own, { code: a }, { riskAction: 'deny' })
    const outcomes = await doTogether(service, own, [
      make.book('suspended', processor, suspense, 100n),
      make.book('assigned', suspense, cash(a), 60n),
      make.book('assigned', suspense, merchantBalance, 30n),
      make.book('given_back', suspense, processor, 10n),
      make.book('suspended', processor, suspense, 5n, usd),
    ])
    expect(outcomes.map(codeOf)).toEqual(['done', 'done', 'done', 'done', 'done'])
    await doTogether(service, own, [
      make.book('given_back', suspense, processor, 2n, usd),
      make.book('processor_fee', processorFees, processor, 1n, usd),
    ])
    expect(await posted(own)).toEqual({
      'outside 7 ZAR': -90n,
      'suspense 0 ZAR': 0n,
      'merchant_balance 0 ZAR': 30n,
      'outside 7 USD': -2n,
      'processor_fees 0 USD': -1n,
      'suspense 0 USD': 3n,
    })
    expect((await getBalance(service, own, a)).posted).toBe(60n)
    await expect(ledger(own, make.book('assigned', suspense, merchantBalance, 1n, usd))).rejects.toThrow('hold USD')
  })
})

describe('a batch', () => {
  test('a batch judges each command by what the commands before it left', async () => {
    const [a, b, c] = await wallets(3)
    const outcomes = await doTogether(service, tenant, [
      make.transfer(a, b, 10n),
      make.payIn(a, 10n),
      make.transfer(a, b, 10n),
      make.transfer(a, b, 1n),
      make.transfer(b, c, 10n),
      make.purchase(c, 10n),
    ])
    expect(outcomes.map(codeOf)).toEqual(['insufficient_funds', 'done', 'done', 'insufficient_funds', 'done', 'done'])
  })

  test('a batch may place, capture and release one hold, and give one purchase back in parts', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 100n))
    const hold = make.place(a, 60n)
    const purchase = make.purchase(a, 30n)
    await doTogether(service, tenant, [hold, purchase])
    const merchant = { kind: 'merchant_balance' } as const
    const cash = { kind: 'customer_cash', customer: a } as const
    const outcomes = await doTogether(service, tenant, [
      make.capture(hold.id, a, 20n),
      make.capture(hold.id, a, 41n),
      make.capture(hold.id, a, 10n),
      make.release(hold.id, a),
      make.capture(hold.id, a, 1n),
      make.giveBack(purchase.id, cash, merchant, 20n),
      make.giveBack(purchase.id, cash, merchant, 11n),
      make.giveBack(purchase.id, cash, merchant, null),
      make.giveBack(purchase.id, cash, merchant, null),
    ])
    expect(outcomes.map(codeOf)).toEqual([
      'done',
      'hold_exceeded',
      'done',
      'done',
      'hold_not_open',
      'done',
      'refund_exceeded',
      'done',
      'refund_exceeded',
    ])
  })

  test('a batch with customers who do not exist, first or last, moves the other customers’ money only', async () => {
    const [a, b, c, d] = await wallets(4)
    const nobody = 'CUS_000000000000000'
    await doTogether(service, tenant, [
      make.payIn(a, 100n),
      make.payIn(b, 200n),
      make.payIn(c, 300n),
      make.payIn(d, 400n),
    ])
    // Once a refused account at the first place shifted everybody's new balance by one.
    const outcomes = await doTogether(service, tenant, [
      make.transfer(nobody, d, 1n),
      make.transfer(a, b, 10n),
      make.transfer(c, nobody, 1n),
      make.place(nobody, 1n),
    ])
    expect(outcomes.map(codeOf)).toEqual(['customer_not_found', 'done', 'customer_not_found', 'customer_not_found'])
    expect(await unsoundBooks(service.db)).toEqual([])
    expect((await entriesOf(a)).at(-1)?.balance_after).toBe(90n)
  })

  test('a batch with a command that SQL cannot even read fails that command only', async () => {
    const [a, b] = await wallets(2)
    await ledger(tenant, make.payIn(a, 100n))
    const broken: LedgerCommand[] = [
      { ...make.transfer(a, b, 1n), description: 'a NUL \0 cannot be stored' },
      { ...make.transfer(a, b, 1n), id: 'no uuid' },
      { ...make.transfer(a, b, 1n), amount: -5n },
      { ...make.transfer(a, b, 1n), amount: 0n },
      { ...make.transfer(a, b, 1n), amount: 2n ** 63n },
      make.transfer(a, a, 1n),
    ]
    const commands = [make.transfer(a, b, 10n), ...broken, make.transfer(a, b, 1000n), make.transfer(a, b, 20n)]
    const settled = await Promise.allSettled(commands.map((each) => ledger(tenant, each)))
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      ...broken.map(() => 'rejected'),
      'rejected',
      'fulfilled',
    ])
    expect((await entriesOf(b)).map(({ amount }) => amount)).toEqual([10n, 20n])
  })

  test('a batch that names accounts in the opposite order of another waits for it, and neither is refused', async () => {
    const [a, b, c, d] = await wallets(4)
    await doTogether(
      service,
      tenant,
      [a, b, c, d].map((each) => make.payIn(each, 1_000n)),
    )
    const circle = [a, b, c, d]
    const forwards = () => circle.map((each, i) => make.transfer(each, circle[(i + 1) % 4] ?? '', 1n))
    const backwards = () =>
      circle.toReversed().map((each, i) => make.transfer(each, circle.toReversed()[(i + 1) % 4] ?? '', 1n))
    const rounds = Array.from({ length: 40 }, (_, i) => doTogether(service, tenant, i % 2 ? forwards() : backwards()))
    expect(new Set((await Promise.all(rounds)).flat().map(codeOf))).toEqual(new Set(['done']))
  })

  test('a batch that opens the same new accounts in another order than another waits for it', async () => {
    const customers = await createWallets(service, tenant, 30)
    const inDollars = customers.map((each) => make.payIn(each, 1n, { currency: 'NGN' }))
    const again = customers.toReversed().map((each) => make.payIn(each, 1n, { currency: 'NGN' }))
    const outcomes = await Promise.all([inDollars, again].map((commands) => doTogether(service, tenant, commands)))
    expect(new Set(outcomes.flat().map(codeOf))).toEqual(new Set(['done']))
  })
})

test('two merchants whose objects have the same numbers have nothing to do with each other', async () => {
  const [one, other] = [await createTestTenant(service), await createTestTenant(service)]
  const merchants = [one.merchant.id, other.merchant.id]
  await (service.db as OwnedDb).asOwner((session) =>
    session.execute(`update merchant_ids set last_id = 1000000 where merchant_id in (${merchants.join()})`),
  )
  const [a = '', b = ''] = await createWallets(service, one, 2)
  const [c = '', d = ''] = await createWallets(service, other, 2)
  const accounts = () =>
    service.db.query(sql`select * from ledger_accounts where merchant_id = ${one.merchant.id} order by id`)
  await setRiskAction(service, one, { code: b }, { riskAction: 'deny' })
  await ledger(one, make.payIn(a, 1000n))
  const before = await accounts()
  await ledger(other, make.payIn(d, 1n))
  await ledger(other, make.payIn(c, 7n))
  expect(await ledger(other, make.transfer(c, d, 5n))).toMatchObject({ fromBalance: 2n, toBalance: 6n })
  expect(await refusalOf(ledger(other, make.purchase(c, 3n)))).toMatchObject({ code: 'insufficient_funds' })
  expect(await accounts()).toEqual(before)
  expect(await refusalOf(ledger(one, make.purchase(c, 1n)))).toMatchObject({ code: 'customer_not_found' })
  expect(await refusalOf(ledger(one, make.transfer(a, b, 1n)))).toMatchObject({ code: 'customer_denied' })
  expect(await ledger(one, make.purchase(a, 1n))).toMatchObject({ fromBalance: 999n, toBalance: 1n })
  expect(await ledger(other, make.purchase(d, 5n))).toMatchObject({ fromBalance: 1n, toBalance: 5n })
})

test('an account is found by its merchant’s customer, also where another’s customer has the same number', async () => {
  const [one, other] = [await createTestTenant(service), await createTestTenant(service)]
  const asOwner = <T>(work: (session: OwnerSession) => Promise<T>) => (service.db as OwnedDb).asOwner(work)
  const setNumber = (tenant: TestTenant, last: number) =>
    asOwner((session) =>
      session.execute(`update merchant_ids set last_id = ${last} where merchant_id = ${tenant.merchant.id}`),
    )
  const payIns: (() => Promise<Receipt>)[] = []
  // The customers have the same numbers, their accounts in a second currency have not.
  for (const [tenant, last] of [
    [one, 2_001_000],
    [other, 2_002_000],
  ] as const) {
    await setNumber(tenant, 2_000_000)
    const [code = ''] = await createWallets(service, tenant, 1)
    await setNumber(tenant, last)
    const payIn = () => ledger(tenant, make.payIn(code, 1n, { currency: 'NGN' }))
    await payIn()
    payIns.push(payIn)
  }
  // Whoever forgets the merchant finds one of them for both.
  for (const payIn of payIns) expect(await payIn()).toMatchObject({ toBalance: 2n })
})

test('many racers for one balance spend it exactly, whatever server they come by', async () => {
  const [a] = await wallets(1)
  await ledger(tenant, make.payIn(a, 100n))
  const servers = Array.from({ length: 4 }, () => createLedger(service))
  const racers = Array.from({ length: 200 }, (_, i) => {
    const server = servers[i % servers.length] as Ledger
    return server(tenant, make.purchase(a, 3n)).then(
      (receipt) => receipt.fromBalance,
      (error: ServiceError) => error.code,
    )
  })
  const outcomes = await Promise.all(racers)
  const spent = outcomes.filter((each) => typeof each === 'bigint')
  expect(spent.sort((x, y) => Number(y - x))).toEqual(Array.from({ length: 33 }, (_, i) => 97n - 3n * BigInt(i)))
  expect(new Set(outcomes.filter((each) => typeof each === 'string'))).toEqual(new Set(['insufficient_funds']))
})

describe('a request that comes again with its key', () => {
  let keys = 0
  const freshRequest = (body: Record<string, unknown> = {}) => requestOf(`again-${keys++}`, body)

  test('a request that comes again with its key is done once, and brings the first receipt', async () => {
    const [a] = await wallets(1)
    const request = freshRequest()
    const first = await ledger(tenant, make.payIn(a, 10n, { request }))
    service.clock.advance(1000)
    await ledger(tenant, make.payIn(a, 5n))
    const again = await ledger(tenant, make.payIn(a, 10n, { request }))
    expect(again).toEqual({ ...first, replayed: true })
    expect(await entriesOf(a)).toHaveLength(2)
  })

  test('a refused request that comes again stays refused when there is money by then, in the same words', async () => {
    const [a] = await wallets(1)
    const request = freshRequest()
    const first = await refusalOf(ledger(tenant, make.purchase(a, 10n, { request })))
    await ledger(tenant, make.payIn(a, 100n))
    const again = await refusalOf(ledger(tenant, make.purchase(a, 10n, { request })))
    expect(again).toMatchObject({ code: first.code, message: first.message, replayed: true })
    expect(first).toMatchObject({ code: 'insufficient_funds', replayed: false })
    await ledger(tenant, make.purchase(a, 10n, { request: freshRequest() }))
  })

  type Change = (customer: string) => Promise<unknown>
  const nothing: Change = async () => undefined
  const deny: Change = (code) => setRiskAction(service, tenant, { code }, { riskAction: 'deny' })
  const allow: Change = (code) => setRiskAction(service, tenant, { code }, { riskAction: 'allow' })
  const anything = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'

  test.each<[string, Change, (customer: string) => LedgerCommand, Change]>([
    ['denied', deny, (a) => make.purchase(a, 1n), allow],
    ['not found', nothing, () => make.purchase('CUS_000000000000000', 1n), nothing],
    ['over the limit', nothing, (a) => make.payIn(a, limit), (a) => ledger(tenant, make.purchase(a, 10n))],
    ['for a hold that is not there', nothing, (a) => make.capture(anything, a, 1n), nothing],
  ])('a refused request that comes again stays refused where it was %s', async (_title, before, command, after) => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 10n))
    await before(a)
    const request = freshRequest()
    const first = await refusalOf(ledger(tenant, { ...command(a), request }))
    await after(a)
    const again = await refusalOf(ledger(tenant, { ...command(a), request }))
    expect([again.code, again.message, again.replayed]).toEqual([first.code, first.message, true])
  })

  test('a key that comes again with another request is refused, naming what differs', async () => {
    const [a] = await wallets(1)
    const { key } = freshRequest()
    await ledger(tenant, make.payIn(a, 10n, { request: requestOf(key, { amount: 10, note: 'x' }) }))
    const other = ledger(tenant, make.payIn(a, 11n, { request: requestOf(key, { amount: 11, note: 'x' }) }))
    const refusal = await refusalOf(other)
    expect(refusal).toMatchObject({ code: 'idempotency_key_reused', field: 'amount' })
    expect(refusal.message).toContain('another amount')
    const elsewhere = requestOf(key, { amount: 10, note: 'x' }, 'POST /elsewhere')
    expect(await refusalOf(ledger(tenant, make.payIn(a, 10n, { request: elsewhere })))).toMatchObject({
      code: 'idempotency_key_reused',
    })
    expect(await entriesOf(a)).toHaveLength(1)
  })

  test('a request that comes at once to several servers is done by one, and the others bring its receipt', async () => {
    const [a] = await wallets(1)
    const request = freshRequest()
    const servers = [createLedger(service), createLedger(service), createLedger(service)]
    const receipts = await Promise.all(servers.map((server) => server(tenant, make.payIn(a, 10n, { request }))))
    expect(receipts.map(({ replayed }) => replayed).sort()).toEqual([false, true, true])
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(1)
    expect(await entriesOf(a)).toHaveLength(1)
  })

  test('a key that comes at once with different bodies, for different accounts, is refused to all but one server', async () => {
    for (let round = 0; round < 10; round++) {
      const codes = await wallets(3)
      const { key } = freshRequest()
      await doTogether(
        service,
        tenant,
        codes.map((code) => make.payIn(code, 1n)),
      )
      const calls = codes.map((code, i) =>
        createLedger(service)(tenant, make.place(code, 1n, { request: requestOf(key, { i }) })),
      )
      const outcomes = await Promise.allSettled(calls)
      const met = outcomes.map((each) => (each.status === 'fulfilled' ? 'done' : each.reason.code)).sort()
      expect(met).toEqual(['done', 'idempotency_key_reused', 'idempotency_key_reused'])
    }
  })

  test('a request that comes again in one batch with a new request has its own answer', async () => {
    const [a, b] = await wallets(2)
    const request = freshRequest()
    const first = await ledger(tenant, make.payIn(a, 10n, { request }))
    const [again, fresh] = await Promise.all([
      ledger(tenant, make.payIn(a, 10n, { request })),
      ledger(tenant, make.payIn(b, 7n)),
    ])
    expect(again).toEqual({ ...first, replayed: true })
    expect(fresh).toMatchObject({ amount: 7n, replayed: false })
  })

  test('a request for a hold whose time to expire had passed is judged again, and may be corrected under its key', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 10n))
    const now = service.clock.now().getTime()
    const request = freshRequest()
    const place = { ...make.place(a, 5n, { expiresAt: new Date(now + 1000) }), request }
    const ahead = { ...service, clock: { now: () => new Date(now + 1000) } }
    const refused = await refusalOf(createLedger(ahead)(tenant, place))
    expect(refused).toMatchObject({ code: 'invalid_request', field: 'expiresAt', replayed: false })
    expect(await refusalOf(createLedger(ahead)(tenant, place))).toMatchObject({ replayed: false })
    // By a server whose clock is behind, it is in time.
    expect(await ledger(tenant, place)).toMatchObject({ amount: 5n, replayed: false })
    expect(await createLedger(ahead)(tenant, place)).toMatchObject({ amount: 5n, replayed: true })
    const wrong = requestOf(freshRequest().key, { expiresAt: 'past' })
    await refusalOf(ledger(tenant, { ...make.place(a, 1n, { expiresAt: new Date(now) }), request: wrong }))
    const corrected = requestOf(wrong.key, { expiresAt: 'future' })
    expect(await ledger(tenant, { ...make.place(a, 1n), request: corrected })).toMatchObject({ replayed: false })
  })

  test('a key of another tenant or mode is another key', async () => {
    const request = freshRequest()
    const other = await createTestTenant(service)
    const live = await addTestKey(service, tenant.merchant, 'live')
    for (const each of [tenant, other, live]) {
      const [code = ''] = await createWallets(service, each, 1)
      expect(await ledger(each, make.payIn(code, 1n, { request }))).toMatchObject({ replayed: false })
    }
  })

  test('a key of Mteja’s own is apart from a caller’s', async () => {
    const [a] = await wallets(1)
    const request = freshRequest()
    await ledger(tenant, make.payIn(a, 1n, { request }))
    const own = () => ledger(tenant, { ...make.payIn(a, 1n), ownKey: request.key })
    expect(await own()).toMatchObject({ replayed: false })
    expect(await own()).toMatchObject({ replayed: true })
  })

  test('a request that comes again for a hold that has expired since is answered as at first', async () => {
    const [a] = await wallets(1)
    await ledger(tenant, make.payIn(a, 10n))
    const expiresAt = new Date(service.clock.now().getTime() + 1000)
    const request = freshRequest()
    const place = () => placeHold(service, tenant, { customerCode: a, amount: 5, expiresAt }, request)
    const first = await place()
    service.clock.advance(5000)
    expect(await place()).toEqual({ ...first, replayed: true })
    const late = placeHold(service, tenant, { customerCode: a, amount: 5, expiresAt }, freshRequest())
    expect(await refusalOf(late)).toMatchObject({ code: 'invalid_request', field: 'expiresAt' })
  })
})

describe('a batch with a key', () => {
  const batchOf = (a: string, b: string) => [
    make.transfer(a, b, 4n),
    make.transfer(a, b, 100n),
    make.transfer(a, b, 3n),
  ]
  const told = ({ outcomes, replayed }: Awaited<ReturnType<typeof doTogetherOnce>>) => ({
    replayed,
    outcomes: outcomes.map((each) =>
      each instanceof ServiceError
        ? [each.code, each.message]
        : [each.id, each.amount, each.fromBalance, each.createdAt],
    ),
  })

  test('a batch that comes again is answered as before, and moves nothing', async () => {
    const [a = '', b = ''] = await createWallets(service, tenant, 2)
    await ledger(tenant, make.payIn(a, 10n))
    const request = requestOf('batch-again')
    const first = await doTogetherOnce(service, tenant, batchOf(a, b), request)
    const again = await doTogetherOnce(service, tenant, batchOf(a, b), request)
    expect(told(first).replayed).toBe(false)
    expect(told(again)).toEqual({ ...told(first), replayed: true })
    const [madeFirst, madeAgain] = [first, again].map(
      ({ outcomes }) => new Set(outcomes.map(({ replayed }) => replayed)),
    )
    expect([madeFirst, madeAgain]).toEqual([new Set([false]), new Set([true])])
    expect((await getBalance(service, tenant, b)).posted).toBe(7n)
  })

  test('a batch that comes twenty times at once is done once', async () => {
    const [a = '', b = ''] = await createWallets(service, tenant, 2)
    await ledger(tenant, make.payIn(a, 10n))
    const request = requestOf('batch-race')
    const servers = Array.from({ length: 4 }, () => ({ ...service }))
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => doTogetherOnce(servers[i % 4] ?? service, tenant, batchOf(a, b), request)),
    )
    expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(
      new Set(all.map((each) => JSON.stringify(told(each).outcomes, (_, v) => (typeof v === 'bigint' ? `${v}` : v))))
        .size,
    ).toBe(1)
    expect((await getBalance(service, tenant, b)).posted).toBe(7n)
  })

  test('the key of a batch is refused for another batch', async () => {
    const [a = '', b = ''] = await createWallets(service, tenant, 2)
    await ledger(tenant, make.payIn(a, 10n))
    await doTogetherOnce(service, tenant, batchOf(a, b), requestOf('batch-other', { a: 1 }))
    const other = doTogetherOnce(service, tenant, batchOf(a, b), requestOf('batch-other', { a: 2 }))
    await expect(other).rejects.toMatchObject({ code: 'idempotency_key_reused' })
    expect((await getBalance(service, tenant, b)).posted).toBe(7n)
  })

  test('a batch that breaks off leaves neither movements nor its key', async () => {
    const [a = '', b = ''] = await createWallets(service, tenant, 2)
    await ledger(tenant, make.payIn(a, 10n))
    const request = requestOf('batch-broken')
    const twice = make.transfer(a, b, 1n)
    await expect(doTogetherOnce(service, tenant, [twice, twice], request)).rejects.toThrow()
    expect((await getBalance(service, tenant, b)).posted).toBe(0n)
    expect(await doTogetherOnce(service, tenant, batchOf(a, b), request)).toMatchObject({ replayed: false })
  })
})

describe('money that waits to be given back', () => {
  const outside: AccountName = { kind: 'outside' }

  test('it is reserved whatever the risk action, counts as given back, and moves or can be given back again', async () => {
    const [a = ''] = await createWallets(service, tenant, 1)
    const paid = await ledger(tenant, make.payIn(a, 100n))
    await setRiskAction(service, tenant, { code: a }, { riskAction: 'deny' })
    const [first, second] = [make.reserveBack(paid.id, cash(a), 60n), make.reserveBack(paid.id, cash(a), null)]
    expect((await doTogether(service, tenant, [first, second])).map((each) => 'amount' in each && each.amount)).toEqual(
      [60n, 40n],
    )
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 100n, held: 100n })
    for (const more of [make.reserveBack(paid.id, cash(a), 1n), make.giveBack(paid.id, outside, cash(a), null)]) {
      await expect(ledger(tenant, more)).rejects.toMatchObject({ code: 'refund_exceeded' })
    }
    await ledger(tenant, make.failBack(first.id, paid.id, cash(a)))
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 100n, held: 40n })
    const receipt = await ledger(tenant, make.settleBack(second.id, paid.id, outside, cash(a)))
    expect(receipt).toMatchObject({ id: second.id, amount: 40n, fromBalance: 60n })
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 60n, held: 0n })
    // Both have ended, and stay so.
    for (const again of [
      make.settleBack(first.id, paid.id, outside, cash(a)),
      make.settleBack(second.id, paid.id, outside, cash(a)),
      make.failBack(first.id, paid.id, cash(a)),
      make.failBack(second.id, paid.id, cash(a)),
    ]) {
      await expect(ledger(tenant, again)).rejects.toMatchObject({ code: 'hold_not_open' })
    }
    expect(await ledger(tenant, make.giveBack(paid.id, outside, cash(a), null))).toMatchObject({ amount: 60n })
  })

  test('it is not reserved where it was spent, where its movement is not known, and out of another account', async () => {
    const [a = '', b = ''] = await createWallets(service, tenant, 2)
    const paid = await ledger(tenant, make.payIn(a, 100n))
    await ledger(tenant, make.payIn(b, 100n))
    await ledger(tenant, make.purchase(a, 50n))
    const reserving = make.reserveBack(paid.id, cash(a), 51n)
    await expect(ledger(tenant, reserving)).rejects.toMatchObject({ code: 'insufficient_funds' })
    const unknown = make.reserveBack(make.payIn(a, 1n).id, cash(a), 1n)
    await expect(ledger(tenant, unknown)).rejects.toMatchObject({ code: 'transaction_not_found' })
    const hold = make.reserveBack(paid.id, cash(a), 50n)
    await ledger(tenant, hold)
    const placed = make.place(b, 10n)
    await ledger(tenant, placed)
    const other = await ledger(tenant, make.payIn(a, 5n))
    const ends = new Date(Date.now() + 1000)
    for (const malformed of [
      make.reserveBack(paid.id, cash(b), 1n),
      { ...make.reserveBack(paid.id, cash(a), 1n), expiresAt: ends } as never as LedgerCommand,
      // The hold serves its own refund only, and nothing else.
      make.release(hold.id, a),
      make.capture(hold.id, a, null),
      make.settleBack(hold.id, other.id, outside, cash(a)),
      make.settleBack(hold.id, paid.id, { kind: 'outside', at: 7n }, cash(a)),
      { ...make.settleBack(hold.id, paid.id, outside, cash(a)), amount: 50n } as never as LedgerCommand,
      // And no other hold serves a refund.
      make.failBack(placed.id, paid.id, cash(b)),
      make.settleBack(placed.id, paid.id, outside, cash(b)),
    ]) {
      await expect(ledger(tenant, malformed)).rejects.toMatchObject({ code: 'MT004' })
    }
    expect(await getBalance(service, tenant, a)).toMatchObject({ posted: 55n, held: 50n })
  })
})
