-- A refund whose processor answers and does not show it needs a person soon. Since when it answers so is noted. And a refund that is
-- unknown has a reason.

alter table refunds add column absent_since timestamptz;
comment on column refunds.absent_since is 'since when the processor answers without the refund; null where it is known, or was never asked about';

update refunds set state_reason = 'The processor was asked to give the money back, and its answer was lost. It is asked about the refund'
where state = 'unknown' and state_reason is null;
