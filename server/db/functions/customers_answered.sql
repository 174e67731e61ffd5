-- For each customer given to create_customers, in order: the customer with that code, who is new, or else the customer
-- with that e-mail.
create or replace function customers_answered(p_merchant_id integer, p_mode text, p_customers json)
returns table (ordinal bigint, created boolean, customer customers)
language sql stable set search_path = public, pg_temp as $$
  select g.ordinal, own.code is not null, coalesce(own.customer, other.customer)
  from rows from (json_to_recordset(p_customers) as (code text, email text))
    with ordinality as g (code, email, ordinal)
  left join lateral (
    select c.code, c as customer from customers c
    where c.merchant_id = p_merchant_id and c.code = g.code
    limit 1
  ) own on true
  left join lateral (
    select c as customer from customers c
    where own.code is null and c.merchant_id = p_merchant_id and c.mode = p_mode and c.email = g.email
    limit 1
  ) other on true
$$;
