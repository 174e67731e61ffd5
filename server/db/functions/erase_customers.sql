-- A JSON value without what is personal: of an object each member stays whose name is in the list, and every other is null.
-- A value is therefore of the shape that its readers know, and a member that a later release adds is removed.
create or replace function erased_json(p_value json, p_kept text[]) returns json
language sql immutable set search_path = public, pg_temp as $$
  select case json_typeof(p_value)
    when 'object' then (
      select coalesce(json_object_agg(m.key, case when m.key = any(p_kept) then erased_json(m.value, p_kept) end), '{}')
      from json_each(p_value) m
    )
    when 'array' then (select coalesce(json_agg(erased_json(i, p_kept)), '[]') from json_array_elements(p_value) i)
    else p_value
  end
$$;

-- The data of an event about an erased customer: amounts, ids, codes, references and times.
create or replace function erased_event_data(p_type text, p_data json) returns json
language sql immutable set search_path = public, pg_temp as $$
  select case
    -- A merchant's own event: nobody knows what its data say.
    when p_type = 'checkout.loaded' or p_type like 'custom.%' then json_build_object('details', json_build_object('data', '{}'::json))
    else erased_json(p_data, array[
      'customer', 'details', 'id', 'code', 'riskAction', 'source', 'identified', 'type', 'status', 'mode', 'origin', 'purpose',
      'channel', 'attempts', 'reusable', 'amount', 'currency', 'remaining', 'released', 'quantity', 'productId', 'reference',
      'payInId', 'adjustmentId', 'direction', 'paymentIntentId', 'checkoutSessionId', 'purchaseId', 'transferId', 'refundId', 'transactionId', 'assignedTransactionId', 'holdId',
      'captureId', 'payoutId', 'payout', 'fee', 'recipientId', 'stateCode', 'statusCode', 'attention', 'recipient', 'active', 'disputeId', 'movementId', 'state', 'resolution', 'category', 'respondBy', 'resolvedAt', 'borneBy', 'dispute',
      'history', 'approvalId', 'kind', 'subjectId', 'needs', 'denial', 'expiresAt', 'fromCustomer', 'toCustomer', 'authorizationCode', 'merchantNumber', 'transaction', 'refund', 'paymentMethod',
      'identification', 'incoming', 'receiverBank', 'dedicatedAccount', 'provider', 'slug', 'bankName', 'bankId',
      'createdAt', 'updatedAt', 'removedAt', 'chargedAt', 'paidAt'
    ])
  end
$$;

-- Begins the erasure of a customer. In this commit the customer is hidden, and their name, e-mail, phone, metadata, saved
-- instruments and identity details are gone. `continue_erasure` removes the rest.
--
-- The answer has no row for a code that nobody has; a row for each thing that still binds the customer
-- (`customer_bindings`), and then nothing is done; else one row with the times of the erasure. `former_email` is the e-mail
-- that the customer had, null if the erasure had begun before. A customer who was deleted before can be erased. An erasure that is
-- complete begins again, for what has come since; one that is under way goes on.
create or replace function begin_erasure(
  p_merchant_id integer, p_mode text, p_now timestamptz, p_code text, p_cards_since timestamptz
) returns table (
  id bigint, obstacle text, detail text, amount bigint, started_at timestamptz, erased_at timestamptz, former_email text
)
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
  -- It is folded already, so it is never folded again from names that were read before.
  c_no_text constant text := E'\u0002';
  v_id bigint;
  v_intents uuid[];
  v_email text;
  -- Null without an erasure before, false for one under way.
  v_is_again boolean;
