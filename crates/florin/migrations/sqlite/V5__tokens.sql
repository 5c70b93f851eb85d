-- Cards that shops may charge again, by token. They belong to an account, so that each of its sites
-- can charge them: the one table whose key does not begin with a site. live keeps the cards of test
-- sites (0) apart from those of live ones (1). A payment reads one row by its key and notes its use.
CREATE TABLE tokens (
    account_id INTEGER NOT NULL,
    live INTEGER NOT NULL,
    token TEXT NOT NULL,
    -- The site and the order that made it.
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    reference TEXT,
    scheme TEXT NOT NULL,
    bin TEXT NOT NULL,
    last4 TEXT NOT NULL,
    digits INTEGER NOT NULL,
    expiry TEXT NOT NULL,
    -- Sealed; gone when the token is dead.
    sealed_holder BLOB,
    sealed_pan BLOB,
    fingerprint BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    model TEXT NOT NULL,
    -- pending, active or dead
    state TEXT NOT NULL,
    -- 1: the card was told by mail or telephone.
    by_mail INTEGER NOT NULL,
    network_reference TEXT,
    eci TEXT,
    cavv TEXT,
    ds_trans_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (account_id, live, token)
) STRICT, WITHOUT ROWID;
-- None of them has a column that changes, so that a use is noted in one place.
CREATE INDEX tokens_by_reference ON tokens (account_id, live, reference, created_at, token)
    WHERE reference IS NOT NULL;
CREATE INDEX tokens_by_card ON tokens (account_id, live, fingerprint);
CREATE INDEX tokens_of_site ON tokens (site_id);
