-- Records attempts at deliveries of one merchant, given as an array of JSON objects. It settles or postpones these
-- deliveries, and makes the deliveries due that waited for one of them. A delivery that was settled meanwhile, by another
-- process or because its endpoint was deleted, stays settled. No body and no answer of an event about an erased customer is stored.
--
-- Rows are looked up by arrays of ids. These are index look-ups whatever the planner knows: the queue is empty when the
-- statements are first planned.
create or replace function record_attempts(p_merchant_id integer, p_attempts json, p_now timestamptz) returns void
language plpgsql volatile set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  v_ids bigint[];
  v_settled bigint[];
  v_endpoints uuid[];
  v_customers bigint[];
  v_next bigint[];
begin
  select array_agg((a ->> 'id')::bigint) from json_array_elements(p_attempts) a into v_ids;

  with done as materialized (
    select a.*, exists (
      select from deliveries o
      join erasures x on x.merchant_id = o.merchant_id and x.id = o.customer_id
      where o.merchant_id = p_merchant_id and o.id = a.id
    ) as is_erased
    from json_to_recordset(p_attempts) as a (
      id bigint, started_at timestamptz, duration_ms integer, url text, request_headers json, answer_status integer,
      response_headers json, response_body text, error text, body text, status text, next_attempt_at timestamptz,
      failure_reason text
    )
  ),
  updated as (
    update deliveries d set
      status = case when d.status = 'pending' or a.status = 'delivered' then a.status else d.status end,
      next_attempt_at = case when d.status = 'pending' then a.next_attempt_at end,
      failure_reason = case
        when a.status = 'delivered' then null
        when d.status = 'failed' then d.failure_reason
        when d.status = 'pending' then a.failure_reason
      end,
      attempt_count = d.attempt_count + 1, try_count = d.try_count + 1, body = case when a.is_erased then null else a.body end,
      claimed_until = null,
      last_attempt_at = a.started_at, updated_at = p_now,
      delivered_at = case when a.status = 'delivered' then coalesce(d.delivered_at, p_now) else d.delivered_at end
    from done a
    where d.merchant_id = p_merchant_id and d.id = any(v_ids) and d.id = a.id
    returning d.id, d.attempt_count, d.status
  ),
  kept as (
    insert into delivery_attempts (
      merchant_id, delivery_id, number, started_at, duration_ms, url, request_headers, status, response_headers,
      response_body, error
    )
    select
      p_merchant_id, a.id, u.attempt_count, a.started_at, a.duration_ms, a.url, a.request_headers, a.answer_status,
      case when not a.is_erased then a.response_headers end, case when not a.is_erased then a.response_body end, a.error
    from done a join updated u on u.id = a.id
  )
  select array_agg(u.id) from updated u where u.status <> 'pending' into v_settled;

  select array_agg(lane.endpoint_id), array_agg(lane.customer_id)
  from (
    select distinct d.endpoint_id, d.customer_id from deliveries d
    where d.merchant_id = p_merchant_id and d.id = any(v_settled) and d.customer_id is not null
  ) lane
  into v_endpoints, v_customers;

  select array_agg(next.id)
  from unnest(v_endpoints, v_customers) as lane (endpoint_id, customer_id)
  cross join lateral (
    select n.id from deliveries n
    where n.merchant_id = p_merchant_id and n.endpoint_id = lane.endpoint_id and n.customer_id = lane.customer_id
      and n.status = 'pending'
    order by n.event_id
    limit 1
  ) next
  into v_next;

  if v_next is not null then
    -- This condition means "pending", but matches no partial index. So the row is found by its key.
    update deliveries f set next_attempt_at = least(f.created_at, p_now)
    where f.merchant_id = p_merchant_id and f.id = any(v_next) and f.next_attempt_at is null
      and f.status not in ('delivered', 'failed');
  end if;
end
$$;
