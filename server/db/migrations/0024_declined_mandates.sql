-- A customer can decline a mandate on its page. A declined mandate is over: it never had a payment method.

alter table mandates
  drop constraint mandates_status,
  add constraint mandates_status check (status in ('requested', 'declined', 'pending', 'active', 'revoked'));
