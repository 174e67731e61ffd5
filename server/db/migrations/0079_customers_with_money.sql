-- The operator's list of customers is chosen by identification, risk action and money. An index on a balance would make each
-- movement write an index. So the accounts that have money are kept in a table of their own, which is written only when a
-- balance leaves 0 or comes back to it.

create index customers_identified on customers (merchant_id, mode, identified, number) where deleted_at is null;
create index customers_risk_action on customers (merchant_id, mode, risk_action, number)
  where deleted_at is null and risk_action <> 'default';

create table customers_with_money (
  merchant_id integer not null,
  mode text not null,
  number bigint not null,
  account_id bigint not null,
  primary key (merchant_id, mode, number, account_id)
);
comment on table customers_with_money is 'each account of a customer whose balance is above 0, by the number of the customer';

create function note_money() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.posted > 0 then
    insert into customers_with_money (merchant_id, mode, number, account_id)
    select new.merchant_id, new.mode, c.number, new.id
    from (
      select o.number from customers o where o.merchant_id = new.merchant_id and o.id = new.customer_id limit 1
    ) c
    on conflict do nothing;
  else
    delete from customers_with_money w
    where w.merchant_id = new.merchant_id and w.mode = new.mode and w.account_id = new.id
      and w.number = (
        select o.number from customers o where o.merchant_id = new.merchant_id and o.id = new.customer_id limit 1
      );
  end if;
  return null;
end
$$;
create trigger ledger_accounts_money after update on ledger_accounts
  for each row when (new.customer_id is not null and (old.posted > 0) <> (new.posted > 0))
  execute function note_money();

insert into customers_with_money (merchant_id, mode, number, account_id)
select a.merchant_id, a.mode, c.number, a.id
from ledger_accounts a
join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
where a.posted > 0;
