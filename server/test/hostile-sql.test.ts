import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../src/db/connect.ts'
import type { OwnedDb } from '../src/db/database.ts'
import { codeOf } from '../src/db/errors.ts'
import { sql } from '../src/db/sql.ts'
import { doTogether } from '../src/domain/ledger/commands.ts'
import { unsoundBooks } from './books.ts'
import { makeTestDatabase, type TestPlace, testEngine } from './engines.ts'
import { addTestKey, createTestContext, createTestTenant } from './service.ts'
import { commandsFor, createLedger, createWallets, requestOf } from './wallets.ts'

// An intruder who has the application's role and chooses the SQL. On PostgreSQL the intruder has a login with only this
// membership. The embedded engine has one login, its owner's, so there the role is set as the server sets it.

let place: TestPlace
let db: OwnedDb
let service: ReturnType<typeof createTestContext>
let intrude: (statements: string) => Promise<void>
let leave: () => Promise<void> = async () => undefined

/** The belongings that could be stolen. They are texts, to be written into SQL. */
let merchant: number
let otherMerchant: number
let own: Record<
  'rich' | 'poor' | 'live' | 'hold' | 'otherHold' | 'purchase' | 'refund' | 'reversal' | 'chargeback',
  string
>
let theirs: { rich: string; hold: string; purchase: string }
let account: (code: string) => Promise<string>

beforeAll(async () => {
  place = await makeTestDatabase()
  db = await openDatabase(place.options)
  service = createTestContext(db)
  await fill()
  if (testEngine === 'postgresql') await logIn()
  else {
    intrude = (statements) =>
      db.asOwner(async (session) => {
        await session.execute('set role mteja_app')
        await session.execute(statements)
      })
  }
})

afterAll(async () => {
  await leave()
  await db.close()
  await place.remove()
})

async function fill() {
  const tenant = await createTestTenant(service)
  const live = await addTestKey(service, tenant.merchant, 'live')
  const other = await createTestTenant(service)
  merchant = tenant.merchant.id
  otherMerchant = other.merchant.id
  const make = commandsFor(service)
  const [rich = '', poor = ''] = await createWallets(service, tenant, 2)
  const [rich2 = ''] = await createWallets(service, other, 1)
  const [liveOne = ''] = await createWallets(service, live, 1)
  const ledger = createLedger(service)
  const hold = make.place(rich, 300n)
  const otherHold = make.place(poor, 50n)
  const purchase = make.purchase(rich, 200n)
  await doTogether(service, tenant, [
    make.payIn(rich, 1000n),
    make.payIn(poor, 100n),
    make.payIn(rich, 500n, { currency: 'NGN' }),
    hold,
    otherHold,
    purchase,
  ])
  const cash = { kind: 'customer_cash', customer: rich } as const
  const refund = await ledger(tenant, make.giveBack(purchase.id, cash, { kind: 'merchant_balance' }, 50n))
  const undone = make.purchase(rich, 10n)
  await ledger(tenant, undone)
  const giveBack = make.giveBack(undone.id, cash, { kind: 'merchant_balance' }, null)
  const reversal = await ledger(tenant, { ...giveBack, kind: 'reversal' })
  const chargeback = await ledger(tenant, make.chargeBack(rich, 1n))
  await ledger(other, make.book('chargeback', { kind: 'merchant_balance' }, { kind: 'outside' }, 900n))
  await ledger(tenant, make.capture(hold.id, rich, 100n, { request: requestOf('used') }))
  await ledger(live, make.payIn(liveOne, 1000n))
  const hold2 = make.place(rich2, 300n)
  const purchase2 = make.purchase(rich2, 200n)
  await doTogether(service, other, [make.payIn(rich2, 1000n), hold2, purchase2])
  const ids = {
    hold: hold.id,
    otherHold: otherHold.id,
    purchase: purchase.id,
    refund: refund.id,
    reversal: reversal.id,
    chargeback: chargeback.id,
  }
  own = { rich, poor, live: liveOne, ...ids }
  theirs = { rich: rich2, hold: hold2.id, purchase: purchase2.id }
  account = async (code) => {
    const [row] = await db.query<{ id: bigint }>(sql`
      select a.id from ledger_accounts a
      join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
      where c.code = ${code} and a.currency = 'ZAR'
    `)
    return String(row?.id)
  }
}

async function logIn() {
  const name = `intruder_${randomBytes(6).toString('hex')}`
  await db.asOwner((session) => session.execute(`create role ${name} login password 'x' in role mteja_app`))
  const url = new URL(place.options.databaseUrl ?? '')
  url.username = name
  url.password = 'x'
  intrude = async (statements) => {
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    try {
      await client.query(statements)
    } finally {
      await client.end()
    }
  }
  leave = () =>
    db.asOwner(async (session) => {
      await session.execute(`drop role ${name}`)
    })
}

/** All money and all ownership of it, in one word. */
async function books(): Promise<string> {
  const [row] = await db.query<{ books: string }>(sql`
    select md5(string_agg(line, ';' order by line)) as books
    from (
      select a::text as line from ledger_accounts a
      union all select t::text from ledger_transactions t
      union all select e::text from entries e
      union all select h::text from holds h
      union all select f::text from refund_totals f
      union all select k::text from merchant_counters k
      union all select (c.merchant_id, c.id, c.mode, c.number, c.code)::text from customers c
    ) everything
  `)
  return row?.books ?? ''
}

/** Runs SQL as the intruder and answers the SQLSTATE of the refusal. Throws when the books have changed. */
async function attempt(statements: string): Promise<string> {
  const before = await books()
  const met = await intrude(statements).then(
    () => 'no refusal',
    (error: unknown) => codeOf(error) ?? String(error),
  )
  expect(await books()).toBe(before)
  return met
}

