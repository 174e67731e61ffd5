-- Transactions: what a customer pays under a reference of the merchant's own, each by one payment intent.

alter table payment_counters
  add column transaction_count bigint not null default 0,
  add column last_transaction_at timestamptz not null default '-infinity';

create table transactions (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  number bigint not null,
  payment_intent_id uuid not null,
  customer_id bigint not null,
  reference text not null,
  request_key text,
  access_code text,
  origin text not null,
  purpose text not null,
  status text not null,
  amount bigint not null,
  currency text not null,
  channel text,
  channels text[],
  callback_url text,
  metadata json,
  failure_reason text,
  paid_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint transactions_number unique (merchant_id, mode, number),
  constraint transactions_reference unique (merchant_id, mode, reference),
  constraint transactions_request unique (merchant_id, mode, request_key),
  constraint transactions_payment_intent unique (merchant_id, payment_intent_id),
  constraint transactions_access_code unique (merchant_id, access_code),
  constraint transactions_mode check (mode in ('test', 'live')),
  constraint transactions_currency check (currency ~ '^[A-Z]{3}$'),
  constraint transactions_amount check (amount between 1 and 9007199254740991),
  constraint transactions_origin check (origin in ('page', 'instrument', 'payment_method', 'incoming')),
  constraint transactions_purpose check (purpose in ('payment', 'wallet_topup')),
  constraint transactions_status check (status in ('unpaid', 'processing', 'succeeded', 'failed')),
  constraint transactions_paid check ((status = 'succeeded') = (paid_at is not null)),
  constraint transactions_failed check (status <> 'failed' or failure_reason is not null)
) with (fillfactor = 70);
create index transactions_by_access_code on transactions (access_code) where access_code is not null;
create index transactions_by_status on transactions (merchant_id, mode, status, number);
create index transactions_by_amount on transactions (merchant_id, mode, amount, number);
create index transactions_created_at on transactions (merchant_id, mode, created_at, number);
create index transactions_customer on transactions (merchant_id, customer_id, number);
create index transactions_paid_merchant on transactions (merchant_id, customer_id, currency) include (amount)
  where status = 'succeeded' and purpose = 'payment';
comment on column transactions.number is '1, 2, 3 … within (merchant, mode) in the order of creation, so that a page at any offset is an index look-up';
comment on column transactions.request_key is 'the idempotency key of the request that made it';
comment on column transactions.access_code is 'the address of its page, and its only secret; null for one that has none';
comment on column transactions.origin is 'how it is paid: on its page, by an instrument typed in, by a saved one, or by money that arrived';
comment on column transactions.purpose is 'wallet_topup fills the customer''s cash, payment pays the merchant';
comment on column transactions.status is 'changed in the commit that changes its payment intent; one that was never charged stays unpaid';
comment on column transactions.channel is 'the type of the instrument last charged';
comment on column transactions.channels is 'by which its page may be paid; null for any';
comment on column transactions.metadata is 'an object, or a text that is no JSON object';

-- What succeeded, in the commit that made it succeed: totals are looked up, not summed.
create table transaction_totals (
  merchant_id integer not null references merchants (id),
  mode text not null,
  currency text not null,
  succeeded_count bigint not null,
  succeeded_amount numeric not null,
  primary key (merchant_id, mode, currency),
  constraint transaction_totals_mode check (mode in ('test', 'live'))
) with (fillfactor = 50);

alter table sandbox_charges add column late_reason text;
comment on column sandbox_charges.succeeds_at is 'when a charge under way will be decided; null for never';
comment on column sandbox_charges.late_reason is 'why it will have failed then; null where it will have succeeded';
