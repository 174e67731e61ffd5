-- An order of the sandbox that ends by a wrong one-time password says so. What was paid out by hand, with its fees, is gone from the account
-- as another Mteja sees it: it is added up often.

alter table sandbox_payouts
  drop constraint sandbox_payouts_status,
  add constraint sandbox_payouts_status
    check (status in ('pending', 'otp', 'wrong_otp', 'paid', 'failed', 'abandoned', 'returned', 'lost')) not valid;

create index payouts_by_hand on payouts (merchant_id, mode, currency) include (state, amount, booked_fee)
  where processor = 'manual' and ended_at is not null;
