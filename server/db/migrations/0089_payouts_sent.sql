-- The count of sendings of a payout never goes back, and an account whose key was replaced is asked about returns to the end.

alter table payouts
  add column unsent_count integer not null default 0,
  add column waited_for text;
comment on column payouts.send_count is 'how often it was sent under its reference; it never goes back';
comment on column payouts.unsent_count is 'how many of its sendings, from the first on, have surely not arrived';
comment on column payouts.waited_for is 'what it was put back to wait for last; an event has told it, and tells it once';
create index payouts_due_at_account on payouts (merchant_id, account_id) where due_at is not null;
