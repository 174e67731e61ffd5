-- What the account tells and cannot be read is counted. Lists of things that may still change are read from the oldest open one.

alter table reconciliations add column unreadable integer not null default 0;
comment on column reconciliations.unreadable is 'how many things the account has told that could not be read';
drop index statement_items_open;
create index statement_items_open on statement_items (merchant_id, account_id, kind, at)
  where state = 'open' and kind <> 'payment';
comment on column opening_balances.since is 'what had come and gone by the lists of the account when it was recorded, without payouts';
