import { sql } from '../../../db/sql.ts'
import type { Books, Part } from './books.ts'
import { checkPages, type PageRow } from './pages.ts'

/** Checks each payout against its hold and against the movement that paid it or gave it back. */
export function checkPayouts(books: Books): Part {
  return checkPages('payout', (after) =>
    books.db.query<PageRow>(sql`
      select f.merchant_id, f.id, f.count, f.problem
      from (
        select
          p.merchant_id, p.id, row_number() over (order by p.merchant_id, p.id) as place, count(*) over () as count,
          case
            when (h.purpose = 'payout' and h.mode = p.mode and h.currency = p.currency and h.amount = p.amount + p.estimated_fee
              and a.customer_id is not distinct from p.customer_id) is not true
              then 'has no hold of its money'
            when p.ended_at is null and h.status <> 'placed' then format('is %s, but its hold is %s', p.state, h.status)
            when p.ended_at is not null and h.status = 'placed' then format('is %s, but its money is still held', p.state)
            -- The fee that was kept of a payout that came back is taken out of its hold.
            when h.captured > case p.state when 'failed' then coalesce(p.booked_fee, 0) when 'cancelled' then 0 when 'denied' then 0 end
              then format('is %s, but was captured', p.state)
            when (p.state in ('paid', 'returned')) <> (p.movement_id is not null)
              then format('is %s, and names %s', p.state, coalesce(p.movement_id::text, 'no movement'))
            when p.movement_id is null then null
            when (m.mode = p.mode and m.currency = p.currency and m.amount = p.amount) is not true
              then format('names the movement %s, which is not of it', p.movement_id)
            when m.kind <> case p.state when 'returned' then 'payout_returned' else 'payout' end
              then format('is %s by a movement of kind %s', p.state, m.kind)
          end as problem
        from (
          select * from payouts
          where (merchant_id, id) > (${after.merchant}::integer, ${after.id}::uuid)
          order by merchant_id, id
          limit ${books.pageSize}
        ) p
        left join lateral (
          select * from holds h where h.merchant_id = p.merchant_id and h.id = p.id limit 1
        ) h on true
        left join lateral (
          select * from ledger_accounts a where a.merchant_id = h.merchant_id and a.id = h.account_id limit 1
        ) a on true
        left join lateral (
          select * from ledger_transactions m where m.merchant_id = p.merchant_id and m.id = p.movement_id limit 1
        ) m on true
      ) f
      where f.problem is not null or f.place = f.count
      order by f.place
      limit 1
    `),
  )
}
