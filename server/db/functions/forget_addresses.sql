-- Takes the address from actors of a merchant, 0 for the operator, whose month has ended more than p_days days ago, from at most
-- p_limit of them, and answers their number. No address of the last 30 days is taken, whatever statement reaches this function: the
-- role of servers cannot change actors in any other way.
create or replace function forget_addresses(p_merchant_id integer, p_days integer, p_limit integer) returns bigint
language plpgsql volatile security definer set search_path = public, pg_temp set enable_seqscan = off as $$
declare
  c_before constant date := (now() at time zone 'UTC' - make_interval(months => 1, days => greatest(p_days, 30)))::date;
  v_forgotten bigint;
begin
  with old as (
    select a.id from actors a
    where a.merchant_id = p_merchant_id and a.address is not null and a.month < c_before
    order by a.month
    limit p_limit
    for update skip locked
  )
  update actors a set address = null
  from old o
  where a.merchant_id = p_merchant_id and a.id = o.id;
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end
$$;
