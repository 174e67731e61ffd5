-- Deletes customers of one merchant and mode, all in one commit, or none of them.
--
-- The answer has a row for each customer with one of the codes: `already` for a customer who was deleted before, and for
-- the others each obstacle to their deletion, or one row without an obstacle. If any customer has an obstacle, nobody is
-- deleted. `customer_bindings` has the obstacles.
--
-- A deleted customer's payments that nobody has begun to pay are canceled, their payment methods and mandates are removed,
-- and their unfinished checks and requests for accounts end. Their e-mail is free for another customer.
create or replace function delete_customers(p_merchant_id integer, p_mode text, p_now timestamptz, p_codes text[])
returns table (code text, already boolean, obstacle text, detail text, amount bigint)
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
  c_reason constant text := 'The customer was deleted';
  v_ids bigint[];
  v_intents uuid[];
begin
  select array_agg(c.id order by c.id) into v_ids
  from customers c
  where c.merchant_id = p_merchant_id and c.mode = p_mode and c.code = any(p_codes) and c.deleted_at is null;

  v_intents := lock_customers(p_merchant_id, p_mode, v_ids);

  -- Again: between the look and the locks another deletion may have come.
  select array_agg(c.id) into v_ids
  from customers c
  where c.merchant_id = p_merchant_id and c.id = any(v_ids) and c.deleted_at is null;

  return query
  select b.code, false, b.obstacle, b.detail, b.amount
  from customer_bindings(p_merchant_id, v_ids, v_intents, null) b
  where b.binds = 'deletion'
  order by b.code, b.obstacle, b.detail;
  if found then
    return;
  end if;

  with canceled as (
    update payment_intents i
    set status = 'canceled', failure_reason = c_reason, due_at = null, attempts = 0, updated_at = p_now
    where i.merchant_id = p_merchant_id and i.id = any(v_intents)
    returning i.*
  )
  insert into events (merchant_id, mode, type, customer_id, data, created_at)
  select p_merchant_id, p_mode, 'payment_intent.canceled', c.id,
    json_build_object('customer', customer_snapshot(c), 'details', json_strip_nulls(json_build_object(
      'paymentIntentId', 'pi_' || i.id, 'checkoutSessionId', 'checkout_sess_' || i.checkout_session_id,
      'amount', i.amount, 'currency', i.currency, 'reason', c_reason
    ))), p_now
  from canceled i
  left join payments pay on pay.merchant_id = i.merchant_id and pay.payment_intent_id = i.id
  join customers c on c.merchant_id = i.merchant_id and c.id = coalesce(i.customer_id, pay.customer_id)
  order by i.number;

  update payment_methods p set deactivated_at = p_now, updated_at = p_now, active = false, is_default = false
  where p.merchant_id = p_merchant_id and p.customer_id = any(v_ids) and p.deactivated_at is null;
  update mandates d set status = 'revoked', updated_at = p_now
  where d.merchant_id = p_merchant_id and d.customer_id = any(v_ids) and d.status not in ('revoked', 'declined');
  update identity_checks k set status = 'failed', reason = c_reason, finished_at = p_now
  where k.merchant_id = p_merchant_id and k.customer_id = any(v_ids) and k.status = 'pending';
  update dedicated_account_requests r set status = 'failed', finished_at = p_now
  where r.merchant_id = p_merchant_id and r.customer_id = any(v_ids) and r.status = 'pending';

  insert into events (merchant_id, mode, type, customer_id, data, created_at)
  select p_merchant_id, p_mode, 'customer.deleted', c.id,
    json_build_object('customer', customer_snapshot(c), 'details', '{}'::json), p_now
  from customers c
  where c.merchant_id = p_merchant_id and c.id = any(v_ids)
  order by c.id;

  -- Without search text and e-mail they are not found by a server of the former release either.
  update customers c
  set deleted_at = p_now, updated_at = p_now, deleted_email = c.email, email = null, search_text = ''
  where c.merchant_id = p_merchant_id and c.id = any(v_ids);
  delete from customers_without_money w using customers c
  where c.merchant_id = p_merchant_id and c.id = any(v_ids)
    and w.merchant_id = c.merchant_id and w.mode = c.mode and w.number = c.number;
  update merchant_counters k set deleted_customer_count = k.deleted_customer_count + cardinality(v_ids)
  where k.merchant_id = p_merchant_id and k.mode = p_mode and cardinality(v_ids) > 0;

  return query
  select c.code, c.id <> all(coalesce(v_ids, '{}')), null::text, null::text, null::bigint
  from customers c
  where c.merchant_id = p_merchant_id and c.mode = p_mode and c.code = any(p_codes) and c.deleted_at is not null;
end
$$;

-- The payment intents that fill the cash of one of the customers, or that are a payment of theirs, and are neither paid nor
-- given up.
create or replace function open_intents_of(p_merchant_id integer, p_customer_ids bigint[]) returns uuid[]
language sql volatile set search_path = public, pg_temp as $$
  select array_agg(i.id)
  from (
    select o.id from payment_intents o
    where o.merchant_id = p_merchant_id and o.customer_id = any(p_customer_ids) and o.due_at is not null
    union
    select o.id from payments pay
    join payment_intents o on o.merchant_id = pay.merchant_id and o.id = pay.payment_intent_id and o.due_at is not null
    where pay.merchant_id = p_merchant_id and pay.customer_id = any(p_customer_ids)
      and pay.status in ('unpaid', 'processing', 'failed')
  ) i
$$;
