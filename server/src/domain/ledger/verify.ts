import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'

/** Rows looked at in all, of those there were at the start. */
export interface VerificationProgress {
  done: number
  total: number
}

/** How much was found sound, or the first row that is wrong and what is wrong with it. */
export type VerificationResult =
  | { isSound: true; entries: number; transactions: number; accounts: number; holds: number; customers: number }
  | { isSound: false; wrong: string }

type Part = AsyncGenerator<number, void>
type Counts = Record<'entries' | 'transactions' | 'accounts' | 'holds' | 'customers', number>

/** What the parts work on. */
interface Books {
  db: Queryable
  /** Rows of one read. Each read is one statement, so that what it compares was there at one moment. */
  pageSize: number
  counts: Counts
}

/** Thrown by a part at the first row that is wrong. */
class Wrong extends Error {}

/**
 * Derives everything the ledger keeps from its entries once more, row by row: what each account has and holds, numbers
 * and running balances, that each transaction has its two entries, what was captured and given back, the numbers of
 * transfers and customers.
 *
 * Reads in pages by key and keeps none, so it needs the same memory for any number of rows. History only grows and each
 * account is followed to where it was when it was read, so servers may go on posting meanwhile.
 */
export async function* verifyLedger(
  db: Queryable,
  { pageSize = 2000 } = {},
): AsyncGenerator<VerificationProgress, VerificationResult> {
  const counts: Counts = { entries: 0, transactions: 0, accounts: 0, holds: 0, customers: 0 }
  const books: Books = { db, pageSize, counts }
  const parts = [checkAccounts, checkTransactions, checkHolds, checkRefundTotals, checkNumbers]
  const total = await countRows(db)
  let done = 0
  yield { done, total }
  try {
    for (const part of parts) {
      for await (const rows of part(books)) {
        done += rows
        yield { done, total: Math.max(done, total) }
      }
    }
  } catch (error) {
    if (error instanceof Wrong) return { isSound: false, wrong: error.message }
    throw error
  }
  return { isSound: true, ...counts }
}

async function countRows(db: Queryable): Promise<number> {
  const [row] = await db.query<{ total: string }>(sql`
    select
      (select coalesce(sum(entry_count), 0) * 1.5 + count(*) from ledger_accounts)
      + (select coalesce(sum(transfer_count + customer_count), 0) from merchant_counters)
      + (select count(*) from holds) + (select count(*) from refund_totals) as total
  `)
  return Math.ceil(Number(row?.total ?? 0))
}

interface AccountRow {
  merchant_id: number
  id: bigint
  mode: string
  currency: string
  posted: bigint
  entry_count: bigint
  last_entry_at: string
  pay_in_count: bigint
  pay_in_total: string
  problem: string | null
}

/** Accounts with their holds, and then their entries. */
async function* checkAccounts(books: Books): Part {
  await checkFirstEntry(books)
  let after: Pick<AccountRow, 'merchant_id' | 'id'> = { merchant_id: -1, id: 0n }
  for (;;) {
    const accounts = await readAccounts(books, after)
    const wrong = accounts.find(({ problem }) => problem !== null)
    if (wrong) throw new Wrong(`ledger account ${wrong.id} of merchant ${wrong.merchant_id} ${wrong.problem}`)
    yield accounts.length
    for await (const rows of checkEntries(books, accounts)) {
      books.counts.entries += rows
      yield rows
    }
    books.counts.accounts += accounts.length
    const last = accounts.at(-1)
    if (last === undefined) return
    after = last
  }
}

/** Entries of an account there is not lie between two there are, so each account looks at what follows its own. */
async function checkFirstEntry(books: Books): Promise<void> {
  const [stray] = await books.db.query<{ merchant_id: number; account_id: bigint }>(sql`
    select e.merchant_id, e.account_id
    from (select merchant_id, account_id from entries order by merchant_id, account_id limit 1) e
    where not exists (select from ledger_accounts a where a.merchant_id = e.merchant_id and a.id = e.account_id)
  `)
  if (stray)
    throw new Wrong(`entries of merchant ${stray.merchant_id} name account ${stray.account_id}, which is not there`)
}

