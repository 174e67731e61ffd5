-- Payouts of an account are compared with the books, too.
alter table statement_items
  drop constraint statement_items_kind,
  add constraint statement_items_kind check (kind in ('payment', 'refund', 'dispute', 'settlement', 'payout')) not valid;
alter table differences
  drop constraint differences_subject,
  add constraint differences_subject check (
    subject in ('payment', 'refund', 'dispute', 'settlement', 'payout', 'balance')
  ) not valid;
drop index statement_items_open;
create index statement_items_open on statement_items (merchant_id, account_id, at)
  where state = 'open' and kind in ('refund', 'payout');
create index statement_items_settlements on statement_items (merchant_id, mode, at desc, outside_id desc) where kind = 'settlement';
