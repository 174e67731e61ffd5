-- The status of a payment as the statement that calls this has left it: the movement of a dispute changes it in the same statement.
create or replace function payment_status_now(p_merchant_id integer, p_id bigint) returns text
language plpgsql volatile set search_path = public, pg_temp as $$
begin
  return (select p.status from payments p where p.merchant_id = p_merchant_id and p.id = p_id);
end
$$;
