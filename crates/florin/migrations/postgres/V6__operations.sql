-- What merchants list and reconcile: payments, captures in part, refunds, chargebacks, each a row
-- that is written with the order's own commit. A row's class is everything that lists are filtered
-- by, as one text: a site has few of them, so that any filter is a handful of sequences by time.
CREATE TABLE operations (
    site_id BIGINT NOT NULL,
    transaction_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    class TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT,
    PRIMARY KEY (site_id, transaction_id)
) WITH (fillfactor = 90);
CREATE INDEX operations_by_class ON operations (site_id, class, transaction_id);

-- Orders of earlier releases have no such rows yet. Those up to this key are gone through, newest
-- first, by the gateways that run; the row goes with the last one.
CREATE TABLE operations_owed (
    site_id BIGINT NOT NULL PRIMARY KEY,
    until_key BIGINT NOT NULL
);
INSERT INTO operations_owed (site_id, until_key)
    SELECT site_id, MAX(key) + 1 FROM orders GROUP BY site_id;
