import { sql } from '../../../db/sql.ts'
import { type Books, type Part, UnsoundRowError } from './books.ts'

interface CountersRow {
  merchant_id: number
  mode: string
  transfer_count: bigint
  customer_count: bigint
  problem: string | null
}

/** Checks that transfers and customers are numbered 1, 2, 3 … within merchant and mode, up to the counts of their counters. */
export async function* checkNumbers(books: Books): Part {
  let after = { merchant: -1, mode: '' }
  for (;;) {
    const [row] = await readCounters(books, after)
    if (row === undefined) return
    const name = `merchant ${row.merchant_id} in ${row.mode} mode`
    if (row.problem !== null) throw new UnsoundRowError(`${name} ${row.problem}`)
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
        when d.count <> k.deleted_customer_count
          then format('counts %s deleted customers, but has %s', k.deleted_customer_count, d.count)
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
      select count(*) from customers c
      where c.merchant_id = k.merchant_id and c.mode = k.mode and c.deleted_at is not null
    ) d on true
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
  if (missing) throw new UnsoundRowError(`${name} has no transfer numbered ${missing.number}`)
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
  if (wrong?.is_there)
    throw new UnsoundRowError(`customer number ${wrong.number} of ${name} is dated before the one before`)
  if (wrong) throw new UnsoundRowError(`${name} has no customer numbered ${wrong.number}`)
  return Number(until - after)
}

function upTo(books: Books, after: bigint, count: bigint): bigint {
  const end = after + BigInt(books.pageSize)
  return end < count ? end : count
}
