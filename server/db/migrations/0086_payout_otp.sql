-- Orders of the sandbox can wait for a one-time password, as those of an account do. A merchant can have a usual recipient.

alter table payout_settings
  add column asks_otp boolean not null default false,
  add column default_recipient_id bigint,
  add constraint payout_settings_default_recipient
    foreign key (merchant_id, default_recipient_id) references recipients (merchant_id, id);
comment on column payout_settings.default_recipient_id is 'of payouts of the merchant that name none; null for nobody';
comment on column payout_settings.asks_otp is 'whether the sandbox asks for a one-time password';

alter table sandbox_payouts
  drop constraint sandbox_payouts_status,
  add constraint sandbox_payouts_status
    check (status in ('pending', 'otp', 'paid', 'failed', 'abandoned', 'returned', 'lost')) not valid,
  drop constraint sandbox_payouts_next,
  add constraint sandbox_payouts_next check (
    next_status in ('pending', 'paid', 'failed', 'abandoned', 'returned') and (next_status is null) = (next_at is null)
  ) not valid;
