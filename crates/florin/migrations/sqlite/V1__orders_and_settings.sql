-- The first tables. One file serves one machine: rows of an order are kept together by its key,
-- which grows with time, so that they are appended at the right edge of their tables. The key is
-- unique across sites; site_id is there for what concerns a whole site.

CREATE TABLE orders (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL PRIMARY KEY,
    order_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    financial_status TEXT,
    currency TEXT NOT NULL,
    amount INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX orders_by_order_id ON orders (site_id, order_id);
CREATE INDEX orders_by_site ON orders (site_id, key);

-- Transaction ids of later attempts; the first one is the key of the order.
CREATE TABLE transactions (
    site_id INTEGER NOT NULL,
    transaction_id INTEGER NOT NULL PRIMARY KEY,
    key INTEGER NOT NULL
) STRICT;
CREATE INDEX transactions_by_order ON transactions (key);

CREATE TABLE events (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE cards (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    card_id INTEGER NOT NULL,
    sealed_pan BLOB NOT NULL,
    sealed_cvc BLOB,
    fingerprint BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    PRIMARY KEY (key, card_id)
) STRICT, WITHOUT ROWID;

-- due_at is null once nothing is due any more. A row is free when both due_at and lease_until
-- have passed, which is what the index is sorted by.
CREATE TABLE notifications (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at INTEGER,
    lease_until INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    first_attempt_at INTEGER,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_due ON notifications (max(due_at, lease_until))
    WHERE due_at IS NOT NULL;

CREATE TABLE deliveries (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    triggered_by TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    http_status INTEGER,
    latency_ms INTEGER NOT NULL,
    reply TEXT NOT NULL,
    error_class TEXT,
    PRIMARY KEY (key, seq, attempt, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE timers (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    kind TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    PRIMARY KEY (key, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due ON timers (max(due_at, lease_until));

CREATE TABLE advices (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    link TEXT NOT NULL,
    chain TEXT NOT NULL,
    due_at INTEGER,
    lease_until INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    first_attempt_at INTEGER,
    note TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX advices_due ON advices (max(due_at, lease_until)) WHERE due_at IS NOT NULL;

CREATE TABLE accounts (
    account_id INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sites (
    site_id INTEGER NOT NULL PRIMARY KEY,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    settings TEXT NOT NULL,
    clock_offset_ms INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    site_id INTEGER NOT NULL,
    api_key_id INTEGER NOT NULL,
    hash BLOB NOT NULL,
    sealed BLOB NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, api_key_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);

CREATE TABLE data_keys (
    data_key_id INTEGER NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- One row, counted up with every change to the four tables above.
CREATE TABLE settings_versions (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO settings_versions (only_row, version) VALUES (1, 1);

CREATE TABLE sequences (
    name TEXT NOT NULL PRIMARY KEY,
    next_number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
    node_id INTEGER NOT NULL PRIMARY KEY,
    lease_until INTEGER NOT NULL
) STRICT;
