-- What the server's role may do, in one place. Every change of history goes through the posting functions, which run
-- with their owner's rights; the role itself cannot write the ledger, whatever statement reaches it. Nor can it move a
-- customer to another tenant, mode or number, or begin a counter anywhere but at 0: what it may change is named.
do $$
begin
  -- Nothing of anybody's may stand where a function looks for ours.
  revoke create on schema public from public;
  if not exists (select from pg_roles where rolname = 'mteja_app') then
    return;
  end if;
  revoke all on schema public from mteja_app;
  revoke all on all tables in schema public from mteja_app;
  grant usage on schema public to mteja_app;
  grant select on all tables in schema public to mteja_app;
  grant insert on merchant_ids, people, actors, trail, api_keys, signing_keys, installation, payment_methods, mandates, identity_checks,
    idempotency_keys, payment_numbers, payment_intents, checkout_sessions, sandbox_charges, webhook_endpoints,
    delivery_attempts, payments, payment_totals, dedicated_accounts, dedicated_account_requests, pay_ins, adjustments, suspense_decisions,
    processor_accounts, sandbox_outcomes, sent_charges, refunds, sandbox_returns, disputes, dispute_settings, account_questions, payment_looks,
    risk_changes, arrival_notices, payment_settings, sandbox_payouts, recipients, payouts, payout_settings,
    approval_settings, approval_limits, approval_sums, approvals, sending_pauses to mteja_app;
  grant insert (code, name, country, currencies, time_zone, created_at) on merchants to mteja_app;
  grant insert (merchant_id, mode) on merchant_counters to mteja_app;
  grant insert (merchant_id, mode, type, customer_id, data, created_at) on events to mteja_app;
  grant update on people, api_keys, signing_keys, payment_methods, mandates, identity_checks, payment_numbers,
    payment_intents, sandbox_charges, webhook_endpoints, dedicated_accounts, dedicated_account_requests to mteja_app;
  grant update (
    status, attempt_count, try_count, next_attempt_at, claimed_until, last_attempt_at, delivered_at, failure_reason, body,
    updated_at
  ) on deliveries to mteja_app;
  grant update (status, channel, failure_reason, fee, paid_at, updated_at) on payments to mteja_app;
  grant update (succeeded_count, succeeded_amount) on payment_totals to mteja_app;
  -- Views for servers of the release before; migration 0013 says why. The next release drops these four lines with them.
  grant insert on payment_counters, transactions, transaction_totals to mteja_app;
  grant update on payment_counters to mteja_app;
  grant update (status, channel, failure_reason, paid_at, updated_at) on transactions to mteja_app;
  grant update (succeeded_count, succeeded_amount) on transaction_totals to mteja_app;
  grant update (
    email, first_name, last_name, phone, phone_e164, metadata, risk_action, identified, search_text, updated_at
  ) on customers to mteja_app;
  grant update (answer) on idempotency_keys to mteja_app;
  grant update (stage, position, horizon, emails, email_digests, due_at, attempts, erased_at) on erasures to mteja_app;
  grant insert, update on sandbox_accounts to mteja_app;
  grant update (uses_left), delete on sandbox_outcomes to mteja_app;
  grant update (state, refusal, due_at, attempts) on pay_ins, adjustments, suspense_decisions to mteja_app;
  grant update (approval_id) on pay_ins, adjustments to mteja_app;
  grant update (new_destinations, updated_at) on approval_settings to mteja_app;
  grant delete on approval_limits to mteja_app;
  grant update (day, time_zone, amount) on approval_sums to mteja_app;
  grant update (status, reason, decided_actor_id, decided_at, due_at, attempts) on approvals to mteja_app;
  grant update (cut_over_at, state, last_error, last_error_at, updated_at, replaced_at, credentials, hint, same_as, asked_by, compared_at) on processor_accounts to mteja_app;
  grant update (
    reference, page_url, page_code, state, stopped_at, outside_id, transaction_id, fee, differences, due_at,
    attempts, updated_at
  ) on sent_charges to mteja_app;
  grant update (
    state, state_reason, asked_at, unknown_since, absent_since, verdict, proof, settlement_approval_id, settled_as, contradicted_at, returned_id,
    due_at, attempts, updated_at
  ) on refunds to mteja_app;
  grant update (status, updated_at) on sandbox_returns to mteja_app;
  grant update (status, next_status, next_at) on sandbox_payouts to mteja_app;
  grant update (
    name, email, description, metadata, name_at_bank, name_answer, name_asked_at, active, updated_at
  ) on recipients to mteja_app;
  grant update (
    fee, booked_fee, fee_tries, state, state_code, state_reason, attention, attention_reason, verdict, approval_id, settlement_approval_id, processor, account_id, send_count, unsent_count, waited_for, sent_at,
    unknown_since, proof, settled_by_hand, is_late, url_approved_at, movement_id, ended_at, due_at, attempts, updated_at
  ) on payouts to mteja_app;
  grant update (
    fees_borne_by, asks_otp, default_recipient_id, cool_down_hours, identified_only, name_differences, approval_url, approval_secret,
    waiting_secret, updated_at
  ) on payout_settings to mteja_app;
  grant update (cause, reference, since, paused_at, resumed_at, known_until) on sending_pauses to mteja_app;
  grant update (due_at, attempts), delete on arrival_notices to mteja_app;
  grant update (known_customers, fees_borne_by, updated_at) on payment_settings to mteja_app;
  grant update (
    account_id, customer_id, asked_amount, amount, state, state_reason, resolution, complaint, respond_by, reminded_at, borne_by, movements, movement_id, movement_ids, takings, given_back,
    refund_name, refund_names, hold_id, evidence, attachments, messages, history, resolved_at, actor_id, due_at, attempts, updated_at
  ) on disputes to mteja_app;
  grant update (borne_by, holds_amount, updated_at) on dispute_settings to mteja_app;
  grant update (due_at, attempts, told_at), delete on account_questions to mteja_app;
  grant update (holder, held_until), delete on payment_looks to mteja_app;
  grant insert on reconciliations, statement_items, opening_balances, differences to mteja_app;
  grant update (
    books_id, from_at, until_at, state, stage, page, compared, position, round, read_from, items_read, completed, unreadable, balances,
    failure, due_at, attempts, updated_at, finished_at
  ) on reconciliations to mteja_app;
  grant update (counts_unsettled) on opening_balances to mteja_app;
  grant update (
    reference, payment_id, name, state, amount, fee, currency, at, claimed_at, reconciliation_id, recorded_at, beside_opening
  ), delete on statement_items to mteja_app;
  grant update (
    reference, transaction_id, amount, ours, theirs, currency, effects, state, reason, actor_id, closed_at,
    last_reconciliation_id, at, updated_at
  ) on differences to mteja_app;
  grant insert on imports, import_skips, imported_things, imported_payments to mteja_app;
  grant update (state, stage, page, position, counts, attempts, failure, retry_at, updated_at, finished_at) on imports to mteja_app;
  grant delete on import_skips, imported_things to mteja_app;
  grant update (status, updated_at) on imported_payments to mteja_app;
  revoke all on function create_customers, post_commands, post_commands_v2, open_missing_accounts, find_receivable,
    allocate_ids, forget_idempotency_keys, fan_out_events, mark_transaction_reversed, delete_customers, open_intents_of,
    customer_bindings, lock_customers, begin_erasure, continue_erasure, erase_events, erase_intents, erase_mentions, erase_recipients, erase_differences,
    erase_answer, close_merchant, reopen_merchant, change_merchant, free_idempotency_key, free_refused_key, forget_old_events,
    forget_old_deliveries, forget_addresses, figures_of_refund, write_deliveries
    from public, mteja_app;
  grant execute on function create_customers, post_commands, post_commands_v2, allocate_ids,
    forget_idempotency_keys, delete_customers, begin_erasure, continue_erasure, erase_mentions, erase_recipients, erase_differences, erase_answer,
    close_merchant, reopen_merchant, change_merchant, free_idempotency_key, free_refused_key, forget_old_events, forget_old_deliveries, forget_addresses,
    figures_of_refund, write_deliveries to mteja_app;
end
$$;
