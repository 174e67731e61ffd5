-- Creates a batch of customers of one merchant and mode, each with its cash account at 0 and its event.
--
-- p_customers: [{"code", "email", "first_name", "last_name", "phone", "phone_e164", "metadata", "search_text"}, …]; a
-- key, if any, stands at the same place in p_keys. Answers one row for each, in the order given: created with the new
-- customer, or not created with the customer who already has that e-mail. Nobody is refused because of a neighbour. A
-- key that was answered before brings that answer again (`replayed`); with another fingerprint no customer.
--
-- The counters' row is the queue: whoever holds it numbers its customers without gaps and dates them in order, so that
-- a page at any offset, a total and a time window are all index look-ups.
create or replace function create_customers(
  p_merchant_id integer,
  p_mode text,
  p_currency text,
  p_now timestamptz,
  p_customers json,
  p_keys text[],
  p_fingerprints bytea[]
) returns table (ordinal bigint, created boolean, replayed boolean, fingerprint bytea, customer customers)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  v_known_keys text[];
  v_count bigint;
  v_now timestamptz;
  v_created bigint;
begin
  select c.customer_count, greatest(p_now, c.last_customer_at)
  into strict v_count, v_now
  from merchant_counters c
  where c.merchant_id = p_merchant_id and c.mode = p_mode
  for update;

  -- Read under the counters' lock: whoever else used one of the keys has committed.
  select array_agg(k.key) into v_known_keys
  from idempotency_keys k
  where k.merchant_id = p_merchant_id and k.mode = p_mode and k.key = any(p_keys);

  with given as (
    select *
    from rows from (
      json_to_recordset(p_customers) as (
        code text, email text, first_name text, last_name text, phone text, phone_e164 text, metadata json,
        search_text text
      ),
      unnest(p_keys)
    ) as g (code, email, first_name, last_name, phone, phone_e164, metadata, search_text, key)
  ),
  fresh as materialized (
    select distinct on (coalesce(g.email, g.code)) g.*
    from given g
    where coalesce(g.key <> all(v_known_keys), true) and not exists (
      select from customers c where c.merchant_id = p_merchant_id and c.mode = p_mode and c.email = g.email
    )
  ),
  numbered as materialized (
    select f.*, row_number() over () as position from fresh f
  ),
  ids as materialized (
    select allocate_ids(p_merchant_id, 2 * count(*)::integer) as first from numbered
  )
  insert into customers (
    merchant_id, id, mode, number, code, email, first_name, last_name, phone, phone_e164, metadata, search_text,
    created_at, updated_at
  )
  select
    p_merchant_id, ids.first + 2 * (n.position - 1), p_mode, v_count + n.position, n.code, n.email, n.first_name,
    n.last_name, n.phone, n.phone_e164, n.metadata, n.search_text, v_now, v_now
  from numbered n, ids;
  get diagnostics v_created = row_count;

  insert into ledger_accounts (merchant_id, id, mode, kind, customer_id, currency, floor, created_at, updated_at)
  select p_merchant_id, c.id + 1, p_mode, 'customer_cash', c.id, p_currency, 0, v_now, v_now
  from customers c
  where c.merchant_id = p_merchant_id and c.mode = p_mode and c.number > v_count;

  insert into events (merchant_id, mode, type, customer_id, data, created_at)
  select p_merchant_id, p_mode, 'customer.created', c.id,
    json_build_object('customer', customer_snapshot(c), 'details', '{}'::json), v_now
  from customers c
  where c.merchant_id = p_merchant_id and c.mode = p_mode and c.number > v_count;

  update merchant_counters c
  set customer_count = v_count + v_created, last_customer_at = v_now
  where c.merchant_id = p_merchant_id and c.mode = p_mode and v_created > 0;

  insert into idempotency_keys (merchant_id, mode, key, fingerprint, snapshot, created_at)
  select
    p_merchant_id, p_mode, k.key, k.fingerprint, json_build_object('created', a.created, 'customer', a.customer), v_now
  from unnest(p_keys, p_fingerprints) with ordinality as k (key, fingerprint, ordinal)
  join customers_answered(p_merchant_id, p_mode, p_customers) a on a.ordinal = k.ordinal
  where k.key is not null and coalesce(k.key <> all(v_known_keys), true);

  return query
  select
    a.ordinal, coalesce((k.snapshot ->> 'created')::boolean, a.created), k.key is not null, k.fingerprint,
    case
      when k.key is null then a.customer
      when k.fingerprint = p_fingerprints[a.ordinal] then json_populate_record(null::customers, k.snapshot -> 'customer')
    end
  from customers_answered(p_merchant_id, p_mode, p_customers) a
  left join idempotency_keys k
    on k.merchant_id = p_merchant_id and k.mode = p_mode and k.key = p_keys[a.ordinal] and k.key = any(v_known_keys)
  order by a.ordinal;
end
$$;
