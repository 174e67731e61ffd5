-- A fee that is known later is booked then. The sum of an asker keeps its day when the merchant's time zone changes.

alter table payouts
  add column booked_fee bigint,
  add column fee_tries integer not null default 0;
comment on column payouts.booked_fee is 'what was booked as its fee; null before it was paid, and of those that were paid before this was counted';
comment on column payouts.fee_tries is 'how often the ledger has refused to book the rest of its fee';

alter table approval_sums add column time_zone text;
comment on column approval_sums.time_zone is 'of the day; null for the one of the merchant';
