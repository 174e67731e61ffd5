-- A payout that is settled by hand waits for a second person.

alter table payouts add column settlement_approval_id uuid;
comment on column payouts.settlement_approval_id is 'the approval that a settlement by hand waits for, or waited for last; null for none';