function readAccounts(books: Books, after: Pick<AccountRow, 'merchant_id' | 'id'>): Promise<AccountRow[]> {
  return books.db.query<AccountRow>(sql`
    select
      a.merchant_id, a.id, a.mode, a.currency, a.posted, a.entry_count, a.last_entry_at::text as last_entry_at,
      a.pay_in_count, a.pay_in_total,
      case
        when a.held <> coalesce(h.left_over, 0)
          then format('holds %s, but its open holds add up to %s', a.held, coalesce(h.left_over, 0))
        when a.posted - a.held < a.floor then format('has %s available, below its floor', a.posted - a.held)
        when (a.floor is null) <> (a.kind = 'outside') then 'has a floor that its kind has not'
        when (a.kind = 'customer_cash') <> (a.customer_id is not null) then 'has an owner that its kind has not'
        when a.customer_id is not null and c.mode is distinct from a.mode
          then format('belongs to customer %s, who is not of its mode', a.customer_id)
        when beyond.number is not null
          then format('counts %s entries, but has one numbered %s', a.entry_count, beyond.number)
        when stray.account_id is not null
          then format('is followed by entries of account %s, which is not there', stray.account_id)
      end as problem
    from (
      select * from ledger_accounts
      where (merchant_id, id) > (${after.merchant_id}::integer, ${after.id}::bigint)
      order by merchant_id, id
      limit ${books.pageSize}
    ) a
    left join lateral (
      select c.mode from customers c where c.merchant_id = a.merchant_id and c.id = a.customer_id limit 1
    ) c on true
    left join lateral (
      select sum(o.amount - o.captured) as left_over
      from holds o
      where o.merchant_id = a.merchant_id and o.customer_id = a.customer_id and o.account_id = a.id
        and o.status = 'placed'
    ) h on true
    left join lateral (
      select e.number
      from entries e
      where e.merchant_id = a.merchant_id and e.account_id = a.id and e.number > a.entry_count
      order by e.number
      limit 1
    ) beyond on true
    left join lateral (
      select e.merchant_id, e.account_id
      from entries e
      where (e.merchant_id, e.account_id) > (a.merchant_id, a.id)
      order by e.merchant_id, e.account_id
      limit 1
    ) next on true
    left join lateral (
      select next.account_id
      where not exists (
        select from ledger_accounts o where o.merchant_id = next.merchant_id and o.id = next.account_id
      )
    ) stray on next.account_id is not null
    order by a.merchant_id, a.id
  `)
}

/** A part of an account's history: its entries above `after`, up to `until`. */
interface Stretch {
  account: AccountRow
  after: bigint
  until: bigint
  /** As of entry `after`. */
  opening: Standing
}

/** What an account has come to at one of its entries. */
interface Standing {
  balance: bigint
  at: string
  payIns: bigint
  paidIn: bigint
}

const nothingYet: Standing = { balance: 0n, at: '-infinity', payIns: 0n, paidIn: 0n }

/** Many small accounts go together into one read, a large one takes several. */
async function* checkEntries(books: Books, accounts: AccountRow[]): Part {
  let stretches: Stretch[] = []
  let rows = 0
  for (const account of accounts) {
    let stretch: Stretch = { account, after: 0n, until: 0n, opening: nothingYet }
    do {
      const room = BigInt(books.pageSize * 5 - rows)
      const rest = account.entry_count - stretch.after
      stretch = { ...stretch, until: stretch.after + (rest < room ? rest : room) }
      stretches.push(stretch)
      rows += Number(stretch.until - stretch.after)
      if (rows < books.pageSize * 5) continue
      const closed = await checkStretches(books, stretches)
      yield rows
      stretches = []
      rows = 0
      stretch = { ...stretch, after: stretch.until, opening: closed }
    } while (stretch.until < account.entry_count)
  }
  if (stretches.length === 0) return
  await checkStretches(books, stretches)
  yield rows
}

