-- Payouts that are made together are written by one statement, so their customers are looked at and locked once for all of them, in
-- one order. This look also finds a customer who does not exist, and the recipient of a payout belongs to its merchant: the two
-- references that said so would lock the same rows once more for each payout.

alter table payouts
  drop constraint payouts_merchant_id_fkey,
  drop constraint payouts_merchant_id_customer_id_fkey;

-- As refuse_deleted_customer, for a statement.
create function refuse_deleted_customers() returns trigger
language plpgsql set search_path = public, pg_temp set enable_hashjoin = off set enable_mergejoin = off
set enable_seqscan = off as $$
declare
  v_customer bigint;
begin
  select n.customer_id into v_customer
  from (
    select distinct a.merchant_id, a.customer_id from added a where a.customer_id is not null
    order by a.merchant_id, a.customer_id
  ) n
  left join lateral (
    select c.id from customers c
    where c.merchant_id = n.merchant_id and c.id = n.customer_id and c.deleted_at is null
    for key share
  ) c on true
  where c.id is null
  limit 1;
  if found then
    raise exception 'customer % was deleted', v_customer using errcode = 'MT005';
  end if;
  return null;
end
$$;

drop trigger customer_not_deleted on payouts;
create trigger customer_not_deleted after insert on payouts
  referencing new table as added
  for each statement execute function refuse_deleted_customers();
