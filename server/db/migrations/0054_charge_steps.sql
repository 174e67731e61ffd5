-- A charge may ask its payer for something before it goes on, such as a PIN or a one-time password.

alter table payment_intents add column asks json;
comment on column payment_intents.asks is 'the next step of the payer in the charge under way; nothing that the payer has given';

alter table sandbox_charges
  add column script text,
  add column step integer not null default 0,
  add column ending json,
  add column shown json;
comment on column sandbox_charges.script is 'the questions of its instrument, by their name in the code; null for an instrument that asks nothing';
comment on column sandbox_charges.step is 'how many of the questions were answered rightly';
comment on column sandbox_charges.ending is 'how the charge ends after the last answer';
comment on column sandbox_charges.shown is 'what the payer does elsewhere while it is under way';

-- What a merchant wants to happen to its next charges in test mode. A row goes with its last use.
create table sandbox_outcomes (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  operation text not null,
  match json not null,
  outcome text not null,
  reason text,
  after_ms bigint not null,
  uses_left integer not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (merchant_id, id),
  constraint sandbox_outcomes_mode check (mode = 'test'),
  constraint sandbox_outcomes_operation check (operation in ('charge', 'refund', 'payout')),
  constraint sandbox_outcomes_uses check (uses_left > 0)
);
comment on table sandbox_outcomes is 'at most 100 for a tenant; one that has expired goes when the next is made';
comment on column sandbox_outcomes.match is 'which charges: reference, customerId, amount, currency; empty for any';
