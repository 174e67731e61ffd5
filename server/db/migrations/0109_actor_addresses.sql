-- From where somebody acted: an actor has the network address of the call, so that a write stores four bytes of it as before.
-- An address is kept for a limited time. It is taken from the actors of a month once the month is old enough, and the rest of them
-- stays. Actors with an address have kinds of their own: a server of the release before looks for an actor without one, and would find any.

alter table actors
  add column address inet,
  add column month date,
  drop constraint actors_same,
  drop constraint actors_kind,
  drop constraint actors_issuer,
  add constraint actors_kind check (
    kind in ('key', 'token', 'operator', 'outside_token', 'key_at', 'token_at', 'operator_at', 'outside_token_at')
  ),
  add constraint actors_issuer check (
    (kind in ('outside_token', 'outside_token_at')) = (issuer is not null) and (issuer is not null or subject is null)
  ),
  add constraint actors_month check ((right(kind, 3) = '_at') = (month is not null) and (month is not null or address is null));
create unique index actors_same on actors (merchant_id, kind, api_key_id, surface, issuer, subject) nulls not distinct
  where month is null;
create unique index actors_at on actors (merchant_id, kind, api_key_id, surface, issuer, subject, address, month) nulls not distinct
  where address is not null;
create index actors_addresses on actors (merchant_id, month) where address is not null;
comment on column actors.address is 'of the calls; null where none is known, and once it is too old';
comment on column actors.month is 'the first day of the month in which the actor has acted from the address';

-- Nothing of an actor changes, but its address goes.
drop trigger actors_immutable on actors;
create trigger actors_immutable
  before update of merchant_id, id, kind, api_key_id, surface, issuer, subject, month or delete or truncate on actors
  for each statement execute function refuse_change();
create trigger actors_address before update of address on actors
  for each row when (new.address is not null) execute function refuse_change();
