-- What the life of a payment after its authorization needs: a journal with seals, attempts for
-- counting, answers to repeated requests, and evidence.

-- Double-entry bookkeeping of an order. Rows are only ever appended.
CREATE TABLE journal (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    seq INTEGER NOT NULL,
    at BIGINT NOT NULL,
    booked_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    postings TEXT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (site_id, key, seq)
);
-- Grows at its right edge. Rows of one instant are few, so they are sorted when they are read.
CREATE INDEX journal_by_time ON journal (site_id, booked_at);

CREATE TABLE journal_seals (
    site_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    until BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (site_id, number)
);

-- Who tried to pay with what. Kept only as long as it is counted, and sorted by time, so that old
-- rows leave at the left edge.
CREATE TABLE attempts (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    at BIGINT NOT NULL,
    ip TEXT,
    email BYTEA,
    bin TEXT NOT NULL,
    card BYTEA NOT NULL,
    amount BIGINT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (site_id, at, key, attempt)
);
CREATE INDEX attempts_by_ip ON attempts (site_id, ip, at) WHERE ip IS NOT NULL;
CREATE INDEX attempts_by_email ON attempts (site_id, email, at) WHERE email IS NOT NULL;
CREATE INDEX attempts_by_bin ON attempts (site_id, bin, at);
CREATE INDEX attempts_by_card ON attempts (site_id, card, at);

-- Requests that carry an idempotency key. An answer is written into its row, which is why pages
-- keep some room.
CREATE TABLE idempotency (
    site_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (site_id, idempotency_key)
) WITH (fillfactor = 70);
CREATE INDEX idempotency_by_age ON idempotency (created_at);

-- Evidence of a dispute. The server keeps large values apart from the row by itself.
CREATE TABLE files (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    file_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    at BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (site_id, key, file_id)
);

-- Lists such as that of the payments on hold. Sorted by bytes, so that kinds with the same
-- beginning stand together whatever the language of the database.
CREATE INDEX timers_by_kind ON timers (site_id, kind COLLATE "C", due_at);

-- Which part of its order a notification tells of: 0 is the order itself. A newer one replaces
-- older ones of the same part only.
ALTER TABLE notifications ADD COLUMN subject integer NOT NULL DEFAULT 0;
