-- What the server's role may do, in one place. Every change of history goes through the posting functions, which run
-- with their owner's rights; the role itself cannot write the ledger, whatever statement reaches it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'mteja_app') then
    return;
  end if;
  grant usage on schema public to mteja_app;
  grant select on all tables in schema public to mteja_app;
  grant insert on merchants, merchant_ids, merchant_counters, api_keys, signing_keys, installation, payment_methods,
    mandates, identity_checks, events, idempotency_keys to mteja_app;
  grant update on merchants, api_keys, signing_keys, customers, payment_methods, mandates, identity_checks,
    idempotency_keys to mteja_app;
  revoke all on function create_customers, post_commands, open_ledger_accounts, allocate_ids,
    forget_idempotency_keys from public;
  grant execute on function create_customers, post_commands, open_ledger_accounts, allocate_ids,
    forget_idempotency_keys to mteja_app;
end
$$;
