-- What administrators changed. Rows are added, and never changed or deleted: also not with their directory.
CREATE TABLE audit_records (
    -- That of the event.
    id           BLOB    NOT NULL PRIMARY KEY,
    time         INTEGER NOT NULL,
    directory_id BLOB,
    -- The name of the directory, which stays when it is gone.
    directory    TEXT,
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    -- The credential that made the change, as it was then; NULL for Rollcall itself.
    actor        BLOB,
    actor_kind   TEXT,
    actor_prefix TEXT,
    actor_name   TEXT,
    request_id   TEXT    NOT NULL,
    changes      TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_records_directory ON audit_records (directory_id, id);

-- SCIM requests, in the order in which they were recorded.
CREATE TABLE activity (
    -- All zeroes: of requests whose credential is of no directory.
    directory_id  BLOB    NOT NULL,
    id            BLOB    NOT NULL,
    -- When the request came in, and how many µs it took.
    time          INTEGER NOT NULL,
    duration      INTEGER NOT NULL,
    method        TEXT    NOT NULL,
    path          TEXT    NOT NULL,
    query         TEXT,
    -- What it was about: 'User' or 'Group', and the id as it was sent or given.
    target_type   TEXT,
    target_id     TEXT,
    status        INTEGER NOT NULL,
    scim_type     TEXT,
    detail        TEXT,
    credential_id BLOB,
    token_prefix  TEXT,
    client        TEXT    NOT NULL,
    user_agent    TEXT,
    request_id    TEXT    NOT NULL,
    -- A JSON array of texts.
    notes         TEXT,
    PRIMARY KEY (directory_id, id)
) STRICT, WITHOUT ROWID;

-- The bodies of those requests that have some, apart, so that a list reads none of them.
CREATE TABLE activity_bodies (
    directory_id   BLOB    NOT NULL,
    id             BLOB    NOT NULL,
    request        TEXT,
    -- Whether there was more of it.
    request_cut    INTEGER NOT NULL,
    -- How long the body was, in bytes.
    request_bytes  INTEGER NOT NULL,
    response       TEXT,
    response_cut   INTEGER NOT NULL,
    response_bytes INTEGER NOT NULL,
    PRIMARY KEY (directory_id, id)
) STRICT, WITHOUT ROWID;

-- When the identity provider of a directory was last heard of.
CREATE TABLE connections (
    directory_id      BLOB    NOT NULL PRIMARY KEY,
    -- How many rows of activity there are.
    entries           INTEGER NOT NULL,
    last_seen         INTEGER NOT NULL,
    last_success      INTEGER,
    last_error        INTEGER,
    last_error_status INTEGER,
    last_error_detail TEXT,
    -- The row of activity, while it is kept.
    last_error_id     BLOB
) STRICT, WITHOUT ROWID;
