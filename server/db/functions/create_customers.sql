-- Creates a batch of customers of one merchant and mode, each with a cash account at 0 and an event.
--
-- p_customers may have "trail_id", "actor_id" and "request_id": who asks, for the trail.
-- p_customers: [{"code", "email", "first_name", "last_name", "phone", "phone_e164", "metadata", "search_text"}, …]. The
-- key of a customer, if it has one, is at the same place in p_keys. The answer has one row for each customer, in order:
-- `created` with the new customer, or not created with the customer who already has that e-mail. A refused customer
-- changes nothing for the others. If a key was answered before, the row has that answer, and `replayed` is true. If
-- the key belongs to another request, the row has no customer, and `fingerprint` is that of the other request.
--
-- The counters' row is the queue. The transaction that holds this row numbers its customers without gaps and dates them
-- in order. A page at any offset, a total and a time window are therefore index look-ups.
create or replace function create_customers(
  p_merchant_id integer,
  p_mode text,
  p_currency text,
  p_now timestamptz,
  p_customers json,
  p_keys text[],
  p_fingerprints bytea[]
) returns table (ordinal bigint, created boolean, replayed boolean, fingerprint bytea, customer customers)
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_shape constant text := '[1:' || json_array_length(p_customers) || ']';
  v_known_keys text[];
  v_count bigint;
  v_now timestamptz;
  v_created bigint;
  v_new boolean[];
  v_customers customers[];
begin
  if (v_shape = array_dims(p_keys) and v_shape = array_dims(p_fingerprints) and isfinite(p_now)) is not true
    or p_currency <> all (select unnest(m.currencies) from merchants m where m.id = p_merchant_id)
  then
    raise exception 'a batch of customers is malformed' using errcode = 'MT004';
  end if;

  select c.customer_count, greatest(p_now, c.last_customer_at)
  into strict v_count, v_now
  from merchant_counters c
  where c.merchant_id = p_merchant_id and c.mode = p_mode
  for update;

  -- Read under the lock on the counters, so every other transaction that used one of the keys has committed. The look-ups
  -- are lateral with a limit: one index look-up per customer, whatever the statistics say of a table that is being filled.
  select array_agg(k.key) into v_known_keys
  from unnest(p_keys) as g (key)
  cross join lateral (
    select i.key from idempotency_keys i
    where i.merchant_id = p_merchant_id and i.mode = p_mode and i.key = g.key
    limit 1
  ) k;

  with given as (
    select *
    from rows from (
      json_to_recordset(p_customers) as (
        code text, email text, first_name text, last_name text, phone text, phone_e164 text, metadata json,
        search_text text, trail_id uuid, actor_id integer, request_id text
      ),
      unnest(p_keys)
    ) with ordinality as g (
      code, email, first_name, last_name, phone, phone_e164, metadata, search_text, trail_id, actor_id, request_id, key,
      ordinal
    )
  ),
  fresh as materialized (
    select distinct on (coalesce(g.email, g.code)) g.*
    from given g
    left join lateral (
      select c.id from customers c
      where c.merchant_id = p_merchant_id and c.mode = p_mode and c.email = g.email
      limit 1
    ) known on true
    where coalesce(g.key <> all(v_known_keys), true) and known.id is null
    order by coalesce(g.email, g.code), g.ordinal
  ),
  numbered as materialized (
    select f.*, row_number() over (order by f.ordinal) as position from fresh f
  ),
  ids as materialized (
    select allocate_ids(p_merchant_id, 2 * count(*)::integer) as first from numbered
  ),
  made as (
    insert into customers as c (
      merchant_id, id, mode, number, code, email, first_name, last_name, phone, phone_e164, metadata, search_text,
      created_at, updated_at
    )
    select
      p_merchant_id, ids.first + 2 * (n.position - 1), p_mode, v_count + n.position, n.code, n.email, n.first_name,
      n.last_name, n.phone, n.phone_e164, n.metadata, n.search_text, v_now, v_now
    from numbered n, ids
    returning c as customer
  ),
  opened as (
    insert into ledger_accounts (merchant_id, id, mode, kind, customer_id, currency, floor, created_at, updated_at)
    select
      p_merchant_id, (m.customer).id + 1, p_mode, 'customer_cash', (m.customer).id, p_currency, 0, v_now, v_now
    from made m
  ),
  noted as (
    insert into trail (merchant_id, id, mode, actor_id, request_id, action, object, created_at)
    select p_merchant_id, n.trail_id, p_mode, n.actor_id, n.request_id, 'createCustomer', n.code, v_now
    from numbered n
    where n.actor_id is not null
  ),
  told as (
    insert into events (merchant_id, mode, type, customer_id, data, created_at)
    select p_merchant_id, p_mode, 'customer.created', (m.customer).id,
      json_build_object('customer', customer_snapshot(m.customer), 'details', '{}'::json), v_now
    from made m
  )
  select count(*), array_agg(m.customer order by (m.customer).id) into v_created, v_customers from made m;

  update merchant_counters c
  set customer_count = v_count + v_created, last_customer_at = v_now
  where c.merchant_id = p_merchant_id and c.mode = p_mode and v_created > 0;

  if v_created = json_array_length(p_customers) then
    v_new := array_fill(true, array[v_created::integer]);
  else
    select array_agg(a.created order by a.ordinal), array_agg(a.customer order by a.ordinal)
    into v_new, v_customers
    from customers_answered(p_merchant_id, p_mode, p_customers) a;
  end if;

  insert into idempotency_keys (merchant_id, mode, key, fingerprint, snapshot, created_at)
  select
    p_merchant_id, p_mode, k.key, k.fingerprint,
    json_build_object('created', k.created, 'customer', v_customers[k.ordinal]), v_now
  from unnest(p_keys, p_fingerprints, v_new) with ordinality as k (key, fingerprint, created, ordinal)
  where k.key is not null and coalesce(k.key <> all(v_known_keys), true);

  return query
  select
    a.ordinal, coalesce((k.snapshot ->> 'created')::boolean, a.created), k.key is not null, k.fingerprint,
    case
      when k.key is null then v_customers[a.ordinal]
      when k.fingerprint = p_fingerprints[a.ordinal] then json_populate_record(null::customers, k.snapshot -> 'customer')
    end
  from unnest(p_keys, v_new) with ordinality as a (key, created, ordinal)
  left join lateral (
    select * from idempotency_keys i
    where a.key = any(v_known_keys) and i.merchant_id = p_merchant_id and i.mode = p_mode and i.key = a.key
    limit 1
  ) k on true
  order by a.ordinal;
end
$$;
