-- A person says how a refund has ended that nobody else can say. Its account is asked about it for a while longer, so a refund that
-- has ended so can be due. See "Settled by hand" in docs/ledger.md.

alter table refunds
  add column verdict text,
  add column proof text,
  add column settlement_approval_id uuid,
  add column settled_as text,
  add column contradicted_at timestamptz,
  add constraint refunds_verdict check (verdict in ('processed', 'failed')),
  add constraint refunds_settled_as check (settled_as is null or verdict = 'processed'),
  add constraint refunds_contradicted check (contradicted_at is null or verdict is not null),
  drop constraint refunds_due,
  add constraint refunds_due check (case when state in ('processed', 'failed') then due_at is null or verdict is not null else due_at is not null end)
    not valid;
comment on column refunds.verdict is 'how a person says that it has ended; null for none';
comment on column refunds.proof is 'the words of that person; null once the customer was erased';
comment on column refunds.settlement_approval_id is 'the approval that a settlement by hand waits for, or waited for last; null for none';
comment on column refunds.settled_as is 'the account''s id of the refund, made there by hand, that this one was settled as';
comment on column refunds.contradicted_at is 'when its account was found to say otherwise than the person; what it says is booked';
create unique index refunds_settled_as on refunds (merchant_id, original_id, settled_as) where settled_as is not null;
