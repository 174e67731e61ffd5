-- "Transaction" is the ledger's word. What a customer pays under a merchant's reference is a payment: its tables, columns,
-- constraints and indexes are named so from now on.
--
-- During an upgrade servers of the release before run beside new ones. For them there are views under the old names, with
-- the old columns. A view of one table can be written to like a table, so their statements go on working. The release after
-- this one drops the views, their rights in privileges.sql, and payments.request_key, which only those servers write and read.

alter table payment_counters rename to payment_numbers;
alter table payment_numbers rename column transaction_count to payment_count;
alter table payment_numbers rename column last_transaction_at to last_payment_at;
alter table payment_numbers rename constraint payment_counters_pkey to payment_numbers_pkey;
alter table payment_numbers rename constraint payment_counters_merchant_id_fkey to payment_numbers_merchant_id_fkey;
alter table payment_numbers rename constraint payment_counters_mode to payment_numbers_mode;
comment on table payment_numbers is 'how many payment intents, checkout sessions and payments a tenant has: the number of the last one of each';

alter table transactions rename to payments;
alter table payments rename constraint transactions_pkey to payments_pkey;
alter table payments rename constraint transactions_merchant_id_payment_intent_id_fkey to payments_merchant_id_payment_intent_id_fkey;
alter table payments rename constraint transactions_merchant_id_customer_id_fkey to payments_merchant_id_customer_id_fkey;
alter table payments rename constraint transactions_number to payments_number;
alter table payments rename constraint transactions_reference to payments_reference;
alter table payments rename constraint transactions_request to payments_request;
alter table payments rename constraint transactions_payment_intent to payments_payment_intent;
alter table payments rename constraint transactions_access_code to payments_access_code;
alter table payments rename constraint transactions_mode to payments_mode;
alter table payments rename constraint transactions_currency to payments_currency;
alter table payments rename constraint transactions_amount to payments_amount;
alter table payments rename constraint transactions_origin to payments_origin;
alter table payments rename constraint transactions_purpose to payments_purpose;
alter table payments rename constraint transactions_status to payments_status;
alter table payments rename constraint transactions_paid to payments_paid;
alter table payments rename constraint transactions_failed to payments_failed;
alter table payments rename constraint transactions_incoming to payments_incoming;
alter index transactions_by_access_code rename to payments_by_access_code;
alter index transactions_by_status rename to payments_by_status;
alter index transactions_by_amount rename to payments_by_amount;
alter index transactions_created_at rename to payments_created_at;
alter index transactions_customer rename to payments_customer;
alter index transactions_paid_merchant rename to payments_paid_merchant;
comment on column payments.request_key is 'written and read by servers of the release before only; a request is known by the id of its payment intent';

alter table transaction_totals rename to payment_totals;
alter table payment_totals rename constraint transaction_totals_pkey to payment_totals_pkey;
alter table payment_totals rename constraint transaction_totals_merchant_id_fkey to payment_totals_merchant_id_fkey;
alter table payment_totals rename constraint transaction_totals_mode to payment_totals_mode;

create view payment_counters as
select
  merchant_id, mode, payment_intent_count, checkout_session_count, payment_count as transaction_count,
  last_payment_at as last_transaction_at
from payment_numbers;

create view transactions as
select
  merchant_id, id, mode, number, payment_intent_id, customer_id, reference, request_key, access_code, origin, purpose,
  status, amount, currency, channel, channels, callback_url, metadata, failure_reason, paid_at, created_at, updated_at,
  incoming
from payments;

create view transaction_totals as
select merchant_id, mode, currency, succeeded_count, succeeded_amount
from payment_totals;

-- The same rights as in privileges.sql, which is applied a moment later: an old server may not wait for it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'mteja_app') then
    return;
  end if;
  grant select, insert on payment_counters, transactions, transaction_totals to mteja_app;
  grant update on payment_counters to mteja_app;
  grant update (status, channel, failure_reason, paid_at, updated_at) on transactions to mteja_app;
  grant update (succeeded_count, succeeded_amount) on transaction_totals to mteja_app;
end
$$;

-- Background work that fails for a row tries that row again later each time, and goes on with the other rows.
alter table payment_intents add column attempts integer not null default 0;
alter table mandates add column attempts integer not null default 0;
comment on column payment_intents.attempts is 'how often in a row background work has failed for it: the next try is later each time';
comment on column mandates.attempts is 'how often in a row background work has failed for it: the next try is later each time';
