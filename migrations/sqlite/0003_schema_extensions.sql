-- How often the schemas of a directory have changed; 0, there have never been any.
ALTER TABLE directories ADD COLUMN schemas_version INTEGER NOT NULL DEFAULT 0;

-- Schemas beside the built-in ones.
CREATE TABLE schemas (
    directory_id  BLOB    NOT NULL,
    -- The URN, folded.
    urn           TEXT    NOT NULL,
    resource_type TEXT    NOT NULL,
    -- Whether resources must have values of it.
    required      INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    -- SCIM's own JSON form.
    definition    TEXT    NOT NULL,
    PRIMARY KEY (directory_id, urn)
) STRICT, WITHOUT ROWID;

-- What nobody else of the type may have, by those schemas.
CREATE TABLE unique_values (
    directory_id  BLOB NOT NULL,
    resource_type TEXT NOT NULL,
    attribute     TEXT NOT NULL,
    value         TEXT NOT NULL,
    resource_id   BLOB NOT NULL,
    PRIMARY KEY (directory_id, resource_type, attribute, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX unique_values_resource ON unique_values (directory_id, resource_id);
