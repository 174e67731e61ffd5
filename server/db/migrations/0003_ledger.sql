-- The double-entry ledger. Amounts are minor units; positive credits an account, negative debits it.
-- Only the posting functions write here: the server's role has no right to (see functions/privileges.sql).

create table ledger_accounts (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  kind text not null,
  customer_id bigint,
  currency text not null,
  floor bigint,
  posted bigint not null default 0,
  held bigint not null default 0,
  entry_count bigint not null default 0,
  last_entry_at timestamptz not null default '-infinity',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint ledger_accounts_mode check (mode in ('test', 'live')),
  constraint ledger_accounts_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ledger_accounts_kind check (kind in ('customer_cash', 'merchant_balance', 'fees', 'outside')),
  constraint ledger_accounts_owner check ((kind = 'customer_cash') = (customer_id is not null)),
  constraint ledger_accounts_floor check (posted - held >= floor),
  constraint ledger_accounts_held check (held >= 0),
  constraint ledger_accounts_range check (posted between -9007199254740991 and 9007199254740991)
) with (fillfactor = 70);
create unique index ledger_accounts_customer on ledger_accounts (merchant_id, customer_id, currency)
  where customer_id is not null;
create unique index ledger_accounts_own on ledger_accounts (merchant_id, mode, kind, currency)
  where customer_id is null;
comment on column ledger_accounts.floor is 'what the available balance may not fall below; null for no limit';
comment on constraint ledger_accounts_range on ledger_accounts is 'every balance is exact as a JSON number';

create table ledger_transactions (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  kind text not null,
  description text,
  related_type text,
  related_id text,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  constraint ledger_transactions_mode check (mode in ('test', 'live')),
  constraint ledger_transactions_kind
    check (kind in ('pay_in', 'purchase', 'transfer', 'refund', 'reversal', 'hold_capture', 'fee'))
);

create table entries (
  merchant_id integer not null,
  account_id bigint not null,
  number bigint not null,
  transaction_id uuid not null,
  amount bigint not null,
  balance_after bigint not null,
  created_at timestamptz not null,
  primary key (merchant_id, account_id, number),
  constraint entries_number check (number > 0),
  constraint entries_amount check (amount <> 0)
);

-- History is only added to, whoever connects: these hold for the owner of the tables as well.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: posted history is never changed, only reversed', lower(tg_op), tg_table_name
    using errcode = 'MT001';
end
$$;
create trigger entries_immutable before update or delete or truncate on entries
  for each statement execute function refuse_change();
create trigger ledger_transactions_immutable before update or delete or truncate on ledger_transactions
  for each statement execute function refuse_change();

-- One look at each batch of entries, instead of two foreign keys and a deferred trigger for each row.
create function refuse_unsound_entries() returns trigger language plpgsql as $$
declare
  unsound uuid;
begin
  select e.transaction_id into unsound
  from added e
  left join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
  left join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
  where a.id is null or t.id is null or a.mode <> t.mode
  limit 1;
  if found then
    raise exception 'ledger transaction % has an entry without its account or its mode', unsound using errcode = 'MT002';
  end if;
  select e.transaction_id into unsound
  from added e
  join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
  group by e.merchant_id, e.transaction_id, a.currency
  having sum(e.amount) <> 0
  limit 1;
  if found then
    raise exception 'ledger transaction % does not sum to zero', unsound using errcode = 'MT003';
  end if;
  return null;
end
$$;
create trigger entries_sound after insert on entries
  referencing new table as added
  for each statement execute function refuse_unsound_entries();
