-- A change of the settings of payouts that lets more pass waits for a second person. The key that signs what a wanted address is asked
-- waits with it, sealed.

alter table payout_settings add column waiting_secret bytea;
comment on column payout_settings.waiting_secret is 'the API key of an approval URL that waits for a second person, sealed; null for none';
