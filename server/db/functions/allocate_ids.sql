-- Takes the next p_count object numbers of a merchant and answers the first of them. Answers null for a merchant that
-- does not exist, and for a count below 1: a negative count would give numbers out twice.
create or replace function allocate_ids(p_merchant_id integer, p_count integer) returns bigint
language sql volatile security definer set search_path = public, pg_temp as $$
  update merchant_ids
  set last_id = last_id + p_count
  where merchant_id = p_merchant_id and p_count > 0
  returning last_id - p_count + 1
$$;
