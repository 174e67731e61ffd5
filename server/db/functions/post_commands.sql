-- Does a batch of ledger commands of one merchant and mode in one commit. It is the only way into the ledger.
--
-- The batch lists its accounts once each (kind, customer code, party, currency; the code is null for an account of the
-- merchant, the party is null except for the outside of an account at a processor), its holds once each by id, and the
-- transactions to give back once each by id. A command refers to them by their places in these lists, counted from 1. The
-- actions of p_actions:
--   post     moves p_amounts from p_froms to p_tos: a wish.
--   book     moves them because they have moved outside: a fact. Neither a denial nor missing funds refuse it.
--   refund   moves money back that p_originals has moved. A null amount stands for the whole rest of the original. With
--            p_holds it moves the amount that this hold has reserved for it: a fact.
--   place    reserves p_amounts on p_froms. The hold gets the id in p_ids. With the kind payout it reserves money for a payout. With p_originals it reserves money that is to be
--            given back, which counts as given back from then on. A null amount stands for the whole rest of the original.
--   capture  moves p_amounts of p_holds to p_tos. A null amount stands for the whole rest of the hold. With p_finals,
--            the rest is released. From the hold of a payout it moves a payout or its fee: a fact.
--   release  releases the rest of p_holds. With p_originals the hold is one for a refund, whose amount can be given back
--            again.
--   expire   does the same, once the hold is due.
--
-- The answer has one row for each command, in order. `refusal` is the reason why nothing was done. If a key was answered
-- before, the row has that answer, and `replayed` is true. If the key belongs to another request, the refusal is
-- `idempotency_key_reused`, and `fingerprint` is that of the other request.
--
-- The details of an event get the figures that are known only here:
--   refund   `amount`, and `remaining`: the amount that can still be given back.
--   capture  `amount`, `released`, and `remaining`: the rest of the hold.
--   release, expire  `amount`: the amount released.
--
-- p_actors and p_request_ids say who asks, for the trail; both are null for background work.
--
-- An account that cannot bear a fact is lent the rest by its receivable, in a movement of kind `receivable` just before the
-- fact. From then on its owner owes. Whatever makes money available to an owner who owes repays first, in a movement of
-- kind `repayment` just after the command. So whoever owes has nothing available. These movements are nobody's commands:
-- they have ids of their own, and the actor and request of the command. No caller can name a receivable.
--
-- Each command is judged against the state that the commands before it in the batch have left. A refused command changes
-- nothing. Its key is stored with the refusal, `expiry_passed` excepted.
--
-- The counters' row of the merchant and mode is the queue. The transaction that holds this row works alone, so accounts,
-- keys, holds and refunds cannot change after they are read. No other lock is needed. We tried one lock per account: only
-- holds of different customers could then run in parallel, because almost every batch needs the number of the last
-- transfer, the merchant's balance or the outside account. And each lock cost a WAL record.
--
-- A correct caller never sends lists of different lengths, one account at two places, a hold of another account, an
-- amount below 1 or a kind between accounts that it does not connect. Such a batch is not refused but fails with the
-- error MT004, and nothing of it is done.
--
-- Each row that is needed is found by one index look-up. Without the lateral look-ups with a limit and without the
-- settings below, the planner reads all rows of a merchant for each call, if the table has grown since it was last
-- analyzed. Measured with 8,000 keys: a lone command took 24 ms instead of 1. A plan is made once per connection, because
-- making it costs more than a lone command.
create or replace function post_commands_v2(
  p_merchant_id integer,
  p_mode text,
  p_now timestamptz,
  p_account_kinds text[],
  p_account_customers text[],
  p_account_parties bigint[],
  p_account_currencies text[],
  p_hold_ids uuid[],
  p_original_ids uuid[],
  p_actions text[],
  p_ids uuid[],
  p_kinds text[],
  p_froms integer[],
  p_tos integer[],
  p_amounts bigint[],
  p_holds integer[],
  p_finals boolean[],
  p_originals integer[],
  p_expirations timestamptz[],
  p_descriptions text[],
  p_details text[],
  p_event_types text[],
  p_event_data text[],
  p_keys text[],
  p_fingerprints bytea[],
  p_actors integer[],
  p_request_ids bytea[]
) returns table (
  ordinal integer,
  refusal text,
  replayed boolean,
  fingerprint bytea,
  id uuid,
  amount bigint,
  from_balance bigint,
  to_balance bigint,
  created_at timestamptz
)
language plpgsql volatile security definer set search_path = public, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off
set enable_material = off set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  c_limit constant bigint := 9007199254740991;
  c_own_step constant text[] := array['own'];
  c_steps constant text[] := array['loan', 'own', 'payer repays', 'payee repays'];
  v_commands constant integer := cardinality(p_actions);
  v_shape constant text := '[1:' || v_commands || ']';
  -- By place in p_account_*. Receivables get the places behind them.
  v_accounts constant integer := cardinality(p_account_kinds);
  v_account_ids bigint[];
  v_customer_ids bigint[];
  v_denied boolean[];
  v_posted bigint[];
  v_held bigint[];
  v_owed bigint[];
  v_floors bigint[];
  v_numbers bigint[];
  v_times timestamptz[];
  v_touched boolean[] := array_fill(false, array[v_accounts]);
  v_receivables integer[] := array_fill(null::integer, array[v_accounts]);
  v_missing boolean;
  v_misnamed boolean;
  -- By place in p_hold_ids. These arrays and the next ones have their full length from the start. An empty array would
  -- begin at the place of the first element that is set, and reading it in order would give the values of other places.
  v_hold_account_ids bigint[] := array_fill(null::bigint, array[cardinality(p_hold_ids)]);
  v_hold_original_ids uuid[] := array_fill(null::uuid, array[cardinality(p_hold_ids)]);
  v_hold_purposes text[] := array_fill(null::text, array[cardinality(p_hold_ids)]);
  v_hold_left bigint[] := array_fill(null::bigint, array[cardinality(p_hold_ids)]);
  v_hold_captured bigint[] := array_fill(null::bigint, array[cardinality(p_hold_ids)]);
  v_hold_statuses text[] := array_fill(null::text, array[cardinality(p_hold_ids)]);
  v_hold_expirations timestamptz[] := array_fill(null::timestamptz, array[cardinality(p_hold_ids)]);
  v_hold_touched boolean[] := array_fill(false, array[cardinality(p_hold_ids)]);
  -- By place in p_original_ids.
  v_original_kinds text[] := array_fill(null::text, array[cardinality(p_original_ids)]);
  v_original_from_ids bigint[] := array_fill(null::bigint, array[cardinality(p_original_ids)]);
  v_original_to_ids bigint[] := array_fill(null::bigint, array[cardinality(p_original_ids)]);
  v_refund_left bigint[] := array_fill(null::bigint, array[cardinality(p_original_ids)]);
  v_refunded bigint[] := array_fill(null::bigint, array[cardinality(p_original_ids)]);
  v_refund_touched boolean[] := array_fill(false, array[cardinality(p_original_ids)]);
  -- By command. The numbers of entries and transfers are set only for a command that posts a transaction. The loans and
  -- repayments get the places behind the commands.
  v_refusals text[] := array_fill(null::text, array[v_commands]);
  v_replayed boolean[] := array_fill(false, array[v_commands]);
  v_found_fingerprints bytea[] := array_fill(null::bytea, array[v_commands]);
  v_ids uuid[] := p_ids;
  v_kinds text[] := p_kinds;
  v_froms integer[] := p_froms;
  v_tos integer[] := p_tos;
  v_amounts bigint[] := p_amounts;
  v_details text[] := p_details;
  v_actors integer[] := p_actors;
  v_request_ids bytea[] := p_request_ids;
  v_from_numbers bigint[] := array_fill(null::bigint, array[v_commands]);
  v_to_numbers bigint[] := array_fill(null::bigint, array[v_commands]);
  v_from_balances bigint[] := array_fill(null::bigint, array[v_commands]);
  v_to_balances bigint[] := array_fill(null::bigint, array[v_commands]);
  v_command_times timestamptz[] := array_fill(p_now, array[v_commands]);
  v_transfer_numbers bigint[] := array_fill(null::bigint, array[v_commands]);
  v_event_data text[] := p_event_data;
  v_transfers bigint;
  v_first_transfer bigint;
  v_from integer;
  v_to integer;
  v_hold integer;
  v_original integer;
  v_action text;
  v_route text;
  v_amount bigint;
  v_released bigint;
  v_lent bigint;
  v_step text;
  v_debtor integer;
  v_receivable integer;
  v_place integer;
  v_moves boolean;
  v_payer integer;
  v_payee integer;
  v_moved bigint;
  v_refusal text;
  v_facts jsonb;
  r record;
