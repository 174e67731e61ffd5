-- Removes the oldest deliveries of a merchant, with their attempts, that are settled and older than p_days days of real
-- time, at most p_limit of them. Answers their number. No delivery younger than 7 days is ever removed, whatever statement
-- reaches this function: the role of servers cannot delete deliveries in any other way.
--
-- Only the p_limit deliveries with the lowest ids are looked at, so a call costs the same however many there are. A
-- delivery that is sent again at this moment is locked, and stays.
create or replace function forget_old_deliveries(p_merchant_id integer, p_days integer, p_limit integer) returns bigint
language plpgsql volatile security definer set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  c_before constant timestamptz := now() - make_interval(days => greatest(p_days, 7));
  v_first bigint[];
  v_ids bigint[];
  v_removed bigint;
begin
  select array_agg(f.id) into v_first
  from (
    select o.id, o.status, coalesce(o.recorded_at, o.created_at) as at
    from deliveries o
    where o.merchant_id = p_merchant_id
    order by o.id
    limit p_limit
  ) f
  where f.status <> 'pending' and f.at < c_before;
  select array_agg(l.id) into v_ids
  from (
    select d.id from deliveries d
    where d.merchant_id = p_merchant_id and d.id = any(v_first) and d.status <> 'pending'
    order by d.id
    for update skip locked
  ) l;
  delete from delivery_attempts a where a.merchant_id = p_merchant_id and a.delivery_id = any(v_ids);
  with gone as (
    delete from deliveries d where d.merchant_id = p_merchant_id and d.id = any(v_ids)
    returning d.id, d.created_at
  ),
  marked as (
    insert into removals as r (merchant_id, kind, last_id, last_created_at)
    select p_merchant_id, 'deliveries', max(g.id), max(g.created_at) from gone g having count(*) > 0
    on conflict (merchant_id, kind) do update set
      last_id = greatest(r.last_id, excluded.last_id),
      last_created_at = greatest(r.last_created_at, excluded.last_created_at)
  )
  select count(*) into v_removed from gone;
  return v_removed;
end
$$;
