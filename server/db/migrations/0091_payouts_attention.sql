-- Payouts that a person has to look at are few among all.
create index payouts_attention on payouts (merchant_id, mode, id) where attention is not null;
