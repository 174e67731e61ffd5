-- What an experienced hand would write instead of Mteja: one function call per transaction, called by pgbench. The tables
-- have the columns, keys, checks and indexes of Mteja's own, so that both sides store the same rows, but none of its
-- triggers and foreign keys: nothing here is slower than it has to be.

create schema baseline;
create table baseline.customers (like public.customers including all);
create table baseline.ledger_accounts (like public.ledger_accounts including all) with (fillfactor = 70);
create table baseline.ledger_transactions (like public.ledger_transactions including all);
create table baseline.entries (like public.entries including all);
create table baseline.events (like public.events including all);
create table baseline.idempotency_keys (like public.idempotency_keys including all);
create table baseline.merchant_counters (like public.merchant_counters including all) with (fillfactor = 50);
create table baseline.merchant_ids (like public.merchant_ids including all) with (fillfactor = 50);

insert into baseline.customers select * from public.customers;
insert into baseline.ledger_accounts select * from public.ledger_accounts;
insert into baseline.merchant_counters select * from public.merchant_counters;
insert into baseline.merchant_ids select * from public.merchant_ids;

create sequence baseline.transfer_numbers;
create sequence baseline.customer_numbers start 1000000;
create sequence baseline.ids start 2000000000;

-- Two random numbers as one text, as long as a UUID: what pgbench can make of a key.
create function baseline.key(p_one bigint, p_two bigint) returns text language sql immutable as $$
  select lpad(p_one::text, 18, '0') || lpad(p_two::text, 18, '0')
$$;

-- One transfer. Its number comes from a sequence, which may leave gaps but makes nobody wait.
create function baseline.transfer(p_from bigint, p_to bigint, p_amount bigint, p_one bigint, p_two bigint) returns bigint
language plpgsql as $$
declare
  c_merchant constant integer := 100001;
  c_now constant timestamptz := now();
  v_id constant uuid := uuidv7();
  v_from baseline.ledger_accounts;
  v_to baseline.ledger_accounts;
begin
  perform from baseline.ledger_accounts where merchant_id = c_merchant and id in (p_from, p_to) order by id for update;

  update baseline.ledger_accounts
  set posted = posted - p_amount, entry_count = entry_count + 1, last_entry_at = c_now, updated_at = c_now
  where merchant_id = c_merchant and id = p_from
  returning * into v_from;
  if v_from.posted - v_from.held < v_from.floor then
    raise exception 'insufficient funds';
  end if;
  update baseline.ledger_accounts
  set posted = posted + p_amount, entry_count = entry_count + 1, last_entry_at = c_now, updated_at = c_now
  where merchant_id = c_merchant and id = p_to
  returning * into v_to;

  insert into baseline.ledger_transactions (
    merchant_id, id, mode, kind, number, from_account_id, from_number, to_account_id, to_number, amount, currency, created_at
  ) values (
    c_merchant, v_id, 'test', 'transfer', nextval('baseline.transfer_numbers'), p_from, v_from.entry_count, p_to,
    v_to.entry_count, p_amount, 'ZAR', c_now
  );
  insert into baseline.entries (merchant_id, account_id, number, transaction_id, amount, balance_after, created_at)
  values
    (c_merchant, p_from, v_from.entry_count, v_id, -p_amount, v_from.posted, c_now),
    (c_merchant, p_to, v_to.entry_count, v_id, p_amount, v_to.posted, c_now);
  insert into baseline.events (merchant_id, mode, type, customer_id, data, created_at)
  values (
    c_merchant, 'test', 'transfer.completed', v_from.customer_id,
    json_build_object(
      'customer', json_build_object('code', 'CUS_' || lpad(p_from::text, 15, '0')),
      'details', json_build_object(
        'transferId', v_id, 'fromCustomer', 'CUS_' || lpad(p_from::text, 15, '0'),
        'toCustomer', 'CUS_' || lpad(p_to::text, 15, '0'), 'amount', p_amount, 'currency', 'ZAR'
      )
    ),
    c_now
  );
  insert into baseline.idempotency_keys (merchant_id, mode, key, fingerprint, result_id, results, created_at)
  values (
    c_merchant, 'test', 'caller/' || baseline.key(p_one, p_two),
    '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627', v_id,
    array[p_amount, v_from.posted, v_to.posted], c_now
  );
  return v_from.posted;
