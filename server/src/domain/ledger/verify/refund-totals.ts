import { sql } from '../../../db/sql.ts'
import type { Books, Part } from './books.ts'
import { checkPages, type PageRow } from './pages.ts'

/** Checks each total that was given back of a ledger transaction against its refunds and reversals, the open ones too. */
export function checkRefundTotals(books: Books): Part {
  return checkPages('the total given back of transaction', (after) =>
    books.db.query<PageRow>(sql`
      select p.merchant_id, p.transaction_id as id, p.count, p.problem
      from (
        select
          f.merchant_id, f.transaction_id, row_number() over (order by f.merchant_id, f.transaction_id) as place,
          count(*) over () as count,
          case
            when f.amount is distinct from coalesce(r.amount, 0)
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
          from (
            select b.amount from ledger_transactions b
            where b.merchant_id = f.merchant_id and b.reverses_id = f.transaction_id
            union all
            select h.amount from holds h
            where h.merchant_id = f.merchant_id and h.original_id = f.transaction_id and h.status = 'placed'
          ) o
        ) r on true
      ) p
      where p.problem is not null or p.place = p.count
      order by p.place
      limit 1
    `),
  )
}