const forbidden = '42501'

describe('the role cannot write', () => {
  test.each([
    ['an entry', 'insert into entries select * from entries limit 1'],
    ['a ledger transaction', 'insert into ledger_transactions select * from ledger_transactions limit 1'],
    ['an account', 'insert into ledger_accounts select * from ledger_accounts limit 1'],
    ['a hold', 'insert into holds select * from holds limit 1'],
    ['a refund total', 'insert into refund_totals select * from refund_totals limit 1'],
    ['over an entry', 'update entries set amount = amount * 2, balance_after = balance_after * 2'],
    ['over a ledger transaction', 'update ledger_transactions set amount = 1'],
    ['over a balance', 'update ledger_accounts set posted = posted + 1'],
    ['over a floor', 'update ledger_accounts set floor = -1000000'],
    ['over what is held', 'update ledger_accounts set held = 0'],
    ['over what is owed', 'update ledger_accounts set owed = 0'],
    ['over whom an account is about', 'update ledger_accounts set party_id = 7'],
    ['over a hold', "update holds set status = 'released', captured = 0"],
    ['over a refund total', 'update refund_totals set amount = 1'],
    ['by merging', 'merge into ledger_accounts a using (select 1) s on true when matched then update set posted = 0'],
    ['by copying', "copy entries from program 'true'"],
    ['through a join', 'with gone as (delete from entries returning 1) select count(*) from gone'],
    ['through a function of its own', "do $$ begin execute 'delete from entries'; end $$"],
    ['the counter of transfers', 'update merchant_counters set transfer_count = 0'],
    [
      'a counter that begins elsewhere',
      "insert into merchant_counters (merchant_id, mode, transfer_count) values (1, 'test', 9)",
    ],
    ['the numbers given out', 'update merchant_ids set last_id = 1'],
    ['a customer', 'insert into customers select * from customers limit 1'],
    ['a customer into another tenant', 'update customers set merchant_id = merchant_id + 1'],
    ['a customer into another mode', "update customers set mode = 'live'"],
    ['over a customer’s number', 'update customers set number = number + 1'],
    ['over a customer’s code', "update customers set code = 'CUS_x'"],
    ['over whose an idempotency key is', "update idempotency_keys set key = 'x'"],
    ['over what a command was answered', "update idempotency_keys set results = '{1,1,1}'"],
    ['over a merchant', "update merchants set currencies = '{USD}'"],
    ['over an event', "update events set data = '{}'"],
    ['over how far events were removed', 'update removals set last_id = 0'],
    ['how far deliveries are written', 'update fan_outs set written = 0'],
    ['deliveries of events that did not happen', "insert into fan_outs values (1, 1, 'test', '{1}', '{}')"],
    ['a removal of events that did not happen', "insert into removals values (1, 'events', 1, now())"],
  ])('the role cannot write %s', async (_title, statements) => {
    expect(await attempt(statements)).toBe(forbidden)
  })

  test.each([
    'entries',
    'ledger_transactions',
    'ledger_accounts',
    'holds',
    'refund_totals',
    'customers',
    'merchants',
    'merchant_counters',
    'merchant_ids',
    'idempotency_keys',
    'events',
    'deliveries',
    'fan_outs',
    'removals',
  ])('the role cannot empty %s', async (table) => {
    expect(await attempt(`delete from ${table}`)).toBe(forbidden)
    expect(await attempt(`truncate ${table} cascade`)).toBe(forbidden)
    expect(await attempt(`drop table ${table} cascade`)).toBe(forbidden)
  })
})

describe('the role and the means that protect the books', () => {
  const onlyWithLogin = testEngine === 'embedded' ? test.skip : test

  test.each([
    ['disable triggers', 'alter table entries disable trigger all'],
    ['disable triggers of the session', 'set session_replication_role = replica'],
    ['drop a trigger', 'drop trigger entries_sound on entries'],
    ['add a trigger', 'create trigger mine before insert on entries execute function refuse_change()'],
    ['drop a constraint', 'alter table ledger_accounts drop constraint ledger_accounts_floor'],
    ['add a rule', 'create rule mine as on update to ledger_accounts do instead nothing'],
    ['rename a table', 'alter table entries rename to mine'],
    [
      'replace a posting function',
      'create or replace function allocate_ids(integer, integer) returns bigint language sql as $$ select 1::bigint $$',
    ],
    ['loosen a posting function', 'alter function allocate_ids(integer, integer) security invoker'],
    ['drop a posting function', 'drop function allocate_ids(integer, integer)'],
    ['open accounts by itself', "select open_missing_accounts(1, 'test', now(), '{}', '{}', '{}', '{}')"],
    ['open a receivable by itself', "select find_receivable(1, 'test', now(), 1, 'ZAR')"],
    ['take the tables', 'alter table entries owner to mteja_app'],
    ['make an object among ours', 'create table mine (x integer)'],
    ['make a schema', 'create schema mine'],
    [
      'make a function that shadows one of PostgreSQL’s',
      'create function public.abs(bigint) returns bigint language sql as $$ select 0::bigint $$',
    ],
    [
      'make an operator that shadows one of PostgreSQL’s',
      'create operator public.- (function = int8pl, leftarg = bigint, rightarg = bigint)',
    ],
    ['make a role', 'create role mine superuser'],
    ['raise itself', 'alter role mteja_app superuser'],
    ['add an extension', 'create extension pageinspect'],
    ['read the server’s files', "select pg_read_file('postgresql.conf')"],
    ['write the server’s files', "copy (select 1) to '/tmp/mine'"],
    ['lock the books against everybody', 'begin; lock table entries in exclusive mode'],
    ['hold accounts', 'select * from ledger_accounts for update'],
    ['set a sequence back', "select setval(pg_get_serial_sequence('events', 'id'), 1)"],
  ])('the role cannot %s', async (_title, statements) => {
    // 0A000, 58P01: the embedded engine does not support the statement at all.
    expect([forbidden, '0A000', '58P01']).toContain(await attempt(statements))
  })

  onlyWithLogin.each([
    ['become the owner', 'set role postgres'],
    ['become anybody', 'set session authorization postgres'],
    ['become another', 'set role pg_write_all_data'],
  ])('the role cannot %s', async (_title, statements) => {
    expect(await attempt(statements)).toBe(forbidden)
  })

  onlyWithLogin('the role gets no right by giving the role back', async () => {
    expect(await attempt('reset role; delete from entries')).toBe(forbidden)
    expect(await attempt('set role none; delete from entries')).toBe(forbidden)
  })

  test('the role gets no right by granting it to itself', async () => {
    await attempt('grant all on entries to mteja_app')
    expect(await attempt('delete from entries')).toBe(forbidden)
  })
})

