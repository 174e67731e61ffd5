-- The erasure of a person. The customer is hidden in the commit that begins it; what is personal in their history is removed
-- in the background, in small steps (functions/erase_customers.sql).

create table erasures (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  stage text not null default 'waiting',
  position text,
  horizon text,
  emails bytea,
  due_at timestamptz not null,
  attempts integer not null default 0,
  started_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  erased_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, id) references customers (merchant_id, id),
  constraint erasures_mode check (mode in ('test', 'live')),
  constraint erasures_emails check (erased_at is null or emails is null)
);
create index erasures_due on erasures (due_at) where erased_at is null;
comment on column erasures.id is 'of the customer';
comment on column erasures.stage is 'the part of the history that is looked through';
comment on column erasures.position is 'how far the part was looked through; null for its beginning';
comment on column erasures.horizon is 'the transactions before it were under way when the customer was hidden: the steps begin when they have ended';
comment on column erasures.emails is 'every e-mail that the customer had, encrypted with the service key, until the erasure is complete';
comment on column erasures.recorded_at is 'the real time';

-- The history of a customer is looked for by the customer.
create index payment_intents_customer on payment_intents (merchant_id, customer_id, id) where customer_id is not null;
create index dedicated_accounts_customer on dedicated_accounts (merchant_id, customer_id);
-- Events about nobody, most of them stated by merchants, and remembered answers may mention a customer. The other keys, of
-- movements of money, are many and have no text.
create index events_about_nobody on events (merchant_id, id) where customer_id is null;
create index idempotency_keys_texts on idempotency_keys (merchant_id, mode, key)
  where answer is not null or snapshot is not null;

-- The text of a movement may name the person. It is the one thing that may leave the ledger, and only in an erasure.
create function refuse_change_but_erasure() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  v_same ledger_transactions := new;
begin
  v_same.description := old.description;
  if new.description is null and old.description is not null and row_to_json(v_same)::text = row_to_json(old)::text
    and exists (
      select from ledger_accounts a
      join erasures x on x.merchant_id = a.merchant_id and x.id = a.customer_id and x.erased_at is null
      where a.merchant_id = old.merchant_id and a.id in (old.from_account_id, old.to_account_id)
    )
  then
    return new;
  end if;
  raise exception 'update of % is refused: posted history is never changed, only reversed', tg_table_name
    using errcode = 'MT001';
end
$$;
drop trigger ledger_transactions_immutable on ledger_transactions;
create trigger ledger_transactions_immutable before delete or truncate on ledger_transactions
  for each statement execute function refuse_change();
create trigger ledger_transactions_same before update on ledger_transactions
  for each row execute function refuse_change_but_erasure();
