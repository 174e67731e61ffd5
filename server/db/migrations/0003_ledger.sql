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
  pay_in_count bigint not null default 0,
  pay_in_total numeric not null default 0,
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
comment on column ledger_accounts.pay_in_count is 'of the pay-ins it received, ever; with pay_in_total, so that telling it does not read its history';
comment on constraint ledger_accounts_range on ledger_accounts is 'every balance is exact as a JSON number';

-- One movement of money: from one account to another, in their currency. It makes two entries, in one commit.
create table ledger_transactions (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  kind text not null,
  number bigint,
  from_account_id bigint not null,
  from_number bigint not null,
  to_account_id bigint not null,
  to_number bigint not null,
  amount bigint not null,
  currency text not null,
  description text,
  reverses_id uuid,
  hold_id uuid,
  details json,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  constraint ledger_transactions_mode check (mode in ('test', 'live')),
  constraint ledger_transactions_kind
    check (kind in ('pay_in', 'purchase', 'transfer', 'refund', 'reversal', 'hold_capture', 'fee')),
  constraint ledger_transactions_amount check (amount > 0),
  constraint ledger_transactions_accounts check (from_account_id <> to_account_id),
  constraint ledger_transactions_reversal check ((kind in ('refund', 'reversal')) = (reverses_id is not null)),
  constraint ledger_transactions_hold check ((kind = 'hold_capture') = (hold_id is not null))
);
create unique index ledger_transactions_transfers on ledger_transactions (merchant_id, mode, number)
  where kind = 'transfer';
create index ledger_transactions_reversals on ledger_transactions (merchant_id, reverses_id)
  where reverses_id is not null;
create index ledger_transactions_captures on ledger_transactions (merchant_id, hold_id) where hold_id is not null;
comment on column ledger_transactions.from_number is 'of its entry in from_account_id; with to_number, a transaction leads to its entries';
comment on column ledger_transactions.number is '1, 2, 3 … among the transfers of (merchant, mode); null for other kinds';
comment on column ledger_transactions.details is 'what the surfaces show beside the movement, such as a product';

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
-- An account's figures move with its entries; what it is, stays.
create trigger ledger_accounts_kept before delete or truncate on ledger_accounts
  for each statement execute function refuse_change();
create trigger ledger_accounts_same
  before update of merchant_id, id, mode, kind, customer_id, currency, floor on ledger_accounts
  for each statement execute function refuse_change();

-- One look at each batch of entries, instead of foreign keys and a deferred trigger for each row. An entry must be one
-- of the two its transaction names; with the number, which is unique in its account, both can be added only once. The
-- account must have been brought up to date before: no entry is beyond its count, and the last one has its balance.
-- Look-ups are lateral with a limit, so that a plan made while a table was empty stays an index look-up.
create function refuse_unsound_entries() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  unsound uuid;
begin
  select e.transaction_id into unsound
  from added e
  left join lateral (
    select * from ledger_accounts o where o.merchant_id = e.merchant_id and o.id = e.account_id limit 1
  ) a on true
  left join lateral (
    select * from ledger_transactions o where o.merchant_id = e.merchant_id and o.id = e.transaction_id limit 1
  ) t on true
  where (
    t.mode = a.mode and t.currency = a.currency and t.created_at = e.created_at
    and (
      (e.account_id = t.from_account_id and e.number = t.from_number and e.amount = -t.amount)
      or (e.account_id = t.to_account_id and e.number = t.to_number and e.amount = t.amount)
    )
    and (e.number < a.entry_count or (e.number = a.entry_count and e.balance_after = a.posted))
  ) is not true
  limit 1;
  if found then
    raise exception 'ledger transaction % has an entry that is not its own or not its account''s', unsound
      using errcode = 'MT002';
  end if;
  select e.transaction_id into unsound
  from added e
  group by e.merchant_id, e.transaction_id
  having count(*) <> 2
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

-- An amount of a customer's cash that is reserved. What is left of it, amount - captured while it is placed, is part of
-- the account's held.
create table holds (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  customer_id bigint not null,
  amount bigint not null,
  captured bigint not null default 0,
  currency text not null,
  status text not null default 'placed',
  description text,
  expires_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  constraint holds_mode check (mode in ('test', 'live')),
  constraint holds_amount check (amount > 0),
  constraint holds_captured check (captured between 0 and amount),
  constraint holds_status check (status in ('placed', 'captured', 'released', 'expired')),
  constraint holds_open check (status <> 'placed' or captured < amount)
);
create index holds_customer on holds (merchant_id, customer_id, id);
create index holds_due on holds (expires_at) where status = 'placed' and expires_at is not null;
create trigger holds_kept before delete or truncate on holds
  for each statement execute function refuse_change();
create trigger holds_same
  before update of merchant_id, id, mode, account_id, customer_id, amount, currency, expires_at on holds
  for each statement execute function refuse_change();

-- How much of a ledger transaction has been given back.
create table refund_totals (
  merchant_id integer not null,
  transaction_id uuid not null,
  amount bigint not null,
  primary key (merchant_id, transaction_id),
  constraint refund_totals_amount check (amount > 0)
);
create trigger refund_totals_kept before delete or truncate on refund_totals
  for each statement execute function refuse_change();

-- A request that was answered under a key, and enough to answer it again: written in the commit of what it did.
create table idempotency_keys (
  merchant_id integer not null,
  mode text not null,
  key text not null,
  fingerprint bytea not null,
  refusal text,
  result_id uuid,
  results bigint[],
  snapshot json,
  answer bytea,
  created_at timestamptz not null,
  primary key (merchant_id, mode, key)
);
create index idempotency_keys_age on idempotency_keys using brin (created_at);
comment on column idempotency_keys.fingerprint is 'tells the same request from another, and which members differ';
comment on column idempotency_keys.refusal is 'why a ledger command was refused';
comment on column idempotency_keys.results is 'of a ledger command: amount, balance of the paying and of the receiving account';
comment on column idempotency_keys.snapshot is 'of a created customer: the customer as it was answered';
comment on column idempotency_keys.answer is 'of any other request: status and body, encrypted with the service key';
