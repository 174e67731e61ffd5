-- Each cause of a pause stands by itself: sending goes on when none is left. A person's pause says whose it is: before, every one was
-- one that the merchant could end, and it stays that.

alter table sending_pauses
  drop constraint sending_pauses_pkey,
  drop constraint sending_pauses_cause;
alter table sending_pauses
  add primary key (merchant_id, mode, cause),
  add constraint sending_pauses_cause check (cause in ('unknown_here', 'started_paused', 'by_hand', 'by_operator'));
