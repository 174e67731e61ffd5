-- Search texts are folded: without accents, apostrophes, hyphens and repeated blanks (domain/customers/search-text.ts). A
-- folded text begins with the character U+0001. Texts of before, and texts that a server before 0023 writes meanwhile, are
-- folded in the background. This index finds them, and is empty when all are folded.
--
-- To fold differently: another first character, and a migration with the index for it.

create index customers_unfolded on customers (merchant_id, id) where left(search_text, 1) <> E'\u0001';
comment on column customers.search_text is 'everything a search looks at, folded, one item a line; the first line is the mark of the rules it was folded by';
