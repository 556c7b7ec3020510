-- Who is signed in to the console. A session acts as the credential that it was made with, and counts no longer than that.
CREATE TABLE sessions (
    id            UUID   NOT NULL PRIMARY KEY,
    credential_id UUID   NOT NULL,
    -- SHA-256 of the secret.
    hash          BYTEA  NOT NULL UNIQUE,
    -- Who it is, for people.
    name          TEXT   NOT NULL,
    created       BIGINT NOT NULL,
    -- When it was last used, give or take a minute.
    used          BIGINT NOT NULL,
    -- When it ends, used or not.
    expires       BIGINT NOT NULL
);

CREATE INDEX sessions_credential ON sessions (credential_id, created);
