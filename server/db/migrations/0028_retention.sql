-- Rows that are removed by age: docs/operating.md has the table. The functions that remove them are
-- forget_old_events.sql and forget_old_deliveries.sql. Newer servers rely on claim_deliveries_v2 too.

-- Age is counted in real time. No row stores anything for it while a tenant's clock is the real one.
alter table events add column recorded_at timestamptz;
alter table deliveries add column recorded_at timestamptz;
comment on column events.recorded_at is 'the real time; null where created_at is the real time';
comment on column deliveries.recorded_at is 'the real time; null where created_at is the real time';

-- How far the oldest rows of a merchant were removed, so that lists and streams can say so.
create table removals (
  merchant_id integer not null references merchants (id),
  kind text not null,
  last_id bigint not null,
  last_created_at timestamptz not null,
  primary key (merchant_id, kind),
  constraint removals_kind check (kind in ('events', 'deliveries'))
);
comment on column removals.last_id is 'the highest id that was removed';
comment on column removals.last_created_at is 'the latest time of a removed row';

alter table identity_checks
  add column credentials_hmac bytea,
  add column details_removed_at timestamptz;
create index identity_checks_kept on identity_checks (finished_at)
  where details_removed_at is null and status <> 'pending';
comment on column identity_checks.credentials_hmac is 'tells whether the same credentials succeeded before; null in rows of the first release whose details are still there';
comment on column identity_checks.details_removed_at is 'since then details holds an empty object';
