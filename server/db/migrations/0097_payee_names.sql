-- The name at the bank of an account to which is paid out, and whether a payout waits where it differs from the given name.

alter table recipients
  add column name_at_bank text,
  add column name_answer text,
  add column name_asked_at timestamptz,
  add constraint recipients_name_answer check (name_answer in ('found', 'no_account', 'unavailable')) not valid;

comment on column recipients.name_answer is 'what the bank said when it was asked for the name at name_asked_at; null before';

alter table payout_settings
  add column name_differences text not null default 'shown',
  add constraint payout_settings_name_differences check (name_differences in ('shown', 'approval')) not valid;