/** The arguments of the posting function as SQL. By default: one transfer of 1 from the rich to the poor customer. */
function postArguments(overrides: Record<string, string>): Record<string, string> {
  return {
    merchantId: String(merchant),
    mode: "'test'",
    now: 'now()',
    accountKinds: "array['customer_cash', 'customer_cash']",
    accountCustomers: `array['${own.rich}', '${own.poor}']`,
    accountCurrencies: "array['ZAR', 'ZAR']",
    holdIds: "'{}'::uuid[]",
    originalIds: "'{}'::uuid[]",
    actions: "array['post']",
    ids: 'array[gen_random_uuid()]',
    kinds: "array['transfer']",
    froms: 'array[1]',
    tos: 'array[2]',
    amounts: 'array[1]::bigint[]',
    holds: 'array[null]::integer[]',
    finals: 'array[false]',
    originals: 'array[null]::integer[]',
    expirations: 'array[null]::timestamptz[]',
    descriptions: 'array[null]::text[]',
    details: 'array[null]::text[]',
    eventTypes: 'array[null]::text[]',
    eventData: 'array[null]::text[]',
    keys: 'array[null]::text[]',
    fingerprints: 'array[null]::bytea[]',
    ...overrides,
  }
}

/** A call of the posting function with these arguments, as the server makes it. */
function callPost(overrides: Record<string, string> = {}): string {
  const since = {
    accountParties: 'array[null, null]::bigint[]',
    actors: 'array[null]::integer[]',
    requestIds: 'array[null]::bytea[]',
  }
  const named = Object.entries({ ...since, ...postArguments(overrides) }).map(
    ([name, value]) => `${parameterName(name)} => ${value}`,
  )
  return raiseRefusals(`post_commands_v2(${named.join(', ')})`)
}

/** A call of the former version with these arguments, as a server of the former release makes it. */
function callFormerPost(overrides: Record<string, string> = {}): string {
  return raiseRefusals(`post_commands(${Object.values(postArguments(overrides)).join(', ')})`)
}

/** What was refused is raised, so that both engines tell it in the same way. */
function raiseRefusals(call: string): string {
  return `do $$
    declare refused text;
    begin
      select string_agg(r.refusal, ',') into refused from ${call} r;
      if refused is not null then raise exception 'refused: %', refused using errcode = 'ZZ001'; end if;
    end $$`
}

/** `p_account_kinds` for `accountKinds`. */
function parameterName(name: string): string {
  return `p_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`
}

/** As `callPost` with two commands, each list given twice. */
function callPostTwice(overrides: Record<string, string> = {}): string {
  return callPost({
    actions: "array['post', 'post']",
    ids: 'array[gen_random_uuid(), gen_random_uuid()]',
    kinds: "array['transfer', 'transfer']",
    froms: 'array[1, 1]',
    tos: 'array[2, 2]',
    amounts: 'array[1, 1]::bigint[]',
    holds: 'array[null, null]::integer[]',
    finals: 'array[false, false]',
    originals: 'array[null, null]::integer[]',
    expirations: 'array[null, null]::timestamptz[]',
    descriptions: 'array[null, null]::text[]',
    details: 'array[null, null]::text[]',
    eventTypes: 'array[null, null]::text[]',
    eventData: 'array[null, null]::text[]',
    keys: 'array[null, null]::text[]',
    actors: 'array[null, null]::integer[]',
    requestIds: 'array[null, null]::bytea[]',
    fingerprints: 'array[null, null]::bytea[]',
    ...overrides,
  })
}

const malformed = 'MT004'
const refused = 'ZZ001'

const toMerchant = {
  accountKinds: "array['customer_cash', 'merchant_balance']",
}
const withMerchant = () => ({ ...toMerchant, accountCustomers: `array['${own.rich}', null]` })
const capture = (hold: string) => ({
  ...withMerchant(),
  actions: "array['capture']",
  kinds: "array['hold_capture']",
  holdIds: `array['${hold}']::uuid[]`,
  holds: 'array[1]',
})
const refund = (original: string) => ({
  ...withMerchant(),
  actions: "array['refund']",
  kinds: "array['refund']",
  froms: 'array[2]',
  tos: 'array[1]',
  originalIds: `array['${original}']::uuid[]`,
  originals: 'array[1]',
})
const booking = (kind: string, from: string, to: string) => ({
  accountKinds: `array['${from}', '${to}']`,
  accountCustomers: `array[${[from, to].map((each) => (each === 'customer_cash' ? `'${own.rich}'` : 'null')).join(', ')}]::text[]`,
  actions: "array['book']",
  kinds: `array['${kind}']`,
})
const chargeback = () => booking('chargeback', 'customer_cash', 'outside')
const placing = { actions: "array['place']", kinds: 'array[null]::text[]', tos: 'array[null]::integer[]' }

