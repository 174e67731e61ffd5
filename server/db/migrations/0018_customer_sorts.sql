-- Cashful's clients from 0.9.0 on sort customers by any of these, and ask for the customers with a value. Customers of one
-- value are in the order of their numbers. The collation is by bytes, so that an order does not depend on the server's locale.
-- E-mails are sorted by the index of customers_email.

create index customers_by_name on customers (
  merchant_id, mode, (lower(trim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) collate "C"), number
) where deleted_at is null;
create index customers_by_phone on customers (merchant_id, mode, (coalesce(phone_e164, phone, '') collate "C"), number)
  where deleted_at is null;
create index customers_by_updated_at on customers (merchant_id, mode, updated_at, number) where deleted_at is null;
create index checkout_sessions_customer on checkout_sessions (merchant_id, customer_id, number)
  where customer_id is not null;