begin
  -- Below, some lists are read by place and others in order. So every list must begin at 1, and all must be of one length.
  if (v_shape = all (array[
    array_dims(p_actions), array_dims(p_ids), array_dims(p_kinds), array_dims(p_froms), array_dims(p_tos),
    array_dims(p_amounts), array_dims(p_holds), array_dims(p_finals), array_dims(p_originals),
    array_dims(p_expirations), array_dims(p_descriptions), array_dims(p_details), array_dims(p_event_types),
    array_dims(p_event_data), array_dims(p_keys), array_dims(p_fingerprints), array_dims(p_actors),
    array_dims(p_request_ids)
  ])) is not true
    or (array_dims(p_account_kinds) = all (array[
      '[1:' || v_accounts || ']', array_dims(p_account_customers), array_dims(p_account_parties),
      array_dims(p_account_currencies)
    ])) is not true
    or coalesce(array_dims(p_hold_ids), '[1:0]') is distinct from '[1:' || cardinality(p_hold_ids) || ']'
    or coalesce(array_dims(p_original_ids), '[1:0]') is distinct from '[1:' || cardinality(p_original_ids) || ']'
  then
    raise exception 'the lists of a batch must be of one dimension, begin at 1 and be of one length' using errcode = 'MT004';
  end if;
  if isfinite(p_now) is not true then
    raise exception 'the time of a batch must be known' using errcode = 'MT004';
  end if;

  -- Strict, because nothing would be locked for a merchant that does not exist.
  select c.transfer_count into strict v_transfers
  from merchant_counters c
  where c.merchant_id = p_merchant_id and c.mode = p_mode
  for update;
  v_first_transfer := v_transfers;

  for attempt in 1..2 loop
    select
      array_agg(a.id order by a.place), array_agg(a.customer_id order by a.place),
      array_agg(a.denied order by a.place), array_agg(a.posted order by a.place), array_agg(a.held order by a.place),
      array_agg(a.owed order by a.place), array_agg(a.floor order by a.place),
      array_agg(a.entry_count order by a.place), array_agg(greatest(p_now, a.last_entry_at) order by a.place),
      bool_or(a.id is null),
      count(a.id) > count(distinct a.id) or bool_or(a.misnamed)
    into
      v_account_ids, v_customer_ids, v_denied, v_posted, v_held, v_owed, v_floors, v_numbers, v_times, v_missing,
      v_misnamed
    from (
      select
        u.place, c.id as customer_id, c.risk_action = 'deny' as denied, coalesce(cash.id, own.id) as id,
        coalesce(cash.posted, own.posted) as posted, coalesce(cash.held, own.held) as held,
        coalesce(cash.owed, own.owed) as owed, coalesce(cash.floor, own.floor) as floor,
        coalesce(cash.entry_count, own.entry_count) as entry_count,
        coalesce(cash.last_entry_at, own.last_entry_at) as last_entry_at,
        -- The receivable of a customer has a party.
        u.kind = 'merchant_receivable' or (u.kind <> 'outside' and u.party is not null) as misnamed
      from unnest(p_account_kinds, p_account_customers, p_account_parties, p_account_currencies)
        with ordinality as u (kind, customer, party, currency, place)
      -- The mode is compared outside. Inside, the planner might use an index of (merchant, mode) and read all customers,
      -- as long as it has no statistics.
      left join lateral (
        select o.id, o.mode, o.risk_action, o.deleted_at from customers o
        where o.merchant_id = p_merchant_id and o.code = u.customer
        limit 1
      ) c on c.mode = p_mode and c.deleted_at is null
      left join lateral (
        select * from ledger_accounts o
        where o.merchant_id = p_merchant_id and o.customer_id = c.id and o.currency = u.currency
        limit 1
      ) cash on cash.kind = u.kind
      left join lateral (
        select * from ledger_accounts o
        where u.customer is null and o.merchant_id = p_merchant_id and o.mode = p_mode and o.kind = u.kind
          and o.currency = u.currency and o.party_id = coalesce(u.party, 0) and o.customer_id is null
        limit 1
      ) own on true
    ) a;
    exit when attempt = 2 or not v_missing;
    perform open_missing_accounts(
      p_merchant_id, p_mode, p_now, p_account_kinds, p_account_customers, p_account_parties, p_account_currencies
    );
  end loop;
  if v_misnamed then
    raise exception 'a ledger account has two places in a batch, or a name of none' using errcode = 'MT004';
  end if;

  for r in
    select n.place, k.fingerprint, k.refusal, k.result_id, k.results, k.created_at
    from unnest(p_keys) with ordinality as n (key, place)
    cross join lateral (
      select * from idempotency_keys i
      where i.merchant_id = p_merchant_id and i.mode = p_mode and i.key = n.key
      limit 1
    ) k
  loop
    v_replayed[r.place] := true;
    v_found_fingerprints[r.place] := r.fingerprint;
    if r.fingerprint is distinct from p_fingerprints[r.place] then
      v_refusals[r.place] := 'idempotency_key_reused';
      continue;
    end if;
    v_refusals[r.place] := r.refusal;
    v_ids[r.place] := r.result_id;
    v_amounts[r.place] := r.results[1];
    v_from_balances[r.place] := r.results[2];
    v_to_balances[r.place] := r.results[3];
    v_command_times[r.place] := r.created_at;
  end loop;
  if cardinality(p_hold_ids) > 0 then
    for r in
      select n.place, n.id, h.account_id, h.original_id, h.purpose, h.amount, h.captured, h.status, h.expires_at
      from unnest(p_hold_ids) with ordinality as n (id, place)
      cross join lateral (
        select * from holds o where o.merchant_id = p_merchant_id and o.id = n.id limit 1
      ) h
      where h.mode = p_mode
    loop
      if r.id = any (p_hold_ids[:r.place - 1]) then
        raise exception 'hold % has two places in a batch', r.id using errcode = 'MT004';
      end if;
      v_hold_account_ids[r.place] := r.account_id;
      v_hold_original_ids[r.place] := r.original_id;
      v_hold_purposes[r.place] := r.purpose;
      v_hold_left[r.place] := case when r.status = 'placed' then r.amount - r.captured end;
      v_hold_captured[r.place] := r.captured;
      v_hold_statuses[r.place] := r.status;
      v_hold_expirations[r.place] := r.expires_at;
    end loop;
  end if;
  if cardinality(p_original_ids) > 0 then
    for r in
      select n.place, n.id, t.kind, t.to_account_id, t.amount, coalesce(f.amount, 0) as refunded,
        -- Money that was assigned from suspense goes back to where it had come from. No account has the number 0.
        case
          when t.kind <> 'assigned' then t.from_account_id
          else coalesce((
            select s.from_account_id from ledger_transactions s
            where s.merchant_id = p_merchant_id and s.id = (t.details ->> 'suspendedId')::uuid and s.mode = p_mode
              and s.kind = 'suspended'
          ), 0)
        end as from_account_id
      from unnest(p_original_ids) with ordinality as n (id, place)
      cross join lateral (
        select * from ledger_transactions o where o.merchant_id = p_merchant_id and o.id = n.id limit 1
      ) t
      left join lateral (
        select o.amount from refund_totals o where o.merchant_id = p_merchant_id and o.transaction_id = n.id limit 1
      ) f on true
      where t.mode = p_mode
    loop
      if r.id = any (p_original_ids[:r.place - 1]) then
        raise exception 'ledger transaction % has two places in a batch', r.id using errcode = 'MT004';
      end if;
      v_original_kinds[r.place] := r.kind;
      v_original_from_ids[r.place] := r.from_account_id;
      v_original_to_ids[r.place] := r.to_account_id;
      v_refund_left[r.place] := r.amount - r.refunded;
      v_refunded[r.place] := r.refunded;
    end loop;
  end if;

  for i in 1..v_commands loop
    continue when v_replayed[i];
    v_action := p_actions[i];
    v_from := p_froms[i];
    v_to := p_tos[i];
    v_hold := p_holds[i];
    v_original := p_originals[i];
    v_amount := p_amounts[i];
    v_route := p_account_kinds[v_from] || ' > ' || p_account_kinds[v_to];
    v_lent := 0;
    v_refusal := null;
    v_facts := null;

    -- Well formed? A correct caller has checked this, so the whole batch fails.
    if (
      v_from between 1 and v_accounts
      and p_ids[i] is not null
      and (v_amount between 1 and c_limit) is not false
      and case v_action
        when 'post' then
          v_amount is not null and p_kinds[i] in ('pay_in', 'purchase', 'transfer', 'fee', 'adjustment')
        when 'book' then
          v_amount is not null and p_kinds[i] in (
            'pay_in', 'chargeback', 'chargeback_returned', 'processor_fee', 'processor_fee_returned', 'settlement',
            'suspended', 'assigned', 'given_back', 'payout', 'payout_returned'
          )
        when 'refund' then p_kinds[i] in ('refund', 'reversal')
        when 'place' then
          (p_kinds[i] is null or (p_kinds[i] = 'payout' and v_original is null and p_expirations[i] is null))
          and isfinite(p_expirations[i]) is not false
          and case when v_original is null then v_amount is not null else p_expirations[i] is null end
        when 'capture' then p_kinds[i] in ('hold_capture', 'payout', 'processor_fee')
        when 'release' then v_amount is null and (p_kinds[i] is null or (p_kinds[i] = 'payout' and v_original is null))
        when 'expire' then v_amount is null and p_kinds[i] is null
      end
      -- The accounts that each kind connects: docs/ledger.md has the same table.
      and case p_kinds[i]
        when 'transfer' then v_route = 'customer_cash > customer_cash'
        when 'purchase' then v_route = 'customer_cash > merchant_balance'
        when 'hold_capture' then v_route = 'customer_cash > merchant_balance'
        when 'pay_in' then v_route in ('outside > customer_cash', 'outside > merchant_balance')
        when 'fee' then v_route in ('customer_cash > fees', 'merchant_balance > fees')
        when 'chargeback' then v_route in ('customer_cash > outside', 'merchant_balance > outside')
        when 'chargeback_returned' then v_route in ('outside > customer_cash', 'outside > merchant_balance')
        when 'processor_fee' then
          v_route in ('customer_cash > outside', 'merchant_balance > outside', 'processor_fees > outside')
        when 'processor_fee_returned' then
          v_route in ('outside > customer_cash', 'outside > merchant_balance', 'outside > processor_fees')
        when 'adjustment' then
          v_route in (
            'adjustments > customer_cash', 'adjustments > merchant_balance', 'customer_cash > adjustments',
            'merchant_balance > adjustments'
          )
        when 'settlement' then v_route = 'outside > outside'
        when 'suspended' then v_route = 'outside > suspense'
        when 'assigned' then v_route in ('suspense > customer_cash', 'suspense > merchant_balance')
        when 'given_back' then v_route = 'suspense > outside'
        when 'payout' then
          v_action in ('place', 'release') or v_route in ('customer_cash > outside', 'merchant_balance > outside')
        when 'payout_returned' then v_route in ('outside > customer_cash', 'outside > merchant_balance')
        -- A refund or reversal goes the way of its original back, or that of the money before it was in suspense.
        else true
      end
      and case
        when v_action = 'refund' then v_original is not null and (v_hold is null or v_amount is null)
        when v_action in ('place', 'release') then true
        else v_original is null
      end
      and (v_action in ('capture', 'release', 'expire') or (v_action = 'refund' and v_hold is not null)) = (v_hold is not null)
      and case
        when v_action in ('post', 'book', 'refund', 'capture') then
          v_to between 1 and v_accounts and v_to <> v_from
          and p_account_currencies[v_to] = p_account_currencies[v_from]
        else v_to is null
      end
      -- The account of a deleted customer is not known: such a command is refused below.
      and coalesce(v_hold_account_ids[v_hold] = v_account_ids[v_from], true)
      -- The hold of a refund serves its refund only, and no other hold serves one.
      and (
        v_hold_account_ids[v_hold] is null or v_hold_original_ids[v_hold] is not distinct from p_original_ids[v_original]
      )
      -- As the hold of a payout.
      and (
        v_hold_account_ids[v_hold] is null
        or (v_hold_purposes[v_hold] is not null) = (coalesce(p_kinds[i], '') in ('payout', 'processor_fee'))
      )
      and coalesce(
        (v_to is null or v_original_from_ids[v_original] = v_account_ids[v_to])
        and v_original_to_ids[v_original] = v_account_ids[v_from]
        and v_original_kinds[v_original] in ('pay_in', 'purchase', 'transfer', 'hold_capture', 'fee', 'assigned'),
        true
      )
    ) is not true then
      raise exception 'command % of a batch is malformed', i using errcode = 'MT004';
    end if;

    -- Allowed?
    if v_account_ids[v_from] is null or (v_to is not null and v_account_ids[v_to] is null) then
      v_refusal := 'customer_not_found';
    elsif v_action = 'place' and p_expirations[i] <= p_now then
      v_refusal := 'expiry_passed';
    elsif (v_action in ('post', 'place') or p_kinds[i] = 'hold_capture') and v_original is null
      and (v_denied[v_from] or v_denied[v_to])
    then
      v_refusal := 'customer_denied';
    elsif v_action in ('capture', 'release', 'expire') then
      v_amount := case when v_action = 'capture' then coalesce(v_amount, v_hold_left[v_hold]) else 0 end;
      v_released := case
        when v_action <> 'capture' or p_finals[i] then v_hold_left[v_hold] - v_amount
        else 0
      end;
      if v_hold_left[v_hold] is null or v_hold_left[v_hold] = 0 then
        v_refusal := 'hold_not_open';
      elsif v_hold_expirations[v_hold] <= p_now and v_action = 'capture' then
        v_refusal := 'hold_not_open';
      elsif v_action = 'expire' and coalesce(v_hold_expirations[v_hold] > p_now, true) then
        v_refusal := 'hold_not_due';
      elsif v_amount > v_hold_left[v_hold] then
        v_refusal := 'hold_exceeded';
      end if;
    elsif v_action = 'refund' and v_hold is not null then
      v_amount := v_hold_left[v_hold];
      v_released := 0;
      if v_amount is null or v_amount = 0 then
        v_refusal := 'hold_not_open';
      end if;
    elsif v_original is not null then
      v_amount := coalesce(v_amount, v_refund_left[v_original]);
      if v_refund_left[v_original] is null then
        v_refusal := 'transaction_not_found';
      elsif v_amount = 0 or v_amount > v_refund_left[v_original] then
        v_refusal := 'refund_exceeded';
      end if;
    end if;

    -- Funded? A capture and a refund of a hold need no available balance: they spend an amount that is held already. A fact
    -- needs none either: an account with a floor is lent the amount that is missing.
    if v_action = 'book' then
      v_lent := greatest(v_floors[v_from] - (v_posted[v_from] - v_held[v_from] - v_amount), 0);
    end if;
    if v_refusal is null and v_action in ('post', 'refund', 'place') and v_hold is null
      and v_posted[v_from] - v_held[v_from] - v_amount < v_floors[v_from]
    then
      v_refusal := 'insufficient_funds';
    elsif v_refusal is null and v_action in ('post', 'book', 'refund', 'capture')
      and (
        abs(v_posted[v_from] + v_lent - v_amount) > c_limit or abs(v_posted[v_to] + v_amount) > c_limit
        or v_posted[v_from] + v_lent > c_limit or v_owed[v_from] + v_lent > c_limit
      )
    then
      v_refusal := 'balance_limit';
    end if;

    v_refusals[i] := v_refusal;
    continue when v_refusal is not null;

    v_amounts[i] := v_amount;
    v_touched[v_from] := true;
    if v_action = 'place' then
      v_held[v_from] := v_held[v_from] + v_amount;
    elsif v_hold is not null then
      v_held[v_from] := v_held[v_from] - v_amount - v_released;
      v_hold_left[v_hold] := v_hold_left[v_hold] - v_amount - v_released;
      v_hold_captured[v_hold] := v_hold_captured[v_hold] + v_amount;
      v_hold_touched[v_hold] := true;
      if v_hold_left[v_hold] = 0 then
        v_hold_statuses[v_hold] := case
          when v_action = 'expire' then 'expired'
          when v_action = 'release' then 'released'
          else 'captured'
        end;
      end if;
      if v_original is not null then
        v_refund_left[v_original] := v_refund_left[v_original] + v_released;
        v_refunded[v_original] := v_refunded[v_original] - v_released;
        v_refund_touched[v_original] := true;
      end if;
      v_facts := case
        when v_action = 'capture' then
          jsonb_build_object('amount', v_amount, 'released', v_released, 'remaining', v_hold_left[v_hold])
        when v_original is null then jsonb_build_object('amount', v_released)
      end;
    end if;
    if v_original is not null and v_hold is null then
      v_refund_left[v_original] := v_refund_left[v_original] - v_amount;
      v_refunded[v_original] := v_refunded[v_original] + v_amount;
      v_refund_touched[v_original] := true;
      v_facts := jsonb_build_object('amount', v_amount, 'remaining', v_refund_left[v_original]);
    end if;
    if v_facts is not null then
      v_event_data[i] := jsonb_set(
        v_event_data[i]::jsonb, '{details}', (v_event_data[i]::jsonb -> 'details') || v_facts
      );
    end if;

    -- Up to four movements: a loan to the payer, the command's own, and a repayment by the payer and by the payee. Almost
    -- always there is only the command's own, if any.
    foreach v_step in array
      case when v_lent > 0 or v_owed[v_from] > 0 or v_owed[v_to] > 0 then c_steps else c_own_step end
    loop
      if v_step = 'own' then
        v_place := i;
        v_payer := v_from;
        v_payee := v_to;
        v_moved := v_amount;
      else
        v_debtor := case when v_step = 'payee repays' then v_to else v_from end;
        v_moved := case
          when v_step = 'loan' then v_lent
          else least(v_owed[v_debtor], v_posted[v_debtor] - v_held[v_debtor])
        end;
        continue when (v_moved > 0) is not true;
        v_receivable := v_receivables[v_debtor];
        if v_receivable is null then
          r := find_receivable(p_merchant_id, p_mode, p_now, v_customer_ids[v_debtor], p_account_currencies[v_debtor]);
          v_account_ids := v_account_ids || r.id;
          v_receivable := cardinality(v_account_ids);
          v_receivables[v_debtor] := v_receivable;
          -- Its time is left out: no entry of a receivable is later than the last one of the debtor.
          v_posted[v_receivable] := r.posted;
          v_numbers[v_receivable] := r.entry_count;
          v_held[v_receivable] := 0;
          v_owed[v_receivable] := 0;
          v_touched[v_receivable] := true;
        end if;
        v_ids := v_ids || id_of_moment(p_now);
        v_place := cardinality(v_ids);
        v_kinds[v_place] := case when v_step = 'loan' then 'receivable' else 'repayment' end;
        v_payer := case when v_step = 'loan' then v_receivable else v_debtor end;
        v_payee := case when v_step = 'loan' then v_debtor else v_receivable end;
        v_owed[v_debtor] := v_owed[v_debtor] + case when v_step = 'loan' then v_moved else -v_moved end;
        v_froms[v_place] := v_payer;
        v_tos[v_place] := v_payee;
        v_amounts[v_place] := v_moved;
        v_details[v_place] := format('{"causeId":"%s"}', p_ids[i]);
        v_actors[v_place] := p_actors[i];
        v_request_ids[v_place] := p_request_ids[i];
      end if;
      if v_payee is not null then
        v_touched[v_payee] := true;
        v_posted[v_payer] := v_posted[v_payer] - v_moved;
        v_posted[v_payee] := v_posted[v_payee] + v_moved;
        v_numbers[v_payer] := v_numbers[v_payer] + 1;
        v_numbers[v_payee] := v_numbers[v_payee] + 1;
        v_from_numbers[v_place] := v_numbers[v_payer];
        v_to_numbers[v_place] := v_numbers[v_payee];
        v_to_balances[v_place] := v_posted[v_payee];
        v_command_times[v_place] := greatest(v_times[v_payer], v_times[v_payee]);
        v_times[v_payer] := v_command_times[v_place];
        v_times[v_payee] := v_command_times[v_place];
      end if;
      v_from_balances[v_place] := v_posted[v_payer];
    end loop;
    if p_kinds[i] = 'transfer' then
      v_transfers := v_transfers + 1;
      v_transfer_numbers[i] := v_transfers;
    end if;
  end loop;

  -- A batch of holds alone moves nothing.
  v_moves := cardinality(array_remove(v_from_numbers, null)) > 0;
  if v_moves then
    insert into ledger_transactions (
      merchant_id, id, mode, kind, number, from_account_id, from_number, to_account_id, to_number, amount, currency,
      description, reverses_id, hold_id, details, created_at, actor_id, request_id
    )
    select
      p_merchant_id, c.id, p_mode, c.kind, c.number, v_account_ids[c.from_place], c.from_number,
      v_account_ids[c.to_place], c.to_number, c.amount,
      coalesce(p_account_currencies[c.from_place], p_account_currencies[c.to_place]), c.description,
      p_original_ids[c.original], case when c.kind in ('hold_capture', 'payout', 'processor_fee') then p_hold_ids[c.hold] end,
      c.details::json,
      c.created_at, c.actor, c.request
    from unnest(
      v_ids, v_kinds, v_transfer_numbers, v_froms, v_from_numbers, v_tos, v_to_numbers, v_amounts, p_descriptions,
      p_originals, p_holds, v_details, v_command_times, v_actors, v_request_ids
    ) as c (
      id, kind, number, from_place, from_number, to_place, to_number, amount, description, original, hold, details,
      created_at, actor, request
    )
    where c.from_number is not null;
  end if;

  -- Before the entries, because a trigger compares the entries with their accounts (see refuse_unsound_entries).
  update ledger_accounts a
  set posted = u.posted, held = u.held, owed = u.owed, entry_count = u.entry_count,
    last_entry_at = case when u.entry_count > a.entry_count then u.time else a.last_entry_at end, updated_at = u.time
  from unnest(v_account_ids, v_posted, v_held, v_owed, v_numbers, v_times, v_touched)
    as u (id, posted, held, owed, entry_count, time, touched)
  where a.merchant_id = p_merchant_id and a.id = u.id and u.touched;

  if 'pay_in' = any(p_kinds) then
    update ledger_accounts a
    set pay_in_count = a.pay_in_count + u.count, pay_in_total = a.pay_in_total + u.total
    from (
      select c.to_place, count(*) as count, sum(c.amount) as total
      from unnest(p_kinds, p_tos, v_amounts, v_from_numbers) as c (kind, to_place, amount, from_number)
      where c.kind = 'pay_in' and c.from_number is not null
      group by c.to_place
    ) u
    where a.merchant_id = p_merchant_id and a.id = v_account_ids[u.to_place];
  end if;

  if v_moves then
    insert into entries (merchant_id, account_id, number, transaction_id, amount, balance_after, created_at)
    select p_merchant_id, v_account_ids[e.place], e.number, c.id, e.amount, e.balance, c.created_at
    from unnest(
      v_ids, v_froms, v_tos, v_amounts, v_from_numbers, v_to_numbers, v_from_balances, v_to_balances, v_command_times
    ) as c (id, from_place, to_place, amount, from_number, to_number, from_balance, to_balance, created_at)
    cross join lateral (
      values (c.from_place, c.from_number, -c.amount, c.from_balance), (c.to_place, c.to_number, c.amount, c.to_balance)
    ) as e (place, number, amount, balance)
    where c.from_number is not null;
  end if;

  if v_transfers > v_first_transfer then
    update merchant_counters c set transfer_count = v_transfers
    where c.merchant_id = p_merchant_id and c.mode = p_mode;
  end if;

  if 'place' = any(p_actions) then
    insert into holds (
      merchant_id, id, mode, account_id, customer_id, amount, currency, description, expires_at, original_id, purpose,
      created_at, updated_at
    )
    select
      p_merchant_id, c.id, p_mode, v_account_ids[c.place],
      case when c.original is null and c.kind is null then v_customer_ids[c.place] end, c.amount,
      p_account_currencies[c.place], c.description, c.expires_at, p_original_ids[c.original], c.kind, p_now, p_now
    from unnest(
      p_actions, v_ids, p_froms, v_amounts, p_descriptions, p_expirations, p_originals, p_kinds, v_refusals, v_replayed
    ) as c (action, id, place, amount, description, expires_at, original, kind, refusal, replayed)
    where c.action = 'place' and c.refusal is null and not c.replayed;
  end if;

  -- A movement carries its actor in its own row. Placing and releasing a hold are no movements.
  if 'place' = any(p_actions) or 'release' = any(p_actions) then
    insert into trail (merchant_id, id, mode, actor_id, request_id, action, object, created_at)
    select
      p_merchant_id,
      -- The id of a release is its hold's, which the placing of that hold has.
      case when c.action = 'place' then p_ids[c.place] else id_of_moment(p_now) end, p_mode, c.actor,
      case
        when length(c.request) = 16 then encode(c.request, 'hex')::uuid::text
        else convert_from(rtrim(c.request, '\x00'::bytea), 'UTF8')
      end,
      -- A refund that fails, and a payout that ends, is released by nobody.
      case when c.kind is not null then 'createPayout' when c.original is null then c.action || 'Hold' else 'requestRefund' end,
      case when c.action = 'place' then p_ids[c.place]::text else p_hold_ids[c.hold]::text end, p_now
    from unnest(p_actions, p_actors, p_request_ids, p_holds, p_originals, p_kinds, v_refusals, v_replayed)
      with ordinality as c (action, actor, request, hold, original, kind, refusal, replayed, place)
    where c.action in ('place', 'release') and c.actor is not null and c.refusal is null and not c.replayed;
  end if;

  if true = any(v_hold_touched) then
    update holds h set captured = u.captured, status = u.status, updated_at = p_now
    from unnest(p_hold_ids, v_hold_captured, v_hold_statuses, v_hold_touched) as u (id, captured, status, touched)
    -- The array leaves the planner the index of the ids, also where it knows nothing of the table.
    where h.merchant_id = p_merchant_id and h.id = any(p_hold_ids) and h.id = u.id and u.touched;
  end if;

  if true = any(v_refund_touched) then
    insert into refund_totals as f (merchant_id, transaction_id, amount)
    select p_merchant_id, u.id, u.amount
    from unnest(p_original_ids, v_refunded, v_refund_touched) as u (id, amount, touched)
    where u.touched
    on conflict (merchant_id, transaction_id) do update set amount = excluded.amount;
  end if;

  if cardinality(array_remove(p_event_types, null)) > 0 then
    insert into events (merchant_id, mode, type, customer_id, data, created_at)
    select p_merchant_id, p_mode, c.type, coalesce(v_customer_ids[c.from_place], v_customer_ids[c.to_place]),
      c.data::json, c.created_at
    from unnest(p_event_types, v_event_data, p_froms, p_tos, v_refusals, v_replayed, v_command_times)
      as c (type, data, from_place, to_place, refusal, replayed, created_at)
    where c.type is not null and c.refusal is null and not c.replayed;
  end if;

  insert into idempotency_keys (merchant_id, mode, key, fingerprint, refusal, result_id, results, created_at)
  select p_merchant_id, p_mode, c.key, c.fingerprint, c.refusal, c.id, array[c.amount, c.from_balance, c.to_balance], c.created_at
  from unnest(
    p_keys, p_fingerprints, v_refusals, v_ids, v_amounts, v_from_balances, v_to_balances, v_command_times, v_replayed
  ) as c (key, fingerprint, refusal, id, amount, from_balance, to_balance, created_at, replayed)
  where c.key is not null and not c.replayed
    -- The request was malformed at that moment (400). Such an answer is not stored under a key on any route.
    and c.refusal is distinct from 'expiry_passed';

  return query
  select c.ordinal::integer, c.refusal, c.replayed, c.fingerprint, c.id, c.amount, c.from_balance, c.to_balance, c.created_at
  from unnest(
    v_refusals, v_replayed, v_found_fingerprints, v_ids, v_amounts, v_from_balances, v_to_balances, v_command_times
  ) with ordinality as c (refusal, replayed, fingerprint, id, amount, from_balance, to_balance, created_at, ordinal)
  where c.ordinal <= v_commands
  order by c.ordinal;
