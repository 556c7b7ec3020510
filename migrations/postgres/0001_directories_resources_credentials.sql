-- Times are microseconds since 1970. Names that are compared without regard to case are stored folded.
-- What is written with every change has no foreign keys: the core writes it whole, and each check costs a look-up or a lock.

CREATE TABLE directories (
    id             UUID             NOT NULL PRIMARY KEY,
    name           TEXT COLLATE "C" NOT NULL UNIQUE,
    profile        TEXT             NOT NULL,
    scim_enabled   BOOLEAN          NOT NULL,
    groups_enabled BOOLEAN          NOT NULL,
    created        BIGINT           NOT NULL,
    modified       BIGINT           NOT NULL
);

-- Users and groups.
CREATE TABLE resources (
    directory_id UUID             NOT NULL,
    -- 'User' or 'Group'.
    type         TEXT COLLATE "C" NOT NULL,
    id           UUID             NOT NULL,
    version      BIGINT           NOT NULL,
    created      BIGINT           NOT NULL,
    modified     BIGINT           NOT NULL,
    -- What nobody else of the type may be called: of a user the userName, of a group the displayName where the directory
    -- wants it to be unique.
    unique_name  TEXT COLLATE "C",
    -- Of a group the displayName.
    display_name TEXT COLLATE "C",
    external_id  TEXT COLLATE "C",
    -- What people call it: the displayName.
    label        TEXT,
    active       BOOLEAN,
    -- The attributes as clients see them.
    document     TEXT             NOT NULL,
    -- The same tree in the form that filters compare.
    search       JSONB            NOT NULL,
    -- Narrow, so that a page far down the list walks this index and not the documents.
    CONSTRAINT resources_id PRIMARY KEY (directory_id, type, id)
);

CREATE UNIQUE INDEX resources_unique_name ON resources (directory_id, type, unique_name);
CREATE INDEX resources_display_name ON resources (directory_id, display_name) WHERE display_name IS NOT NULL;
CREATE INDEX resources_external_id ON resources (directory_id, type, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX resources_inactive ON resources (directory_id, type, id) WHERE NOT active;
CREATE INDEX resources_created ON resources (directory_id, type, created, id);
CREATE INDEX resources_modified ON resources (directory_id, type, modified, id);

-- The e-mail addresses of users.
CREATE TABLE emails (
    directory_id UUID             NOT NULL,
    value        TEXT COLLATE "C" NOT NULL,
    user_id      UUID             NOT NULL,
    PRIMARY KEY (directory_id, value, user_id)
);

CREATE INDEX emails_user ON emails (directory_id, user_id);

-- Who is a member of which group: a row a membership, so that changing one costs the same in a group of any size.
CREATE TABLE members (
    directory_id UUID NOT NULL,
    group_id     UUID NOT NULL,
    member_id    UUID NOT NULL,
    -- The type of the member: 'User' or 'Group'.
    member_type  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (directory_id, group_id, member_id)
);

CREATE INDEX members_member ON members (directory_id, member_id, group_id);

-- How many resources of a type a directory has: the sum over its shards, so that writers do not queue for one row.
CREATE TABLE totals (
    directory_id UUID             NOT NULL,
    type         TEXT COLLATE "C" NOT NULL,
    shard        BIGINT           NOT NULL,
    total        BIGINT           NOT NULL,
    PRIMARY KEY (directory_id, type, shard)
);

CREATE TABLE credentials (
    id           UUID   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,
    directory_id UUID REFERENCES directories (id),
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,
    -- SHA-256 of the secret.
    hash         BYTEA  NOT NULL UNIQUE,
    -- Names, separated by spaces.
    scopes       TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    expires      BIGINT,
    revoked      BIGINT
);

CREATE INDEX credentials_kind ON credentials (kind, directory_id, created);

CREATE TABLE events (
    id           UUID   NOT NULL PRIMARY KEY,
    -- In commit order; NULL until it is sequenced.
    number       BIGINT UNIQUE,
    directory_id UUID,
    kind         TEXT   NOT NULL,
    subject      UUID   NOT NULL,
    version      BIGINT,
    time         BIGINT NOT NULL,
    -- The credential that made the change; NULL for Rollcall itself.
    actor        UUID,
    request_id   TEXT   NOT NULL,
    changes      TEXT   NOT NULL
);

CREATE INDEX events_directory ON events (directory_id, number);
CREATE INDEX events_unnumbered ON events (time) WHERE number IS NULL;

CREATE TABLE shared_keys (
    name    TEXT   NOT NULL PRIMARY KEY,
    key     BYTEA  NOT NULL,
    created BIGINT NOT NULL
);