begin
  select c.id into v_id from customers c where c.merchant_id = p_merchant_id and c.mode = p_mode and c.code = p_code;
  if not found then
    return;
  end if;
  v_intents := lock_customers(p_merchant_id, p_mode, array[v_id]);
  select x.erased_at is not null into v_is_again from erasures x where x.merchant_id = p_merchant_id and x.id = v_id;
  if v_is_again is not false then
    return query
    select v_id, b.obstacle, b.detail, b.amount, null::timestamptz, null::timestamptz, null::text
    from customer_bindings(p_merchant_id, array[v_id], v_intents, p_cards_since) b
    order by b.obstacle, b.detail;
    if found then
      return;
    end if;
  end if;

  case
    when v_is_again is null then
      -- First the customer, so that the events of the deletion have nothing personal.
      select coalesce(c.email, c.deleted_email) into v_email
      from customers c where c.merchant_id = p_merchant_id and c.id = v_id;
      update customers c
      set email = null, deleted_email = null, first_name = null, last_name = null, phone = null, phone_e164 = null,
        metadata = null, search_text = c_no_text, updated_at = p_now
      where c.merchant_id = p_merchant_id and c.id = v_id;
      insert into erasures (merchant_id, id, mode, due_at, started_at) values (p_merchant_id, v_id, p_mode, p_now, p_now);
      perform delete_customers(p_merchant_id, p_mode, p_now, array[p_code]);
      update customers c set search_text = c_no_text where c.merchant_id = p_merchant_id and c.id = v_id;
    when v_is_again then
      update erasures x
      set stage = 'waiting', position = null, horizon = null, due_at = p_now, attempts = 0, recorded_at = now(), erased_at = null
      where x.merchant_id = p_merchant_id and x.id = v_id;
    else
      return query
      select x.id, null::text, null::text, null::bigint, x.started_at, x.erased_at, null::text
      from erasures x where x.merchant_id = p_merchant_id and x.id = v_id;
      return;
  end case;

  update payment_methods p
  set bin = null, last4 = null, expiry_month = null, expiry_year = null, brand = null, bank = null, bank_code = null,
    country = null, account_name = null, account_number = null, phone = null, signature = null, token = null, reusable = false
  where p.merchant_id = p_merchant_id and p.customer_id = v_id;
  update mandates d set bank_code = null, account_number = null, address = null, callback_url = null,
    outside_reference = null, page_url = null
  where d.merchant_id = p_merchant_id and d.customer_id = v_id;
  update identity_checks k
  set details = '', details_hmac = '', credentials_hmac = null, masked = '{}', outside_reference = null, notice = null,
    details_removed_at = coalesce(k.details_removed_at, p_now),
    reason = case when k.reason is not null then 'The customer was erased' end
  where k.merchant_id = p_merchant_id and k.customer_id = v_id;
  -- The reason of an outcome is a sentence about a payment of the customer.
  delete from sandbox_outcomes o
  where o.merchant_id = p_merchant_id and o.mode = p_mode
    and (
      o.match ->> 'customerId' = p_code
      or exists (
        select from payments y
        where y.merchant_id = p_merchant_id and y.customer_id = v_id and y.reference = o.match ->> 'reference'
      )
      or exists (
        select from payouts p
        where p.merchant_id = p_merchant_id and p.customer_id = v_id and p.reference = o.match ->> 'reference'
      )
      or exists (
        select from payment_intents i
        where i.merchant_id = p_merchant_id and i.customer_id = v_id
          and o.match ->> 'reference' in ('pi_' || i.id, 'checkout_sess_' || i.checkout_session_id)
      )
    );
  update risk_changes r set reason = null where r.merchant_id = p_merchant_id and r.customer_id = v_id;
  update dedicated_accounts d set account_name = p_code where d.merchant_id = p_merchant_id and d.customer_id = v_id;

  return query
  select x.id, null::text, null::text, null::bigint, x.started_at, x.erased_at, v_email
  from erasures x where x.merchant_id = p_merchant_id and x.id = v_id;
end
$$;

-- Does the next step of an erasure: it removes what is personal in about p_limit rows of the customer's history, part after
-- part. Answers the part that comes next, and the e-mails and phone numbers that were found. The parts `waiting`, `answers`,
-- `recipients`, `differences`, `mentions` and `done` are the server's own: nothing is done here in these.
create or replace function continue_erasure(p_merchant_id integer, p_customer_id bigint, p_now timestamptz, p_limit integer)
returns table (stage text, emails text[])
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
  c_reason constant text := 'The customer was erased';
  v_stage text;
  v_next text;
  v_position text;
  v_numbers bigint[];
  v_uuids uuid[];
  v_suspended uuid[];
  v_account bigint;
  v_emails text[] := '{}';
  v_left integer := p_limit;
  v_found integer;
