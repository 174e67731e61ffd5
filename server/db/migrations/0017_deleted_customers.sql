-- A customer can be deleted. The row stays, for the ledger and for what the merchant has of them, and is shown no more.

alter table customers
  add column deleted_at timestamptz,
  add column deleted_email text,
  add constraint customers_deleted check (deleted_at is null or email is null),
  add constraint customers_deleted_email check (deleted_email is null or deleted_at is not null);
create index customers_deleted on customers (merchant_id, mode, number) where deleted_at is not null;
comment on column customers.deleted_at is 'when the customer was deleted: from then on they are found by nothing, and no money moves to or from them';
comment on column customers.deleted_email is 'the e-mail of a deleted customer: another may have it now';

alter table merchant_counters add column deleted_customer_count bigint not null default 0;
comment on column merchant_counters.deleted_customer_count is 'how many of the customers counted in customer_count are deleted';

-- The open payment intents that fill a customer's cash: a deletion looks for them.
create index payment_intents_open_customer on payment_intents (merchant_id, customer_id)
  where customer_id is not null and due_at is not null;

-- Whoever is about to give a customer something new holds a lock on them until the commit, and a deletion waits for it. So
-- nothing comes to a customer who is being deleted, whichever server and release adds it.
create function refuse_deleted_customer() returns trigger
language plpgsql set search_path = public, pg_temp as $$
begin
  perform from customers c
  where c.merchant_id = new.merchant_id and c.id = new.customer_id and c.deleted_at is null
  for key share;
  if not found then
    raise exception 'customer % was deleted', new.customer_id using errcode = 'MT005';
  end if;
  return new;
end
$$;

create trigger customer_not_deleted before insert on payment_intents
  for each row when (new.customer_id is not null) execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on payments
  for each row execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on checkout_sessions
  for each row when (new.customer_id is not null) execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on payment_methods
  for each row execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on mandates
  for each row execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on identity_checks
  for each row execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on dedicated_accounts
  for each row execute function refuse_deleted_customer();
create trigger customer_not_deleted before insert on dedicated_account_requests
  for each row execute function refuse_deleted_customer();
