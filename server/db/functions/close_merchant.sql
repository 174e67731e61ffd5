-- Closes a merchant for which nothing is open, in both modes, and answers what is open otherwise: one row for each kind and
-- currency. Nothing is closed when there is a row. With p_ignore_test, things of test mode do not count.
--
-- It locks the rows that every posting locks. So no money moves between the look and the close.
create or replace function close_merchant(p_merchant_id integer, p_now timestamptz, p_ignore_test boolean)
returns table (what text, mode text, currency text, count bigint, amount numeric)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform 1 from merchant_counters c where c.merchant_id = p_merchant_id order by c.mode for update;
  return query
  select o.*
  from (
    select 'customer_money', a.mode, a.currency, count(*), sum(a.posted)
    from ledger_accounts a
    where a.merchant_id = p_merchant_id and a.kind = 'customer_cash' and a.posted <> 0
    group by a.mode, a.currency
    union all
    select 'suspense', a.mode, a.currency, count(*), sum(a.posted)
    from ledger_accounts a
    where a.merchant_id = p_merchant_id and a.kind = 'suspense' and a.posted <> 0
    group by a.mode, a.currency
    union all
    select 'hold', h.mode, h.currency, count(*), sum(h.amount - h.captured)
    from holds h
    where h.merchant_id = p_merchant_id and h.status = 'placed' and h.customer_id is not null
    group by h.mode, h.currency
    union all
    select 'refund', h.mode, h.currency, count(*), sum(h.amount)
    from holds h
    where h.merchant_id = p_merchant_id and h.status = 'placed' and h.original_id is not null
      and not exists (
        select from disputes d where d.merchant_id = h.merchant_id and d.original_id = h.original_id and d.hold_id = h.id
      )
    group by h.mode, h.currency
    union all
    select 'payout', p.mode, p.currency, count(*), sum(p.amount)
    from payouts p
    where p.merchant_id = p_merchant_id and p.ended_at is null
    group by p.mode, p.currency
    union all
    select 'dispute', d.mode, d.currency, count(*), sum(d.amount)
    from disputes d
    where d.merchant_id = p_merchant_id and d.state not in ('won', 'lost')
    group by d.mode, d.currency
    union all
    select 'payment', i.mode, i.currency, count(*), sum(i.amount)
    from payment_intents i
    where i.merchant_id = p_merchant_id and i.status = 'processing'
    group by i.mode, i.currency
    union all
    select 'payment', p.mode, p.currency, count(*), sum(p.amount)
    from (
      select merchant_id, mode, currency, amount from pay_ins where due_at is not null
      union all
      select merchant_id, mode, currency, amount from adjustments where due_at is not null
    ) p
    where p.merchant_id = p_merchant_id
    group by p.mode, p.currency
    union all
    select 'dedicated_account', d.mode, null, count(*), null::numeric
    from dedicated_accounts d
    where d.merchant_id = p_merchant_id and d.removed_at is null
    group by d.mode
  ) o (what, mode, currency, count, amount)
  where o.mode = 'live' or not p_ignore_test
  order by o.mode, o.what, o.currency;
  if not found then
    update merchants m set closed_at = coalesce(m.closed_at, p_now) where m.id = p_merchant_id;
  end if;
end
$$;

-- Opens a closed merchant again.
create or replace function reopen_merchant(p_merchant_id integer)
returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update merchants m set closed_at = null where m.id = p_merchant_id;
$$;
