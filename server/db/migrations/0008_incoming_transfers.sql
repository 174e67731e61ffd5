-- Transactions that are money which somebody sent to a dedicated account.

alter table transactions
  add column incoming json,
  add constraint transactions_incoming check ((origin = 'incoming') = (incoming is not null));
comment on column transactions.incoming is 'who sent it and to which account; null for a payment that was asked for';
