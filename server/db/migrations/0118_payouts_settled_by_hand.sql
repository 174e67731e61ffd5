-- The words of a person who only looked at a payout are not those of one who has said how it ended: only against the latter is the
-- account believed that it was never made.
alter table payouts add column settled_by_hand boolean not null default false;
comment on column payouts.settled_by_hand is 'a person has said how it ended; false for one whose proof is of a person who has looked';
update payouts set settled_by_hand = true where verdict in ('paid', 'failed') and (proof is not null or processor = 'manual');
