-- Opens the accounts of the list that do not exist yet, with a balance of 0. An account is named by kind, customer code
-- (null for an account of the merchant), party (null for nobody) and currency. If the customer does not exist or is
-- deleted, no account is opened. The caller must hold the counters' row of the merchant (see post_commands.sql).
create or replace function open_missing_accounts(
  p_merchant_id integer,
  p_mode text,
  p_now timestamptz,
  p_kinds text[],
  p_customers text[],
  p_parties bigint[],
  p_currencies text[]
) returns void
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan as $$
declare
  v_unheld text;
begin
  -- Money may come in any currency, and then waits in suspense.
  select u.currency into v_unheld
  from unnest(p_kinds, p_currencies) as u (kind, currency)
  where u.kind not in ('outside', 'suspense', 'processor_fees')
    and u.currency <> all (select unnest(m.currencies) from merchants m where m.id = p_merchant_id)
  limit 1;
  if found then
    raise exception 'merchant % does not hold %', p_merchant_id, v_unheld using errcode = 'MT004';
  end if;

  with missing as materialized (
    select n.kind, n.party, n.currency, c.id as customer_id, row_number() over () as position
    from unnest(p_kinds, p_customers, p_parties, p_currencies) as n (kind, customer, party, currency)
    left join lateral (
      select c.id, c.mode, c.deleted_at from customers c
      where c.merchant_id = p_merchant_id and c.code = n.customer
      limit 1
    ) c on c.mode = p_mode and c.deleted_at is null
    left join lateral (
      select a.id, a.kind from ledger_accounts a
      where a.merchant_id = p_merchant_id and a.customer_id = c.id and a.currency = n.currency
      limit 1
    ) cash on cash.kind = n.kind
    left join lateral (
      select a.id from ledger_accounts a
      where n.customer is null and a.merchant_id = p_merchant_id and a.mode = p_mode and a.kind = n.kind
        and a.currency = n.currency and a.party_id = coalesce(n.party, 0) and a.customer_id is null
      limit 1
    ) own on true
    where (n.customer is null or c.id is not null) and cash.id is null and own.id is null
  ),
  ids as materialized (
    select allocate_ids(p_merchant_id, count(*)::integer) as first from missing
  )
  insert into ledger_accounts (
    merchant_id, id, mode, kind, customer_id, party_id, currency, floor, created_at, updated_at
  )
  select
    p_merchant_id, ids.first + m.position - 1, p_mode, m.kind, m.customer_id, coalesce(m.party, 0), m.currency,
    case when m.kind in ('customer_cash', 'merchant_balance', 'fees') then 0 end, p_now, p_now
  from missing m, ids
  on conflict do nothing;
end
$$;
