-- The address of a merchant that is asked before a payout is sent.

alter table payout_settings
  add column approval_url text,
  add column approval_secret bytea,
  add constraint payout_settings_approval check ((approval_url is null) = (approval_secret is null)) not valid;

comment on column payout_settings.approval_secret is 'the API key that signs what the address is asked, sealed';

alter table payouts add column url_approved_at timestamptz;

comment on column payouts.url_approved_at is 'when the approval URL agreed; null where none was asked, or none has agreed yet';
