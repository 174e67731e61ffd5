-- Frees a key whose request was refused as malformed before anything was done for it: the request may be corrected and sent
-- again under the key. A key that has an answer, or that belongs to another request, stays.
create or replace function free_idempotency_key(p_merchant_id integer, p_mode text, p_key text, p_fingerprint bytea)
returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  delete from idempotency_keys k
  where k.merchant_id = p_merchant_id and k.mode = p_mode and k.key = p_key and k.fingerprint = p_fingerprint
    and k.answer is null and k.refusal is null and k.result_id is null and k.snapshot is null;
$$;
