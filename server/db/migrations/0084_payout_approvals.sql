-- Payouts that wait for a second person.

alter table payouts add column approval_id uuid;
comment on column payouts.approval_id is 'the approval that it waits for, or waited for; null while nobody has asked whether it needs one, and for one that needs none';
