-- What a person decides about money in suspense: to assign it to its owner, or to give it back. The row is recorded, posted and
-- marked as a pay-in by hand is (migration 0043).

create table suspense_decisions (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  reference text not null,
  outcome text not null,
  customer_id bigint,
  state text not null default 'recorded',
  refusal text,
  actor_id integer,
  request_id bytea,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint suspense_decisions_mode check (mode in ('test', 'live')),
  constraint suspense_decisions_outcome check (outcome in ('assigned', 'given_back')),
  constraint suspense_decisions_customer check ((customer_id is null) = (outcome = 'given_back')),
  constraint suspense_decisions_state check (state in ('recorded', 'succeeded', 'refused')),
  constraint suspense_decisions_due check ((state = 'recorded') = (due_at is not null)),
  constraint suspense_decisions_refusal check ((state = 'refused') = (refusal is not null))
);
comment on column suspense_decisions.id is 'of the ledger transaction, too';
comment on column suspense_decisions.reference is 'the id of the ledger transaction that brought the money into suspense: it is decided about once';
comment on column suspense_decisions.customer_id is 'null for money that is given back';
comment on column suspense_decisions.recorded_at is 'the real time';
create unique index suspense_decisions_reference on suspense_decisions (merchant_id, mode, reference) where state <> 'refused';
create index suspense_decisions_customer on suspense_decisions (merchant_id, customer_id, id) where customer_id is not null;
create index suspense_decisions_due on suspense_decisions (due_at) where due_at is not null;
create trigger customer_not_deleted before insert on suspense_decisions
  for each row when (new.customer_id is not null) execute function refuse_deleted_customer();

-- Whether money that was in suspense was assigned to a customer whose erasure is under way.
create function is_assigned_to_erased(p_merchant_id integer, p_mode text, p_id uuid) returns boolean
language sql stable set search_path = public, pg_temp as $$
  select exists (
    select from suspense_decisions s
    join erasures x on x.merchant_id = s.merchant_id and x.id = s.customer_id and x.erased_at is null
    where s.merchant_id = p_merchant_id and s.mode = p_mode and s.reference = p_id::text and s.state = 'succeeded'
  )
$$;

-- As migration 0033 has it. The movement that brought money into suspense is the text of whoever the money was assigned to.
create or replace function refuse_change_but_erasure() returns trigger
language plpgsql set search_path = public, pg_temp as $$
declare
  v_same ledger_transactions := new;
begin
  v_same.description := old.description;
  if new.description is null and old.description is not null and row_to_json(v_same)::text = row_to_json(old)::text
    and (
      exists (
        select from ledger_accounts a
        join erasures x on x.merchant_id = a.merchant_id and x.id = a.customer_id and x.erased_at is null
        where a.merchant_id = old.merchant_id and a.id in (old.from_account_id, old.to_account_id)
      )
      or (old.kind = 'suspended' and is_assigned_to_erased(old.merchant_id, old.mode, old.id))
    )
  then
    return new;
  end if;
  raise exception 'update of % is refused: posted history is never changed, only reversed', tg_table_name
    using errcode = 'MT001';
end
$$;
