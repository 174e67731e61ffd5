-- Claims due deliveries and answers them. The caller has p_paystack_lease or p_standard_lease, by the style of the
-- endpoint, to report on each. Any number of processes may claim at once.
--
-- How many it gets: p_in_all is the number of its attempts that are free. The lists p_busy_… have one place for each
-- attempt that it has under way.
-- - Of one endpoint at most p_per_endpoint are under way, and p_per_failing of an endpoint that is failing.
-- - Tenants take turns: the next attempt goes to the tenant with the fewest under way. A tenant gets no attempt more
--   when it would have more under way than are still free. One tenant with silent endpoints so has at most half of all
--   attempts, two have a third each, and some are free for every other tenant at any time.
-- - The endpoints of a tenant take turns too.
-- - At most deliveries_at_once() are claimed by one call, and some three times as many are looked at.
--
-- Deliveries of one customer to one endpoint are sent in order. A delivery whose predecessor is not settled yet is put
-- off until the predecessor is settled. It is put off under a lock on the predecessor, so that the process that settles
-- the predecessor finds it.
--
-- Rows are looked up by arrays of ids and one by one. Both are index look-ups whatever the planner knows: the queue is
-- empty when the statements are first planned.
create or replace function claim_deliveries_v2(
  p_now timestamptz,
  p_busy_merchants integer[],
  p_busy_modes text[],
  p_busy_endpoints uuid[],
  p_per_endpoint integer,
  p_per_failing integer,
  p_in_all integer,
  p_paystack_lease interval,
  p_standard_lease interval
)
returns table (
  merchant_id integer, merchant_code text, id bigint, mode text, endpoint_id uuid, style text, url text, secret bytea,
  previous_secret bytea, previous_secret_expires_at timestamptz, try_count integer, body text, event_id bigint,
  type text, data json, occurred_at timestamptz
)
language plpgsql volatile set search_path = public, pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
  v_put_off_merchants integer[];
  v_put_off bigint[];
  v_merchants integer[];
  v_claimed bigint[];
  v_most integer := least(p_in_all, deliveries_at_once());
