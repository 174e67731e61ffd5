import { sql } from '../../../db/sql.ts'
import { type Books, type Part, UnsoundRowError } from './books.ts'

/** The stored figures of an account that its entries must add up to. */
export interface AccountFigures {
  merchant_id: number
  id: bigint
  mode: string
  currency: string
  posted: bigint
  entry_count: bigint
  last_entry_at: string
  pay_in_count: bigint
  pay_in_total: string
}

/** The figures of an account as of one of its entries. */
interface Standing {
  balance: bigint
  at: string
  payIns: bigint
  paidIn: bigint
}

const nothingYet: Standing = { balance: 0n, at: '-infinity', payIns: 0n, paidIn: 0n }

/** The entries of an account above number `after`, up to number `until`. */
interface Stretch {
  account: AccountFigures
  after: bigint
  until: bigint
  /** As of entry `after`. */
  opening: Standing
}

/**
 * Checks all entries of the accounts. Many small accounts go together into one read; a large account takes several reads.
 */
export async function* checkEntries(books: Books, accounts: AccountFigures[]): Part {
  const { pageSize } = books
  let stretches: Stretch[] = []
  let rows = 0
  for (const account of accounts) {
    let after = 0n
    let opening = nothingYet
    while (account.entry_count - after > pageSize - rows) {
      const until = after + BigInt(pageSize - rows)
      opening = await checkStretches(books, [...stretches, { account, after, until, opening }])
      yield pageSize
      stretches = []
      rows = 0
      after = until
    }
    stretches.push({ account, after, until: account.entry_count, opening })
    rows += Number(account.entry_count - after)
  }
  if (stretches.length === 0) return
  await checkStretches(books, stretches)
  yield rows
}

interface StretchRow {
  /** The number of entries that were found. */
  count: bigint
  closing: bigint | null
  closed_at: string | null
  pay_ins: bigint
  paid_in: string
  /** Of the first entry that is wrong; both are null in a sound stretch. */
  wrong_number: bigint | null
  problem: string | null
}

/** Checks the entries of some stretches in one read, and answers the standing at the end of the last stretch. */
async function checkStretches(books: Books, stretches: Stretch[]): Promise<Standing> {
  const list = <Value>(read: (stretch: Stretch) => Value) => stretches.map(read)
  const rows = await books.db.query<StretchRow>(sql`
    select l.count, l.closing, l.closed_at::text as closed_at, l.pay_ins, l.paid_in, l.wrong_number, l.problem
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
        min(i.number) filter (where i.problem is not null) as wrong_number,
        (array_agg(i.problem order by i.number) filter (where i.problem is not null))[1] as problem
      from (
        select
          e.number, e.amount, e.balance_after, e.created_at, t.kind = 'pay_in' and e.amount > 0 as is_pay_in,
          case
            when e.number <> coalesce(e.number_before, g.after) + 1
              then format('is there, but number %s is missing', coalesce(e.number_before, g.after) + 1)
            when e.balance_after <> coalesce(e.balance_before, g.opening) + e.amount then format(
              'has the balance %s after it, not %s', e.balance_after, coalesce(e.balance_before, g.opening) + e.amount
            )
            when e.created_at < coalesce(e.created_before, g.opened_at)
              then 'is dated before the one before it'
            when t.id is null then format('belongs to transaction %s, which is not there', e.transaction_id)
            when t.mode <> g.mode or t.currency <> g.currency
              then format('belongs to transaction %s of another mode or currency', t.id)
            when t.created_at <> e.created_at
              then format('is not dated as its transaction %s', t.id)
            when not (
              (t.from_account_id = g.account_id and t.from_number = e.number and e.amount = -t.amount)
              or (t.to_account_id = g.account_id and t.to_number = e.number and e.amount = t.amount)
            ) then format('of %s is not one of the two of transaction %s', e.amount, t.id)
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
  if (row.problem !== null) throw new UnsoundRowError(`entry ${row.wrong_number} of ${name} ${row.problem}`)
  if (row.count !== until - after) {
    throw new UnsoundRowError(
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

function compareStanding(name: string, account: AccountFigures, { balance, at, payIns, paidIn }: Standing): void {
  if (balance !== account.posted) {
    throw new UnsoundRowError(`${name} has ${account.posted} posted, but its entries add up to ${balance}`)
  }
  if (at !== account.last_entry_at) {
    throw new UnsoundRowError(`${name} dates its last entry ${account.last_entry_at}, which is of ${at}`)
  }
  if (payIns !== account.pay_in_count || paidIn !== BigInt(account.pay_in_total)) {
    const told = `${account.pay_in_count} pay-ins of ${account.pay_in_total}`
    throw new UnsoundRowError(`${name} tells of ${told}, but its entries have ${payIns} of ${paidIn}`)
  }
}
