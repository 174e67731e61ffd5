-- Days are the merchant's: a period such as "November" begins and ends at midnight in the merchant's time zone.

-- Null in a row that a server before 0021 wrote, and in each row of before: such a merchant has the zone of its country.
alter table merchants add column time_zone text;
comment on column merchants.time_zone is 'IANA name; null for the zone of the country';
