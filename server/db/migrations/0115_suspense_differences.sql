-- Money in suspense that was given back here, and that the account still has, is a difference of its own.
alter table differences
  drop constraint differences_subject,
  add constraint differences_subject check (
    subject in ('payment', 'refund', 'dispute', 'settlement', 'payout', 'suspense', 'balance')
  ) not valid;
