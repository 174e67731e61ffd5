-- Payouts: money that leaves a balance for a bank account or a mobile wallet. See docs/payouts.md.

-- The hold of a payout reserves money of a customer or of the merchant. As the hold of a refund it has no customer, so that no list
-- of holds shows it and no call for holds finds it. Its account says whose money it is.
alter table holds
  add column purpose text,
  drop constraint holds_owner,
  add constraint holds_owner check ((original_id is null and purpose is null) = (customer_id is not null)) not valid,
  add constraint holds_purpose
    check (purpose is null or (purpose = 'payout' and original_id is null and expires_at is null)) not valid;
comment on column holds.purpose is 'payout: it has the id of its payout; null for the hold of a refund, and for one that somebody placed';
create index holds_payouts on holds (merchant_id, account_id) where purpose is not null and status = 'placed';
drop trigger holds_same on holds;
create trigger holds_same
  before update of merchant_id, id, mode, account_id, customer_id, amount, currency, expires_at, original_id, purpose on holds
  for each statement execute function refuse_change();

alter table ledger_transactions
  drop constraint ledger_transactions_kind,
  add constraint ledger_transactions_kind check (
    kind in (
      'pay_in', 'purchase', 'transfer', 'refund', 'reversal', 'hold_capture', 'fee', 'chargeback', 'chargeback_returned',
      'processor_fee', 'processor_fee_returned', 'adjustment', 'settlement', 'suspended', 'assigned', 'given_back',
      'payout', 'payout_returned', 'receivable', 'repayment'
    )
  ) not valid,
  drop constraint ledger_transactions_hold,
  add constraint ledger_transactions_hold check (
    case when kind = 'hold_capture' then hold_id is not null else hold_id is null or kind in ('payout', 'processor_fee') end
  ) not valid;

create table recipients (
  merchant_id integer not null references merchants (id),
  id bigint not null,
  mode text not null,
  code text not null,
  type text not null,
  account_number text,
  bank_code text not null,
  currency text not null,
  name text,
  email text,
  description text,
  metadata json,
  active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  constraint recipients_code unique (merchant_id, code),
  constraint recipients_account unique (merchant_id, mode, type, account_number, bank_code, currency),
  constraint recipients_mode check (mode in ('test', 'live')),
  constraint recipients_type check (type in ('bank_account', 'mobile_money')),
  constraint recipients_currency check (currency ~ '^[A-Z]{3}$'),
  constraint recipients_details check ((account_number is null) = (name is null))
);
comment on column recipients.id is 'its id where ids are numbers';
comment on column recipients.account_number is 'of a mobile wallet the telephone number; null once the person was erased, as the name';
comment on column recipients.bank_code is 'of a mobile wallet the operator';
comment on column recipients.recorded_at is 'the real time';
create index recipients_ids on recipients (merchant_id, mode, id);

create table payouts (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  wire_id bigint not null,
  code text not null,
  reference text not null,
  sent_reference text not null,
  customer_id bigint,
  recipient_id bigint not null,
  amount bigint not null,
  currency text not null,
  fee_borne_by text not null,
  estimated_fee bigint not null,
  fee bigint,
  reason text,
  metadata json,
  state text not null,
  state_code text,
  state_reason text,
  attention text,
  attention_reason text,
  verdict text,
  processor text,
  account_id bigint,
  send_count integer not null default 0,
  sent_at timestamptz,
  unknown_since timestamptz,
  proof text,
  is_late boolean not null default false,
  movement_id uuid,
  actor_id integer,
  request_id bytea,
  ended_at timestamptz,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  foreign key (merchant_id, recipient_id) references recipients (merchant_id, id),
  constraint payouts_reference unique (merchant_id, mode, reference),
  constraint payouts_sent_reference unique (merchant_id, sent_reference),
  constraint payouts_code unique (merchant_id, code),
  constraint payouts_wire_id unique (merchant_id, wire_id),
  constraint payouts_mode check (mode in ('test', 'live')),
  constraint payouts_amount check (amount between 1 and 9007199254740991),
  constraint payouts_currency check (currency ~ '^[A-Z]{3}$'),
  constraint payouts_fee_borne_by check (fee_borne_by in ('owner', 'merchant')),
  constraint payouts_fee check (estimated_fee >= 0 and (fee_borne_by = 'owner' or estimated_fee = 0) and fee >= 0),
  constraint payouts_state check (
    state in ('awaiting_approval', 'pending', 'sending', 'sent', 'paid', 'failed', 'returned', 'cancelled', 'denied')
  ),
  constraint payouts_reason check (state not in ('failed', 'returned') or (state_code is not null and state_reason is not null)),
  constraint payouts_attention check ((attention is null) = (attention_reason is null)),
  constraint payouts_verdict check (verdict in ('paid', 'failed', 'cancelled', 'denied')),
  constraint payouts_processor check (processor in ('sandbox', 'manual', 'paystack')),
  constraint payouts_sent check (state not in ('sending', 'sent') or (processor is not null and sent_at is not null)),
  constraint payouts_ended check (
    (state in ('paid', 'failed', 'returned', 'cancelled', 'denied')) = (ended_at is not null)
  )
);
comment on column payouts.id is 'of its hold, too, and of the ledger transaction that paid it out of the hold';
comment on column payouts.wire_id is 'its id where ids are numbers';
comment on column payouts.reference is 'the caller''s, unique for ever';
comment on column payouts.sent_reference is 'its name at the processor, which is told no other';
comment on column payouts.customer_id is 'whose balance it leaves; null for the merchant''s';
comment on column payouts.estimated_fee is 'reserved besides the amount; 0 where the merchant bears fees';
comment on column payouts.fee is 'what the processor has kept; null while it is not known';
comment on column payouts.attention is 'why a person has to look; null while nobody has to';
comment on column payouts.verdict is 'how it ends: decided once, before its money moves, and after that nothing is sent';
comment on column payouts.account_id is 'the account at a processor that was sent it; null while it has surely not been sent';
comment on column payouts.send_count is 'how often it was sent under its reference';
comment on column payouts.sent_at is 'when it was sent last';
comment on column payouts.unknown_since is 'since when nobody can say whether the processor has it';
comment on column payouts.proof is 'the words of the person who has settled it by hand';
comment on column payouts.is_late is 'it was paid after its money was released';
comment on column payouts.movement_id is 'the ledger transaction that paid it or gave it back last';
comment on column payouts.due_at is 'when to take its next step; null if nothing is expected';
comment on column payouts.recorded_at is 'the real time';
create index payouts_ids on payouts (merchant_id, mode, id);
create index payouts_states on payouts (merchant_id, mode, state, id);
create index payouts_customer on payouts (merchant_id, customer_id, id) where customer_id is not null;
create index payouts_recipient on payouts (merchant_id, recipient_id, id);
create index payouts_of_account on payouts (merchant_id, account_id) where ended_at is null;
create index payouts_due on payouts (due_at) where due_at is not null;
create index payouts_failing on payouts (attempts desc, due_at) where due_at is not null and attempts > 0;
create trigger customer_not_deleted
  before insert on payouts
  for each row when (new.customer_id is not null) execute function refuse_deleted_customer();

-- What a merchant wants of payouts, in each mode. Without a row the merchant bears the fees of the processor.
create table payout_settings (
  merchant_id integer not null references merchants (id),
  mode text not null,
  fees_borne_by text not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, mode),
  constraint payout_settings_mode check (mode in ('test', 'live')),
  constraint payout_settings_fees_borne_by check (fees_borne_by in ('owner', 'merchant'))
);
