-- What the life of a payment after its authorization needs: a journal with seals, attempts for
-- counting, answers to repeated requests, and evidence.

-- Double-entry bookkeeping of an order. Rows are only ever appended.
CREATE TABLE journal (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    booked_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    postings TEXT NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (key, seq)
) STRICT, WITHOUT ROWID;
-- Ends with the primary key, so that it is sorted as the journal is read.
CREATE INDEX journal_by_time ON journal (site_id, booked_at);

CREATE TABLE journal_seals (
    site_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    until INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (site_id, number)
) STRICT, WITHOUT ROWID;

-- Who tried to pay with what. Kept only as long as it is counted, and sorted by time, so that old
-- rows leave at the left edge.
CREATE TABLE attempts (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ip TEXT,
    email BLOB,
    bin TEXT NOT NULL,
    card BLOB NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (at, key, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_ip ON attempts (site_id, ip, at) WHERE ip IS NOT NULL;
CREATE INDEX attempts_by_email ON attempts (site_id, email, at) WHERE email IS NOT NULL;
CREATE INDEX attempts_by_bin ON attempts (site_id, bin, at);
CREATE INDEX attempts_by_card ON attempts (site_id, card, at);

-- Requests that carry an idempotency key. Rows are appended in the sequence in which they leave.
CREATE TABLE idempotency (
    site_id INTEGER NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (site_id, idempotency_key)
) STRICT;

-- Evidence of a dispute. Read as a whole and rarely, so it lies apart from everything else.
CREATE TABLE files (
    site_id INTEGER NOT NULL,
    key INTEGER NOT NULL,
    file_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (key, file_id)
) STRICT;

-- Lists such as that of the payments on hold.
CREATE INDEX timers_by_kind ON timers (site_id, kind, due_at);

-- Which part of its order a notification tells of: 0 is the order itself. A newer one replaces
-- older ones of the same part only.
ALTER TABLE notifications ADD COLUMN subject INTEGER NOT NULL DEFAULT 0;
