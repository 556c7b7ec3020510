-- Times are microseconds since 1970. Names that are compared without regard to case are stored folded.
-- What is written with every change has no foreign keys: the core writes it whole, and each check costs a look-up or a lock.

CREATE TABLE directories (
    id             BLOB    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL UNIQUE,
    profile        TEXT    NOT NULL,
    scim_enabled   INTEGER NOT NULL,
    groups_enabled INTEGER NOT NULL,
    created        INTEGER NOT NULL,
    modified       INTEGER NOT NULL
) STRICT;

-- Users and groups.
CREATE TABLE resources (
    directory_id BLOB    NOT NULL,
    -- 'User' or 'Group'.
    type         TEXT    NOT NULL,
    id           BLOB    NOT NULL,
    version      INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    modified     INTEGER NOT NULL,
    -- What nobody else of the type may be called: of a user the userName, of a group the displayName where the directory
    -- wants it to be unique.
    unique_name  TEXT,
    -- Of a group the displayName.
    display_name TEXT,
    external_id  TEXT,
    -- What people call it: the displayName.
    label        TEXT,
    active       INTEGER,
    -- The attributes as clients see them.
    document     TEXT    NOT NULL,
    -- The same tree in the form that filters compare.
    search       TEXT    NOT NULL
) STRICT;

-- Narrow, so that a page far down the list walks this index and not the documents.
CREATE UNIQUE INDEX resources_id ON resources (directory_id, type, id);
CREATE UNIQUE INDEX resources_unique_name ON resources (directory_id, type, unique_name);
CREATE INDEX resources_display_name ON resources (directory_id, display_name) WHERE display_name IS NOT NULL;
CREATE INDEX resources_external_id ON resources (directory_id, type, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX resources_inactive ON resources (directory_id, type, id) WHERE NOT active;
CREATE INDEX resources_created ON resources (directory_id, type, created, id);
CREATE INDEX resources_modified ON resources (directory_id, type, modified, id);

-- The e-mail addresses of users.
CREATE TABLE emails (
    directory_id BLOB    NOT NULL,
    value        TEXT    NOT NULL,
    user_id      BLOB    NOT NULL,
    PRIMARY KEY (directory_id, value, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX emails_user ON emails (directory_id, user_id);

-- Who is a member of which group: a row a membership, so that changing one costs the same in a group of any size.
CREATE TABLE members (
    directory_id BLOB NOT NULL,
    group_id     BLOB NOT NULL,
    member_id    BLOB NOT NULL,
    -- The type of the member: 'User' or 'Group'.
    member_type  TEXT NOT NULL,
    PRIMARY KEY (directory_id, group_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_member ON members (directory_id, member_id, group_id);

-- How many resources of a type a directory has: the sum over its shards, so that writers do not queue for one row.
CREATE TABLE totals (
    directory_id BLOB    NOT NULL,
    type         TEXT    NOT NULL,
    shard        INTEGER NOT NULL,
    total        INTEGER NOT NULL,
    PRIMARY KEY (directory_id, type, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    id           BLOB    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    directory_id BLOB REFERENCES directories (id),
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    -- SHA-256 of the secret.
    hash         BLOB    NOT NULL UNIQUE,
    -- Names, separated by spaces.
    scopes       TEXT    NOT NULL,
    created      INTEGER NOT NULL,
    expires      INTEGER,
    revoked      INTEGER
) STRICT;

CREATE INDEX credentials_kind ON credentials (kind, directory_id, created);

CREATE TABLE events (
    -- In commit order.
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           BLOB    NOT NULL UNIQUE,
    directory_id BLOB,
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    version      INTEGER,
    time         INTEGER NOT NULL,
    -- The credential that made the change; NULL for Rollcall itself.
    actor        BLOB,
    request_id   TEXT    NOT NULL,
    changes      TEXT    NOT NULL
) STRICT;

CREATE INDEX events_directory ON events (directory_id, number);

CREATE TABLE shared_keys (
    name    TEXT    NOT NULL PRIMARY KEY,
    key     BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT;
