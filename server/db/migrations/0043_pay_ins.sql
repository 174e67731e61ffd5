-- Money that a person writes down: pay-ins that came outside any API, and adjustments of balances. The row is stored first,
-- then the movement is posted under its id, then the row is marked. A row that is still `recorded` is finished in the
-- background: see domain/wallet/recorded-movements.ts.
--
-- A refused row moved no money. It keeps nobody from recording the same reference again, with what was wrong put right.

create table pay_ins (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  customer_id bigint,
  amount bigint not null,
  currency text not null,
  source text not null,
  reference text not null,
  description text,
  metadata json,
  state text not null default 'recorded',
  refusal text,
  actor_id integer,
  request_id bytea,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint pay_ins_mode check (mode in ('test', 'live')),
  constraint pay_ins_account check (account_id >= 0),
  constraint pay_ins_amount check (amount between 1 and 9007199254740991),
  constraint pay_ins_currency check (currency ~ '^[A-Z]{3}$'),
  constraint pay_ins_source check (source in ('bank_transfer', 'cash', 'card', 'mobile_money')),
  constraint pay_ins_state check (state in ('recorded', 'succeeded', 'refused')),
  constraint pay_ins_due check ((state = 'recorded') = (due_at is not null)),
  constraint pay_ins_refusal check ((state = 'refused') = (refusal is not null))
);
comment on column pay_ins.id is 'of the ledger transaction, too';
comment on column pay_ins.account_id is 'the account at a processor that the money came to, as party_id of its outside: 0 or 1 for money moved by hand';
comment on column pay_ins.customer_id is 'null for money of the merchant';
comment on column pay_ins.recorded_at is 'the real time';
create unique index pay_ins_reference on pay_ins (merchant_id, mode, account_id, reference) where state <> 'refused';
create index pay_ins_named on pay_ins (merchant_id, mode, reference, id);
create index pay_ins_customer on pay_ins (merchant_id, customer_id, id) where customer_id is not null;
create index pay_ins_due on pay_ins (due_at) where due_at is not null;
create trigger customer_not_deleted before insert on pay_ins
  for each row when (new.customer_id is not null) execute function refuse_deleted_customer();

create table adjustments (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  customer_id bigint not null,
  direction text not null,
  amount bigint not null,
  currency text not null,
  reference text not null,
  reason text,
  state text not null default 'recorded',
  refusal text,
  actor_id integer,
  request_id bytea,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint adjustments_mode check (mode in ('test', 'live')),
  constraint adjustments_direction check (direction in ('credit', 'debit')),
  constraint adjustments_amount check (amount between 1 and 9007199254740991),
  constraint adjustments_currency check (currency ~ '^[A-Z]{3}$'),
  constraint adjustments_state check (state in ('recorded', 'succeeded', 'refused')),
  constraint adjustments_due check ((state = 'recorded') = (due_at is not null)),
  constraint adjustments_refusal check ((state = 'refused') = (refusal is not null))
);
comment on column adjustments.id is 'of the ledger transaction, too';
comment on column adjustments.reason is 'null once the customer was erased';
comment on column adjustments.recorded_at is 'the real time';
create unique index adjustments_reference on adjustments (merchant_id, mode, reference) where state <> 'refused';
create index adjustments_named on adjustments (merchant_id, mode, reference, id);
create index adjustments_customer on adjustments (merchant_id, customer_id, id);
create index adjustments_due on adjustments (due_at) where due_at is not null;
create trigger customer_not_deleted before insert on adjustments
  for each row execute function refuse_deleted_customer();