describe('the posting function, called with anything', () => {
  test('the posting function posts well-formed calls', async () => {
    const calls = [
      callPost(),
      callPost(capture(own.hold)),
      callPost(refund(own.purchase)),
      callPost(placing),
      callPost(chargeback()),
      callPost({ ...booking('settlement', 'outside', 'outside'), accountParties: 'array[null, 7]::bigint[]' }),
    ]
    for (const call of calls) await intrude(call)
    expect(await unsoundBooks(db)).toEqual([])
  })

  test.each<[string, string, () => Record<string, string>]>([
    ['no amount', malformed, () => ({ amounts: 'array[null]::bigint[]' })],
    ['an amount of 0', malformed, () => ({ amounts: 'array[0]::bigint[]' })],
    ['a negative amount', malformed, () => ({ amounts: 'array[-5]::bigint[]' })],
    ['an amount past 2^53 - 1', malformed, () => ({ amounts: 'array[9007199254740992]' })],
    ['the largest amount there is', malformed, () => ({ amounts: 'array[9223372036854775807]' })],
    ['more than there is', refused, () => ({ amounts: 'array[1000000]::bigint[]' })],
    [
      'more than is free of holds',
      refused,
      () => ({ froms: 'array[2]', tos: 'array[1]', amounts: 'array[90]::bigint[]' }),
    ],
    ['one account on both sides', malformed, () => ({ tos: 'array[1]' })],
    ['one account under two places', malformed, () => ({ accountCustomers: `array['${own.rich}', '${own.rich}']` })],
    ['no paying account', malformed, () => ({ froms: 'array[null]::integer[]' })],
    ['no receiving account', malformed, () => ({ tos: 'array[null]::integer[]' })],
    ['a place that is not there', malformed, () => ({ tos: 'array[3]' })],
    ['a place before the first', malformed, () => ({ froms: 'array[0]' })],
    ['two currencies', malformed, () => ({ accountCurrencies: "array['ZAR', 'NGN']" })],
    ['a currency the merchant does not hold', malformed, () => ({ accountCurrencies: "array['USD', 'USD']" })],
    ['a currency there is not', malformed, () => ({ accountCurrencies: "array['zar', 'zar']" })],
    [
      'another merchant’s customer to pay',
      refused,
      () => ({ accountCustomers: `array['${theirs.rich}', '${own.poor}']` }),
    ],
    [
      'another merchant’s customer to be paid',
      refused,
      () => ({ accountCustomers: `array['${own.rich}', '${theirs.rich}']` }),
    ],
    [
      'a customer of the other mode to pay',
      refused,
      () => ({ accountCustomers: `array['${own.live}', '${own.poor}']` }),
    ],
    [
      'a customer of the other mode to be paid',
      refused,
      () => ({ accountCustomers: `array['${own.rich}', '${own.live}']` }),
    ],
    [
      'a customer of the other mode who has no account yet',
      refused,
      () => ({ accountCustomers: `array['${own.rich}', '${own.live}']`, accountCurrencies: "array['NGN', 'NGN']" }),
    ],
    ['the other mode', refused, () => ({ mode: "'live'" })],
    ['a mode there is not', 'P0002', () => ({ mode: "'other'" })],
    ['no mode', 'P0002', () => ({ mode: 'null' })],
    ['another merchant', refused, () => ({ merchantId: String(otherMerchant) })],
    ['a merchant there is not', 'P0002', () => ({ merchantId: '7' })],
    ['a customer’s cash without a customer', '23514', () => ({ accountCustomers: `array['${own.rich}', null]` })],
    ['the outside world with a customer', '23514', () => ({ accountKinds: "array['customer_cash', 'outside']" })],
    [
      'an account of a kind there is not',
      '23514',
      () => ({ accountKinds: "array['customer_cash', 'mine']", accountCustomers: `array['${own.rich}', null]` }),
    ],
    ['no time', malformed, () => ({ now: 'null' })],
    ['a time that never ends', malformed, () => ({ now: "'infinity'" })],
    ['a time that never began', malformed, () => ({ now: "'-infinity'" })],
    ['an action there is not', malformed, () => ({ actions: "array['take']" })],
    ['no action', malformed, () => ({ actions: 'array[null]::text[]' })],
    ['a kind there is not', malformed, () => ({ kinds: "array['gift']" })],
    ['no kind', malformed, () => ({ kinds: 'array[null]::text[]' })],
    ['no id', malformed, () => ({ ids: 'array[null]::uuid[]' })],
    ['the id of a transaction that is there', '23505', () => ({ ids: `array['${own.purchase}']::uuid[]` })],
    ['no commands', malformed, () => ({ actions: "'{}'" })],
    ['no list of commands', '22004', () => ({ actions: 'null' })],
    ['no list of amounts', malformed, () => ({ amounts: 'null::bigint[]' })],
    ['a list that is too short', malformed, () => ({ amounts: "'{}'::bigint[]" })],
    ['a list that is too long', malformed, () => ({ tos: 'array[2, 2]' })],
    ['a list that begins elsewhere', malformed, () => ({ amounts: "'[0:0]={1}'::bigint[]" })],
    ['a list of lists', malformed, () => ({ amounts: "'{{1}}'::bigint[]" })],
    [
      'more customers than accounts',
      malformed,
      () => ({ accountCustomers: `array['${own.rich}', '${own.poor}', null]` }),
    ],
    ['accounts that begin elsewhere', malformed, () => ({ accountCurrencies: "'[0:1]={ZAR,ZAR}'::text[]" })],
    ['holds that begin elsewhere', malformed, () => ({ holdIds: `('[0:0]={${own.hold}}')::uuid[]` })],
    ['originals that begin elsewhere', malformed, () => ({ originalIds: `('[0:0]={${own.purchase}}')::uuid[]` })],
    [
      'a hold at the second place',
      malformed,
      () => ({ ...capture(own.hold), holdIds: `('[2:2]={${own.hold}}')::uuid[]` }),
    ],
    [
      'an original at the second place',
      malformed,
      () => ({ ...refund(own.purchase), originalIds: `('[2:2]={${own.purchase}}')::uuid[]` }),
    ],
    ['details that are no JSON', '22P02', () => ({ details: "array['{']" })],
    ['an event that is no JSON', '22P02', () => ({ eventTypes: "array['x']", eventData: "array['{']" })],
    ['an event without content', '23502', () => ({ eventTypes: "array['x']" })],
    ['a key without a fingerprint', '23502', () => ({ keys: "array['mine']" })],
    ['a used key without a fingerprint', refused, () => ({ keys: "array['caller/used']" })],
    [
      'a used key and another fingerprint',
      refused,
      () => ({ keys: "array['caller/used']", fingerprints: "array['x']::bytea[]" }),
    ],
    [
      'a chargeback between two customers',
      malformed,
      () => ({ actions: "array['book']", kinds: "array['chargeback']" }),
    ],
    ['a chargeback that is posted', malformed, () => ({ ...chargeback(), actions: "array['post']" })],
    ['a transfer that is booked', malformed, () => ({ actions: "array['book']" })],
    ['an adjustment that is booked', malformed, () => booking('adjustment', 'adjustments', 'customer_cash')],
    ['a chargeback the wrong way round', malformed, () => booking('chargeback', 'outside', 'customer_cash')],
    ['a chargeback of no amount', malformed, () => ({ ...chargeback(), amounts: 'array[null]::bigint[]' })],
    ['a chargeback of a negative amount', malformed, () => ({ ...chargeback(), amounts: 'array[-1]::bigint[]' })],
    [
      'a chargeback of a hold',
      malformed,
      () => ({ ...chargeback(), holdIds: `array['${own.hold}']::uuid[]`, holds: 'array[1]' }),
    ],
    [
      'a chargeback that gives back',
      malformed,
      () => ({ ...chargeback(), originalIds: `array['${own.purchase}']::uuid[]`, originals: 'array[1]' }),
    ],
    ['a chargeback to nobody', malformed, () => ({ ...chargeback(), tos: 'array[null]::integer[]' })],
    [
      'a chargeback in two currencies',
      malformed,
      () => ({ ...chargeback(), accountCurrencies: "array['ZAR', 'NGN']" }),
    ],
    [
      'a chargeback of another merchant’s customer',
      refused,
      () => ({ ...chargeback(), accountCustomers: `array['${theirs.rich}', null]` }),
    ],
    [
      'a chargeback past 2^53 - 1',
      refused,
      () => ({ ...chargeback(), amounts: 'array[9007199254740991]', accountParties: 'array[null, 7]::bigint[]' }),
    ],
    ['a loan', malformed, () => booking('receivable', 'merchant_receivable', 'merchant_balance')],
    ['a repayment', malformed, () => booking('repayment', 'merchant_balance', 'merchant_receivable')],
    [
      'a receivable beside a good movement',
      malformed,
      () => ({
        accountKinds: "array['customer_cash', 'customer_cash', 'merchant_receivable']",
        accountCustomers: `array['${own.rich}', '${own.poor}', null]`,
        accountParties: 'array[null, null, null]::bigint[]',
        accountCurrencies: "array['ZAR', 'ZAR', 'ZAR']",
      }),
    ],
    [
      'the receivable of a customer, named by number',
      malformed,
      () => ({
        ...chargeback(),
        accountKinds: "array['customer_cash', 'customer_receivable']",
        accountParties: 'array[null, 7]::bigint[]',
      }),
    ],
    ['a customer’s cash with a party', malformed, () => ({ accountParties: 'array[7, null]::bigint[]' })],
    [
      'a merchant’s balance with a party',
      '23514',
      () => ({ ...withMerchant(), kinds: "array['purchase']", accountParties: 'array[null, 7]::bigint[]' }),
    ],
    [
      'an outside of a negative party',
      '23514',
      () => ({ ...chargeback(), accountParties: 'array[null, -7]::bigint[]' }),
    ],
    [
      'one outside under two names',
      malformed,
      () => ({ ...booking('settlement', 'outside', 'outside'), accountParties: 'array[null, 0]::bigint[]' }),
    ],
    ['parties that begin elsewhere', malformed, () => ({ accountParties: "'[0:1]={7,7}'::bigint[]" })],
    ['no parties', malformed, () => ({ accountParties: "'{}'::bigint[]" })],
    ['a hold on the outside', '23514', () => ({ ...placing, ...booking('x', 'outside', 'suspense'), ...placing })],
    [
      'a refund of a chargeback',
      malformed,
      () => ({
        ...booking('refund', 'outside', 'customer_cash'),
        actions: "array['refund']",
        originalIds: `array['${own.chargeback}']::uuid[]`,
        originals: 'array[1]',
      }),
    ],
    // A post with the kind of a refund would not be counted against its original.
    ['a refund that is posted', malformed, () => ({ ...refund(own.purchase), actions: "array['post']" })],
    ['a purchase that gives back', malformed, () => ({ ...refund(own.purchase), kinds: "array['purchase']" })],
    [
      'a refund without an original',
      malformed,
      () => ({ ...refund(own.purchase), originals: 'array[null]::integer[]' }),
    ],
    ['a refund of more than is left', refused, () => ({ ...refund(own.purchase), amounts: 'array[151]::bigint[]' })],
    ['a refund of a negative amount', malformed, () => ({ ...refund(own.purchase), amounts: 'array[-1]::bigint[]' })],
    [
      'a refund to somebody else',
      malformed,
      () => ({ ...refund(own.purchase), accountCustomers: `array['${own.poor}', null]` }),
    ],
    [
      'a refund out of somebody else’s cash',
      malformed,
      () => ({
        ...refund(own.purchase),
        accountKinds: "array['customer_cash', 'customer_cash']",
        accountCustomers: `array['${own.rich}', '${own.poor}']`,
      }),
    ],
    [
      'a refund the wrong way round',
      malformed,
      () => ({ ...refund(own.purchase), froms: 'array[1]', tos: 'array[2]' }),
    ],
    ['a refund of a refund', malformed, () => ({ ...refund(own.refund), froms: 'array[1]', tos: 'array[2]' })],
    ['a refund of a reversal', malformed, () => ({ ...refund(own.reversal), froms: 'array[1]', tos: 'array[2]' })],
    ['a refund of another merchant’s purchase', refused, () => refund(theirs.purchase)],
    [
      'a refund of another merchant’s purchase, as them, to ours',
      refused,
      () => ({ ...refund(theirs.purchase), merchantId: String(otherMerchant) }),
    ],
    ['a refund in the other mode', refused, () => ({ ...refund(own.purchase), mode: "'live'" })],
    [
      'a refund in another currency',
      malformed,
      () => ({ ...refund(own.purchase), accountCurrencies: "array['NGN', 'NGN']" }),
    ],
    ['a capture of more than is left', refused, () => ({ ...capture(own.hold), amounts: 'array[201]::bigint[]' })],
    ['a capture of nothing', malformed, () => ({ ...capture(own.hold), amounts: 'array[0]::bigint[]' })],
    ['a capture of a negative amount', malformed, () => ({ ...capture(own.hold), amounts: 'array[-1]::bigint[]' })],
    ['a capture of somebody else’s hold', malformed, () => capture(own.otherHold)],
    [
      'a capture in another currency',
      malformed,
      () => ({ ...capture(own.hold), accountCurrencies: "array['NGN', 'NGN']" }),
    ],
    ['a capture of another merchant’s hold', refused, () => capture(theirs.hold)],
    [
      'a capture in the other mode',
      refused,
      () => ({ ...capture(own.hold), mode: "'live'", accountCustomers: `array['${own.live}', null]` }),
    ],
    ['a capture without a hold', malformed, () => ({ ...capture(own.hold), holds: 'array[null]::integer[]' })],
    ['a capture that is posted', malformed, () => ({ ...capture(own.hold), actions: "array['post']" })],
    ['a capture that is a purchase', malformed, () => ({ ...capture(own.hold), kinds: "array['purchase']" })],
    ['a hold there is not', refused, () => ({ ...capture(own.hold), holds: 'array[2]' })],
    [
      'a release of somebody else’s hold',
      malformed,
      () => ({
        ...placing,
        actions: "array['release']",
        amounts: 'array[null]::bigint[]',
        holdIds: `array['${own.otherHold}']::uuid[]`,
        holds: 'array[1]',
      }),
    ],
    [
      'a release with an amount',
      malformed,
      () => ({ ...placing, actions: "array['release']", holdIds: `array['${own.hold}']::uuid[]`, holds: 'array[1]' }),
    ],
    [
      'the expiry of a hold that never expires',
      refused,
      () => ({
        ...placing,
        actions: "array['expire']",
        amounts: 'array[null]::bigint[]',
        holdIds: `array['${own.hold}']::uuid[]`,
        holds: 'array[1]',
      }),
    ],
    [
      'an expiry with an amount',
      malformed,
      () => ({ ...placing, actions: "array['expire']", holdIds: `array['${own.hold}']::uuid[]`, holds: 'array[1]' }),
    ],
    ['a hold of a negative amount', malformed, () => ({ ...placing, amounts: 'array[-5]::bigint[]' })],
    ['a hold of more than is free', refused, () => ({ ...placing, amounts: 'array[100000]::bigint[]' })],
    ['a hold that pays somebody', malformed, () => ({ ...placing, tos: 'array[2]' })],
    ['a hold on what is no customer’s', '23514', () => ({ ...placing, ...withMerchant(), froms: 'array[2]' })],
    [
      'a hold that never ends but says so',
      malformed,
      () => ({ ...placing, expirations: "array['infinity']::timestamptz[]" }),
    ],
    ['a hold that has expired', refused, () => ({ ...placing, expirations: "array[now() - interval '1 day']" })],
  ])('the posting function refuses a command with %s', async (_title, expected, overrides) => {
    expect(await attempt(callPost(overrides()))).toBe(expected)
  })

  test.each<[string, string, () => Record<string, string>]>([
    ['the same id twice', '23505', () => ({ ids: `array['${own.hold}', '${own.hold}']::uuid[]` })],
    [
      'the same key twice',
      '23505',
      () => ({ keys: "array['twice', 'twice']", fingerprints: "array['x', 'x']::bytea[]" }),
    ],
    [
      'one hold under two places',
      malformed,
      () => ({
        ...withMerchant(),
        actions: "array['capture', 'capture']",
        kinds: "array['hold_capture', 'hold_capture']",
        amounts: 'array[null, null]::bigint[]',
        holdIds: `array['${own.hold}', '${own.hold}']::uuid[]`,
        holds: 'array[1, 2]',
      }),
    ],
    [
      'one original under two places',
      malformed,
      () => ({
        ...withMerchant(),
        actions: "array['refund', 'refund']",
        kinds: "array['refund', 'refund']",
        froms: 'array[2, 2]',
        tos: 'array[1, 1]',
        amounts: 'array[null, null]::bigint[]',
        originalIds: `array['${own.purchase}', '${own.purchase}']::uuid[]`,
        originals: 'array[1, 2]',
      }),
    ],
    ['one good command and one bad', malformed, () => ({ amounts: 'array[1, -1]::bigint[]' })],
    ['amounts in another order than they are judged', malformed, () => ({ amounts: "'[0:1]={1,1000000}'::bigint[]" })],
    [
      'holds of which the first is not there',
      refused,
      () => ({
        ...withMerchant(),
        actions: "array['capture', 'capture']",
        kinds: "array['hold_capture', 'hold_capture']",
        amounts: 'array[1000, 1000]::bigint[]',
        holdIds: `array['${theirs.hold}', '${own.hold}']::uuid[]`,
        holds: 'array[1, 2]',
      }),
    ],
  ])('the posting function refuses two commands with %s', async (_title, expected, overrides) => {
    expect(await attempt(callPostTwice(overrides()))).toBe(expected)
  })

  test.each([
    ['a temporary table', 'create temp table ledger_accounts (like public.ledger_accounts)'],
    ['a temporary view', 'create temp view ledger_accounts as select 1 as id'],
    ['a search path', 'create temp table customers (x integer); set search_path = pg_temp, public'],
    ['a function', 'create function pg_temp.abs(bigint) returns bigint language sql as $$ select 0::bigint $$'],
    [
      'an operator',
      'create function pg_temp.more(bigint, bigint) returns bigint language sql as $$ select $1 + $2 $$; create operator pg_temp.- (function = pg_temp.more, leftarg = bigint, rightarg = bigint)',
    ],
    ['a setting', "set plan_cache_mode = force_custom_plan; set enable_indexscan = off; set datestyle = 'German'"],
  ])('the posting function ignores %s of the session', async (_title, before) => {
    expect(
      await attempt(
        `${before}; ${callPost({ amounts: 'array[1000000]::bigint[]' }).replace('post_commands_v2', 'public.post_commands_v2')}`,
      ),
    ).toBe(refused)
  })

  test('the former version of the posting function works, and refuses what the present version refuses', async () => {
    await intrude(callFormerPost())
    expect(await attempt(callFormerPost({ amounts: 'array[-5]::bigint[]' }))).toBe(malformed)
    expect(await attempt(callFormerPost({ amounts: 'array[1000000]::bigint[]' }))).toBe(refused)
    expect(await attempt(callFormerPost({ tos: 'array[1, 2]' }))).toBe(malformed)
    const temporary = 'create temp table ledger_accounts (like public.ledger_accounts)'
    expect(await attempt(`${temporary}; ${callFormerPost({ amounts: 'array[1000000]::bigint[]' })}`)).toBe(refused)
  })

  test('the posting function leaves the session’s settings as they were', async () => {
    await intrude(`${callPost()}; do $$ begin
      if current_setting('enable_seqscan') <> 'on' or current_setting('search_path') ~ 'pg_temp' then
        raise exception 'changed';
      end if;
    end $$`)
  })
})

