-- An account that revokes a key is asked by another key of the same account about what was sent by the former one.
alter table processor_accounts add column asked_by bigint;
comment on column processor_accounts.asked_by is 'the row whose key asks for this one, because the account refuses the key of this one; null while its own key asks';
alter table processor_accounts add column compared_at timestamptz;
comment on column processor_accounts.compared_at is 'when a key that the account refuses was last compared with a newer key';
