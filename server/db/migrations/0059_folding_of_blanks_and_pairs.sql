-- Search texts are folded by new rules: a blank of any kind is a blank, names with a dot are there as one word, phone numbers that
-- cannot be read as their digits, and names in scripts without blanks in pairs (domain/customers/search-text.ts). They begin with
-- the character U+0004. Texts of before are folded again in the background. This index finds them, and is empty when all are
-- folded.

drop index customers_unfolded;
create index customers_unfolded on customers (merchant_id, id) where left(search_text, 1) <> E'\u0004';
