-- Whether an endpoint of that style is told of an event. The standard style has a name for every event. Paystack's style
-- counts hundredths: it cannot tell an amount in a currency with thousandths.
create or replace function is_told(p_style text, p_type text, p_data json) returns boolean
language sql immutable set search_path = public, pg_temp as $$
  select p_style = 'standard'
    or p_type in (
      'identity.succeeded', 'identity.failed', 'mandate.created', 'mandate.active', 'dedicated_account.assigned',
      'dedicated_account.assignment_failed'
    )
    or (
      p_type in ('pay_in.succeeded', 'payment_intent.succeeded')
      and (p_data -> 'details' -> 'transaction' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
    or (
      p_type in (
        'refund.pending', 'refund.processing', 'refund.needs_attention', 'refund.failed', 'refund.succeeded',
        'reversal.succeeded'
      )
      -- Of a payment under a reference.
      and (p_data -> 'details' -> 'refund' ->> 'id') is not null
      and (p_data -> 'details' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
    or (
      p_type in ('dispute.opened', 'dispute.reminded', 'dispute.won', 'dispute.lost')
      -- Of a payment under a reference.
      and (p_data -> 'details' -> 'dispute' ->> 'id') is not null
      and (p_data -> 'details' ->> 'currency') not in ('KWD', 'LYD', 'TND')
    )
$$;

-- An event and its deliveries are one commit: none is lost, none is invented.
create or replace function fan_out_events() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into deliveries (
    merchant_id, mode, endpoint_id, event_id, event_type, customer_id, next_attempt_at, created_at, updated_at
  )
  select e.merchant_id, e.mode, w.id, e.id, e.type, e.customer_id, e.created_at, e.created_at, e.created_at
  from new_events e
  join webhook_endpoints w on w.merchant_id = e.merchant_id and w.mode = e.mode
  where w.deleted_at is null and w.disabled_at is null
    and (w.event_types is null or e.type = any(w.event_types))
    and is_told(w.style, e.type, e.data)
  order by e.id;
  return null;
end
$$;

create or replace trigger events_fan_out
after insert on events
referencing new table as new_events
for each statement
execute function fan_out_events();
