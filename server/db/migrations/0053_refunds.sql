-- Refunds of payments that a processor took. Their money is reserved first, and moves when the processor says that it has given
-- it back: see "Refunds" in docs/ledger.md.

-- The hold of a refund names the transaction that is given back. It has no customer, so that no list of holds shows it and no
-- call for holds finds it, also on servers of the former release. Its account says whose money it is.
alter table holds
  add column original_id uuid,
  alter column customer_id drop not null,
  add constraint holds_owner check ((original_id is null) = (customer_id is not null)) not valid,
  add constraint holds_of_refund check (original_id is null or expires_at is null) not valid;
comment on column holds.original_id is 'the ledger transaction whose refund it reserves; null for a hold that somebody placed';
create index holds_refunds on holds (merchant_id, account_id) where original_id is not null and status = 'placed';
create index holds_originals on holds (merchant_id, original_id) where original_id is not null and status = 'placed';
drop trigger holds_same on holds;
create trigger holds_same
  before update of merchant_id, id, mode, account_id, customer_id, amount, currency, expires_at, original_id on holds
  for each statement execute function refuse_change();

-- A refund that failed can be given back again, so a total falls to 0.
alter table refund_totals
  drop constraint refund_totals_amount,
  add constraint refund_totals_amount check (amount >= 0) not valid;

create table refunds (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  number bigint,
  wire_id bigint,
  kind text not null,
  original_id uuid not null,
  payment_intent_id uuid not null,
  charge_reference text not null,
  customer_id bigint,
  amount bigint not null,
  currency text not null,
  state text not null default 'pending',
  state_reason text,
  reason text,
  customer_note text,
  merchant_note text,
  asked_at timestamptz,
  unknown_since timestamptz,
  actor_id integer,
  request_id bytea,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint refunds_mode check (mode in ('test', 'live')),
  constraint refunds_number check (number > 0 and (number is null) = (wire_id is null)),
  constraint refunds_kind check (kind in ('refund', 'reversal')),
  constraint refunds_amount check (amount between 1 and 9007199254740991),
  constraint refunds_currency check (currency ~ '^[A-Z]{3}$'),
  constraint refunds_state
    check (state in ('pending', 'unknown', 'processing', 'needsAttention', 'processed', 'failed')),
  constraint refunds_due check ((state in ('processed', 'failed')) = (due_at is null)),
  constraint refunds_reason check (state not in ('needsAttention', 'failed') or state_reason is not null)
);
comment on column refunds.id is 'of its hold and of its ledger transaction, too, and its name at the processor';
comment on column refunds.number is '1, 2, 3 … among the refunds of payments of (merchant, mode); null where no payment has a reference';
comment on column refunds.wire_id is 'its id where ids are numbers; null with the number';
comment on column refunds.charge_reference is 'the processor''s name of the payment that is given back';
comment on column refunds.customer_id is 'who paid; null for a payment of nobody who is known';
comment on column refunds.asked_at is 'when the processor was asked to give back; null while that has surely not been done';
comment on column refunds.unknown_since is 'since when nobody can say whether the processor has the refund';
comment on column refunds.recorded_at is 'the real time';
create unique index refunds_numbers on refunds (merchant_id, mode, number);
create unique index refunds_wire_ids on refunds (merchant_id, wire_id);
create index refunds_of_original on refunds (merchant_id, original_id, number);
create index refunds_customer on refunds (merchant_id, customer_id, id) where customer_id is not null;
create index refunds_unfinished on refunds (merchant_id, mode, id) where state <> 'processed';
create index refunds_open on refunds (merchant_id, payment_intent_id) where due_at is not null;
create index refunds_due on refunds (due_at) where due_at is not null;

-- As migration 0045 has it. The words of a refund are the text of the payer, also where the merchant's money went back.
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
      or exists (
        select from refunds r
        join erasures x on x.merchant_id = r.merchant_id and x.id = r.customer_id and x.erased_at is null
        where r.merchant_id = old.merchant_id and r.id = old.id
      )
    )
  then
    return new;
  end if;
  raise exception 'update of % is refused: posted history is never changed, only reversed', tg_table_name
    using errcode = 'MT001';
end
$$;

-- The sandbox's own record, as an outside party. Some test instruments decide how a refund of their payment ends.
alter table sandbox_charges
  add column return_outcome text,
  add constraint sandbox_charges_return_outcome check (return_outcome in ('failed', 'needs_attention', 'unknown')) not valid;
create table sandbox_returns (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  reference text not null,
  amount bigint not null,
  currency text not null,
  status text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  constraint sandbox_returns_mode check (mode = 'test'),
  constraint sandbox_returns_status check (status in ('processing', 'succeeded', 'failed', 'needs_attention', 'unknown'))
);
