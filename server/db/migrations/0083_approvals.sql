-- A second person: over an amount, or over a sum of an asker and day, a wish waits until another person has approved it. See
-- domain/approvals. Without a row in `approval_settings` nothing waits, as before.

create table approval_settings (
  merchant_id integer not null references merchants (id),
  mode text not null,
  new_destinations boolean not null default false,
  updated_at timestamptz not null,
  primary key (merchant_id, mode),
  constraint approval_settings_mode check (mode in ('test', 'live'))
);
comment on column approval_settings.new_destinations is 'whether a payout to a destination that was never paid waits';

create table approval_limits (
  merchant_id integer not null,
  mode text not null,
  currency text not null,
  amount_over bigint,
  daily_sum_over bigint,
  primary key (merchant_id, mode, currency),
  foreign key (merchant_id, mode) references approval_settings (merchant_id, mode),
  constraint approval_limits_currency check (currency ~ '^[A-Z]{3}$'),
  constraint approval_limits_amount check (amount_over between 0 and 9007199254740991),
  constraint approval_limits_daily_sum check (daily_sum_over between 0 and 9007199254740991)
);
comment on column approval_limits.amount_over is 'a larger amount waits; null for no limit';
comment on column approval_limits.daily_sum_over is 'a wish waits that brings the sum of its asker and day over this; null for no limit';

-- One row for each asker, also after years: another day begins at 0.
create table approval_sums (
  merchant_id integer not null references merchants (id),
  mode text not null,
  asker text not null,
  currency text not null,
  day date not null,
  amount numeric not null,
  primary key (merchant_id, mode, asker, currency),
  constraint approval_sums_mode check (mode in ('test', 'live')),
  constraint approval_sums_amount check (amount >= 0)
);
comment on table approval_sums is 'the sum that an asker has moved on a day without a second person';
comment on column approval_sums.asker is 'the person behind the key that asks, else the first key of its makers, else who signed the token';

create table approvals (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  kind text not null,
  subject_id uuid not null,
  customer_id bigint,
  amount bigint,
  currency text,
  reference text,
  needs text[] not null,
  details json not null default '{}',
  status text not null default 'waiting',
  reason text,
  actor_id integer,
  request_id bytea,
  asker_keys uuid[] not null,
  asker_people uuid[] not null,
  decided_actor_id integer,
  decided_at timestamptz,
  expires_at timestamptz not null,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint approvals_mode check (mode in ('test', 'live')),
  constraint approvals_amount check (amount between 1 and 9007199254740991),
  constraint approvals_currency check (currency ~ '^[A-Z]{3}$' and (currency is null) = (amount is null)),
  constraint approvals_status check (status in ('waiting', 'approved', 'denied')),
  constraint approvals_due check ((status = 'waiting') = (due_at is not null)),
  constraint approvals_decided check ((status = 'waiting') = (decided_at is null)),
  constraint approvals_decider check (status <> 'approved' or decided_actor_id is not null)
);
comment on column approvals.subject_id is 'the thing that waits: of the kind, for instance an adjustment';
comment on column approvals.needs is 'the reasons why a second person is needed';
comment on column approvals.details is 'what an approver has to know beside the amount; without words once the customer was erased';
comment on column approvals.asker_keys is 'the key that asked, its makers, and theirs; these never change';
comment on column approvals.asker_people is 'the people of these keys';
comment on column approvals.decided_actor_id is 'null for nobody: the time ran out';
comment on column approvals.reason is 'the words of a person who denied it';
comment on column approvals.recorded_at is 'the real time';
create unique index approvals_waiting on approvals (merchant_id, mode, kind, subject_id) where status = 'waiting';
create index approvals_subject on approvals (merchant_id, kind, subject_id);
create index approvals_customer on approvals (merchant_id, customer_id, id) where customer_id is not null;
create index approvals_due on approvals (due_at) where due_at is not null;
create index approvals_failing on approvals (attempts desc, due_at) where due_at is not null and attempts > 0;
create trigger customer_not_deleted before insert on approvals
  for each row when (new.customer_id is not null) execute function refuse_deleted_customer();

-- The constraints are wider than before, so the rows that are there are not read again.
alter table pay_ins
  add column approval_id uuid,
  drop constraint pay_ins_state,
  add constraint pay_ins_state check (state in ('awaiting_approval', 'recorded', 'succeeded', 'refused')) not valid;
alter table adjustments
  add column approval_id uuid,
  drop constraint adjustments_state,
  add constraint adjustments_state check (state in ('awaiting_approval', 'recorded', 'succeeded', 'refused')) not valid;
comment on column pay_ins.approval_id is 'the approval that it waits for or waited for; null for none';
comment on column adjustments.approval_id is 'the approval that it waits for or waited for; null for none';

-- That nobody decided in time is recorded as well, and nobody did it.
alter table trail
  alter column actor_id drop not null,
  alter column request_id drop not null;
comment on column trail.actor_id is 'null for work in the background';
