-- The things that still bind customers: each keeps them from being erased, and those of `deletion` also from being deleted.
-- A table of things that may still come to a customer, or that a customer owes, adds its rows here.
--   balance  an amount that is not 0 in an account of theirs. `detail` is the currency, `amount` the posted amount.
--   hold  an amount that is reserved. `detail` is the currency, `amount` the held amount.
--   debt  an amount that they owe. `detail` is the currency, `amount` the amount.
--   payment  a payment of theirs is under way: its money could still come. `detail` is the payment intent.
--   pay_in, adjustment, assignment  money that somebody recorded by hand, or assigned to them from suspense, and that is not posted
--            yet. `detail` is its id.
--   waiting_pay_in, waiting_adjustment, waiting_payout  one that waits for a second person. `detail` is its id and, in brackets,
--            that of the approval.
--   waiting_settlement  a payout under way whose settlement by hand waits for a second person. `detail` as above.
--   refund  money of a payment of theirs is on its way back. `detail` is its id.
--   payout  money that leaves their balance, and that nobody knows the end of. `detail` is its id.
--   dispute  a payment of theirs is disputed, and nobody has decided. `detail` is its id.
--   dedicated_account  an account to which money could be sent. `detail` is its number.
--   mandate  a permission to debit the customer. `detail` is its reference.
--   dispute_window  a payment by card after p_cards_since: the payer can still dispute it. `detail` is its time.
--
-- p_intents are the open payment intents of these customers, see `open_intents_of`.
create or replace function customer_bindings(
  p_merchant_id integer, p_ids bigint[], p_intents uuid[], p_cards_since timestamptz
) returns table (code text, obstacle text, detail text, amount bigint, binds text)
language sql volatile set search_path = public, pg_temp as $$
  select c.code, b.*
  from customers c
  cross join lateral (
    select 'balance', a.currency, a.posted, 'deletion'
    from ledger_accounts a
    where a.merchant_id = c.merchant_id and a.customer_id = c.id and a.posted <> 0
    union all
    select 'hold', a.currency, a.held - coalesce(r.held, 0), 'deletion'
    from ledger_accounts a
    left join lateral (
      select sum(h.amount)::bigint as held from holds h
      where h.merchant_id = a.merchant_id and h.account_id = a.id and h.customer_id is null and h.status = 'placed'
    ) r on true
    where a.merchant_id = c.merchant_id and a.customer_id = c.id and a.held <> coalesce(r.held, 0)
    union all
    select 'debt', a.currency, a.owed, 'deletion'
    from ledger_accounts a
    where a.merchant_id = c.merchant_id and a.customer_id = c.id and a.owed <> 0
    union all
    select 'payment', 'pi_' || i.id, i.amount, 'deletion'
    from payment_intents i
    left join payments pay on pay.merchant_id = i.merchant_id and pay.payment_intent_id = i.id
    where i.merchant_id = c.merchant_id and i.id = any(p_intents) and coalesce(i.customer_id, pay.customer_id) = c.id
      -- Charged, or come without a charge and not credited yet.
      and (i.status = 'processing' or (i.charged_at is not null and i.charge_reference is null))
    union all
    select case when p.state = 'recorded' then 'pay_in' else 'waiting_pay_in' end,
      p.id || case when p.state = 'recorded' then '' else ' (approval ' || p.approval_id || ')' end, p.amount, 'deletion'
    from pay_ins p
    where p.merchant_id = c.merchant_id and p.customer_id = c.id and p.state in ('awaiting_approval', 'recorded')
    union all
    select case when j.state = 'recorded' then 'adjustment' else 'waiting_adjustment' end,
      j.id || case when j.state = 'recorded' then '' else ' (approval ' || j.approval_id || ')' end, j.amount, 'deletion'
    from adjustments j
    where j.merchant_id = c.merchant_id and j.customer_id = c.id and j.state in ('awaiting_approval', 'recorded')
    union all
    select 'assignment', 'txn_' || s.id, null, 'deletion'
    from suspense_decisions s
    where s.merchant_id = c.merchant_id and s.customer_id = c.id and s.state = 'recorded'
    union all
    select 'refund', r.id::text, r.amount, 'deletion'
    from refunds r
    where r.merchant_id = c.merchant_id and r.customer_id = c.id and r.state not in ('processed', 'failed')
    union all
    select
      case
        when a.id is null then 'payout'
        when p.state = 'awaiting_approval' then 'waiting_payout'
        else 'waiting_settlement'
      end,
      p.id || coalesce(' (approval ' || a.id || ')', ''), p.amount, 'deletion'
    from payouts p
    left join approvals a on a.merchant_id = p.merchant_id and a.status = 'waiting'
      and a.id = case when p.state = 'awaiting_approval' then p.approval_id else p.settlement_approval_id end
    where p.merchant_id = c.merchant_id and p.customer_id = c.id and p.ended_at is null
    union all
    select 'dispute', d.id::text, d.amount, 'deletion'
    from disputes d
    where d.merchant_id = c.merchant_id and d.customer_id = c.id and d.state not in ('won', 'lost')
    union all
    select 'dedicated_account', d.account_number, null, 'deletion'
    from dedicated_accounts d
    where d.merchant_id = c.merchant_id and d.customer_id = c.id and d.removed_at is null
    union all
    select 'mandate', d.reference, null, 'erasure'
    from mandates d
    where d.merchant_id = c.merchant_id and d.customer_id = c.id and d.status in ('pending', 'active')
    union all
    select 'dispute_window', last.at, null, 'erasure'
    from (
      select to_char(max(i.charged_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at
      from (
        select i.charged_at
        from (
          select o.* from payment_intents o where o.merchant_id = c.merchant_id and o.customer_id = c.id
          union all
          select o.*
          from payments pay
          join payment_intents o on o.merchant_id = pay.merchant_id and o.id = pay.payment_intent_id
          where pay.merchant_id = c.merchant_id and pay.customer_id = c.id and o.customer_id is null
        ) i
        left join payment_methods p on p.merchant_id = i.merchant_id and p.id = i.payment_method_id
        left join payments pay on pay.merchant_id = i.merchant_id and pay.payment_intent_id = i.id
        -- Of a payment whose instrument was not stored nobody knows that it was no card.
        where i.status = 'succeeded' and i.charge_reference is not null and i.charged_at > p_cards_since
          and coalesce(pay.channel, p.type, 'card') = 'card'
        union all
        -- A card of the merchant's own terminal can be disputed as well.
        select p.created_at
        from pay_ins p
        where p.merchant_id = c.merchant_id and p.customer_id = c.id and p.source = 'card' and p.state = 'succeeded'
          and p.created_at > p_cards_since
      ) i
    ) last
    where last.at is not null
  ) as b (obstacle, detail, amount, binds)
  where c.merchant_id = p_merchant_id and c.id = any(p_ids)
$$;

-- Locks customers and everything by which something could still come to them, and answers their open payment intents. The
-- order of the locks is the order in which others lock: what belongs to a customer, then the counters' row, which is the
-- queue of the ledger and of new customers, then the customers. Under the counters' row no money moves, so a balance that is
-- read as 0 stays 0. Under the customers' rows nothing new can be added to them (see `refuse_deleted_customer`).
--
-- A payment that came between the first look and the last lock is not locked: somebody may charge it at this moment. Then
-- all locks are given back, with the subtransaction, and taken again.
create or replace function lock_customers(p_merchant_id integer, p_mode text, p_ids bigint[]) returns uuid[]
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_intents uuid[];
  v_open uuid[];
begin
  loop
    begin
      v_intents := coalesce(open_intents_of(p_merchant_id, p_ids), '{}');
      perform from payment_intents i
      where i.merchant_id = p_merchant_id and i.id = any(v_intents) order by i.id for update;
      perform from payment_methods p
      where p.merchant_id = p_merchant_id and p.customer_id = any(p_ids) order by p.id for update;
      perform from mandates d where d.merchant_id = p_merchant_id and d.customer_id = any(p_ids) order by d.id for update;
      perform from merchant_counters k where k.merchant_id = p_merchant_id and k.mode = p_mode for update;
      perform from customers c where c.merchant_id = p_merchant_id and c.id = any(p_ids) order by c.id for update;
      -- Those that were paid meanwhile are open no more.
      v_open := coalesce(open_intents_of(p_merchant_id, p_ids), '{}');
      if v_open <@ v_intents then
        return v_open;
      end if;
      raise exception 'a payment came meanwhile' using errcode = 'MT006';
    exception
      when sqlstate 'MT006' then
        null;
    end;
  end loop;
end
$$;
