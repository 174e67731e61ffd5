import { sql } from '../../../db/sql.ts'
import type { Books, Part } from './books.ts'
import { checkPages, type PageKey, type PageRow } from './pages.ts'

/**
 * Checks that each ledger transaction has the two entries that it names. The other direction, from each entry to its
 * transaction, is checked with the entries.
 */
export async function* checkTransactions(books: Books): Part {
  const read = (after: PageKey) =>
    books.db.query<PageRow>(sql`
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
            when (t.kind = 'hold_capture' and t.hold_id is null)
              or (t.kind not in ('hold_capture', 'payout', 'processor_fee') and t.hold_id is not null)
              then 'captures no hold, or should not'
            when t.hold_id is not null and (h.account_id = t.from_account_id and h.mode = t.mode) is not true
              then format('captures hold %s of another account', t.hold_id)
            when t.reverses_id is not null and (
              coalesce(s.from_account_id, o.from_account_id) = t.to_account_id and o.to_account_id = t.from_account_id
              and o.reverses_id is null
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
          select s.from_account_id from ledger_transactions s
          where o.kind = 'assigned' and s.merchant_id = o.merchant_id and s.id = (o.details ->> 'suspendedId')::uuid
            and s.kind = 'suspended'
          limit 1
        ) s on true
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
