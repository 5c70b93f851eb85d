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

-- When an issuer declined which payment, as long as the card's scheme counts that against a repeat:
-- for weeks, while attempts are kept for a day. Nobody else asks for a card's attempts.
CREATE TABLE declines (
    site_id BIGINT NOT NULL,
    card BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    at BIGINT NOT NULL,
    key BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    for_good INTEGER NOT NULL,
    counts_until BIGINT NOT NULL,
    PRIMARY KEY (site_id, card, amount, currency, at, key, attempt)
);
CREATE INDEX declines_by_end ON declines (counts_until);
INSERT INTO declines (site_id, card, amount, currency, at, key, attempt, for_good, counts_until)
    SELECT site_id, card, amount, currency, at, key, attempt,
        CASE outcome WHEN 2 THEN 1 ELSE 0 END,
        at + CASE outcome WHEN 2 THEN 31622400000 ELSE 2592000000 END
    FROM attempts WHERE outcome IN (1, 2);
DROP INDEX attempts_of_payment;
