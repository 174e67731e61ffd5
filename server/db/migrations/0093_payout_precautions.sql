-- A merchant may hold payouts to new destinations for a while, and refuse those of customers who are not identified.

alter table payout_settings
  add column cool_down_hours integer not null default 0,
  add column identified_only boolean not null default false,
  add constraint payout_settings_cool_down check (cool_down_hours between 0 and 720) not valid;
