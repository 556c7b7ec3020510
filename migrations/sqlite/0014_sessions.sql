-- Who is signed in to the console. A session acts as the credential that it was made with, and counts no longer than that.
CREATE TABLE sessions (
    id            BLOB    NOT NULL PRIMARY KEY,
    credential_id BLOB    NOT NULL,
    -- SHA-256 of the secret.
    hash          BLOB    NOT NULL UNIQUE,
    -- Who it is, for people.
    name          TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    -- When it was last used, give or take a minute.
    used          INTEGER NOT NULL,
    -- When it ends, used or not.
    expires       INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_credential ON sessions (credential_id, created);
