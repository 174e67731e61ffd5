import { sql } from '../../../db/sql.ts'
import type { Books, Part } from './books.ts'
import { checkPages, type PageKey, type PageRow } from './pages.ts'

/** Checks each hold against its account, and the amount that it says was captured against its captures. */
export async function* checkHolds(books: Books): Part {
  const read = (after: PageKey) =>
    books.db.query<PageRow>(sql`
      select f.merchant_id, f.id, f.count, f.problem
      from (
        select
          h.merchant_id, h.id, row_number() over (order by h.merchant_id, h.id) as place, count(*) over () as count,
          case
            when (a.mode = h.mode and a.currency = h.currency) is not true
              or (h.original_id is null and h.purpose is null and (a.customer_id = h.customer_id) is not true)
              then format('is not of its account %s', h.account_id)
            when h.original_id is not null and (o.to_account_id = h.account_id and o.mode = h.mode) is not true
              then format('reserves a refund of %s, which did not come to its account', h.original_id)
            when h.purpose is not null and p.id is null then 'reserves a payout that is not there'
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
          select * from ledger_transactions o where o.merchant_id = h.merchant_id and o.id = h.original_id limit 1
        ) o on true
        left join lateral (
          select p.id from payouts p where p.merchant_id = h.merchant_id and p.id = h.id limit 1
        ) p on true
        left join lateral (
          select sum(m.amount) as captured
          from (
            select t.amount from ledger_transactions t where t.merchant_id = h.merchant_id and t.hold_id = h.id
            union all
            -- A refund has the id of its hold.
            select t.amount from ledger_transactions t
            where t.merchant_id = h.merchant_id and t.id = h.id and t.reverses_id = h.original_id
          ) m
        ) c on true
      ) f
      where f.problem is not null or f.place = f.count
      order by f.place
      limit 1
    `)
  for await (const rows of checkPages('hold', read)) {
    books.counts.holds += rows
    yield rows
  }
}
