-- The users who were deleted, until they are purged: what is needed to know them again when they return. They are in no
-- other table any more, so that no query has to pass over them.
CREATE TABLE departed_users (
    directory_id BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    -- The version that they had.
    version      INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    deleted      INTEGER NOT NULL,
    unique_name  TEXT    NOT NULL,
    external_id  TEXT,
    origin       TEXT,
    document     TEXT    NOT NULL,
    PRIMARY KEY (directory_id, id)
) STRICT;

CREATE INDEX departed_users_unique_name ON departed_users (directory_id, unique_name);
CREATE INDEX departed_users_external_id ON departed_users (directory_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX departed_users_deleted ON departed_users (directory_id, deleted);
