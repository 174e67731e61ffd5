-- Mandates that a customer agrees to at a merchant's own account of a processor, on a page of that processor.

alter table mandates
  add column account_id bigint not null default 0,
  add column outside_reference text,
  add column page_url text;
comment on column mandates.account_id is 'the account at a processor that asks the customer; 0 for pages of this service';
comment on column mandates.outside_reference is 'the account''s own name of the request; null until its page was opened';
comment on column mandates.page_url is 'the page at the processor on which the customer agrees';

-- Nobody here sees the customer agree: so a request is asked about, too.
create index mandates_asked_about on mandates (activates_at)
  where activates_at is not null and status in ('requested', 'pending');
create index mandates_asked_about_failing on mandates (attempts desc, activates_at)
  where activates_at is not null and status in ('requested', 'pending') and attempts > 0;
