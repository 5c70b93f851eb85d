-- What became of an attempt counts as well: a decline is a row of its own, beside that of the
-- attempt. Attempts are kept for a day, so the table is made anew instead of being carried over.
DROP TABLE attempts;

-- outcome: 0 the attempt was made, 1 the issuer declined it, 2 for good, 3 it was refused before the
-- issuer was asked.
CREATE TABLE attempts (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ip TEXT,
    email BLOB,
    bin TEXT NOT NULL,
    card BLOB NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (at, key, attempt, outcome)
) STRICT, WITHOUT ROWID;
-- Each count is answered by its index alone.
CREATE INDEX attempts_by_ip ON attempts (site_id, ip, at, card) WHERE ip IS NOT NULL;
CREATE INDEX attempts_by_email ON attempts (site_id, email, at, card) WHERE email IS NOT NULL;
CREATE INDEX attempts_by_bin ON attempts (site_id, bin, at);
CREATE INDEX attempts_of_payment ON attempts (site_id, card, amount, currency, at);
CREATE INDEX attempts_declined ON attempts (site_id, at) WHERE outcome > 0;
