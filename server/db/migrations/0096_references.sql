-- A reference names one payment of a tenant for ever, whatever door tells of it: a payment that is asked for here, money that
-- arrives at an account of a processor, money that a person records, and history that is imported. Each door looks before it
-- writes. What comes at the same moment waits here for the other, and then finds it. A row that would give a second thing the
-- name is left out, so that servers of a former version, which run beside this one during an upgrade, cannot write it either.
--
-- People type references from paper, where capitals are lost. So money that is recorded by hand is compared without them.

create index payments_folded_reference on payments (merchant_id, mode, lower(reference collate "C"));
create index sent_charges_folded_reference on sent_charges (merchant_id, mode, lower(sent_reference collate "C"));
create index sent_charges_outside on sent_charges (merchant_id, mode, outside_id) where outside_id is not null;
create index imported_payments_folded_reference on imported_payments (merchant_id, mode, lower(reference collate "C"));
create index imported_payments_outside on imported_payments (merchant_id, mode, outside_id);
create index pay_ins_folded_reference on pay_ins (merchant_id, mode, lower(reference collate "C")) where state <> 'refused';

-- Whoever gives a name to a payment waits here for another who gives it. Held until the end of the transaction.
create function hold_reference(p_merchant_id integer, p_mode text, p_reference text) returns void
language sql volatile set search_path = public, pg_temp as $$
  select pg_advisory_xact_lock(
    hashtextextended('reference ' || p_merchant_id || '/' || p_mode || '/' || lower(p_reference collate "C"), 0)
  )
$$;

-- Whether money was recorded under a reference: by hand under one that differs in capitals at most, or as the payment of an account
-- that has this very name.
create function has_pay_in(p_merchant_id integer, p_mode text, p_reference text) returns boolean
language sql volatile set search_path = public, pg_temp as $$
  select exists (
    select from pay_ins p
    where p.merchant_id = p_merchant_id and p.mode = p_mode
      and lower(p.reference collate "C") = lower(p_reference collate "C") and p.state <> 'refused'
      and (p.account_id < 2 or p.reference = p_reference)
  )
$$;

create function leave_taken_payment() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform hold_reference(new.merchant_id, new.mode, new.reference);
  if has_pay_in(new.merchant_id, new.mode, new.reference) then
    return null;
  end if;
  perform from imported_payments m
  where m.merchant_id = new.merchant_id and m.mode = new.mode and m.reference = new.reference;
  if found then
    return null;
  end if;
  return new;
end
$$;
create trigger payments_reference_free before insert on payments
  for each row execute function leave_taken_payment();

-- A charge that is sent has a random name. Only money that arrives has a name that others know.
create function leave_taken_arrival() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform hold_reference(new.merchant_id, new.mode, new.sent_reference);
  if has_pay_in(new.merchant_id, new.mode, new.sent_reference) then
    return null;
  end if;
  return new;
end
$$;
create trigger sent_charges_reference_free before insert on sent_charges
  for each row when (new.marker is null)
  execute function leave_taken_arrival();

create function leave_taken_history() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  perform hold_reference(new.merchant_id, new.mode, new.reference);
  if has_pay_in(new.merchant_id, new.mode, new.reference) then
    return null;
  end if;
  perform from payments pay
  where pay.merchant_id = new.merchant_id and pay.mode = new.mode and pay.reference = new.reference;
  if found then
    return null;
  end if;
  return new;
end
$$;
create trigger imported_payments_reference_free before insert on imported_payments
  for each row execute function leave_taken_history();

create function leave_taken_pay_in() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  folded text := lower(new.reference collate "C");
  is_by_hand boolean := new.account_id < 2;
begin
  perform hold_reference(new.merchant_id, new.mode, new.reference);
  perform from payments pay
  where pay.merchant_id = new.merchant_id and pay.mode = new.mode and lower(pay.reference collate "C") = folded
    and (is_by_hand or pay.reference = new.reference);
  if found then
    return null;
  end if;
  perform from sent_charges s
  where s.merchant_id = new.merchant_id and s.mode = new.mode and lower(s.sent_reference collate "C") = folded
    and (is_by_hand or s.sent_reference = new.reference);
  if found then
    return null;
  end if;
  perform from imported_payments m
  where m.merchant_id = new.merchant_id and m.mode = new.mode and lower(m.reference collate "C") = folded
    and (is_by_hand or m.reference = new.reference);
  if found then
    return null;
  end if;
  perform from pay_ins p
  where p.merchant_id = new.merchant_id and p.mode = new.mode and lower(p.reference collate "C") = folded
    and p.state <> 'refused' and (is_by_hand or p.account_id < 2)
    and (p.reference <> new.reference or p.account_id <> new.account_id);
  if found then
    return null;
  end if;
  return new;
end
$$;
create trigger pay_ins_reference_free before insert on pay_ins
  for each row execute function leave_taken_pay_in();
