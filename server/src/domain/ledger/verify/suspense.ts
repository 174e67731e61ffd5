import { sql } from '../../../db/sql.ts'
import type { Books, Part } from './books.ts'
import { checkPages, type PageRow } from './pages.ts'

/**
 * Checks each movement out of suspense against the money that was in suspense: it is of that money, and all movements of it, by a
 * person and by accounts that took parts back, are no more than came.
 */
export function checkSuspense(books: Books): Part {
  return checkPages('the decision about suspense', (after) =>
    books.db.query<PageRow>(sql`
      select p.merchant_id, p.id, p.count, p.problem
      from (
        select
          d.merchant_id, d.id, row_number() over (order by d.merchant_id, d.id) as place, count(*) over () as count,
          case
            when (s.mode = d.mode and s.kind = 'suspended') is not true
              then format('is of %s, which brought nothing into suspense', d.reference)
            when d.state = 'refused' and m.id is not null then 'was refused, and has moved money'
            when d.state = 'succeeded' and m.id is null then 'has moved nothing'
            when m.id is not null and (m.kind, m.amount, m.currency) is distinct from (d.outcome, coalesce(d.amount, s.amount), s.currency)
              then format('says %s %s %s, but moved %s %s %s', d.outcome, coalesce(d.amount, s.amount), s.currency, m.kind, m.amount, m.currency)
            when d.state <> 'refused' and t.amount > s.amount
              then format('is of %s, of which %s of %s were taken', d.reference, t.amount, s.amount)
          end as problem
        from (
          select * from suspense_decisions
          where (merchant_id, id) > (${after.merchant}::integer, ${after.id}::uuid)
          order by merchant_id, id
          limit ${books.pageSize}
        ) d
        left join lateral (
          select * from ledger_transactions s where s.merchant_id = d.merchant_id and s.id = d.reference::uuid limit 1
        ) s on true
        left join lateral (
          select * from ledger_transactions m where m.merchant_id = d.merchant_id and m.id = d.id limit 1
        ) m on true
        left join lateral (
          select sum(coalesce(o.amount, s.amount)) as amount
          from suspense_decisions o
          where o.merchant_id = d.merchant_id and o.mode = d.mode and o.reference = d.reference and o.state <> 'refused'
        ) t on true
      ) p
      where p.problem is not null or p.place = p.count
      order by p.place
      limit 1
    `),
  )
}