interface StretchRow {
  count: bigint
  closing: bigint | null
  closed_at: string | null
  pay_ins: bigint
  paid_in: string
  problem: string | null
}

/** Answers how the last one ends, where the next read may go on. */
async function checkStretches(books: Books, stretches: Stretch[]): Promise<Standing> {
  const list = <Value>(read: (stretch: Stretch) => Value) => stretches.map(read)
  const rows = await books.db.query<StretchRow>(sql`
    select l.count, l.closing, l.closed_at::text as closed_at, l.pay_ins, l.paid_in, l.problem
    from unnest(
      ${list((each) => each.account.merchant_id)}::integer[], ${list((each) => each.account.id)}::bigint[],
      ${list((each) => each.account.mode)}::text[], ${list((each) => each.account.currency)}::text[],
      ${list((each) => each.after)}::bigint[], ${list((each) => each.until)}::bigint[],
      ${list((each) => each.opening.balance)}::bigint[], ${list((each) => each.opening.at)}::timestamptz[]
    ) with ordinality as g (merchant_id, account_id, mode, currency, after, until, opening, opened_at, place)
    cross join lateral (
      select
        count(*), max(i.balance_after) filter (where i.number = g.until) as closing, max(i.created_at) as closed_at,
        count(*) filter (where i.is_pay_in) as pay_ins, coalesce(sum(i.amount) filter (where i.is_pay_in), 0) as paid_in,
        (array_agg(i.problem order by i.number) filter (where i.problem is not null))[1] as problem
      from (
        select
          e.number, e.amount, e.balance_after, e.created_at, t.kind = 'pay_in' and e.amount > 0 as is_pay_in,
          case
            when e.number <> coalesce(e.number_before, g.after) + 1
              then format('%s: follows number %s', e.number, coalesce(e.number_before, g.after))
            when e.balance_after <> coalesce(e.balance_before, g.opening) + e.amount then format(
              '%s: has the balance %s after it, not %s', e.number, e.balance_after,
              coalesce(e.balance_before, g.opening) + e.amount
            )
            when e.created_at < coalesce(e.created_before, g.opened_at)
              then format('%s: is dated before the one before it', e.number)
            when t.id is null then format('%s: belongs to transaction %s, which is not there', e.number, e.transaction_id)
            when t.mode <> g.mode or t.currency <> g.currency
              then format('%s: belongs to transaction %s of another mode or currency', e.number, t.id)
            when t.created_at <> e.created_at
              then format('%s: is not dated as its transaction %s', e.number, t.id)
            when not (
              (t.from_account_id = g.account_id and t.from_number = e.number and e.amount = -t.amount)
              or (t.to_account_id = g.account_id and t.to_number = e.number and e.amount = t.amount)
            ) then format('%s: of %s is not one of the two of transaction %s', e.number, e.amount, t.id)
          end as problem
        from (
          select
            o.*, lag(o.number) over w as number_before, lag(o.balance_after) over w as balance_before,
            lag(o.created_at) over w as created_before
          from entries o
          where o.merchant_id = g.merchant_id and o.account_id = g.account_id
            and o.number > g.after and o.number <= g.until
          window w as (order by o.number)
        ) e
        left join lateral (
          select * from ledger_transactions o
          where o.merchant_id = g.merchant_id and o.id = e.transaction_id
          limit 1
        ) t on true
      ) i
    ) l
    order by g.place
  `)
  let closing = nothingYet
  rows.forEach((row, i) => {
    closing = checkStretch(stretches[i] as Stretch, row)
  })
  return closing
}

function checkStretch({ account, after, until, opening }: Stretch, row: StretchRow): Standing {
  const name = `account ${account.id} of merchant ${account.merchant_id}`
  if (row.problem !== null) throw new Wrong(`entry ${row.problem.replace(':', ` of ${name}`)}`)
  if (row.count !== until - after) {
    throw new Wrong(
      `ledger ${name} counts ${account.entry_count} entries, but number ${after + row.count + 1n} is missing`,
    )
  }
  const closing = {
    balance: row.closing ?? opening.balance,
    at: row.closed_at ?? opening.at,
    payIns: opening.payIns + row.pay_ins,
    paidIn: opening.paidIn + BigInt(row.paid_in),
  }
  if (until === account.entry_count) compareStanding(`ledger ${name}`, account, closing)
  return closing
}

