-- How often the schemas of a directory have changed; 0, there have never been any.
ALTER TABLE directories ADD COLUMN schemas_version BIGINT NOT NULL DEFAULT 0;

-- Schemas beside the built-in ones.
CREATE TABLE schemas (
    directory_id  UUID             NOT NULL,
    -- The URN, folded.
    urn           TEXT COLLATE "C" NOT NULL,
    resource_type TEXT             NOT NULL,
    -- Whether resources must have values of it.
    required      BOOLEAN          NOT NULL,
    created       BIGINT           NOT NULL,
    -- SCIM's own JSON form.
    definition    TEXT             NOT NULL,
    PRIMARY KEY (directory_id, urn)
);

-- What nobody else of the type may have, by those schemas.
CREATE TABLE unique_values (
    directory_id  UUID             NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    attribute     TEXT COLLATE "C" NOT NULL,
    value         TEXT COLLATE "C" NOT NULL,
    resource_id   UUID             NOT NULL,
    PRIMARY KEY (directory_id, resource_type, attribute, value)
);

CREATE INDEX unique_values_resource ON unique_values (directory_id, resource_id);
