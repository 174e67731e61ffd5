-- Dedicated accounts at a merchant's own account of a processor, and the transfers that arrive at them.

alter table dedicated_accounts
  add column account_id bigint not null default 0,
  add column outside_id bigint;
comment on column dedicated_accounts.account_id is 'the account at a processor that opened it; 0 for the sandbox';
comment on column dedicated_accounts.outside_id is 'the number by which that account knows it; null for the sandbox';

-- A customer may have an account at the same bank by each account at a processor.
drop index dedicated_accounts_one_each;
create unique index dedicated_accounts_one_each on dedicated_accounts (merchant_id, customer_id, account_id, provider)
  where removed_at is null;
-- An account at a processor keeps its credentials while dedicated accounts of it are open.
create index dedicated_accounts_opened_by on dedicated_accounts (merchant_id, account_id)
  where removed_at is null and account_id <> 0;

-- A transfer that arrived was not asked for, so it bears no marker. From here on it is known as a charge that was sent.
alter table sent_charges alter column marker drop not null;
comment on column sent_charges.marker is 'random; the account keeps it with the payment: what bears it is ours. Null for money that arrived without a charge';

-- What an account told of a transfer: a name to ask about. Nothing else of it is believed, so nothing else is kept. A row is
-- removed once the account has been asked and the money is booked: see domain/payments/account-arrivals.ts.
create table arrival_notices (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  reference text not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, account_id) references processor_accounts (merchant_id, id),
  constraint arrival_notices_reference unique (merchant_id, account_id, reference),
  constraint arrival_notices_mode check (mode in ('test', 'live'))
);
create index arrival_notices_due on arrival_notices (due_at);
create index arrival_notices_failing on arrival_notices (attempts desc, due_at) where attempts > 0;
comment on column arrival_notices.reference is 'the account''s own name of the transfer';
comment on column arrival_notices.due_at is 'when the account is asked about it next';
comment on column arrival_notices.recorded_at is 'the real time';
