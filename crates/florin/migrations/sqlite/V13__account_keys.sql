-- Keys that open all sites of an account that are for tests, or all live ones. They sign nothing,
-- so that only a keyed hash of each is kept.
CREATE TABLE account_keys (
    account_id INTEGER NOT NULL,
    account_key_id INTEGER NOT NULL,
    mode TEXT NOT NULL,
    hash BLOB NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, account_key_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_keys_by_hash ON account_keys (hash);
