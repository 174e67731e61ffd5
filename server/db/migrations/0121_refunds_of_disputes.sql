-- A dispute that was won after it was lost may be lost again by another refund of the account. Each of them stays a refund of the dispute.

alter table disputes add column refund_names text[] not null default '{}';
comment on column disputes.refund_names is 'the account''s ids of all refunds by which the money went back, now or before';
comment on column disputes.refund_name is 'the account''s id of the refund by which the money went back, the last one; null if none is known';
update disputes set refund_names = array[refund_name] where refund_name is not null;
