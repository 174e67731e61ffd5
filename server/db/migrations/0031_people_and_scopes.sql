-- A key may do what its role or its scopes say (domain/merchants/scopes.ts), belongs to a person or to a program, and
-- remembers the key that made it. The keys of before are an owner's, and so is a key that a server of the release before
-- makes meanwhile.

create table people (
  merchant_id integer not null,
  id uuid not null,
  mode text not null,
  name text not null,
  email text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  ended_at timestamptz,
  primary key (merchant_id, id),
  constraint people_mode check (mode in ('test', 'live'))
);
create unique index people_email on people (merchant_id, mode, email) where ended_at is null;
comment on table people is 'the people who work with the merchant''s keys; customers are no such people';
comment on column people.ended_at is 'since when the person has no key; the row stays, because the trail names it';

alter table api_keys
  add column role text default 'owner',
  add column scopes text[],
  add column person_id uuid,
  add column created_by uuid,
  add column replaces uuid,
  add column expires_at timestamptz,
  add column last_used_at timestamptz,
  add constraint api_keys_grant check ((role is null) <> (scopes is null)),
  add constraint api_keys_person foreign key (merchant_id, person_id) references people (merchant_id, id),
  add constraint api_keys_maker foreign key (merchant_id, created_by) references api_keys (merchant_id, id);
create index api_keys_made on api_keys (merchant_id, created_by) where created_by is not null;
create index api_keys_of_person on api_keys (merchant_id, person_id) where person_id is not null;
comment on column api_keys.role is 'a bundle of scopes, as the running release has it; null for a key with a list of scopes';
comment on column api_keys.person_id is 'null for the key of a program';
comment on column api_keys.created_by is 'the key that made this one; null for a key of the operator, and of before 0031';
comment on column api_keys.replaces is 'the key whose place this one takes';
comment on column api_keys.last_used_at is 'the hour of the last use';
