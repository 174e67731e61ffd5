import { sql } from '../../../db/sql.ts'
import { type Books, type Part, UnsoundRowError } from './books.ts'
import { type AccountFigures, checkEntries } from './entries.ts'

interface AccountRow extends AccountFigures {
  problem: string | null
}

/** The key of the last account that was read. */
type AccountKey = Pick<AccountRow, 'merchant_id' | 'id'>

/** Checks the accounts of each page against their holds, and then against their entries. */
export async function* checkAccounts(books: Books): Part {
  await checkFirstEntry(books)
  let after: AccountKey = { merchant_id: -1, id: 0n }
  for (;;) {
    const accounts = await readAccounts(books, after)
    const wrong = accounts.find(({ problem }) => problem !== null)
    if (wrong) {
      throw new UnsoundRowError(`ledger account ${wrong.id} of merchant ${wrong.merchant_id} ${wrong.problem}`)
    }
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

/**
 * Entries that name a missing account sort between two existing accounts, so each account also checks the entry that
 * follows its own. Only the first entry of all is left to check here.
 */
async function checkFirstEntry(books: Books): Promise<void> {
  const [stray] = await books.db.query<{ merchant_id: number; account_id: bigint }>(sql`
    select e.merchant_id, e.account_id
    from (select merchant_id, account_id from entries order by merchant_id, account_id limit 1) e
    where not exists (select from ledger_accounts a where a.merchant_id = e.merchant_id and a.id = e.account_id)
  `)
  if (stray) {
    throw new UnsoundRowError(
      `entries of merchant ${stray.merchant_id} name account ${stray.account_id}, which is not there`,
    )
  }
}

function readAccounts(books: Books, after: AccountKey): Promise<AccountRow[]> {
  return books.db.query<AccountRow>(sql`
    select
      a.merchant_id, a.id, a.mode, a.currency, a.posted, a.entry_count, a.last_entry_at::text as last_entry_at,
      a.pay_in_count, a.pay_in_total,
      case
        when a.held <> coalesce(h.left_over, 0)
          then format('holds %s, but its open holds add up to %s', a.held, coalesce(h.left_over, 0))
        when a.posted - a.held < a.floor then format('has %s available, below its floor', a.posted - a.held)
        when (a.floor is not null) <> (a.kind in ('customer_cash', 'merchant_balance', 'fees'))
          then 'has a floor that its kind has not'
        when (a.kind = 'customer_cash') <> (a.customer_id is not null) then 'has an owner that its kind has not'
        when a.customer_id is not null and c.mode is distinct from a.mode
          then format('belongs to customer %s, who is not of its mode', a.customer_id)
        when a.owed <> coalesce(receivable.owed, 0)
          then format('owes %s, but its receivable has %s', a.owed, coalesce(receivable.owed, 0))
        when a.owed > 0 and a.posted - a.held <> a.floor
          then format('owes %s, but has %s available', a.owed, a.posted - a.held)
        when a.kind in ('customer_receivable', 'merchant_receivable') and debtor.id is null
          then 'is owed by an account that is not there'
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
      from (
        select u.amount, u.captured from holds u
        where u.merchant_id = a.merchant_id and u.customer_id = a.customer_id and u.account_id = a.id
          and u.status = 'placed'
        union all
        select u.amount, u.captured from holds u
        where u.merchant_id = a.merchant_id and u.account_id = a.id and u.original_id is not null
          and u.status = 'placed'
        union all
        select u.amount, u.captured from holds u
        where u.merchant_id = a.merchant_id and u.account_id = a.id and u.purpose is not null
          and u.status = 'placed'
      ) o
    ) h on true
    left join lateral (
      select -o.posted as owed
      from ledger_accounts o
      where o.merchant_id = a.merchant_id and o.mode = a.mode and o.currency = a.currency and o.customer_id is null
        and o.kind = case a.kind when 'customer_cash' then 'customer_receivable' when 'merchant_balance' then 'merchant_receivable' end
        and o.party_id = coalesce(a.customer_id, 0)
      limit 1
    ) receivable on true
    left join lateral (
      select o.id
      from ledger_accounts o
      where o.merchant_id = a.merchant_id and o.customer_id = a.party_id and o.currency = a.currency
        and a.kind = 'customer_receivable'
      union all
      select o.id
      from ledger_accounts o
      where o.merchant_id = a.merchant_id and o.mode = a.mode and o.kind = 'merchant_balance'
        and o.currency = a.currency and o.party_id = 0 and o.customer_id is null and a.kind = 'merchant_receivable'
      limit 1
    ) debtor on true
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
