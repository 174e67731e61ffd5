create table customers (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  number bigint not null,
  code text not null,
  email text,
  first_name text,
  last_name text,
  phone text,
  phone_e164 text,
  metadata json,
  risk_action text not null default 'default',
  identified boolean not null default false,
  search_text text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  constraint customers_number unique (merchant_id, mode, number),
  constraint customers_code unique (merchant_id, code),
  constraint customers_email unique (merchant_id, mode, email),
  constraint customers_mode check (mode in ('test', 'live')),
  constraint customers_risk_action check (risk_action in ('default', 'allow', 'deny'))
);
create index customers_created_at on customers (merchant_id, mode, created_at, number);
create index customers_search_text on customers using gin (search_text gin_trgm_ops);
comment on column customers.number is '1, 2, 3 … within (merchant, mode) in the order of creation, so that a page at any offset is an index look-up';
comment on column customers.phone is 'as it was given; what the Paystack surface echoes';
comment on column customers.phone_e164 is 'the same number in E.164, where it can be read as one';
comment on column customers.metadata is 'json, not jsonb: members come back in the order they were given';
comment on column customers.search_text is 'everything a search looks at, lower case, one item a line';

create table payment_methods (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  customer_id bigint not null,
  code text not null,
  type text not null,
  provider text not null,
  bin text,
  last4 text,
  expiry_month smallint,
  expiry_year smallint,
  brand text,
  bank text,
  bank_code text,
  country text,
  account_name text,
  account_number bytea,
  phone text,
  signature text,
  reusable boolean not null,
  is_default boolean not null default false,
  active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deactivated_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint payment_methods_code unique (merchant_id, code),
  constraint payment_methods_mode check (mode in ('test', 'live')),
  constraint payment_methods_type check (type in ('card', 'mobile_money', 'direct_debit', 'bank_transfer'))
);
create index payment_methods_customer on payment_methods (merchant_id, customer_id, id);
create unique index payment_methods_one_default on payment_methods (merchant_id, customer_id)
  where is_default and deactivated_at is null;
comment on column payment_methods.code is 'AUTH_… of the Paystack surface without its prefix; pm_… of the Cashful surface';
comment on column payment_methods.account_number is 'encrypted with the service key';
comment on column payment_methods.signature is 'the same for every saving of one instrument; null where it cannot be told';
comment on column payment_methods.active is 'false while a direct debit mandate waits for its bank';

-- A customer being asked to let the merchant debit a bank account: requested, approved on the hosted page, then active
-- once the bank has agreed.
create table mandates (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  customer_id bigint not null,
  payment_method_id bigint,
  reference text not null,
  access_code text not null,
  callback_url text,
  status text not null,
  bank_code text,
  account_number bytea,
  address json,
  activates_at timestamptz,
  authorized_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  foreign key (merchant_id, payment_method_id) references payment_methods (merchant_id, id),
  constraint mandates_reference unique (merchant_id, mode, reference),
  constraint mandates_access_code unique (merchant_id, access_code),
  constraint mandates_mode check (mode in ('test', 'live')),
  constraint mandates_status check (status in ('requested', 'pending', 'active', 'revoked'))
);
create index mandates_customer on mandates (merchant_id, customer_id, id);
create index mandates_due on mandates (activates_at) where status = 'pending';
create index mandates_by_access_code on mandates (access_code);
comment on column mandates.account_number is 'encrypted with the service key';

create table identity_checks (
  merchant_id integer not null,
  id bigint not null,
  mode text not null,
  customer_id bigint not null,
  status text not null,
  details bytea not null,
  details_hmac bytea not null,
  masked json not null,
  reason text,
  due_at timestamptz not null,
  attempts integer not null default 0,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint identity_checks_mode check (mode in ('test', 'live')),
  constraint identity_checks_status check (status in ('pending', 'succeeded', 'failed')),
  constraint identity_checks_reason check ((status = 'failed') = (reason is not null))
);
create index identity_checks_customer on identity_checks (merchant_id, customer_id, id);
create index identity_checks_due on identity_checks (due_at) where status = 'pending';
comment on column identity_checks.details is 'what was submitted, encrypted with the service key';
comment on column identity_checks.details_hmac is 'tells whether the same details were validated before without decrypting any';
comment on column identity_checks.masked is 'country, type and masked numbers: what may be shown';

-- A fact, recorded in the commit of the change it tells of.
create table events (
  merchant_id integer not null,
  id bigint generated by default as identity,
  mode text not null,
  type text not null,
  customer_id bigint,
  data json not null,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  constraint events_mode check (mode in ('test', 'live'))
);
comment on column events.id is 'given under the lock of what changed: the events of one customer are in the order they happened';
