-- Background work that fails for a row is due again later. To see that it fails, and for how long, an operator needs the row
-- that failed most often in a row: an index finds it. Only rows that fail are in it.

create index identity_checks_failing on identity_checks (attempts desc, due_at) where status = 'pending' and attempts > 0;
create index dedicated_account_requests_failing on dedicated_account_requests (attempts desc, due_at)
  where status = 'pending' and attempts > 0;
create index mandates_failing on mandates (attempts desc, activates_at) where status = 'pending' and attempts > 0;
create index payment_intents_failing on payment_intents (attempts desc, due_at) where due_at is not null and attempts > 0;
create index sent_charges_failing on sent_charges (attempts desc, due_at) where due_at is not null and attempts > 0;
create index refunds_failing on refunds (attempts desc, due_at) where due_at is not null and attempts > 0;
create index pay_ins_failing on pay_ins (attempts desc, due_at) where due_at is not null and attempts > 0;
create index adjustments_failing on adjustments (attempts desc, due_at) where due_at is not null and attempts > 0;
create index suspense_decisions_failing on suspense_decisions (attempts desc, due_at)
  where due_at is not null and attempts > 0;
create index erasures_failing on erasures (attempts desc, due_at) where erased_at is null and attempts > 0;

comment on column identity_checks.attempts is 'how often in a row the present step has failed: the next try is later each time';
comment on column dedicated_account_requests.attempts is 'how often in a row background work has failed for it: the next try is later each time';
