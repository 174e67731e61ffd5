-- The orders to pay out that the sandbox has been sent. Only the sandbox reads them: it plays an outside party.

create table sandbox_payouts (
  merchant_id integer not null references merchants (id),
  reference text not null,
  mode text not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  shown_at timestamptz not null,
  next_status text,
  next_at timestamptz,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, reference),
  constraint sandbox_payouts_mode check (mode = 'test'),
  constraint sandbox_payouts_amount check (amount between 1 and 9007199254740991),
  constraint sandbox_payouts_currency check (currency ~ '^[A-Z]{3}$'),
  constraint sandbox_payouts_status check (status in ('pending', 'otp', 'paid', 'failed', 'returned', 'lost')),
  constraint sandbox_payouts_next check (
    next_status in ('pending', 'paid', 'failed', 'returned') and (next_status is null) = (next_at is null)
  )
);
comment on column sandbox_payouts.status is 'lost: the order did not arrive; the same order again does';
comment on column sandbox_payouts.shown_at is 'before, a question does not find it';
comment on column sandbox_payouts.next_status is 'its status from next_at on';
comment on column sandbox_payouts.recorded_at is 'the real time';