describe('the other functions, called with anything', () => {
  const customers = (overrides: Record<string, string> = {}) => {
    const args = {
      merchant: String(merchant),
      mode: "'test'",
      currency: "'ZAR'",
      now: 'now()',
      customers: `'[{"code": "CUS_mine", "search_text": ""}]'`,
      keys: 'array[null]::text[]',
      fingerprints: 'array[null]::bytea[]',
      ...overrides,
    }
    return `select * from create_customers(${Object.values(args).join(', ')})`
  }

  test.each<[string, string, () => Record<string, string>]>([
    ['a merchant there is not', malformed, () => ({ merchant: '7' })],
    ['a mode there is not', 'P0002', () => ({ mode: "'other'" })],
    ['a currency the merchant does not hold', malformed, () => ({ currency: "'USD'" })],
    ['no currency', '23502', () => ({ currency: 'null' })],
    ['a time that never ends', malformed, () => ({ now: "'infinity'" })],
    ['no time', malformed, () => ({ now: 'null' })],
    ['fewer keys than customers', malformed, () => ({ keys: "'{}'::text[]" })],
    ['fingerprints that begin elsewhere', malformed, () => ({ fingerprints: "'[0:0]={x}'::bytea[]" })],
    ['a key without a fingerprint', '23502', () => ({ keys: "array['mine']" })],
    ['customers that are no list', '22023', () => ({ customers: "'{}'" })],
    ['a customer without a code', '23502', () => ({ customers: `'[{"search_text": ""}]'` })],
    ['a code that is taken', '23505', () => ({ customers: `'[{"code": "${own.live}", "search_text": ""}]'` })],
  ])('create_customers refuses a call with %s', async (_title, expected, overrides) => {
    expect(await attempt(customers(overrides()))).toBe(expected)
  })

  test('allocate_ids never gives numbers out again', async () => {
    const last = async () =>
      (await db.query(sql`select merchant_id, last_id from merchant_ids order by 1`)) as unknown[]
    const before = await last()
    for (const count of ['0', '-1', '-2147483648', 'null']) {
      await attempt(`select allocate_ids(${merchant}, ${count})`)
      expect(await last()).toEqual(before)
    }
  })
})

