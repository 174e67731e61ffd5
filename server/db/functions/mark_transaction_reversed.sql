-- A payment is reversed in the commit that reverses its ledger transaction, or that gives back the last part of it. Movements of
-- any other kind do not come here.
create or replace function mark_transaction_reversed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update payments p
  set status = 'reversed', updated_at = new.created_at
  from ledger_transactions o
  -- Money that was assigned was paid before it was in suspense.
  left join ledger_transactions s
    on o.kind = 'assigned' and s.merchant_id = o.merchant_id and s.id = (o.details ->> 'suspendedId')::uuid
  where o.merchant_id = new.merchant_id and o.id = new.reverses_id
    and p.merchant_id = new.merchant_id
    and p.payment_intent_id = substr(coalesce(s.details, o.details) ->> 'paymentIntentId', 4)::uuid
    and p.status = 'succeeded'
    and (
      new.kind = 'reversal'
      -- Money that is only reserved has not gone back yet.
      or o.amount <= (
        select sum(b.amount) from ledger_transactions b where b.merchant_id = o.merchant_id and b.reverses_id = o.id
      )
    );
  return null;
end
$$;

create or replace trigger ledger_transactions_reversed
after insert on ledger_transactions
for each row
when (new.kind in ('refund', 'reversal'))
execute function mark_transaction_reversed();
