-- Little leaves the merchant's balance beside what comes in: a list of either is found by what left. Fees and what is
-- given back, whoever it was taken from.

create index ledger_transactions_outgoing on ledger_transactions (merchant_id, from_account_id, from_number)
  include (kind)
  where kind not in ('pay_in', 'purchase', 'transfer', 'hold_capture');
