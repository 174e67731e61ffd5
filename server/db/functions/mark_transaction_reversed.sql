-- The one rule of when a payment is reversed: nothing is left of the money that its owner got. What was given back by refunds and
-- reversals counts, and what disputes and refunds of the dashboard have taken and not given back, of all charges of the payment and of
-- all parts of their money that came back to suspense and were assigned. It is paid again once a part comes back. It happens in the commit of the movement. Movements of any other kind do not come here.
create or replace function mark_transaction_reversed() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  intent uuid;
  original uuid := coalesce(new.reverses_id, (new.details ->> 'transactionId')::uuid);
  came bigint;
  gone bigint;
begin
  -- A payment that was refunded by a settlement by hand counts as given back, whatever its account says later.
  if new.reverses_id is null and new.details ->> 'disputeId' is null then
    return null;
  end if;
  select substr(coalesce(s.details, o.details) ->> 'paymentIntentId', 4)::uuid into intent
  from ledger_transactions o
  -- Money that was assigned was paid before it was in suspense.
  left join ledger_transactions s
    on o.kind = 'assigned' and s.merchant_id = o.merchant_id and s.id = (o.details ->> 'suspendedId')::uuid
  where o.merchant_id = new.merchant_id and o.id = original;
  if intent is null or not exists (
    select from payments p
    where p.merchant_id = new.merchant_id and p.payment_intent_id = intent and p.status in ('succeeded', 'reversed')
  ) then
    return null;
  end if;
  with charged as materialized (
    select i.transaction_id as id from payment_intents i where i.merchant_id = new.merchant_id and i.id = intent
    union
    select s.transaction_id from sent_charges s where s.merchant_id = new.merchant_id and s.payment_intent_id = intent
  ),
  brought as materialized (
    -- Each movement that brought money of the payment, and the one that gave it to its owner. Money in suspense has none.
    select distinct t.id, coalesce(d.id, t.id) as owned_id
    from (
      select id from charged
      union
      -- What its disputes have brought back to suspense.
      select b.id
      from charged c
      join disputes d on d.merchant_id = new.merchant_id and d.original_id = c.id
      cross join unnest(d.movement_ids) as b (id)
    ) m
    join ledger_transactions t on t.merchant_id = new.merchant_id and t.id = m.id
    left join suspense_decisions d
      on t.kind = 'suspended' and d.merchant_id = t.merchant_id and d.mode = t.mode and d.reference = t.id::text
      and d.outcome = 'assigned' and d.state = 'succeeded' and d.dispute_turn is null
    where t.kind = 'pay_in' or d.id is not null
  ),
  names as materialized (
    select id from charged
    union
    select id from brought
    union
    select owned_id from brought
  ),
  -- The row of its dispute does not name this movement yet.
  taken as (
    select m.id
    from disputes d
    cross join unnest(d.movement_ids) as m (id)
    where d.merchant_id = new.merchant_id and d.original_id in (select id from names)
    union
    select new.id where new.reverses_id is null and original in (select id from names)
  )
  select
    (
      select sum(t.amount) from brought b
      join ledger_transactions t on t.merchant_id = new.merchant_id and t.id = b.owned_id
    ),
    coalesce((
      select sum(r.amount) from brought b
      join ledger_transactions r on r.merchant_id = new.merchant_id and r.reverses_id = b.owned_id
    ), 0) + coalesce((
      select sum(case t.kind when 'chargeback' then t.amount when 'chargeback_returned' then -t.amount end)
      from taken m
      join ledger_transactions t on t.merchant_id = new.merchant_id and t.id = m.id
    ), 0)
  into came, gone;
  if came is null then
    return null;
  end if;
  update payments p
  set status = case when gone >= came then 'reversed' else 'succeeded' end, updated_at = new.created_at
  where p.merchant_id = new.merchant_id and p.payment_intent_id = intent
    and p.status = case when gone >= came then 'succeeded' else 'reversed' end;
  return null;
end
$$;

create or replace trigger ledger_transactions_reversed
after insert on ledger_transactions
for each row
when (new.kind in ('refund', 'reversal', 'chargeback', 'chargeback_returned'))
execute function mark_transaction_reversed();
