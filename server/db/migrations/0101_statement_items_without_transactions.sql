-- Nothing reads it: a settlement is booked under a key of its own.
alter table statement_items drop column transaction_id;
