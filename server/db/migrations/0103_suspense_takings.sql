-- An account may take back money that is in suspense, in part too. That is a decision as well, of nobody: what is left can still be
-- decided about.

alter table suspense_decisions
  add column amount bigint,
  add column dispute_turn text,
  add constraint suspense_decisions_amount check (amount > 0),
  add constraint suspense_decisions_dispute check (dispute_turn is null or (outcome = 'given_back' and amount is not null));
comment on column suspense_decisions.amount is 'minor units that left suspense; null for the whole amount, before parts could be taken';
comment on column suspense_decisions.dispute_turn is 'of money that the account took back: which time of which dispute; null for the decision of a person';

drop index suspense_decisions_reference;
create unique index suspense_decisions_reference on suspense_decisions (merchant_id, mode, reference)
  where state <> 'refused' and dispute_turn is null;
create unique index suspense_decisions_turn on suspense_decisions (merchant_id, mode, dispute_turn)
  where state <> 'refused' and dispute_turn is not null;
create index suspense_decisions_taken on suspense_decisions (merchant_id, mode, reference) where dispute_turn is not null;