end
$$;

-- The receivable of a customer, or of the merchant, in a currency. It is opened when it is first needed.
create or replace function find_receivable(
  p_merchant_id integer,
  p_mode text,
  p_now timestamptz,
  p_customer_id bigint,
  p_currency text
) returns ledger_accounts
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_kind constant text := case when p_customer_id is null then 'merchant_receivable' else 'customer_receivable' end;
  v_account ledger_accounts;
begin
  perform open_missing_accounts(
    p_merchant_id, p_mode, p_now, array[v_kind], array[null::text], array[p_customer_id], array[p_currency]
  );
  select * into strict v_account
  from ledger_accounts a
  where a.merchant_id = p_merchant_id and a.mode = p_mode and a.kind = v_kind and a.currency = p_currency
    and a.party_id = coalesce(p_customer_id, 0) and a.customer_id is null;
  return v_account;
end
$$;

-- A UUID of version 7. Without settings of its own, so that it becomes a part of the statement that calls it.
create or replace function id_of_moment(p_moment timestamptz) returns uuid
language sql volatile as $$
  select overlay(
    replace(gen_random_uuid()::text, '-', '')
    placing lpad(to_hex((extract(epoch from p_moment) * 1000)::bigint), 12, '0') || '7' from 1 for 13
  )::uuid
