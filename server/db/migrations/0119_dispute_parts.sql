-- The money of a payment that was in suspense may be in several parts, each of an owner of its own. A dispute takes of those that
-- have something left. What it takes of each is written down before the first of it moves.

alter table disputes add column takings json not null default '[]';
comment on column disputes.takings is 'what it takes of the parts of money in suspense, now or the last time: the ids of the movements that brought them, minor units, and how often it had moved money before; empty for other money';
