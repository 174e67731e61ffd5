-- For each customer given to create_customers, in order: the one of that code, who is new, or the one of that e-mail.
create or replace function customers_answered(p_merchant_id integer, p_mode text, p_customers json)
returns table (ordinal bigint, created boolean, customer customers)
language sql stable set search_path = public, pg_temp as $$
  select g.ordinal, own.id is not null, coalesce(own, other)
  from rows from (json_to_recordset(p_customers) as (code text, email text))
    with ordinality as g (code, email, ordinal)
  left join customers own on own.merchant_id = p_merchant_id and own.code = g.code
  left join customers other
    on own.id is null and other.merchant_id = p_merchant_id and other.mode = p_mode and other.email = g.email
$$;
