-- Tenants for whom nothing is sent to the outside: no payout, no refund, no charge of a saved instrument, no webhook.

create table sending_pauses (
  merchant_id integer not null references merchants (id),
  mode text not null,
  cause text not null,
  reference text,
  since timestamptz not null,
  paused_at timestamptz not null,
  resumed_at timestamptz,
  known_until timestamptz,
  primary key (merchant_id, mode),
  constraint sending_pauses_mode check (mode in ('test', 'live')),
  constraint sending_pauses_cause check (cause in ('unknown_here', 'started_paused', 'by_hand'))
);
comment on column sending_pauses.reference is 'the name, at an account, of something that was sent from here and is unknown here';
comment on column sending_pauses.since is 'a reconciliation that resumes begins no later than here';
comment on column sending_pauses.known_until is 'of what accounts took before, nothing pauses any more';
