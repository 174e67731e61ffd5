-- Removes the oldest events of a merchant that are older than p_days days of real time, at most p_limit of them, and
-- answers their number. An event with deliveries stays until they are removed. No event
-- younger than 30 days is ever removed, whatever statement reaches this function: the role of servers cannot delete
-- events in any other way.
--
-- Only the p_limit events with the lowest ids are looked at, so a call costs the same however many events there are.
create or replace function forget_old_events(p_merchant_id integer, p_days integer, p_limit integer) returns bigint
language plpgsql volatile security definer set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  c_before constant timestamptz := now() - make_interval(days => greatest(p_days, 30));
  v_ids bigint[];
  v_removed bigint;
begin
  select array_agg(e.id) into v_ids
  from (select * from events o where o.merchant_id = p_merchant_id order by o.id limit p_limit) e
  where coalesce(e.recorded_at, e.created_at) < c_before
    and not exists (
      select from deliveries d where d.merchant_id = p_merchant_id and d.event_id = e.id
    );
  with gone as (
    delete from events e where e.merchant_id = p_merchant_id and e.id = any(v_ids)
    returning e.id, e.created_at
  ),
  marked as (
    insert into removals as r (merchant_id, kind, last_id, last_created_at)
    select p_merchant_id, 'events', max(g.id), max(g.created_at) from gone g having count(*) > 0
    on conflict (merchant_id, kind) do update set
      last_id = greatest(r.last_id, excluded.last_id),
      last_created_at = greatest(r.last_created_at, excluded.last_created_at)
  )
  select count(*) into v_removed from gone;
  return v_removed;
end
$$;
