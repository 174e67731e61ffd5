import { sql } from '../../../db/sql.ts'
import type { Books, Part } from './books.ts'
import { checkPages, type PageRow } from './pages.ts'

/** Checks each dispute against the movement that took its money, or that gave it back. */
export function checkDisputes(books: Books): Part {
  return checkPages('dispute', (after) =>
    books.db.query<PageRow>(sql`
      select p.merchant_id, p.id, p.count, p.problem
      from (
        select
          d.merchant_id, d.id, row_number() over (order by d.merchant_id, d.id) as place, count(*) over () as count,
          case
            when (o.mode = d.mode and o.currency = d.currency and o.kind in ('pay_in', 'suspended')) is not true
              then format('is of %s, which brought no money of it', d.original_id)
            when (d.state = 'lost') <> (d.borne_by is not null) and d.refund_name is null
              then format('is %s, and borne by %s', d.state, coalesce(d.borne_by, 'nobody'))
            when d.movement_id is null then null
            when m.id is null then format('names the movement %s, which does not exist', d.movement_id)
            when m.mode <> d.mode or m.currency <> d.currency
              -- A refund that has ended a dispute came back with what came back of the dispute.
              or (d.refund_name is null and d.borne_by is distinct from 'suspense'
                and coalesce(m.details ->> 'disputeId', d.id::text) = d.id::text and case json_array_length(d.takings)
                when 0 then m.amount <> least(d.amount, o.amount)
                -- Of money in several parts each has a movement of its own.
                else not exists (
                  select from json_array_elements(d.takings) k where (k ->> 'amount')::bigint = m.amount
                )
              end)
              then format('of %s %s moved %s %s', d.amount, d.currency, m.amount, m.currency)
            when d.borne_by is not null and m.kind not in ('chargeback', 'given_back')
              then format('was taken by a movement of kind %s', m.kind)
            when d.borne_by is null and m.kind not in ('chargeback_returned', 'suspended')
              then format('was given back by a movement of kind %s', m.kind)
          end as problem
        from (
          select * from disputes
          where (merchant_id, id) > (${after.merchant}::integer, ${after.id}::uuid)
          order by merchant_id, id
          limit ${books.pageSize}
        ) d
        left join lateral (
          select * from ledger_transactions o where o.merchant_id = d.merchant_id and o.id = d.original_id limit 1
        ) o on true
        left join lateral (
          select * from ledger_transactions m where m.merchant_id = d.merchant_id and m.id = d.movement_id limit 1
        ) m on true
      ) p
      where p.problem is not null or p.place = p.count
      order by p.place
      limit 1
    `),
  )
}
