-- Deletes callers' keys that were answered before p_before, at most p_limit of them, and answers the number deleted. Keys
-- that Mteja made for itself are kept for ever: they record which payments were credited. A key younger than a day, by
-- the clock of the database, is never deleted.
create or replace function forget_idempotency_keys(p_before timestamptz, p_limit integer)
returns bigint
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_forgotten bigint;
begin
  delete from idempotency_keys k
  using (
    select o.merchant_id, o.mode, o.key
    from idempotency_keys o
    where o.created_at < least(p_before, now() - interval '1 day') and o.key like 'caller/%'
    limit p_limit
  ) old
  where k.merchant_id = old.merchant_id and k.mode = old.mode and k.key = old.key;
  get diagnostics v_forgotten = row_count;
  return v_forgotten;
end
$$;
