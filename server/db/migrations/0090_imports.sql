-- Imports of an account at a processor: its customers, their saved instruments and dedicated accounts, and its history, without
-- money. See docs/import.md.

create table imports (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  books_id bigint not null,
  until_at timestamptz not null,
  cut_over_at timestamptz not null,
  state text not null default 'running',
  stage text not null default 'customer',
  page integer not null default 1,
  position integer not null default 0,
  counts json not null default '{}',
  attempts integer not null default 0,
  failure text,
  retry_at timestamptz,
  actor_id integer,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  constraint imports_mode check (mode in ('test', 'live')),
  constraint imports_state check (state in ('running', 'done')),
  constraint imports_stage check (stage in ('customer', 'dedicated_account', 'payment')),
  constraint imports_finished check ((state = 'running') = (finished_at is null))
);
comment on column imports.account_id is 'the account at a processor whose key reads';
comment on column imports.books_id is 'the first row of the same account: what was imported is kept under it';
comment on column imports.until_at is 'customers who were made later are left to the next import';
comment on column imports.cut_over_at is 'payments that were paid before are history';
comment on column imports.position is 'how many rows of the page are done: each in one commit with what it made';
comment on column imports.counts is 'by kind: how many were read, created, merged, unchanged and skipped, of how many';
comment on column imports.attempts is 'how often in a row the account could not be asked';
comment on column imports.recorded_at is 'the real time';
create unique index imports_running on imports (merchant_id, mode, account_id) where state = 'running';
create index imports_of_books on imports (merchant_id, books_id, id);

-- What an import has left out, of the last import of each account.
create table import_skips (
  merchant_id integer not null,
  import_id uuid not null,
  id uuid not null,
  kind text not null,
  name text not null,
  reason text not null,
  detail text,
  primary key (merchant_id, import_id, id),
  foreign key (merchant_id, import_id) references imports (merchant_id, id),
  constraint import_skips_kind check (kind in ('customer', 'authorization', 'dedicated_account', 'payment'))
);
comment on column import_skips.name is 'the account''s name of the thing: a code, a number or a reference';
comment on column import_skips.detail is 'the member of the row that is to blame, or the code of an error';

-- What of an account is what here: so nothing is imported twice, and nothing that was removed here comes back.
create table imported_things (
  merchant_id integer not null,
  books_id bigint not null,
  kind text not null,
  name text not null,
  mode text not null,
  customer_id bigint not null,
  created_at timestamptz not null,
  primary key (merchant_id, books_id, kind, name),
  foreign key (merchant_id, books_id) references processor_accounts (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint imported_things_mode check (mode in ('test', 'live')),
  constraint imported_things_kind check (kind in ('customer', 'authorization'))
);
comment on column imported_things.name is 'of a customer: the account''s code of them; of an authorization: a digest of its code, which only the holder of the service key can make';
create index imported_things_customer on imported_things (merchant_id, customer_id);
create trigger customer_not_deleted before insert on imported_things
  for each row execute function refuse_deleted_customer();

-- Payments that an account took before its cut-over. They are history: no money of them is in the books, and none ever comes there.
create table imported_payments (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  books_id bigint not null,
  outside_id text not null,
  reference text not null,
  customer_id bigint not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  fee bigint,
  channel text,
  paid_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, books_id) references processor_accounts (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint imported_payments_reference unique (merchant_id, mode, reference),
  constraint imported_payments_mode check (mode in ('test', 'live')),
  constraint imported_payments_status check (status in ('succeeded', 'reversed')),
  constraint imported_payments_amount check (amount >= 0)
);
comment on column imported_payments.outside_id is 'the account''s own id of the payment';
comment on column imported_payments.created_at is 'when it was imported';
create index imported_payments_ids on imported_payments (merchant_id, mode, id);
create index imported_payments_customer on imported_payments (merchant_id, customer_id, id);
create trigger customer_not_deleted before insert on imported_payments
  for each row execute function refuse_deleted_customer();

-- An import knows a person who was erased, and leaves them out.
alter table erasures add column email_digests bytea[] not null default '{}';
comment on column erasures.email_digests is 'of every e-mail that the customer had; only the holder of the service key can make them';
create index erasures_email_digests on erasures using gin (email_digests);
