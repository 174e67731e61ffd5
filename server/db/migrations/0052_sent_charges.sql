-- Payments at accounts of processors, such as Paystack. The account knows each payment by a name of its own, random and used
-- once. A row is such a name, with what was asked for under it, and with what came of it: see
-- domain/payments/sent-charges.ts.
--
-- A row is written before anything is sent. It is never removed: money may come under its name at any time, and is then booked
-- once.

create table sent_charges (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  payment_intent_id uuid not null,
  reference text not null,
  sent_reference text not null,
  marker text not null,
  amount bigint not null,
  currency text not null,
  email text,
  page_url text,
  page_code text,
  state text not null default 'open',
  stopped_at timestamptz,
  outside_id text,
  transaction_id uuid,
  fee bigint,
  differences text[],
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id),
  foreign key (merchant_id, account_id) references processor_accounts (merchant_id, id),
  constraint sent_charges_reference unique (merchant_id, mode, reference),
  constraint sent_charges_sent_reference unique (merchant_id, account_id, sent_reference),
  constraint sent_charges_mode check (mode in ('test', 'live')),
  constraint sent_charges_amount check (amount between 1 and 9007199254740991),
  constraint sent_charges_currency check (currency ~ '^[A-Z]{3}$'),
  constraint sent_charges_fee check (fee >= 0),
  constraint sent_charges_state check (state in ('open', 'failed', 'credited', 'suspended')),
  constraint sent_charges_booked check ((state in ('credited', 'suspended')) = (transaction_id is not null))
);
create index sent_charges_intent on sent_charges (merchant_id, payment_intent_id);
create index sent_charges_due on sent_charges (due_at) where due_at is not null;
create index sent_charges_open on sent_charges (merchant_id, account_id) where due_at is not null;
comment on column sent_charges.account_id is 'the account at a processor that it was sent by, and the party_id of its outside';
comment on column sent_charges.reference is 'our name of the charge; a former name of it ends in ~1, ~2 …';
comment on column sent_charges.sent_reference is 'the name by which the account knows it: random, used once';
comment on column sent_charges.marker is 'random; the account keeps it with the payment: what bears it is ours';
comment on column sent_charges.email is 'the payer''s, as it was sent; null if nothing was sent, and once the customer was erased';
comment on column sent_charges.page_url is 'the page at the processor on which the payer pays or confirms';
comment on column sent_charges.outside_id is 'the account''s own id of the payment: it is booked once';
comment on column sent_charges.transaction_id is 'the ledger transaction that booked it, to its owner or to suspense';
comment on column sent_charges.fee is 'what the processor has kept for itself; null while it is not known';
comment on column sent_charges.differences is 'how the payment at the account differs from what was asked for';
comment on column sent_charges.due_at is 'when to ask the account again; null if nothing more is expected';
comment on column sent_charges.recorded_at is 'the real time';

alter table payment_intents add column account_id bigint not null default 0;
comment on column payment_intents.account_id is 'the account at a processor that it was last sent by; 0 for the sandbox, and for an intent that was not sent';

alter table payment_methods add column token bytea;
comment on column payment_methods.token is 'the processor''s own name of the instrument, by which it is charged; encrypted with the service key';

-- Credentials of an account that was replaced are dropped once nothing of the account is open.
alter table processor_accounts
  drop constraint processor_accounts_credentials,
  add constraint processor_accounts_credentials check (
    case when processor = 'paystack' then credentials is not null or replaced_at is not null else credentials is null end
  );
