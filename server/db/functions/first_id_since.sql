-- The lowest id of a merchant's rows created at p_time or later, or the highest bigint if there is no such row. Ids are
-- given roughly in the order of time (see `clockSlackMs`), so the range is halved until one id is left: about thirty
-- look-ups.
create or replace function first_id_since(p_table regclass, p_merchant_id integer, p_time timestamptz)
returns bigint
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_low bigint := 0;
  v_high bigint;
  v_middle bigint;
  v_created_at timestamptz;
  v_next constant text := format(
    'select t.created_at from %s t where t.merchant_id = $1 and t.id >= $2 order by t.id limit 1', p_table
  );
begin
  execute format('select max(t.id) + 1 from %s t where t.merchant_id = $1', p_table) into v_high using p_merchant_id;
  v_high := coalesce(v_high, 0);
  while v_low < v_high loop
    v_middle := (v_low + v_high) / 2;
    execute v_next into v_created_at using p_merchant_id, v_middle;
    if v_created_at < p_time then
      v_low := v_middle + 1;
    else
      v_high := v_middle;
    end if;
  end loop;
  execute v_next into v_created_at using p_merchant_id, v_low;
  return case when v_created_at is null then 9223372036854775807 else v_low end;
end
$$;
