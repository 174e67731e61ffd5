-- Who bears what an account at a processor keeps of payments. It is noted with each charge and with each pay-in of an account, so that
-- a fee that is known late, and one that comes back, is the same one's. Before, the merchant's processor_fees bore all.

alter table payment_settings
  add column fees_borne_by text not null default 'merchant',
  add constraint payment_settings_fees_borne_by check (fees_borne_by in ('merchant', 'merchant_balance', 'owner'));

alter table sent_charges
  add column fee_bearer text not null default 'merchant',
  add constraint sent_charges_fee_bearer check (fee_bearer in ('merchant', 'merchant_balance', 'owner'));

alter table pay_ins
  add column fee_bearer text not null default 'merchant',
  add constraint pay_ins_fee_bearer check (fee_bearer in ('merchant', 'merchant_balance', 'owner'));

alter table payments
  add column fee bigint,
  add constraint payments_fee check (fee between 0 and 9007199254740991);

comment on column payment_settings.fees_borne_by is 'merchant: processor_fees; merchant_balance; owner: whose balance the payment fills';
comment on column payments.fee is 'minor units that the account has kept of the amount; null while that is not known, and without an account';
