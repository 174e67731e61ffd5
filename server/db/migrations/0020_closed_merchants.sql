-- A merchant that has ended is closed, not deleted: its history stays.
alter table merchants add column closed_at timestamptz;
comment on column merchants.closed_at is 'since when nothing can be changed; null for a merchant that is open. A server of the release before 0020 does not read it';