function compareStanding(name: string, account: AccountRow, { balance, at, payIns, paidIn }: Standing): void {
  if (balance !== account.posted) {
    throw new Wrong(`${name} has ${account.posted} posted, but its entries add up to ${balance}`)
  }
  if (at !== account.last_entry_at) {
    throw new Wrong(`${name} dates its last entry ${account.last_entry_at}, which is of ${at}`)
  }
  if (payIns !== account.pay_in_count || paidIn !== BigInt(account.pay_in_total)) {
    const told = `${account.pay_in_count} pay-ins of ${account.pay_in_total}`
    throw new Wrong(`${name} tells of ${told}, but its entries have ${payIns} of ${paidIn}`)
  }
}

interface KeyedRow {
  merchant_id: number
  id: string
  /** How many rows were read; those after the first wrong one count as well. */
  count: bigint
  problem: string | null
}

const firstUuid = '00000000-0000-0000-0000-000000000000'

/** Reads page after page by (merchant, UUID). `read` answers the page's first wrong row, or else its last. */
async function* checkPages(
  name: string,
  read: (after: { merchant: number; id: string }) => Promise<KeyedRow[]>,
): AsyncGenerator<number, void> {
  let after = { merchant: -1, id: firstUuid }
  for (;;) {
    const [row] = await read(after)
    if (row === undefined) return
    if (row.problem !== null) throw new Wrong(`${name} ${row.id} of merchant ${row.merchant_id} ${row.problem}`)
    yield Number(row.count)
    after = { merchant: row.merchant_id, id: row.id }
  }
}

/** Transactions lead to their entries; checked from there, each entry leads to its transaction. */
async function* checkTransactions(books: Books): Part {
  const read = (after: { merchant: number; id: string }) =>
    books.db.query<KeyedRow>(sql`
      select p.merchant_id, p.id, p.count, p.problem
      from (
        select
          t.merchant_id, t.id, row_number() over (order by t.merchant_id, t.id) as place, count(*) over () as count,
          case
            when f.transaction_id is distinct from t.id
              then format('has no entry %s in account %s, which pays', t.from_number, t.from_account_id)
            when r.transaction_id is distinct from t.id
              then format('has no entry %s in account %s, which receives', t.to_number, t.to_account_id)
            when t.amount <= 0 then format('moves %s', t.amount)
            when f.amount + r.amount <> 0 then 'does not sum to zero'
            when (t.kind = 'transfer') <> (t.number is not null) then 'is numbered among the transfers, or is not, wrongly'
            when (t.kind in ('refund', 'reversal')) <> (t.reverses_id is not null) then 'gives back nothing, or should not'
            when (t.kind = 'hold_capture') <> (t.hold_id is not null) then 'captures no hold, or should not'
            when t.hold_id is not null and (h.account_id = t.from_account_id and h.mode = t.mode) is not true
              then format('captures hold %s of another account', t.hold_id)
            when t.reverses_id is not null and (
              o.from_account_id = t.to_account_id and o.to_account_id = t.from_account_id and o.reverses_id is null
              and o.mode = t.mode
            ) is not true then format('gives back %s, which is not the other way round', t.reverses_id)
            when t.reverses_id is not null and b.amount is null
              then format('gives back %s, but that is not added up', t.reverses_id)
          end as problem
        from (
          select * from ledger_transactions
          where (merchant_id, id) > (${after.merchant}::integer, ${after.id}::uuid)
          order by merchant_id, id
          limit ${books.pageSize}
        ) t
        left join lateral (
          select e.transaction_id, e.amount from entries e
          where e.merchant_id = t.merchant_id and e.account_id = t.from_account_id and e.number = t.from_number
          limit 1
        ) f on true
        left join lateral (
          select e.transaction_id, e.amount from entries e
          where e.merchant_id = t.merchant_id and e.account_id = t.to_account_id and e.number = t.to_number
          limit 1
        ) r on true
        left join lateral (
          select h.account_id, h.mode from holds h where h.merchant_id = t.merchant_id and h.id = t.hold_id limit 1
        ) h on true
        left join lateral (
          select * from ledger_transactions o where o.merchant_id = t.merchant_id and o.id = t.reverses_id limit 1
        ) o on true
        left join lateral (
          select b.amount from refund_totals b
          where b.merchant_id = t.merchant_id and b.transaction_id = t.reverses_id
          limit 1
        ) b on true
      ) p
      where p.problem is not null or p.place = p.count
      order by p.place
      limit 1
    `)
  for await (const rows of checkPages('ledger transaction', read)) {
    books.counts.transactions += rows
    yield rows
  }
}

