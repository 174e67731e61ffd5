-- What a merchant wants of payments in a mode. Without a row everything is as it always was.

create table payment_settings (
  merchant_id integer not null references merchants (id),
  mode text not null,
  known_customers text not null,
  updated_at timestamptz not null,
  primary key (merchant_id, mode),
  constraint payment_settings_mode check (mode in ('test', 'live')),
  constraint payment_settings_known_customers check (known_customers in ('payment', 'wallet_topup'))
);
comment on column payment_settings.known_customers is 'the purpose of a payment that names none, of a payer who was a customer before';
