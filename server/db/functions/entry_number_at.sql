-- The number of an account's last entry before p_time, or 0 if there is none. The entries of an account are dated in the
-- order of their numbers, so the range is halved until one number is left: about twenty look-ups in a million entries.
create or replace function entry_number_at(p_merchant_id integer, p_account_id bigint, p_time timestamptz)
returns bigint
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
begin
  select a.entry_count into v_high
  from ledger_accounts a
  where a.merchant_id = p_merchant_id and a.id = p_account_id;
  while v_low < v_high loop
    v_middle := (v_low + v_high + 1) / 2;
    if (
      select e.created_at
      from entries e
      where e.merchant_id = p_merchant_id and e.account_id = p_account_id and e.number = v_middle
    ) < p_time then
      v_low := v_middle;
    else
      v_high := v_middle - 1;
    end if;
  end loop;
  return v_low;
end
$$;