async function* checkHolds(books: Books): Part {
  const read = (after: { merchant: number; id: string }) =>
    books.db.query<KeyedRow>(sql`
      select p.merchant_id, p.id, p.count, p.problem
      from (
        select
          h.merchant_id, h.id, row_number() over (order by h.merchant_id, h.id) as place, count(*) over () as count,
          case
            when (a.customer_id = h.customer_id and a.mode = h.mode and a.currency = h.currency) is not true
              then format('is not of its account %s', h.account_id)
            when h.captured <> coalesce(c.captured, 0)
              then format('says %s was captured, but its captures add up to %s', h.captured, coalesce(c.captured, 0))
            when h.captured not between 0 and h.amount then format('of %s has %s captured', h.amount, h.captured)
            when h.captured = h.amount and h.status <> 'captured' then format('is captured in full, but %s', h.status)
          end as problem
        from (
          select * from holds
          where (merchant_id, id) > (${after.merchant}::integer, ${after.id}::uuid)
          order by merchant_id, id
          limit ${books.pageSize}
        ) h
        left join lateral (
          select * from ledger_accounts a where a.merchant_id = h.merchant_id and a.id = h.account_id limit 1
        ) a on true
        left join lateral (
          select sum(t.amount) as captured
          from ledger_transactions t
          where t.merchant_id = h.merchant_id and t.hold_id = h.id
        ) c on true
      ) p
      where p.problem is not null or p.place = p.count
      order by p.place
      limit 1
    `)
  for await (const rows of checkPages('hold', read)) {
    books.counts.holds += rows
    yield rows
  }
}

function checkRefundTotals(books: Books): Part {
  return checkPages('the total given back of transaction', (after) =>
    books.db.query<KeyedRow>(sql`
      select p.merchant_id, p.transaction_id as id, p.count, p.problem
      from (
        select
          f.merchant_id, f.transaction_id, row_number() over (order by f.merchant_id, f.transaction_id) as place,
          count(*) over () as count,
          case
            when f.amount is distinct from r.amount
              then format('is %s, but what was given back adds up to %s', f.amount, coalesce(r.amount, 0))
            when f.amount <= t.amount is not true then format('is %s of %s', f.amount, t.amount)
          end as problem
        from (
          select * from refund_totals
          where (merchant_id, transaction_id) > (${after.merchant}::integer, ${after.id}::uuid)
          order by merchant_id, transaction_id
          limit ${books.pageSize}
        ) f
        left join lateral (
          select t.amount from ledger_transactions t where t.merchant_id = f.merchant_id and t.id = f.transaction_id limit 1
        ) t on true
        left join lateral (
          select sum(o.amount) as amount
          from ledger_transactions o
          where o.merchant_id = f.merchant_id and o.reverses_id = f.transaction_id
        ) r on true
      ) p
      where p.problem is not null or p.place = p.count
      order by p.place
      limit 1
    `),
  )
}

interface CountersRow {
  merchant_id: number
  mode: string
  transfer_count: bigint
  customer_count: bigint
  problem: string | null
}

