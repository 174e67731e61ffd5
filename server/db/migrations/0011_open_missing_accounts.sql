-- Its successor, open_missing_accounts, answers nothing: the posting function looks for its accounts by itself.
drop function if exists open_ledger_accounts(integer, text, timestamptz, text[], text[], text[]);
