-- A payment that a reconciliation has taken to suspense is not recorded by hand once more. Servers look before they record one; a
-- server of a version that does not know reconciliations does not, and runs beside this one during an upgrade. It finds that
-- nothing was recorded, and answers that the request may be sent again.

create function leave_claimed_payment() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  -- As lockCount: whoever claims a payment has this lock.
  perform pg_advisory_xact_lock(
    hashtextextended('count payments_at_accounts ' || new.merchant_id || '/' || new.mode, 0)
  );
  perform from processor_accounts a
  join statement_items i on i.merchant_id = a.merchant_id and i.account_id = a.id and i.reference = new.reference
  where a.merchant_id = new.merchant_id and a.mode = new.mode and i.claimed_at is not null;
  if found then
    return null;
  end if;
  return new;
end
$$;
create trigger pay_ins_unclaimed before insert on pay_ins
  for each row when (new.account_id >= 2)
  execute function leave_claimed_payment();

comment on column statement_items.transaction_id is 'of a settlement that a server of a former version has booked; nothing reads it';
