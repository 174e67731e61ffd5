-- Disputes: money that a payer takes back from outside, through their bank or by a refund that was made at the account and not
-- here. See "Disputes" in docs/ledger.md.

create table disputes (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  number bigint,
  wire_id bigint,
  account_id bigint not null,
  outside_id text not null,
  category text not null,
  original_id uuid not null,
  payment_intent_id uuid,
  outside_reference text,
  customer_id bigint,
  asked_amount bigint not null,
  amount bigint not null,
  currency text not null,
  state text not null default 'open',
  state_reason text,
  resolution text,
  complaint text,
  respond_by timestamptz,
  reminded_at timestamptz,
  borne_by text,
  movements integer not null default 0,
  movement_id uuid,
  movement_ids uuid[] not null default '{}',
  refund_name text,
  hold_id uuid,
  after_decline text,
  evidence json,
  attachments json not null default '[]',
  messages json not null default '[]',
  history json not null default '[]',
  resolved_at timestamptz,
  actor_id integer,
  due_at timestamptz,
  attempts integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  foreign key (merchant_id, customer_id) references customers (merchant_id, id),
  constraint disputes_outside unique (merchant_id, original_id, outside_id),
  constraint disputes_mode check (mode in ('test', 'live')),
  constraint disputes_number check (number > 0 and (number is null) = (wire_id is null)),
  constraint disputes_amount check (amount between 1 and 9007199254740991 and amount <= asked_amount),
  constraint disputes_currency check (currency ~ '^[A-Z]{3}$'),
  constraint disputes_state check (state in ('open', 'underReview', 'needsAttention', 'won', 'lost')),
  constraint disputes_reason check (state <> 'needsAttention' or state_reason is not null),
  constraint disputes_resolved check ((state in ('won', 'lost')) = (resolved_at is not null)),
  constraint disputes_borne_by check (borne_by in ('customer', 'merchant', 'suspense')),
  constraint disputes_after_decline check (after_decline in ('won', 'lost', 'underReview', 'needsAttention')),
  constraint disputes_movement check (movements >= 0 and (borne_by is null or movement_id is not null))
);
comment on column disputes.number is '1, 2, 3 … among the disputes of payments of (merchant, mode); null where no payment has a reference';
comment on column disputes.wire_id is 'its id where ids are numbers; null with the number';
comment on column disputes.account_id is 'the account at a processor that told of it last, and is asked about it; 0 for the sandbox';
comment on column disputes.outside_id is 'the account''s id of it; refund/… for a refund that was made at the account';
comment on column disputes.original_id is 'the ledger transaction that brought the money';
comment on column disputes.outside_reference is 'the account''s name of the payment';
comment on column disputes.customer_id is 'whose money it was, or who paid; null for nobody who is known';
comment on column disputes.asked_amount is 'what the payer wants back';
comment on column disputes.amount is 'what the payer gets, or has got, if the dispute is lost: the merchant may offer less';
comment on column disputes.complaint is 'the payer''s words';
comment on column disputes.borne_by is 'who has borne it; null while no money has moved';
comment on column disputes.movements is 'how many movements were made for it: a dispute can be lost, and won afterwards';
comment on column disputes.movement_id is 'the ledger transaction that took the money, or the last one that gave it back';
comment on column disputes.movement_ids is 'all ledger transactions that took the money or gave it back';
comment on column disputes.refund_name is 'the account''s id of the refund by which the money went back; null if none is known';
comment on column disputes.hold_id is 'the hold that reserves its amount, also one that could not be placed; null for a dispute that holds nothing';
comment on column disputes.after_decline is 'how the sandbox decides a dispute that is declined; null for won';
comment on column disputes.actor_id is 'who has accepted or declined it here';
comment on column disputes.due_at is 'when to look at it again; null if nothing more is expected';
comment on column disputes.recorded_at is 'the real time';
create unique index disputes_numbers on disputes (merchant_id, mode, number);
create unique index disputes_wire_ids on disputes (merchant_id, wire_id);
create index disputes_of_original on disputes (merchant_id, original_id, id);
create index disputes_of_intent on disputes (merchant_id, payment_intent_id, id);
create index disputes_customer on disputes (merchant_id, customer_id, id) where customer_id is not null;
create index disputes_of_account on disputes (merchant_id, account_id) where due_at is not null;
create index disputes_states on disputes (merchant_id, mode, state, id);
create index disputes_ids on disputes (merchant_id, mode, id);
create index disputes_due on disputes (due_at) where due_at is not null;
create index disputes_failing on disputes (attempts desc, due_at) where due_at is not null and attempts > 0;

-- What a merchant wants of disputes, in each mode. Without a row the customer bears them, and an open dispute holds nothing.
create table dispute_settings (
  merchant_id integer not null references merchants (id),
  mode text not null,
  borne_by text not null,
  holds_amount boolean not null,
  updated_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, mode),
  constraint dispute_settings_mode check (mode in ('test', 'live')),
  constraint dispute_settings_borne_by check (borne_by in ('customer', 'merchant'))
);

-- What an account is to be asked about because it has told of something. A row goes once the account has answered.
create table account_questions (
  merchant_id integer not null references merchants (id),
  id uuid not null,
  mode text not null,
  account_id bigint not null,
  about text not null,
  name text not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  created_at timestamptz not null,
  told_at timestamptz not null,
  recorded_at timestamptz not null default now(),
  primary key (merchant_id, id),
  constraint account_questions_name unique (merchant_id, account_id, about, name),
  constraint account_questions_mode check (mode in ('test', 'live')),
  constraint account_questions_about check (about in ('dispute', 'payment'))
);
comment on column account_questions.name is 'the account''s id of a dispute, or its reference of a payment';
comment on column account_questions.told_at is 'when the account told of it last: an answer from before that does not count';
create index account_questions_due on account_questions (due_at);
create index account_questions_failing on account_questions (attempts desc, due_at) where attempts > 0;
