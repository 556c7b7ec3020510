-- The outbox: e-mails to administrators, one row for each recipient. Written in the transaction of what they tell.
CREATE TABLE mails (
    id           BLOB    NOT NULL PRIMARY KEY,
    directory_id BLOB    NOT NULL REFERENCES directories (id) ON DELETE CASCADE,
    -- What it tells.
    kind         TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    text         TEXT    NOT NULL,
    html         TEXT    NOT NULL,
    created      INTEGER NOT NULL,
    -- pending, sent or parked.
    state        TEXT    NOT NULL,
    -- How often it was tried since it was written, or since it was last given a new try.
    attempts     INTEGER NOT NULL,
    -- When a pending one is due. While somebody sends it: when it would be due if they had died.
    next_attempt INTEGER NOT NULL,
    last_attempt INTEGER,
    -- After this time a failed attempt parks it.
    give_up      INTEGER NOT NULL,
    -- Why the last attempt failed.
    error        TEXT
) STRICT;

CREATE INDEX mails_due ON mails (next_attempt) WHERE state = 'pending';
CREATE INDEX mails_directory ON mails (directory_id, id);
