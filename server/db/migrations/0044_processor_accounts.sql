-- Accounts at processors: who takes a merchant's money from payers (direction in) and sends it to banks (out), in each mode.
-- Without a row the sandbox does both in test mode, and money of live mode is moved by hand.
--
-- A row that was replaced stays, with its credentials, because payments that were sent by it are still asked about there.

create table processor_accounts (
  merchant_id integer not null references merchants (id),
  id bigint not null,
  mode text not null,
  direction text not null,
  processor text not null,
  credentials bytea,
  hint text,
  cut_over_at timestamptz,
  state text not null default 'ready',
  last_error text,
  last_error_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  replaced_at timestamptz,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  constraint processor_accounts_mode check (mode in ('test', 'live')),
  constraint processor_accounts_id check (id >= 2),
  constraint processor_accounts_direction check (direction in ('in', 'out')),
  constraint processor_accounts_processor check (processor in ('sandbox', 'manual', 'paystack')),
  constraint processor_accounts_sandbox check (processor <> 'sandbox' or mode = 'test'),
  constraint processor_accounts_credentials check ((processor = 'paystack') = (credentials is not null)),
  constraint processor_accounts_hint check ((hint is null) = (credentials is null)),
  constraint processor_accounts_cut_over check (cut_over_at is null or processor = 'paystack'),
  constraint processor_accounts_state check (state in ('ready', 'failing')),
  constraint processor_accounts_error check (state = 'ready' or last_error is not null)
);
create unique index processor_accounts_current on processor_accounts (merchant_id, mode, direction) where replaced_at is null;
comment on column processor_accounts.id is 'the party_id of its outside, for a processor with credentials; the sandbox and money moved by hand have those of docs/ledger.md';
comment on column processor_accounts.credentials is 'encrypted with the service key';
comment on column processor_accounts.hint is 'the last four characters of the secret key';
comment on column processor_accounts.cut_over_at is 'nothing that the account took before is credited by itself';
comment on column processor_accounts.recorded_at is 'the real time';