describe('the owner and the books', () => {
  const asOwner = (statement: string) =>
    db
      .asOwner((session) => session.execute(statement))
      .then(
        () => 'no refusal',
        (error: unknown) => codeOf(error) ?? String(error),
      )

  test.each([
    ['change an entry', 'update entries set balance_after = balance_after + 1'],
    ['change no entry at all', 'update entries set amount = 1 where false'],
    ['delete an entry', 'delete from entries'],
    ['empty the entries', 'truncate entries'],
    ['change a ledger transaction', "update ledger_transactions set description = 'other'"],
    ['delete a ledger transaction', 'delete from ledger_transactions'],
    ['empty the ledger transactions', 'truncate ledger_transactions cascade'],
    ['delete an account', 'delete from ledger_accounts'],
    ['empty the accounts', 'truncate ledger_accounts cascade'],
    [
      'make an account another’s',
      'update ledger_accounts set customer_id = customer_id + 1 where customer_id is not null',
    ],
    ['make an account of another mode', "update ledger_accounts set mode = 'live'"],
    ['make an account of another currency', "update ledger_accounts set currency = 'USD'"],
    ['lower a floor', 'update ledger_accounts set floor = -1000'],
    ['make a receivable about another', 'update ledger_accounts set party_id = 7'],
    ['delete a hold', 'delete from holds'],
    ['make a hold smaller', 'update holds set amount = 1'],
    ['forget what was given back', 'delete from refund_totals'],
  ])('even the owner cannot %s', async (_title, statement) => {
    const before = await books()
    expect(await asOwner(statement)).toBe('MT001')
    expect(await books()).toBe(before)
  })

  test.each([
    ['make a customer owe who has something available', 'update ledger_accounts set owed = 1 where posted > held'],
    ['make the outside world owe', "update ledger_accounts set owed = 1 where kind = 'outside'"],
    ['make somebody owe less than nothing', 'update ledger_accounts set owed = -1 where posted = held'],
    ['owe a debtor something', "update ledger_accounts set posted = 1 where kind = 'merchant_receivable'"],
  ])('even the owner cannot %s', async (_title, statement) => {
    const before = await books()
    expect(await asOwner(statement)).toBe('23514')
    expect(await books()).toBe(before)
  })

  const entry = (values: string) => `
    insert into entries (merchant_id, account_id, number, transaction_id, amount, balance_after, created_at) values ${values}`
  const transaction = (id: string, from: string, to: string, more = '') => `
    insert into ledger_transactions (
      merchant_id, id, mode, kind, from_account_id, from_number, to_account_id, to_number, amount, currency, created_at
    ) values (${merchant}, '${id}', 'test', 'purchase', ${from}, 90, ${to}, 91, 5, 'ZAR', '2026-01-01') ${more}`
  const id = '019aa8a1-6c1e-7d2b-9d3f-2f6f0c1b2a3d'

  test.each<[string, string, (from: string, to: string, foreign: string, live: string) => string]>([
    [
      'add one side of a movement',
      'MT002',
      (from, to) =>
        `${transaction(id, from, to)}; ${entry(`(${merchant}, ${from}, 90, '${id}', -5, 0, '2026-01-01')`)}`,
    ],
    [
      'add an entry without a transaction',
      'MT002',
      (from) => entry(`(${merchant}, ${from}, 90, '${id}', -5, 0, '2026-01-01')`),
    ],
    [
      'add an entry without an account',
      'MT002',
      () => entry(`(${merchant}, 1, 1, '${own.purchase}', -5, 0, '2026-01-01')`),
    ],
    [
      'add both sides, but past what the accounts count',
      'MT002',
      (from, to) =>
        `${transaction(id, from, to)}; ${entry(`(${merchant}, ${from}, 90, '${id}', -5, 0, '2026-01-01'), (${merchant}, ${to}, 91, '${id}', 5, 0, '2026-01-01')`)}`,
    ],
    [
      'add two that do not cancel out',
      'MT002',
      (from, to) =>
        `${transaction(id, from, to)}; ${entry(`(${merchant}, ${from}, 90, '${id}', -5, 0, '2026-01-01'), (${merchant}, ${to}, 91, '${id}', 6, 0, '2026-01-01')`)}`,
    ],
    [
      'add two that do cancel out to a transaction that has its own',
      'MT002',
      (from) =>
        entry(
          `(${merchant}, ${from}, 90, '${own.purchase}', 5, 0, '2026-01-01'), (${merchant}, ${from}, 91, '${own.purchase}', -5, 0, '2026-01-01')`,
        ),
    ],
    [
      'add one to another tenant’s account',
      'MT002',
      (from, _to, foreign) =>
        `${transaction(id, from, foreign)}; ${entry(`(${merchant}, ${from}, 90, '${id}', -5, 0, '2026-01-01'), (${otherMerchant}, ${foreign}, 91, '${id}', 5, 0, '2026-01-01')`)}`,
    ],
    [
      'add one to an account of the other mode',
      'MT002',
      (from, _to, _foreign, live) =>
        `${transaction(id, from, live)}; ${entry(`(${merchant}, ${from}, 90, '${id}', -5, 0, '2026-01-01'), (${merchant}, ${live}, 91, '${id}', 5, 0, '2026-01-01')`)}`,
    ],
    [
      'put a customer below the floor',
      '23514',
      (from) => `update ledger_accounts set posted = -1 where merchant_id = ${merchant} and id = ${from}`,
    ],
    [
      'free what is held below nothing',
      '23514',
      (from) => `update ledger_accounts set held = -1 where merchant_id = ${merchant} and id = ${from}`,
    ],
    ['take more of a hold than it was', '23514', () => `update holds set captured = amount + 1`],
    [
      'leave a hold open of which nothing is left',
      '23514',
      () => `update holds set captured = amount where status = 'placed'`,
    ],
  ])('even the owner cannot %s', async (_title, expected, statement) => {
    const before = await books()
    const ids = await Promise.all([own.rich, own.poor, theirs.rich, own.live].map(account))
    expect(await asOwner(statement(...(ids as [string, string, string, string])))).toBe(expected)
    expect(await books()).toBe(before)
  })
})

test('the books are sound after all hostile SQL', async () => {
  expect(await unsoundBooks(db)).toEqual([])
})
