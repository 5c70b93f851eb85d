-- What merchants list and reconcile: payments, captures in part, refunds, chargebacks, each a row
-- that is written with the order's own commit. A row's class is everything that lists are filtered
-- by, as one text: a site has few of them, so that any filter is a handful of sequences by time.
CREATE TABLE operations (
    site_id INTEGER NOT NULL,
    transaction_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    class TEXT NOT NULL,
    amount INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    PRIMARY KEY (site_id, transaction_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_class ON operations (site_id, class, transaction_id);

-- Orders of earlier releases have no such rows yet. Those up to this key are gone through, newest
-- first, by the gateways that run; the row goes with the last one.
CREATE TABLE operations_owed (
    site_id INTEGER NOT NULL PRIMARY KEY,
    until_key INTEGER NOT NULL
) STRICT;
INSERT INTO operations_owed (site_id, until_key)
    SELECT site_id, MAX(key) + 1 FROM orders GROUP BY site_id;
