-- Money asked for from outside: payment intents, the hosted pages on which they are paid, and the sandbox's stand-in for
-- the party that takes the money.

-- As merchant_counters, for payments: a row of its own, which transfers do not wait for.
create table payment_counters (
  merchant_id integer not null references merchants (id),
  mode text not null,
  payment_intent_count bigint not null default 0,
  checkout_session_count bigint not null default 0,
  primary key (merchant_id, mode),
  constraint payment_counters_mode check (mode in ('test', 'live'))
) with (fillfactor = 50);

create table payment_intents (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  number bigint not null,
  customer_id bigint,
  payment_method_id bigint,
  checkout_session_id uuid,
  amount bigint not null,
  currency text not null,
  status text not null,
  description text,
  metadata json,
  idempotency_key text not null,
  fingerprint bytea not null,
  charge_count integer not null default 0,
  charge_reference text,
  charge_key text,
  charged_at timestamptz,
  to_save json,
  failure_reason text,
  transaction_id uuid,
  expires_at timestamptz not null,
  due_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  foreign key (merchant_id, payment_method_id) references payment_methods (merchant_id, id),
  constraint payment_intents_number unique (merchant_id, mode, number),
  constraint payment_intents_idempotency_key unique (merchant_id, mode, idempotency_key),
  constraint payment_intents_mode check (mode in ('test', 'live')),
  constraint payment_intents_currency check (currency ~ '^[A-Z]{3}$'),
  constraint payment_intents_amount check (amount between 1 and 9007199254740991),
  constraint payment_intents_status check (
    status in ('requires_payment_method', 'requires_confirmation', 'processing', 'succeeded', 'failed', 'canceled')
  ),
  constraint payment_intents_charge check (status not in ('processing', 'failed') or charge_reference is not null),
  constraint payment_intents_transaction check ((status = 'succeeded') = (transaction_id is not null)),
  constraint payment_intents_due check ((status in ('succeeded', 'canceled')) = (due_at is null))
) with (fillfactor = 70);
create index payment_intents_by_status on payment_intents (merchant_id, mode, status, number);
create index payment_intents_due_at on payment_intents (due_at) where due_at is not null;
comment on column payment_intents.number is '1, 2, 3 … within (merchant, mode) in the order of creation';
comment on column payment_intents.customer_id is 'whose cash it fills; null where it pays the merchant';
comment on column payment_intents.fingerprint is 'what was asked for under the idempotency key';
comment on column payment_intents.charge_reference is 'names the last charge to the payment processor; each try has its own';
comment on column payment_intents.charge_key is 'the idempotency key of the request that made the last charge';
comment on column payment_intents.to_save is 'the instrument to keep as a payment method once it has paid; never a card number';
comment on column payment_intents.due_at is 'when to look at it again: to ask the processor, or because it expires';

create table checkout_sessions (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  number bigint not null,
  payment_intent_id uuid not null,
  purpose text not null,
  customer_id bigint,
  product_id text,
  success_url text,
  cancel_url text,
  line_items json,
  metadata json,
  hosted_config json,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, payment_intent_id) references payment_intents (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint checkout_sessions_number unique (merchant_id, mode, number),
  constraint checkout_sessions_mode check (mode in ('test', 'live')),
  constraint checkout_sessions_purpose check (purpose in ('payment', 'payin')),
  constraint checkout_sessions_payin check (purpose <> 'payin' or customer_id is not null)
);
create index checkout_sessions_by_id on checkout_sessions (id);
create index checkout_sessions_intent on checkout_sessions (merchant_id, payment_intent_id);
comment on table checkout_sessions is 'amount, status and expiry are those of its payment intent';

-- Removed payment methods stay; a list of a tenant passes over them.
create index payment_methods_kept on payment_methods (merchant_id, mode, id) where deactivated_at is null;

-- What a bank or a mobile money operator would keep. Mteja knows nothing of it but what the payment processor answers.
create table sandbox_charges (
  merchant_id integer not null,
  reference text not null,
  mode text not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  reason text,
  succeeds_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, reference),
  constraint sandbox_charges_mode check (mode = 'test'),
  constraint sandbox_charges_status check (status in ('processing', 'succeeded', 'failed', 'given_back')),
  constraint sandbox_charges_reason check ((status = 'failed') = (reason is not null))
);
comment on column sandbox_charges.succeeds_at is 'when a charge under way will have succeeded; null for never';
