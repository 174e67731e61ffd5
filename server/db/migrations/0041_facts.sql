-- Facts that happened outside are posted whatever the accounts have. So there are accounts without a floor besides the
-- outside, and a receivable for each account that owes: see docs/ledger.md.
--
-- The constraints are wider than those before them, or about columns that are new and 0 everywhere. So the rows that are
-- there are not read again, which would take minutes on a long history.

alter table ledger_accounts
  add column party_id bigint not null default 0,
  add column owed bigint not null default 0,
  drop constraint ledger_accounts_kind,
  add constraint ledger_accounts_kind check (
    kind in (
      'customer_cash', 'merchant_balance', 'fees', 'outside', 'processor_fees', 'adjustments', 'suspense',
      'customer_receivable', 'merchant_receivable'
    )
  ) not valid,
  add constraint ledger_accounts_party check (
    case kind when 'customer_receivable' then party_id > 0 when 'outside' then party_id >= 0 else party_id = 0 end
  ) not valid,
  add constraint ledger_accounts_receivable check (
    kind not in ('customer_receivable', 'merchant_receivable') or posted <= 0
  ) not valid,
  add constraint ledger_accounts_owed check (
    owed = 0 or (owed > 0 and kind in ('customer_cash', 'merchant_balance') and posted - held = floor)
  ) not valid;
comment on column ledger_accounts.party_id is 'whom an account of the merchant is about: the customer of a receivable, the account at a processor of an outside; 0 for nobody, and for the outside of the sandbox in test mode and of money moved by hand in live mode';
comment on column ledger_accounts.owed is 'what the owner owes: minus the posted of the receivable, so that posting needs no look-up to know it';
comment on constraint ledger_accounts_owed on ledger_accounts is 'whoever owes has nothing available: all that comes repays first';

-- 0 and not null, because equality with a column is one look-up in the index, and with null is not.
drop index ledger_accounts_own;
create unique index ledger_accounts_own on ledger_accounts (merchant_id, mode, kind, currency, party_id)
  where customer_id is null;
drop trigger ledger_accounts_same on ledger_accounts;
create trigger ledger_accounts_same
  before update of merchant_id, id, mode, kind, customer_id, party_id, currency, floor on ledger_accounts
  for each statement execute function refuse_change();

alter table ledger_transactions
  drop constraint ledger_transactions_kind,
  add constraint ledger_transactions_kind check (
    kind in (
      'pay_in', 'purchase', 'transfer', 'refund', 'reversal', 'hold_capture', 'fee', 'chargeback', 'chargeback_returned',
      'processor_fee', 'processor_fee_returned', 'adjustment', 'settlement', 'suspended', 'assigned', 'given_back',
      'receivable', 'repayment'
    )
  ) not valid;

-- Both functions get a parameter. No release has called the first under this name, and no server calls the second.
drop function if exists post_commands_v2(
  integer, text, timestamptz, text[], text[], text[], uuid[], uuid[], text[], uuid[], text[], integer[], integer[],
  bigint[], integer[], boolean[], integer[], timestamptz[], text[], text[], text[], text[], text[], bytea[], integer[],
  bytea[]
);
drop function if exists open_missing_accounts(integer, text, timestamptz, text[], text[], text[]);
