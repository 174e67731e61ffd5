-- A refund that was settled as processed, and that its account has failed, names the movement that has brought its money back: so that is found
-- under the reference of its payment.
alter table refunds
  add column returned_id uuid,
  add constraint refunds_returned check (returned_id is null or contradicted_at is not null);
comment on column refunds.returned_id is 'the movement that has brought its money back, after it was settled as processed; null for none';
update refunds r set returned_id = t.id
from ledger_transactions t
where r.state = 'failed' and r.verdict = 'processed' and r.contradicted_at is not null
  and t.merchant_id = r.merchant_id and t.kind = 'chargeback_returned' and t.details ->> 'refundId' = r.id::text;
