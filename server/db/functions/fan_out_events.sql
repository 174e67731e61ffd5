-- Whether an endpoint of that style is told of an event. The standard style has a name for every event. Paystack's style
-- counts hundredths: it cannot tell an amount in a currency with thousandths.
create or replace function is_told(p_style text, p_type text, p_data json) returns boolean
language sql immutable set search_path = public, pg_temp as $$
  select p_style = 'standard'
    or p_type in (
      'identity.succeeded', 'identity.failed', 'mandate.created', 'mandate.active', 'dedicated_account.assigned',
      'dedicated_account.assignment_failed'
    )
    or (
      p_type in ('pay_in.succeeded', 'payment_intent.succeeded')
      and (p_data -> 'details' -> 'transaction' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
    or (
      p_type in (
        'refund.pending', 'refund.processing', 'refund.needs_attention', 'refund.failed', 'refund.succeeded',
        'reversal.succeeded'
      )
      -- Of a payment under a reference.
      and (p_data -> 'details' -> 'refund' ->> 'id') is not null
      and (p_data -> 'details' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
    or (
      p_type in ('payout.completed', 'payout.failed', 'payout.returned')
      -- Other ends of a transfer are learnt by asking.
      and coalesce(p_data -> 'details' ->> 'stateCode', '') not in ('abandoned', 'blocked', 'rejected')
      and (p_data -> 'details' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
    or (
      p_type in ('dispute.opened', 'dispute.reminded', 'dispute.won', 'dispute.lost')
      -- Of a payment under a reference.
      and (p_data -> 'details' -> 'dispute' ->> 'id') is not null
      and (p_data -> 'details' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
$$;

-- An event and its deliveries are one commit: none is lost, none is invented. Up to 200 are written with their events. The
-- fan-out of more is recorded in the same commit, and write_deliveries does it. Measured on the embedded engine: 1,000
-- events for 40 endpoints took 3.8 s in one commit, in which no call of anybody was answered.

-- So many deliveries the background writes, or takes on, by one statement. The single connection of the embedded engine sets a
-- smaller number, because every call waits for the statement before it.
create or replace function deliveries_at_once() returns integer
language sql stable as $$ select coalesce(nullif(current_setting('mteja.deliveries_at_once', true), ''), '200')::integer $$;

-- While a fan-out of a tenant is recorded, the events after it wait behind it: so deliveries are always written in the order
-- of their events.
create or replace function fan_out_events() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_endpoints uuid[];
  r record;
begin
  for r in
    select e.merchant_id, e.mode, array_agg(e.id order by e.id) as ids, array_agg(distinct e.type) as types
    from new_events e
    group by e.merchant_id, e.mode
  loop
    select array_agg(w.id order by w.id) into v_endpoints
    from webhook_endpoints w
    where w.merchant_id = r.merchant_id and w.mode = r.mode and w.deleted_at is null and w.disabled_at is null
      and (w.event_types is null or w.event_types && r.types);
    continue when v_endpoints is null;
    if cardinality(r.ids) * cardinality(v_endpoints) > 200
      or exists (select from fan_outs f where f.merchant_id = r.merchant_id and f.mode = r.mode)
    then
      insert into fan_outs (merchant_id, first_event_id, mode, event_ids, endpoint_ids)
      values (r.merchant_id, r.ids[1], r.mode, r.ids, v_endpoints);
      continue;
    end if;
    insert into deliveries (
      merchant_id, mode, endpoint_id, event_id, event_type, customer_id, next_attempt_at, created_at, updated_at
    )
    select e.merchant_id, e.mode, w.id, e.id, e.type, e.customer_id, e.created_at, e.created_at, e.created_at
    from new_events e
    join webhook_endpoints w on w.merchant_id = e.merchant_id and w.id = any(v_endpoints)
    where e.merchant_id = r.merchant_id and e.mode = r.mode
      and (w.event_types is null or e.type = any(w.event_types))
      and is_told(w.style, e.type, e.data)
    order by e.id;
  end loop;
  return null;
end
$$;

create or replace trigger events_fan_out
after insert on events
referencing new table as new_events
for each statement
execute function fan_out_events();

-- Writes the next deliveries of a tenant whose fan-out was recorded, and moves its position, in one commit. Answers how many
-- pairs of an event and an endpoint it looked at: 0 if nothing is left, or if another server is at it. The oldest fan-out is
-- done first, by the server that holds its row. So deliveries are written in the order of their events.
create or replace function write_deliveries(p_merchant_id integer, p_mode text) returns integer
language plpgsql volatile security definer set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  v_left integer := deliveries_at_once();
  v_first bigint;
  v_width integer;
  v_until integer;
  f fan_outs;
begin
  while v_left > 0 loop
    select o.first_event_id into v_first
    from fan_outs o
    where o.merchant_id = p_merchant_id and o.mode = p_mode
    order by o.first_event_id
    limit 1;
    exit when not found;
    -- Without waiting: the position of a row that another server moves is known when that server is done.
    select * into f from fan_outs o
    where o.merchant_id = p_merchant_id and o.first_event_id = v_first
    for update skip locked;
    exit when not found;
    v_width := cardinality(f.endpoint_ids);
    v_until := least(f.written + v_left, v_width * cardinality(f.event_ids));
    insert into deliveries (
      merchant_id, mode, endpoint_id, event_id, event_type, customer_id, status, failure_reason, next_attempt_at,
      created_at, updated_at
    )
    select
      e.merchant_id, e.mode, w.id, e.id, e.type, e.customer_id, case when w.gone then 'failed' else 'pending' end,
      case when w.gone then 'The endpoint is no longer told' end, case when not w.gone then e.created_at end,
      e.created_at, e.created_at
    from generate_series(f.written, v_until - 1) as p (place)
    cross join lateral (
      select * from events o
      where o.merchant_id = p_merchant_id and o.id = f.event_ids[1 + p.place / v_width]
      limit 1
    ) e
    cross join lateral (
      select o.id, o.style, o.event_types, o.deleted_at is not null or o.disabled_at is not null as gone
      from webhook_endpoints o
      where o.merchant_id = p_merchant_id and o.id = f.endpoint_ids[1 + p.place % v_width]
      limit 1
    ) w
    where (w.event_types is null or e.type = any(w.event_types)) and is_told(w.style, e.type, e.data)
    order by p.place;
    if v_until = v_width * cardinality(f.event_ids) then
      delete from fan_outs o where o.merchant_id = p_merchant_id and o.first_event_id = v_first;
    else
      update fan_outs o set written = v_until where o.merchant_id = p_merchant_id and o.first_event_id = v_first;
    end if;
    v_left := v_left - (v_until - f.written);
  end loop;
  return deliveries_at_once() - v_left;
end
$$;