begin
  with busy_endpoints as (
    select b.id, count(*) as count from unnest(p_busy_endpoints) as b (id) group by b.id
  ),
  busy_tenants as (
    select b.merchant_id, b.mode, count(*) as count
    from unnest(p_busy_merchants, p_busy_modes) as b (merchant_id, mode)
    group by b.merchant_id, b.mode
  ),
  endpoints as materialized (
    select
      w.merchant_id, w.mode, w.id, coalesce(b.count, 0) as busy,
      greatest(case when w.failing_since is null then p_per_endpoint else p_per_failing end - coalesce(b.count, 0), 0) as room
    from webhook_endpoints w
    left join busy_endpoints b on b.id = w.id
    where w.deleted_at is null and w.disabled_at is null
      and not exists (
        select from sending_pauses s
        where s.merchant_id = w.merchant_id and s.mode = w.mode and s.resumed_at is null
      )
  ),
  told as materialized (
    select w.*, count(*) over () as count
    from endpoints w
    where w.room > 0
      and exists (
        select from deliveries o
        where o.merchant_id = w.merchant_id and o.endpoint_id = w.id and o.next_attempt_at <= p_now
          and (o.claimed_until is null or o.claimed_until <= p_now)
      )
  ),
  due as materialized (
    select d.*
    from told w
    cross join lateral (
      select
        o.merchant_id, w.mode, o.id, o.endpoint_id, o.customer_id, o.event_id, o.next_attempt_at, w.room, w.busy
      from deliveries o
      where o.merchant_id = w.merchant_id and o.endpoint_id = w.id and o.next_attempt_at <= p_now
        and (o.claimed_until is null or o.claimed_until <= p_now)
      order by o.next_attempt_at, o.event_id
      -- More than are claimed, because some of them may have to be put off.
      limit 3 * least(w.room, 1 + v_most / w.count)
      for update skip locked
    ) d
  ),
  looked as (
    select d.*, before.id as locked_before, exists (
      select from deliveries e
      where e.merchant_id = d.merchant_id and e.endpoint_id = d.endpoint_id and e.customer_id = d.customer_id
        and e.status = 'pending' and e.event_id < d.event_id
    ) as has_before
    from due d
    left join lateral (
      select e.id from deliveries e
      where e.merchant_id = d.merchant_id and e.endpoint_id = d.endpoint_id and e.customer_id = d.customer_id
        and e.status = 'pending' and e.event_id < d.event_id
      order by e.event_id desc
      limit 1
      for update skip locked
    ) before on true
  ),
  placed as (
    select l.*, row_number() over (partition by endpoint_id, has_before order by next_attempt_at, event_id) as place
    from looked l
  ),
  in_tenant as (
    select
      p.*,
      coalesce(t.count, 0) + row_number() over (
        partition by p.merchant_id, p.mode
        order by p.busy + p.place, p.next_attempt_at, p.event_id
      ) as turn
    from placed p
    left join busy_tenants t on t.merchant_id = p.merchant_id and t.mode = p.mode
    where not p.has_before and p.place <= p.room
  ),
  in_turn as (
    select n.*, row_number() over (order by n.turn, n.next_attempt_at, n.event_id) as ordinal from in_tenant n
  ),
  first as (
    select n.merchant_id, n.id from in_turn n where n.turn <= p_in_all - (n.ordinal - 1) and n.ordinal <= v_most
  )
  select
    (select array_agg(p.merchant_id) from placed p where p.locked_before is not null),
    (select array_agg(p.id) from placed p where p.locked_before is not null),
    (select array_agg(f.merchant_id) from first f),
    (select array_agg(f.id) from first f)
  into v_put_off_merchants, v_put_off, v_merchants, v_claimed;

  if v_put_off is not null then
    update deliveries d set next_attempt_at = null
    where d.merchant_id = any(v_put_off_merchants) and d.id = any(v_put_off);
  end if;
  if v_claimed is null then
    return;
  end if;
  return query
  with claimed as (
    update deliveries d set
      claimed_until = p_now + case w.style when 'paystack' then p_paystack_lease else p_standard_lease end
    from webhook_endpoints w
    where d.merchant_id = any(v_merchants) and d.id = any(v_claimed)
      and w.merchant_id = d.merchant_id and w.id = d.endpoint_id
    returning d.*, w.style, w.url, w.secret, w.previous_secret, w.previous_secret_expires_at
  )
  select
    c.merchant_id, m.code, c.id, c.mode, c.endpoint_id, c.style, c.url, c.secret, c.previous_secret,
    c.previous_secret_expires_at, c.try_count, c.body, c.event_id, e.type, e.data, e.created_at
  from claimed c
  cross join lateral (select * from events o where o.merchant_id = c.merchant_id and o.id = c.event_id limit 1) e
  join merchants m on m.id = c.merchant_id
  order by c.event_id;
end
$$;

-- For servers of the former release. The next release drops it.
create or replace function claim_deliveries(
  p_now timestamptz,
  p_busy_endpoints uuid[],
  p_busy_counts integer[],
  p_per_endpoint integer,
  p_in_all integer,
  p_paystack_lease interval,
  p_standard_lease interval
)
returns table (
  merchant_id integer, merchant_code text, id bigint, mode text, endpoint_id uuid, style text, url text, secret bytea,
  previous_secret bytea, previous_secret_expires_at timestamptz, try_count integer, body text, event_id bigint,
  type text, data json, occurred_at timestamptz
)
language sql volatile set search_path = public, pg_temp as $$
  select c.*
  from (
    select array_agg(w.merchant_id) as merchants, array_agg(w.mode) as modes, array_agg(w.id) as endpoints
    from unnest(p_busy_endpoints, p_busy_counts) as b (id, count)
    join webhook_endpoints w on w.id = b.id
    cross join generate_series(1, b.count)
  ) busy
  cross join lateral claim_deliveries_v2(
    p_now => p_now, p_busy_merchants => busy.merchants, p_busy_modes => busy.modes, p_busy_endpoints => busy.endpoints,
    p_per_endpoint => p_per_endpoint, p_per_failing => p_per_endpoint, p_in_all => p_in_all,
    p_paystack_lease => p_paystack_lease, p_standard_lease => p_standard_lease
  ) c
$$;
