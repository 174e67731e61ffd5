-- A payout is looked up by its reference in the one spelling in which names of money are compared. Most references have it already: they
-- are found by the unique index. Only the others are in an index by this spelling, whose function costs as much as several indexes
-- wherever a payout is written. A server of a former version finds them, too, without an index.

create index payouts_other_spelling on payouts (merchant_id, mode, money_name(reference))
  where reference collate "C" !~ '^[a-z1-9][a-z0-9]*([._-][a-z0-9]+)*$';
drop index payouts_money_name;
