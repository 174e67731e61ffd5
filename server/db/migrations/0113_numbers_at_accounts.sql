-- The numbers that accounts give to disputes, and to refunds that are made there, are names of money. They are looked up when a person
-- records money by hand.

create index disputes_outside_ids on disputes (merchant_id, outside_id);
