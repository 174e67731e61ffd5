-- Posts a batch of ledger transactions of one merchant and mode in one commit: the only way into the ledger.
--
-- Accounts are named by kind, customer code (null for the merchant's own) and currency, each once, and referred to by
-- their place in p_account_*. A leg credits (positive) or debits (negative) an account for a transaction; legs come in
-- the order of their transactions. Answers one row per transaction, in order: `refusal` names why nothing of it was
-- posted, or is null and `balances` holds the balance after each of its legs.
--
-- Every transaction is judged against the balances its predecessors in the batch have left; a refused one leaves no
-- trace. Accounts are locked in the order of their ids, so that two batches can wait for but never block each other.
create or replace function post_transactions(
  p_merchant_id integer,
  p_mode text,
  p_now timestamptz,
  p_account_kinds text[],
  p_account_customers text[],
  p_account_currencies text[],
  p_ids uuid[],
  p_kinds text[],
  p_descriptions text[],
  p_related_types text[],
  p_related_ids text[],
  p_event_types text[],
  p_event_data text[],
  p_leg_transactions integer[],
  p_leg_accounts integer[],
  p_leg_amounts bigint[]
) returns table (ordinal integer, refusal text, balances bigint[])
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  c_limit constant bigint := 9007199254740991;
  v_transactions constant integer := cardinality(p_ids);
  v_legs constant integer := cardinality(p_leg_amounts);
  -- By place in p_account_*.
  v_account_ids bigint[];
  v_customer_ids bigint[];
  v_denied boolean[];
  v_posted bigint[];
  v_held bigint[];
  v_floors bigint[];
  v_numbers bigint[];
  v_times timestamptz[];
  -- By transaction.
  v_refusals text[] := array_fill(null::text, array[v_transactions]);
  v_customers bigint[] := array_fill(null::bigint, array[v_transactions]);
  -- By leg; the number stays null where nothing is posted.
  v_entry_numbers bigint[] := array_fill(null::bigint, array[v_legs]);
  v_balances bigint[] := array_fill(null::bigint, array[v_legs]);
  v_leg integer := 1;
  v_first integer;
  v_account integer;
  v_refusal text;
  r record;
begin
  v_account_ids := open_ledger_accounts(
    p_merchant_id, p_mode, p_now, p_account_kinds, p_account_customers, p_account_currencies
  );
  for r in
    select n.place, a.customer_id, a.posted, a.held, a.floor, a.entry_count, a.last_entry_at,
      coalesce(c.risk_action = 'deny', false) as denied
    from unnest(v_account_ids) with ordinality as n (id, place)
    join ledger_accounts a on a.merchant_id = p_merchant_id and a.id = n.id
    left join customers c on c.merchant_id = p_merchant_id and c.id = a.customer_id
    order by a.id
    for update of a
  loop
    v_customer_ids[r.place] := r.customer_id;
    v_denied[r.place] := r.denied;
    v_posted[r.place] := r.posted;
    v_held[r.place] := r.held;
    v_floors[r.place] := r.floor;
    v_numbers[r.place] := r.entry_count;
    v_times[r.place] := greatest(p_now, r.last_entry_at);
  end loop;

  for t in 1..v_transactions loop
    v_first := v_leg;
    v_refusal := null;
    while v_leg <= v_legs and p_leg_transactions[v_leg] = t loop
      v_account := p_leg_accounts[v_leg];
      if v_account_ids[v_account] is null then
        v_refusal := coalesce(v_refusal, 'customer_not_found');
      elsif v_denied[v_account] then
        v_refusal := coalesce(v_refusal, 'customer_denied');
      end if;
      v_leg := v_leg + 1;
    end loop;

    if v_refusal is null then
      for i in v_first..v_leg - 1 loop
        v_account := p_leg_accounts[i];
        v_customers[t] := coalesce(v_customers[t], v_customer_ids[v_account]);
        v_posted[v_account] := v_posted[v_account] + p_leg_amounts[i];
        v_numbers[v_account] := v_numbers[v_account] + 1;
        v_entry_numbers[i] := v_numbers[v_account];
        v_balances[i] := v_posted[v_account];
      end loop;
      for i in v_first..v_leg - 1 loop
        v_account := p_leg_accounts[i];
        if abs(v_posted[v_account]) > c_limit then
          v_refusal := 'balance_limit';
        elsif p_leg_amounts[i] < 0 and v_posted[v_account] - v_held[v_account] < v_floors[v_account] then
          v_refusal := coalesce(v_refusal, 'insufficient_funds');
        end if;
      end loop;
      if v_refusal is not null then
        for i in v_first..v_leg - 1 loop
          v_account := p_leg_accounts[i];
          v_posted[v_account] := v_posted[v_account] - p_leg_amounts[i];
          v_numbers[v_account] := v_numbers[v_account] - 1;
          v_entry_numbers[i] := null;
        end loop;
      end if;
    end if;
    v_refusals[t] := v_refusal;
  end loop;

  insert into ledger_transactions (merchant_id, id, mode, kind, description, related_type, related_id, created_at)
  select p_merchant_id, t.id, p_mode, t.kind, t.description, t.related_type, t.related_id, p_now
  from unnest(p_ids, p_kinds, p_descriptions, p_related_types, p_related_ids, v_refusals)
    as t (id, kind, description, related_type, related_id, refusal)
  where t.refusal is null;

  insert into entries (merchant_id, account_id, number, transaction_id, amount, balance_after, created_at)
  select
    p_merchant_id, v_account_ids[l.account], l.number, p_ids[l.transaction], l.amount, l.balance, v_times[l.account]
  from unnest(p_leg_transactions, p_leg_accounts, p_leg_amounts, v_entry_numbers, v_balances)
    as l (transaction, account, amount, number, balance)
  where l.number is not null;

  update ledger_accounts a
  set posted = u.posted, entry_count = u.entry_count, last_entry_at = u.entry_time, updated_at = u.entry_time
  from unnest(v_account_ids, v_posted, v_numbers, v_times) as u (id, posted, entry_count, entry_time)
  where a.merchant_id = p_merchant_id and a.id = u.id and a.entry_count <> u.entry_count;

  insert into events (merchant_id, id, mode, type, customer_id, data, created_at)
  select p_merchant_id, gen_random_uuid(), p_mode, e.type, e.customer_id, e.data::json, p_now
  from unnest(p_event_types, p_event_data, v_customers, v_refusals) as e (type, data, customer_id, refusal)
  where e.refusal is null and e.type is not null;

  return query
  select t.ordinal::integer, t.refusal, array_agg(l.balance order by l.ordinal)
  from unnest(v_refusals) with ordinality as t (refusal, ordinal)
  join unnest(p_leg_transactions, v_balances) with ordinality as l (transaction, balance, ordinal)
    on l.transaction = t.ordinal
  group by t.ordinal, t.refusal
  order by t.ordinal;
end
$$;
