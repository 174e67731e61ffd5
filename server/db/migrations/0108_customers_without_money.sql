-- The operator's list of customers without money walked along all customers where nearly all of them have money. The customers
-- without money are kept as well, by the same change of a balance from 0 or to it. A movement between such changes writes neither.

create table customers_without_money (
  merchant_id integer not null,
  mode text not null,
  number bigint not null,
  primary key (merchant_id, mode, number)
);
comment on table customers_without_money is 'each customer who has no account whose balance is above 0, and is not deleted';

create function note_new_customers() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into customers_without_money (merchant_id, mode, number)
  select m.merchant_id, m.mode, m.number from made m
  on conflict do nothing;
  return null;
end
$$;
create trigger customers_money after insert on customers
  referencing new table as made for each statement execute function note_new_customers();

create or replace function note_money() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_number bigint;
  v_is_deleted boolean;
begin
  select o.number, o.deleted_at is not null into v_number, v_is_deleted
  from customers o where o.merchant_id = new.merchant_id and o.id = new.customer_id;
  if v_number is null then
    return null;
  end if;
  if new.posted > 0 then
    insert into customers_with_money (merchant_id, mode, number, account_id)
    values (new.merchant_id, new.mode, v_number, new.id)
    on conflict do nothing;
    delete from customers_without_money w
    where w.merchant_id = new.merchant_id and w.mode = new.mode and w.number = v_number;
  else
    delete from customers_with_money w
    where w.merchant_id = new.merchant_id and w.mode = new.mode and w.number = v_number and w.account_id = new.id;
    insert into customers_without_money (merchant_id, mode, number)
    select new.merchant_id, new.mode, v_number
    where not v_is_deleted and not exists (
      select from customers_with_money w
      where w.merchant_id = new.merchant_id and w.mode = new.mode and w.number = v_number
    )
    on conflict do nothing;
  end if;
  return null;
end
$$;

insert into customers_without_money (merchant_id, mode, number)
select c.merchant_id, c.mode, c.number
from customers c
where c.deleted_at is null and not exists (
  select from customers_with_money w
  where w.merchant_id = c.merchant_id and w.mode = c.mode and w.number = c.number
);
