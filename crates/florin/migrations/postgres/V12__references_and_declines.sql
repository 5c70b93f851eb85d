-- By which of the acquirer's references (RRN, data element 37 of ISO 8583) a sale is found: that of its
-- authorization and those of its captures. References begin with the hour in which they were given,
-- so rows are added at the right edge.
CREATE TABLE order_references (
    site_id BIGINT NOT NULL,
    rrn TEXT COLLATE "C" NOT NULL,
    key BIGINT NOT NULL,
    PRIMARY KEY (site_id, rrn, key)
);

-- Orders of earlier releases have none yet. They are gone through like those without operations.
INSERT INTO operations_owed (site_id, until_key)
    SELECT site_id, MAX(key) + 1 FROM orders GROUP BY site_id
    ON CONFLICT (site_id) DO UPDATE SET until_key = excluded.until_key;
