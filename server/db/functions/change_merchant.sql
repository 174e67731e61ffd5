-- Changes the name and the time zone of a merchant, unless they are null, and adds currencies behind the merchant's others.
-- The server's role may not write merchants, so that no statement of it takes a currency away. A closed merchant does not
-- change.
create or replace function change_merchant(p_merchant_id integer, p_name text, p_added text[], p_time_zone text)
returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update merchants m
  set name = coalesce(p_name, m.name),
    time_zone = coalesce(p_time_zone, m.time_zone),
    currencies = m.currencies || array(
      select a.code
      from unnest(p_added) with ordinality as a (code, place)
      where a.code <> all (m.currencies)
      group by a.code
      order by min(a.place)
    )
  where m.id = p_merchant_id and m.closed_at is null;
$$;
