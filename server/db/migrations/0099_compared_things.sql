-- A page of an account's list is compared in more than one step where the account is slow.

alter table reconciliations add column compared text;
comment on column reconciliations.compared is 'the last thing of the page that was compared, by the id that the account has given it; null where none is yet';
