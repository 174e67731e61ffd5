-- The figures of a refund whose hold has just been placed or settled, in the same statement: the number that a new refund gets,
-- and the amount of its transaction that can still be given back. It is volatile, so that it sees what the posting has done.
create or replace function figures_of_refund(p_merchant_id integer, p_id uuid)
returns table (next_number bigint, remaining bigint)
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  return query
  select
    coalesce((select max(r.number) from refunds r where r.merchant_id = h.merchant_id and r.mode = h.mode), 0) + 1,
    t.amount - coalesce(f.amount, 0)
  from holds h
  join ledger_transactions t on t.merchant_id = h.merchant_id and t.id = h.original_id
  left join refund_totals f on f.merchant_id = h.merchant_id and f.transaction_id = h.original_id
  where h.merchant_id = p_merchant_id and h.id = p_id;
end
$$;