end
$$;

-- The same, also counting the transfers of the merchant as Mteja does, without gaps: everybody waits for that row until
-- the commit before theirs is on the disk. Last, to hold it as briefly as can be.
create function baseline.counted_transfer(p_from bigint, p_to bigint, p_amount bigint, p_one bigint, p_two bigint)
returns bigint
language plpgsql as $$
declare
  v_balance constant bigint := baseline.transfer(p_from, p_to, p_amount, p_one, p_two);
begin
  update baseline.merchant_counters set transfer_count = transfer_count + 1
  where merchant_id = 100001 and mode = 'test';
  return v_balance;
end
$$;

-- One customer with a cash account, an event and a key; numbers and ids from sequences.
create function baseline.create_customer(p_phone bigint, p_one bigint, p_two bigint) returns bigint
language plpgsql as $$
declare
  c_merchant constant integer := 100001;
  c_now constant timestamptz := now();
  c_number constant text := lpad(p_phone::text, 7, '0');
  v_id constant bigint := nextval('baseline.ids');
  v_account_id constant bigint := nextval('baseline.ids');
  c_key constant text := baseline.key(p_one, p_two);
  v_email constant text := 'c' || c_key || '@example.com';
  v_snapshot json;
begin
  v_snapshot := json_build_object(
    'id', v_id, 'code', 'CUS_' || lpad(v_id::text, 15, '0'), 'email', v_email, 'firstName', 'Thandi',
    'lastName', 'Nkosi ' || c_number, 'phone', '+2782' || c_number, 'phoneE164', '+2782' || c_number,
    'metadata', '{"source":"bench"}'::json, 'riskAction', 'default', 'identified', false
  );
  insert into baseline.customers (
    merchant_id, id, mode, number, code, email, first_name, last_name, phone, phone_e164, metadata, search_text,
    created_at, updated_at
  ) values (
    c_merchant, v_id, 'test', nextval('baseline.customer_numbers'), 'CUS_' || lpad(v_id::text, 15, '0'), v_email,
    'Thandi', 'Nkosi ' || c_number, '+2782' || c_number, '+2782' || c_number, '{"source":"bench"}',
    concat_ws(e'\n', 'thandi nkosi ' || c_number, v_email, '+2782' || c_number, '+2782' || c_number, '082 ' || c_number, 'bench'),
    c_now, c_now
  );
  insert into baseline.ledger_accounts (
    merchant_id, id, mode, kind, customer_id, currency, floor, created_at, updated_at
  ) values (c_merchant, v_account_id, 'test', 'customer_cash', v_id, 'ZAR', 0, c_now, c_now);
  insert into baseline.events (merchant_id, mode, type, customer_id, data, created_at)
  values (
    c_merchant, 'test', 'customer.created', v_id,
    json_build_object('customer', v_snapshot, 'details', '{}'::json), c_now
  );
  insert into baseline.idempotency_keys (merchant_id, mode, key, fingerprint, snapshot, created_at)
  values (
    c_merchant, 'test', 'caller/' || c_key,
    '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627',
    json_build_object('created', true, 'customer', v_snapshot), c_now
  );
  return v_id;
end
$$;

-- The same, numbered without gaps as Mteja does.
create function baseline.create_counted_customer(p_phone bigint, p_one bigint, p_two bigint) returns bigint
language plpgsql as $$
declare
  v_id constant bigint := baseline.create_customer(p_phone, p_one, p_two);
begin
  update baseline.merchant_counters set customer_count = customer_count + 1, last_customer_at = now()
  where merchant_id = 100001 and mode = 'test';
  return v_id;
end
$$;