/** Transfers and customers are numbered 1, 2, 3 … within merchant and mode, as their counters say. */
async function* checkNumbers(books: Books): Part {
  let after = { merchant: -1, mode: '' }
  for (;;) {
    const [row] = await readCounters(books, after)
    if (row === undefined) return
    const name = `merchant ${row.merchant_id} in ${row.mode} mode`
    if (row.problem !== null) throw new Wrong(`${name} ${row.problem}`)
    for (let from = 0n; from < row.transfer_count; from += BigInt(books.pageSize)) {
      yield await checkTransferNumbers(books, name, row, from)
    }
    for (let from = 0n; from < row.customer_count; from += BigInt(books.pageSize)) {
      const rows = await checkCustomerNumbers(books, name, row, from)
      books.counts.customers += rows
      yield rows
    }
    after = { merchant: row.merchant_id, mode: row.mode }
  }
}

function readCounters(books: Books, after: { merchant: number; mode: string }): Promise<CountersRow[]> {
  return books.db.query<CountersRow>(sql`
    select
      k.merchant_id, k.mode, k.transfer_count, k.customer_count,
      case
        when t.number is not null
          then format('counts %s transfers, but has one numbered %s', k.transfer_count, t.number)
        when c.number is not null
          then format('counts %s customers, but has one numbered %s', k.customer_count, c.number)
        when l.created_at <> k.last_customer_at
          then format('dates its last customer %s, who is of %s', k.last_customer_at, l.created_at)
      end as problem
    from (
      select * from merchant_counters
      where (merchant_id, mode) > (${after.merchant}::integer, ${after.mode}::text)
      order by merchant_id, mode
      limit 1
    ) k
    left join lateral (
      select t.number from ledger_transactions t
      where t.merchant_id = k.merchant_id and t.mode = k.mode and t.kind = 'transfer'
        and (t.number > k.transfer_count or t.number < 1)
      limit 1
    ) t on true
    left join lateral (
      select c.number from customers c
      where c.merchant_id = k.merchant_id and c.mode = k.mode and (c.number > k.customer_count or c.number < 1)
      limit 1
    ) c on true
    left join lateral (
      select c.created_at from customers c
      where c.merchant_id = k.merchant_id and c.mode = k.mode and c.number = k.customer_count
      limit 1
    ) l on true
  `)
}

async function checkTransferNumbers(books: Books, name: string, row: CountersRow, after: bigint): Promise<number> {
  const until = upTo(books, after, row.transfer_count)
  const [missing] = await books.db.query<{ number: bigint }>(sql`
    select g.number
    from generate_series(${after}::bigint + 1, ${until}::bigint) as g (number)
    left join lateral (
      select t.number from ledger_transactions t
      where t.merchant_id = ${row.merchant_id} and t.mode = ${row.mode} and t.kind = 'transfer' and t.number = g.number
      limit 1
    ) t on true
    where t.number is null
    order by g.number
    limit 1
  `)
  if (missing) throw new Wrong(`${name} has no transfer numbered ${missing.number}`)
  return Number(until - after)
}

async function checkCustomerNumbers(books: Books, name: string, row: CountersRow, after: bigint): Promise<number> {
  const until = upTo(books, after, row.customer_count)
  const [wrong] = await books.db.query<{ number: bigint; is_there: boolean }>(sql`
    select n.number, n.created_at is not null as is_there
    from (
      select g.number, c.created_at, lag(c.created_at) over (order by g.number) as created_before
      from generate_series(greatest(${after}::bigint, 1), ${until}::bigint) as g (number)
      left join lateral (
        select c.created_at from customers c
        where c.merchant_id = ${row.merchant_id} and c.mode = ${row.mode} and c.number = g.number
        limit 1
      ) c on true
    ) n
    where n.created_at is null or n.created_at < n.created_before
    order by n.number
    limit 1
  `)
  if (wrong?.is_there) throw new Wrong(`customer number ${wrong.number} of ${name} is dated before the one before`)
  if (wrong) throw new Wrong(`${name} has no customer numbered ${wrong.number}`)
  return Number(until - after)
}

function upTo(books: Books, after: bigint, count: bigint): bigint {
  const end = after + BigInt(books.pageSize)
  return end < count ? end : count
}
