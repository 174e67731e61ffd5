-- Search texts hold the name without blanks too, so that delacruz finds De La Cruz (domain/customers/search-text.ts). They begin
-- with the character U+0003. Texts of before are folded again in the background. This index finds them, and is empty when all
-- are folded.

drop index customers_unfolded;
create index customers_unfolded on customers (merchant_id, id) where left(search_text, 1) <> E'\u0003';
