-- A transaction's reversal is kept with it, so that a list of those that succeeded need not look for it.

alter table transactions
  drop constraint transactions_status,
  drop constraint transactions_paid,
  add constraint transactions_status check (status in ('unpaid', 'processing', 'succeeded', 'failed', 'reversed')),
  add constraint transactions_paid check ((status in ('succeeded', 'reversed')) = (paid_at is not null));
drop index transactions_paid_merchant;
create index transactions_paid_merchant on transactions (merchant_id, customer_id, currency) include (amount)
  where paid_at is not null and purpose = 'payment';
