-- Refunds and reversals are listed by themselves: all of a tenant, and those of a customer on either side. They are few
-- beside the other movements, so each index holds only them, and no other movement pays for it.
create index ledger_transactions_refunds on ledger_transactions (merchant_id, mode, id)
  where kind in ('refund', 'reversal');
create index ledger_transactions_refunds_from on ledger_transactions (merchant_id, from_account_id, id)
  where kind in ('refund', 'reversal');
create index ledger_transactions_refunds_to on ledger_transactions (merchant_id, to_account_id, id)
  where kind in ('refund', 'reversal');
