-- Keys that open all sites of an account that are for tests, or all live ones. They sign nothing,
-- so that only a keyed hash of each is kept.
CREATE TABLE account_keys (
    account_id BIGINT NOT NULL,
    account_key_id BIGINT NOT NULL,
    mode TEXT NOT NULL,
    hash BYTEA NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, account_key_id)
);
CREATE UNIQUE INDEX account_keys_by_hash ON account_keys (hash);
