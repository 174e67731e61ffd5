-- Money that a person has given back from suspense is counted by the disputes that have taken it. A dispute that comes back, and takes again, has
-- used its share of the giving back all the same: what it takes then is written down in the place of what it took before.
alter table disputes add column given_back json not null default '[]';
comment on column disputes.given_back is 'the shares, as in takings, that it has counted of givings back before it took what is in takings';
