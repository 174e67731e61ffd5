-- Only a payout that was sent to an account is looked for by its account. So a new payout is in two indexes fewer, and a statement that
-- names a payout by its id cannot be planned by them.

drop index payouts_of_account;
create index payouts_of_account on payouts (merchant_id, account_id) where ended_at is null and account_id is not null;
drop index payouts_due_at_account;
create index payouts_due_at_account on payouts (merchant_id, account_id) where due_at is not null and account_id is not null;
