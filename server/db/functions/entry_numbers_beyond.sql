-- Merges the entries of several accounts of a merchant, newest first, and skips the first p_offset of them: the answer is, for
-- each account, the number of its newest entry that is left. Of an account the entries above p_afters up to p_lasts count.
-- Entries of one time are in the order of their accounts' ids, the higher id first.
--
-- Nothing is read but the entries at which the accounts are cut. If p_offset entries are still to be skipped in n accounts,
-- look at the entry p_offset/n places down each account. The account where this entry is the newest can be cut there: none of
-- the others has as many entries that are newer. So each look skips a part of 1/n: a million entries of three accounts take
-- about forty looks.
create or replace function entry_numbers_beyond(
  p_merchant_id integer, p_account_ids bigint[], p_afters bigint[], p_lasts bigint[], p_offset bigint
) returns bigint[]
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_lasts bigint[] := p_lasts;
  v_left bigint := p_offset;
  v_step bigint;
  v_time timestamptz;
  v_newest integer;
  v_newest_time timestamptz;
begin
  while v_left > 0 loop
    v_step := greatest(v_left / cardinality(p_account_ids), 1);
    v_newest := null;
    for i in 1..cardinality(p_account_ids) loop
      continue when v_lasts[i] - p_afters[i] < v_step;
      select e.created_at into v_time
      from entries e
      where e.merchant_id = p_merchant_id and e.account_id = p_account_ids[i] and e.number = v_lasts[i] - v_step + 1;
      if v_newest is null or (v_time, p_account_ids[i]) > (v_newest_time, p_account_ids[v_newest]) then
        v_newest := i;
        v_newest_time := v_time;
      end if;
    end loop;
    -- Every account has fewer left: all together fewer than are to be skipped.
    if v_newest is null then
      return p_afters;
    end if;
    v_lasts[v_newest] := v_lasts[v_newest] - v_step;
    v_left := v_left - v_step;
  end loop;
  return v_lasts;
end
$$;
