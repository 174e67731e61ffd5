-- A payout of before an account was worked with may have been sent from here: the database was restored from a backup of before. It is
-- booked when it is known again, so it is not in the opening balance.

alter table statement_items add column beside_opening boolean not null default false;

comment on column statement_items.beside_opening is 'a payout of before the cut-over that was sent from here, and that the opening balance does not have';
