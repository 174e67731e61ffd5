-- Reconciliation: what an account at a processor says of its money is compared with the books. See docs/reconciliation.md.

-- Two keys of one account are two rows here. Their outsides count together, and they have one opening balance.
alter table processor_accounts add column same_as bigint;
comment on column processor_accounts.same_as is 'the first row that is the same account at the processor, by another key; null while none is known';

-- A payment at an account that bears the marker of a charge of ours.
create index sent_charges_markers on sent_charges (merchant_id, marker) where marker is not null;

create table reconciliations (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  books_id bigint not null,
  from_at timestamptz not null,
  until_at timestamptz not null,
  with_balance boolean not null,
  state text not null default 'running',
  stage text not null default 'payment',
  page integer not null default 1,
  position uuid,
  round integer not null default 1,
  read_from timestamptz not null,
  items_read integer not null default 0,
  completed integer not null default 0,
  balances json not null default '[]',
  failure text,
  actor_id integer,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  constraint reconciliations_mode check (mode in ('test', 'live')),
  constraint reconciliations_period check (from_at <= until_at),
  constraint reconciliations_state check (state in ('running', 'agreed', 'differing', 'failed')),
  constraint reconciliations_due check ((state = 'running') = (due_at is not null)),
  constraint reconciliations_finished check ((state = 'running') = (finished_at is null)),
  constraint reconciliations_failure check ((state = 'failed') = (failure is not null))
);
comment on column reconciliations.account_id is 'the account at a processor whose key reads';
comment on column reconciliations.books_id is 'the first row of the same account: what was read and what differs is kept under it';
comment on column reconciliations.with_balance is 'whether the balance is compared: only a run up to now can';
comment on column reconciliations.stage is 'what is read or compared next; page and position say from where';
comment on column reconciliations.read_from is 'the beginning of what is read now: a later round reads the end of the period again';
comment on column reconciliations.completed is 'how many things were missing or open here, and are booked now';
comment on column reconciliations.balances is 'by currency: the balance of the account, and the one that was expected';
comment on column reconciliations.recorded_at is 'the real time';
create unique index reconciliations_running on reconciliations (merchant_id, mode, account_id) where due_at is not null;
create index reconciliations_ids on reconciliations (merchant_id, mode, id);
create index reconciliations_of_account on reconciliations (merchant_id, account_id, id);
create index reconciliations_due on reconciliations (due_at) where due_at is not null;
create index reconciliations_failing on reconciliations (attempts desc, due_at) where due_at is not null and attempts > 0;

-- What accounts have told of their payments, refunds, disputes and settlements, each by the account's own id of it: so a thing
-- that is read twice is one thing.
create table statement_items (
  merchant_id integer not null,
  account_id bigint not null,
  kind text not null,
  outside_id text not null,
  mode text not null,
  reference text,
  payment_id text,
  name text,
  state text not null,
  amount bigint not null,
  fee bigint,
  currency text not null,
  at timestamptz not null,
  claimed_at timestamptz,
  transaction_id uuid,
  reconciliation_id uuid not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, account_id, kind, outside_id),
  foreign key (merchant_id, account_id) references processor_accounts (merchant_id, id),
  constraint statement_items_mode check (mode in ('test', 'live')),
  constraint statement_items_kind check (kind in ('payment', 'refund', 'dispute', 'settlement')),
  constraint statement_items_state check (state in ('open', 'done', 'failed'))
);
comment on column statement_items.account_id is 'the first row of the account: see processor_accounts.same_as';
comment on column statement_items.reference is 'of a payment: the account''s name of it; of a refund or dispute: the name of its payment, if it is told';
comment on column statement_items.payment_id is 'of a refund or dispute: the account''s id of the payment';
comment on column statement_items.name is 'of a payment: the marker that it bears; of a refund: the id of our refund that it bears';
comment on column statement_items.state is 'done: paid, given back, taken back or settled; failed: it will not be';
comment on column statement_items.claimed_at is 'when a reconciliation began to book a payment that nobody has asked for: from then on it is not recorded by hand';
comment on column statement_items.transaction_id is 'the ledger transaction by which a reconciliation has booked it';
comment on column statement_items.reconciliation_id is 'the reconciliation that read it last';
comment on column statement_items.recorded_at is 'the real time';
create index statement_items_references on statement_items (merchant_id, account_id, reference) where reference is not null;
create index statement_items_names on statement_items (merchant_id, account_id, name) where name is not null;
create index statement_items_payments on statement_items (merchant_id, account_id, payment_id) where payment_id is not null;
create index statement_items_open on statement_items (merchant_id, account_id, at) where state = 'open' and kind = 'refund';
create index statement_items_times on statement_items (merchant_id, account_id, at);

-- What an account had in a currency before its cut-over: none of it is in the books.
create table opening_balances (
  merchant_id integer not null,
  account_id bigint not null,
  currency text not null,
  mode text not null,
  amount bigint not null,
  since bigint not null,
  counts_unsettled boolean not null default false,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, account_id, currency),
  foreign key (merchant_id, account_id) references processor_accounts (merchant_id, id),
  constraint opening_balances_mode check (mode in ('test', 'live')),
  constraint opening_balances_currency check (currency ~ '^[A-Z]{3}$')
);
comment on column opening_balances.since is 'what had come and gone by the lists of the account when it was recorded';
comment on column opening_balances.counts_unsettled is 'whether it has been seen that the balance of the account counts payments before they are settled';
comment on column opening_balances.recorded_at is 'the real time';

create table differences (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  kind text not null,
  subject text not null,
  name text not null,
  reference text,
  transaction_id uuid,
  amount bigint not null,
  ours bigint,
  theirs bigint,
  currency text not null,
  effects json not null,
  state text not null default 'open',
  reason text,
  actor_id integer,
  closed_at timestamptz,
  first_reconciliation_id uuid,
  last_reconciliation_id uuid,
  at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  constraint differences_thing unique (merchant_id, account_id, subject, name, kind),
  constraint differences_mode check (mode in ('test', 'live')),
  constraint differences_kind check (
    kind in (
      'missing_here', 'missing_there', 'amount', 'fee', 'state', 'currency', 'duplicate', 'not_ours', 'unexplained'
    )
  ),
  constraint differences_subject check (subject in ('payment', 'refund', 'dispute', 'settlement', 'balance')),
  constraint differences_amount check (amount >= 0),
  constraint differences_state check (state in ('open', 'accepted', 'resolved')),
  constraint differences_closed check ((state = 'open') = (closed_at is null))
);
comment on column differences.account_id is 'the first row of the account: see processor_accounts.same_as; 0 for the sandbox';
comment on column differences.name is 'the account''s id of the thing, our id of a thing that the account does not have, or the currency of a balance';
comment on column differences.effects is 'by currency, minor units: how much more than by our books the account has because of it';
comment on column differences.state is 'accepted: it stays as it is, with a reason; resolved: it was put right, or a later reconciliation does not find it any more';
comment on column differences.reason is 'the words of the person who closed it; null for a reconciliation';
comment on column differences.last_reconciliation_id is 'the reconciliation that found it last; null for a difference of the sandbox, which is pretended';
comment on column differences.at is 'when the thing was made, as the account tells it';
comment on column differences.recorded_at is 'the real time';
create index differences_ids on differences (merchant_id, mode, id);
create index differences_open on differences (merchant_id, mode, id) where state = 'open';
create index differences_of_account on differences (merchant_id, account_id, at) where state <> 'resolved';
create index differences_of_reconciliation on differences (merchant_id, last_reconciliation_id, id);