begin
  -- Without a row there is no erasure under way, and nothing may be removed.
  select x.stage, x.position into v_stage, v_position
  from erasures x
  where x.merchant_id = p_merchant_id and x.id = p_customer_id and x.erased_at is null
  for update;

  while v_left > 0 loop
    case v_stage
      when 'events' then
        select array_agg(f.id order by f.id) into v_numbers
        from (
          select e.id from events e
          where e.merchant_id = p_merchant_id and e.customer_id = p_customer_id and e.id > coalesce(v_position::bigint, 0)
          order by e.id
          limit v_left
        ) f;
        select v_emails || array_agg(distinct c.contact) into v_emails
        from events e
        cross join lateral (
          values (e.data -> 'customer' ->> 'email'), (e.data -> 'customer' ->> 'phone'), (e.data -> 'customer' ->> 'phoneE164')
        ) c (contact)
        where e.merchant_id = p_merchant_id and e.id = any(v_numbers) and c.contact is not null;
        perform erase_events(p_merchant_id, v_numbers);
        v_position := v_numbers[cardinality(v_numbers)]::text;
        v_found := cardinality(v_numbers);
        v_next := 'movements';

      when 'movements' then
        -- The position is an account and the number of an entry in it.
        v_account := coalesce(split_part(v_position, '/', 1)::bigint, (
          select min(a.id) from ledger_accounts a where a.merchant_id = p_merchant_id and a.customer_id = p_customer_id
        ));
        select array_agg(f.transaction_id), array_agg(f.number order by f.number) into v_uuids, v_numbers
        from (
          select e.transaction_id, e.number from entries e
          where e.merchant_id = p_merchant_id and e.account_id = v_account
            and e.number > coalesce(split_part(v_position, '/', 2)::bigint, 0)
          order by e.number
          limit v_left
        ) f;
        update ledger_transactions t set description = null
        where t.merchant_id = p_merchant_id and t.id = any(v_uuids) and t.description is not null;
        if v_numbers is null then
          select min(a.id) into v_account
          from ledger_accounts a
          where a.merchant_id = p_merchant_id and a.customer_id = p_customer_id and a.id > v_account;
        end if;
        v_position := v_account || '/' || coalesce(v_numbers[cardinality(v_numbers)], 0);
        v_found := coalesce(cardinality(v_numbers), 0);
        v_next := 'payments';

      when 'payments' then
        select array_agg(f.number order by f.number), array_agg(f.payment_intent_id) into v_numbers, v_uuids
        from (
          select o.number, o.payment_intent_id from payments o
          where o.merchant_id = p_merchant_id and o.customer_id = p_customer_id and o.number > coalesce(v_position::bigint, 0)
          order by o.number
          limit v_left
        ) f;
        update payments o
        set metadata = null, callback_url = null, request_key = null,
          failure_reason = case when o.failure_reason is not null then c_reason end,
          -- By these money that is reported again is known.
          incoming = erased_json(o.incoming, array['code', 'receiverBank', 'receiverAccountNumber'])
        where o.merchant_id = p_merchant_id and o.payment_intent_id = any(v_uuids);
        perform erase_intents(p_merchant_id, v_uuids);
        v_position := v_numbers[cardinality(v_numbers)]::text;
        v_found := cardinality(v_numbers);
        v_next := 'payment_intents';

      when 'payment_intents' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select i.id from payment_intents i
          where i.merchant_id = p_merchant_id and i.customer_id = p_customer_id
            and i.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by i.id
          limit v_left
        ) f;
        perform erase_intents(p_merchant_id, v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'checkout_sessions';

      when 'checkout_sessions' then
        select array_agg(f.number order by f.number), array_agg(f.id) into v_numbers, v_uuids
        from (
          select s.number, s.id from checkout_sessions s
          where s.merchant_id = p_merchant_id and s.customer_id = p_customer_id and s.number > coalesce(v_position::bigint, 0)
          order by s.number
          limit v_left
        ) f;
        update checkout_sessions s
        set success_url = null, cancel_url = null, line_items = null, metadata = null, hosted_config = null
        where s.merchant_id = p_merchant_id and s.id = any(v_uuids);
        perform erase_intents(p_merchant_id, (
          select array_agg(s.payment_intent_id) from checkout_sessions s
          where s.merchant_id = p_merchant_id and s.id = any(v_uuids)
        ));
        v_position := v_numbers[cardinality(v_numbers)]::text;
        v_found := cardinality(v_numbers);
        v_next := 'holds';

      when 'holds' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select h.id from holds h
          where h.merchant_id = p_merchant_id and h.customer_id = p_customer_id
            and h.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by h.id
          limit v_left
        ) f;
        update holds h set description = null
        where h.merchant_id = p_merchant_id and h.id = any(v_uuids) and h.description is not null;
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'pay_ins';

      when 'pay_ins' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select p.id from pay_ins p
          where p.merchant_id = p_merchant_id and p.customer_id = p_customer_id
            and p.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by p.id
          limit v_left
        ) f;
        update pay_ins p set description = null, metadata = null, refusal = case when p.refusal is not null then c_reason end
        where p.merchant_id = p_merchant_id and p.id = any(v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'adjustments';

      when 'adjustments' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select j.id from adjustments j
          where j.merchant_id = p_merchant_id and j.customer_id = p_customer_id
            and j.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by j.id
          limit v_left
        ) f;
        update adjustments j set reason = null, refusal = case when j.refusal is not null then c_reason end
        where j.merchant_id = p_merchant_id and j.id = any(v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'approvals';

      when 'approvals' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select a.id from approvals a
          where a.merchant_id = p_merchant_id and a.customer_id = p_customer_id
            and a.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by a.id
          limit v_left
        ) f;
        update approvals a
        set details = erased_json(a.details, array['direction', 'source', 'outcome', 'fee']),
          reason = case when a.reason is not null then c_reason end
        where a.merchant_id = p_merchant_id and a.id = any(v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'refunds';

      when 'refunds' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select r.id from refunds r
          where r.merchant_id = p_merchant_id and r.customer_id = p_customer_id
            and r.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by r.id
          limit v_left
        ) f;
        update ledger_transactions t set description = null
        where t.merchant_id = p_merchant_id and t.id = any(v_uuids) and t.description is not null;
        update refunds r
        set reason = null, customer_note = null, merchant_note = null, proof = null,
          state_reason = case when r.state_reason is not null then c_reason end
        where r.merchant_id = p_merchant_id and r.id = any(v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'payouts';

      when 'payouts' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select p.id from payouts p
          where p.merchant_id = p_merchant_id and p.customer_id = p_customer_id
            and p.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by p.id
          limit v_left
        ) f;
        -- A recipient that others are paid out to as well is not this customer's alone.
        update recipients r
        set account_number = null, name = null, name_at_bank = null, name_answer = null, name_asked_at = null, email = null,
    description = null, metadata = null, active = false
        where r.merchant_id = p_merchant_id and r.account_number is not null
          and r.id in (select p.recipient_id from payouts p where p.merchant_id = p_merchant_id and p.id = any(v_uuids))
          and not exists (
            select from payouts o
            where o.merchant_id = p_merchant_id and o.recipient_id = r.id and o.customer_id is distinct from p_customer_id
          );
        update payouts p
        set reason = null, metadata = null, proof = null,
          state_reason = case when p.state_reason is not null then c_reason end
        where p.merchant_id = p_merchant_id and p.id = any(v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'disputes';

      when 'disputes' then
        select array_agg(f.id order by f.id) into v_uuids
        from (
          select d.id from disputes d
          where d.merchant_id = p_merchant_id and d.customer_id = p_customer_id
            and d.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by d.id
          limit v_left
        ) f;
        update disputes d
        set complaint = null, evidence = null, attachments = '[]', messages = '[]',
          state_reason = case when d.state_reason is not null then c_reason end
        where d.merchant_id = p_merchant_id and d.id = any(v_uuids);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'suspense';

      when 'suspense' then
        -- The movement that brought the money into suspense is on no account of the customer.
        select array_agg(f.id order by f.id), array_agg(f.reference::uuid) into v_uuids, v_suspended
        from (
          select s.id, s.reference from suspense_decisions s
          where s.merchant_id = p_merchant_id and s.customer_id = p_customer_id
            and s.id > coalesce(v_position::uuid, '00000000-0000-0000-0000-000000000000')
          order by s.id
          limit v_left
        ) f;
        update ledger_transactions t set description = null
        where t.merchant_id = p_merchant_id and t.id = any(v_suspended) and t.description is not null
          and is_assigned_to_erased(p_merchant_id, t.mode, t.id);
        v_position := v_uuids[cardinality(v_uuids)]::text;
        v_found := cardinality(v_uuids);
        v_next := 'answers';

      else exit;
    end case;
    if v_position is null then
      v_stage := v_next;
    else
      v_left := v_left - v_found;
    end if;
  end loop;

  update erasures x set stage = v_stage, position = v_position, due_at = p_now, attempts = 0
  where x.merchant_id = p_merchant_id and x.id = p_customer_id and x.erased_at is null;
  return query select v_stage, v_emails;
end
$$;

-- Removes personal data from events and from their deliveries. The body of a delivery that is still to be sent is made
-- again from the event.
create or replace function erase_events(p_merchant_id integer, p_ids bigint[]) returns void
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_deliveries bigint[];
begin
  update events e set data = erased_event_data(e.type, e.data) where e.merchant_id = p_merchant_id and e.id = any(p_ids);
  with told as (
    update deliveries d set body = null
    where d.merchant_id = p_merchant_id and d.event_id = any(p_ids)
    returning d.id
  )
  select array_agg(t.id) into v_deliveries from told t;
  update delivery_attempts a set response_headers = null, response_body = null
  where a.merchant_id = p_merchant_id and a.delivery_id = any(v_deliveries);
end
$$;

create or replace function erase_intents(p_merchant_id integer, p_ids uuid[]) returns void
language sql volatile set search_path = public, pg_temp as $$
  update payment_intents i
  set description = null, metadata = null, to_save = null, asks = null, charge_key = null, idempotency_key = 'erased/' || i.id,
    fingerprint = substring(i.fingerprint from 1 for 16),
    failure_reason = case when i.failure_reason is not null then 'The customer was erased' end
  where i.merchant_id = p_merchant_id and i.id = any(p_ids);
  update sent_charges s set email = null, page_url = null, page_code = null
  where s.merchant_id = p_merchant_id and s.payment_intent_id = any(p_ids);
  -- The reason may be the sentence of an outcome that the merchant chose for this payer.
  update sandbox_charges c
  set reason = case when c.reason is not null then 'The customer was erased' end,
    late_reason = case when c.late_reason is not null then 'The customer was erased' end,
    ending = case
      when c.ending ->> 'reason' is not null then (c.ending::jsonb || '{"reason": "The customer was erased"}')::json
      else c.ending
    end
  from payment_intents i
  cross join lateral generate_series(1, i.charge_count) n
  where i.merchant_id = p_merchant_id and i.id = any(p_ids)
    and c.merchant_id = p_merchant_id and c.reference = 'pi_' || i.id || '_' || n
$$;

-- Erases events of a customer in an erasure that are about nobody: a merchant's own events that mention the customer.
create or replace function erase_mentions(p_merchant_id integer, p_customer_id bigint, p_ids bigint[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  select erase_events(p_merchant_id, (
    select array_agg(e.id) from events e
    where e.merchant_id = p_merchant_id and e.id = any(p_ids) and e.customer_id is null
      and exists (
        select from erasures x where x.merchant_id = p_merchant_id and x.id = p_customer_id and x.erased_at is null
      )
  ))
$$;

-- Erases recipients that name the customer in an erasure, and that nobody was ever paid out to.
create or replace function erase_recipients(p_merchant_id integer, p_customer_id bigint, p_ids bigint[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update recipients r
  set account_number = null, name = null, name_at_bank = null, name_answer = null, name_asked_at = null, email = null,
    description = null, metadata = null, active = false
  where r.merchant_id = p_merchant_id and r.id = any(p_ids)
    and not exists (select from payouts p where p.merchant_id = p_merchant_id and p.recipient_id = r.id)
    and exists (
      select from erasures x where x.merchant_id = p_merchant_id and x.id = p_customer_id and x.erased_at is null
    )
$$;

-- Erases the words with which somebody closed differences about the customer in an erasure.
create or replace function erase_differences(p_merchant_id integer, p_customer_id bigint, p_ids uuid[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update differences d set reason = 'The customer was erased'
  where d.merchant_id = p_merchant_id and d.id = any(p_ids) and d.reason is not null
    and exists (
      select from erasures x where x.merchant_id = p_merchant_id and x.id = p_customer_id and x.erased_at is null
    )
$$;

-- Puts a refusal in the place of a remembered answer. The key stays, so that the request is not done again. Of its
-- fingerprint the part stays that only the holder of the service key can compare.
create or replace function erase_answer(p_merchant_id integer, p_mode text, p_key text, p_answer bytea) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update idempotency_keys k set answer = p_answer, snapshot = null, fingerprint = substring(k.fingerprint from 1 for 16)
  where k.merchant_id = p_merchant_id and k.mode = p_mode and k.key = p_key
$$;
