-- Search texts are folded by new rules: all texts and not only names in parts and as one word, the digits of any script, the
-- points of Hebrew, more signs of Arabic, initials (domain/customers/search-text.ts). They begin with the character U+0002.
-- Texts of before are folded again in the background. This index finds them, and is empty when all are folded.

drop index customers_unfolded;
create index customers_unfolded on customers (merchant_id, id) where left(search_text, 1) <> E'\u0002';
