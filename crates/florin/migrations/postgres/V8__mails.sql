-- What became of mails. That one is owed is a timer of its order, set in the commit that it tells
-- of; a row is made when it is written. On a test site the row is the mailbox: it holds the texts.
CREATE TABLE mails (
    site_id BIGINT NOT NULL,
    key BIGINT NOT NULL,
    name TEXT NOT NULL,
    order_id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    plain TEXT NOT NULL,
    html TEXT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    note TEXT,
    PRIMARY KEY (site_id, key, name)
);
CREATE INDEX mails_by_site ON mails (site_id, at);
CREATE INDEX mails_by_age ON mails (at);
