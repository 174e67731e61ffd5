-- Dedicated accounts come from a provider outside, and say themselves which bank they are at. A request whose account cannot
-- be given steps aside for a while and keeps no other waiting.

alter table dedicated_accounts
  add column provider_id integer,
  add column bank_name text,
  add column bank_id integer;
update dedicated_accounts a set provider_id = p.id, bank_name = p.bank_name, bank_id = p.bank_id
from (
  values ('test-bank', 1, 'Test Bank', 20), ('wema-bank', 2, 'Wema Bank', 20), ('titan-paystack', 3, 'Titan Paystack', 629)
) as p (slug, id, bank_name, bank_id)
where a.provider = p.slug;
comment on column dedicated_accounts.provider is 'the slug of the bank that the account is at, at the provider that opened it';
comment on column dedicated_accounts.provider_id is 'the number of that bank at the provider; like its name and its number in the list of banks it is null in a row that a server before 0015 wrote';

-- A row that an older server writes meanwhile is due at once.
alter table dedicated_account_requests
  add column due_at timestamptz not null default 'epoch',
  add column attempts integer not null default 0;
drop index dedicated_account_requests_pending;
create index dedicated_account_requests_due on dedicated_account_requests (due_at) where status = 'pending';
comment on column dedicated_account_requests.due_at is 'when it is looked at next';
comment on column dedicated_account_requests.attempts is 'how often giving the account has failed';

-- The sandbox plays a provider outside: its accounts are its own, and nothing else reads them.
create table sandbox_accounts (
  merchant_id integer not null,
  mode text not null,
  account_number text not null,
  customer_code text not null,
  bank text not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  primary key (merchant_id, mode, account_number),
  constraint sandbox_accounts_mode check (mode = 'test')
);
create unique index sandbox_accounts_one_each on sandbox_accounts (merchant_id, mode, customer_code, bank)
  where closed_at is null;
comment on column sandbox_accounts.closed_at is 'the number of a closed account is never given out again';
insert into sandbox_accounts (merchant_id, mode, account_number, customer_code, bank, opened_at, closed_at)
select a.merchant_id, a.mode, a.account_number, c.code, a.provider, a.created_at, a.removed_at
from dedicated_accounts a
join customers c on c.merchant_id = a.merchant_id and c.id = a.customer_id
where a.mode = 'test';