$$;

-- Version 1, for servers of the former release, which may run beside newer ones while a database is upgraded (see
-- "Versions of functions" in ARCHITECTURE.md). To be dropped in the release after this one.
create or replace function post_commands(
  p_merchant_id integer,
  p_mode text,
  p_now timestamptz,
  p_account_kinds text[],
  p_account_customers text[],
  p_account_currencies text[],
  p_hold_ids uuid[],
  p_original_ids uuid[],
  p_actions text[],
  p_ids uuid[],
  p_kinds text[],
  p_froms integer[],
  p_tos integer[],
  p_amounts bigint[],
  p_holds integer[],
  p_finals boolean[],
  p_originals integer[],
  p_expirations timestamptz[],
  p_descriptions text[],
  p_details text[],
  p_event_types text[],
  p_event_data text[],
  p_keys text[],
  p_fingerprints bytea[]
) returns table (
  ordinal integer,
  refusal text,
  replayed boolean,
  fingerprint bytea,
  id uuid,
  amount bigint,
  from_balance bigint,
  to_balance bigint,
  created_at timestamptz
)
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  return query
  select
    r.ordinal, r.refusal, r.replayed, r.fingerprint, r.id, r.amount, r.from_balance, r.to_balance, r.created_at
  from post_commands_v2(
    p_merchant_id => p_merchant_id,
    p_mode => p_mode,
    p_now => p_now,
    p_account_kinds => p_account_kinds,
    p_account_customers => p_account_customers,
    p_account_parties => array_fill(null::bigint, array[cardinality(p_account_kinds)]),
    p_account_currencies => p_account_currencies,
    p_hold_ids => p_hold_ids,
    p_original_ids => p_original_ids,
    p_actions => p_actions,
    p_ids => p_ids,
    p_kinds => p_kinds,
    p_froms => p_froms,
    p_tos => p_tos,
    p_amounts => p_amounts,
    p_holds => p_holds,
    p_finals => p_finals,
    p_originals => p_originals,
    p_expirations => p_expirations,
    p_descriptions => p_descriptions,
    p_details => p_details,
    p_event_types => p_event_types,
    p_event_data => p_event_data,
    p_keys => p_keys,
    p_fingerprints => p_fingerprints,
    p_actors => array_fill(null::integer, array[cardinality(p_actions)]),
    p_request_ids => array_fill(null::bytea, array[cardinality(p_actions)])
  ) r
  order by r.ordinal;
end
$$;
