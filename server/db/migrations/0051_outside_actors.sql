-- A token of an outside issuer acts under the name that its issuer gives it: `iss` and `sub`. Its rows have a kind of their own:
-- a server of the former release looks for an actor by merchant, kind, key and surface alone, and must not find one of them.

alter table actors
  add column issuer text,
  add column subject text,
  drop constraint actors_same,
  drop constraint actors_kind,
  add constraint actors_same unique nulls not distinct (merchant_id, kind, api_key_id, surface, issuer, subject),
  add constraint actors_kind check (kind in ('key', 'token', 'operator', 'outside_token')),
  add constraint actors_issuer check ((kind = 'outside_token') = (issuer is not null) and (issuer is not null or subject is null));
comment on column actors.issuer is 'who signed the token, by its claim iss; null for all but tokens of an outside issuer';
comment on column actors.subject is 'whom the issuer names, by the claim sub of the token; null where the token has none';
