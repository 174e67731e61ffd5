-- The customer as an event has it: as of the change that the event records. Without a search path of its own, and stable as
-- json_build_object is, the function becomes a part of the statement that calls it, which halves its cost.
create or replace function customer_snapshot(c customers) returns json
language sql stable as $$
  select json_build_object(
    'id', c.id, 'code', c.code, 'email', coalesce(c.email, c.deleted_email), 'firstName', c.first_name, 'lastName', c.last_name,
    'phone', c.phone, 'phoneE164', c.phone_e164, 'metadata', c.metadata, 'riskAction', c.risk_action,
    'identified', c.identified
  )
$$;
