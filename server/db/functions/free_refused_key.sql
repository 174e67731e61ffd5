-- Frees a key whose command the ledger has refused in this transaction: another command may be done under it. A refusal that was
-- committed stays. Answers true for a key that was freed.
create or replace function free_refused_key(p_merchant_id integer, p_mode text, p_key text)
returns boolean
language sql volatile security definer set search_path = public, pg_temp as $$
  delete from idempotency_keys k
  where k.merchant_id = p_merchant_id and k.mode = p_mode and k.key = p_key and k.refusal is not null
    and k.xmin = pg_current_xact_id()::xid
  returning true;
$$;
