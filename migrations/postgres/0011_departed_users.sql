-- The users who were deleted, until they are purged: what is needed to know them again when they return. They are in no
-- other table any more, so that no query has to pass over them.
CREATE TABLE departed_users (
    directory_id UUID             NOT NULL,
    id           UUID             NOT NULL,
    -- The version that they had.
    version      BIGINT           NOT NULL,
    created      BIGINT           NOT NULL,
    deleted      BIGINT           NOT NULL,
    unique_name  TEXT COLLATE "C" NOT NULL,
    external_id  TEXT COLLATE "C",
    origin       TEXT,
    document     TEXT             NOT NULL,
    PRIMARY KEY (directory_id, id)
);

CREATE INDEX departed_users_unique_name ON departed_users (directory_id, unique_name);
CREATE INDEX departed_users_external_id ON departed_users (directory_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX departed_users_deleted ON departed_users (directory_id, deleted);
