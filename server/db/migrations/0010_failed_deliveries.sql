-- What has failed is looked for by hand, among much that has not.

create index deliveries_failed on deliveries (merchant_id, mode, id) where status = 'failed';
