-- Who asks an account at this moment what was taken back of a payment. Another one waits, so that an older answer is never booked after a
-- newer one. A row goes with its look; the row of a server that has died is taken over once its time is over.
create table payment_looks (
  merchant_id integer not null references merchants (id),
  transaction_id uuid not null,
  holder uuid not null,
  held_until timestamptz not null,
  primary key (merchant_id, transaction_id)
);
comment on table payment_looks is 'the payments about which an account is being asked';
comment on column payment_looks.transaction_id is 'the ledger transaction that brought the money';
