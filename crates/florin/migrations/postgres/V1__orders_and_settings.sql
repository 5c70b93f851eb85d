-- The first tables. Everything of an order lives under its site: site_id comes first in every
-- key, so that the database can be split by site. Keys grow with time, so that rows are appended
-- at the right edge of their indexes. Changing columns of orders are in no index, and pages keep
-- some room, so that an update stays inside its page.

CREATE TABLE orders (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    order_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL,
    financial_status TEXT,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (site_id, key)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX orders_by_order_id ON orders (site_id, order_id);

-- Transaction ids of later attempts; the first one is the key of the order.
CREATE TABLE transactions (
    site_id BIGINT NOT NULL,
    transaction_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    PRIMARY KEY (site_id, transaction_id)
);
CREATE INDEX transactions_by_order ON transactions (site_id, key);

CREATE TABLE events (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (site_id, key, seq)
);

CREATE TABLE cards (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    card_id INTEGER NOT NULL,
    sealed_pan BYTEA NOT NULL,
    sealed_cvc BYTEA,
    fingerprint BYTEA NOT NULL,
    key_id INTEGER NOT NULL,
    PRIMARY KEY (site_id, key, card_id)
);

-- due_at is null once nothing is due any more. A row is free when both due_at and lease_until
-- have passed, which is what the index is sorted by.
CREATE TABLE notifications (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT,
    lease_until BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    first_attempt_at BIGINT,
    PRIMARY KEY (site_id, key, seq)
);
CREATE INDEX notifications_due ON notifications (GREATEST(due_at, lease_until))
    WHERE due_at IS NOT NULL;

CREATE TABLE deliveries (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at BIGINT NOT NULL,
    triggered_by TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    http_status INTEGER,
    latency_ms BIGINT NOT NULL,
    reply TEXT NOT NULL,
    error_class TEXT,
    PRIMARY KEY (site_id, key, seq, attempt, at)
);

CREATE TABLE timers (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    kind TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    PRIMARY KEY (site_id, key, kind)
);
CREATE INDEX timers_due ON timers (GREATEST(due_at, lease_until));

CREATE TABLE advices (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    link TEXT NOT NULL,
    chain TEXT NOT NULL,
    due_at BIGINT,
    lease_until BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    first_attempt_at BIGINT,
    note TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (site_id, key, seq)
);
CREATE INDEX advices_due ON advices (GREATEST(due_at, lease_until)) WHERE due_at IS NOT NULL;

CREATE TABLE accounts (
    account_id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sites (
    site_id BIGINT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    settings TEXT NOT NULL,
    clock_offset_ms BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE api_keys (
    site_id BIGINT NOT NULL,
    api_key_id BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    label TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (site_id, api_key_id)
);
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (hash);

CREATE TABLE data_keys (
    data_key_id INTEGER NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- One row, counted up with every change to the four tables above.
CREATE TABLE settings_versions (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version BIGINT NOT NULL
);
INSERT INTO settings_versions (only_row, version) VALUES (1, 1);

CREATE TABLE sequences (
    name TEXT NOT NULL PRIMARY KEY,
    next_number BIGINT NOT NULL
);

CREATE TABLE nodes (
    node_id INTEGER NOT NULL PRIMARY KEY,
    lease_until BIGINT NOT NULL
);
