-- Identity checks that somebody outside judges and tells of later; virtual bank accounts that customers are paid through.

alter table identity_checks
  add column outside_reference text,
  add column asked_at timestamptz,
  add column notice json;
create index identity_checks_outside on identity_checks (outside_reference) where status = 'pending';
comment on column identity_checks.outside_reference is 'what the verifier calls the customer; kept before it is asked, so that its notice is never of somebody unknown';
comment on column identity_checks.asked_at is 'when the verifier took the details and said it would tell later';
comment on column identity_checks.notice is 'what the verifier told, until the check is finished by it';

create table dedicated_accounts (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  customer_id bigint not null,
  provider text not null,
  account_number text not null,
  account_name text not null,
  currency text not null,
  split_code text,
  subaccount text,
  requeried_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  removed_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint dedicated_accounts_number unique (merchant_id, mode, account_number),
  constraint dedicated_accounts_mode check (mode in ('test', 'live')),
  constraint dedicated_accounts_currency check (currency ~ '^[A-Z]{3}$')
);
create index dedicated_accounts_listed on dedicated_accounts (merchant_id, mode, id);
create unique index dedicated_accounts_one_each on dedicated_accounts (merchant_id, customer_id, provider)
  where removed_at is null;
comment on table dedicated_accounts is 'bank accounts that belong to one customer: what is transferred to them is the customer''s cash';
comment on column dedicated_accounts.removed_at is 'when it was taken from the customer; it is kept, for money may still be sent to it, and is refused';

-- An account that a customer gets once an identity check of theirs has succeeded.
create table dedicated_account_requests (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  customer_id bigint not null,
  identity_check_id bigint,
  wanted json not null,
  status text not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  foreign key (merchant_id, identity_check_id) references identity_checks (merchant_id, id),
  constraint dedicated_account_requests_mode check (mode in ('test', 'live')),
  constraint dedicated_account_requests_status check (status in ('pending', 'succeeded', 'failed'))
);
create index dedicated_account_requests_pending on dedicated_account_requests (merchant_id, id) where status = 'pending';
comment on column dedicated_account_requests.identity_check_id is 'whose outcome it waits for; null where none was asked for';
comment on column dedicated_account_requests.wanted is 'the provider, and the split and subaccount that the account is to have';
