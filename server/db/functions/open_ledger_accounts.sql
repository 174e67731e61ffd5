-- The ids of the accounts named by kind, customer code (null for the merchant's own) and currency, in the order given.
-- An account that was never used is opened at 0; null stands for one whose customer does not exist.
create or replace function open_ledger_accounts(
  p_merchant_id integer,
  p_mode text,
  p_now timestamptz,
  p_kinds text[],
  p_customers text[],
  p_currencies text[]
) returns bigint[]
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_ids bigint[];
begin
  for attempt in 1..2 loop
    select array_agg(coalesce(own.id, customers_own.id) order by n.ordinal)
    into v_ids
    from unnest(p_kinds, p_customers, p_currencies) with ordinality as n (kind, customer, currency, ordinal)
    left join customers c on c.merchant_id = p_merchant_id and c.mode = p_mode and c.code = n.customer
    left join ledger_accounts customers_own
      on customers_own.merchant_id = p_merchant_id and customers_own.customer_id = c.id
      and customers_own.currency = n.currency
    left join ledger_accounts own
      on own.merchant_id = p_merchant_id and own.mode = p_mode and own.kind = n.kind and own.currency = n.currency
      and own.customer_id is null and n.customer is null;
    exit when attempt = 2 or array_position(v_ids, null) is null;

    with missing as materialized (
      select n.kind, n.currency, c.id as customer_id, row_number() over () as position
      from unnest(v_ids, p_kinds, p_customers, p_currencies) as n (id, kind, customer, currency)
      left join customers c on c.merchant_id = p_merchant_id and c.mode = p_mode and c.code = n.customer
      where n.id is null and (n.customer is null or c.id is not null)
    ),
    ids as materialized (
      select allocate_ids(p_merchant_id, count(*)::integer) as first from missing
    )
    insert into ledger_accounts (merchant_id, id, mode, kind, customer_id, currency, floor, created_at, updated_at)
    select
      p_merchant_id, ids.first + m.position - 1, p_mode, m.kind, m.customer_id, m.currency,
      case when m.kind = 'outside' then null else 0 end, p_now, p_now
    from missing m, ids
    on conflict do nothing;
  end loop;
  return v_ids;
end
$$;
