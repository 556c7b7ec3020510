-- The user that a credential stands for, as /Me has it; NULL, none.
ALTER TABLE credentials ADD COLUMN user_id UUID;
-- The OAuth client that a client secret or an access token is of.
ALTER TABLE credentials ADD COLUMN client_id UUID;
-- Of an access token, the client secret that it was issued for.
ALTER TABLE credentials ADD COLUMN secret_id UUID;
-- When it was last used, and from which address. Written a while later, many at once.
ALTER TABLE credentials ADD COLUMN used BIGINT;
ALTER TABLE credentials ADD COLUMN used_from TEXT;
-- How many days before its end administrators were last warned of it.
ALTER TABLE credentials ADD COLUMN warned_days BIGINT;

CREATE INDEX credentials_client ON credentials (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX credentials_expires ON credentials (kind, expires) WHERE expires IS NOT NULL;

-- OAuth 2.0 clients (RFC 6749 §4.4), whose access tokens count as SCIM tokens of their directory.
CREATE TABLE oauth_clients (
    id           UUID    NOT NULL PRIMARY KEY,
    directory_id UUID    NOT NULL REFERENCES directories (id),
    name         TEXT    NOT NULL,
    created      BIGINT  NOT NULL
);

CREATE INDEX oauth_clients_directory ON oauth_clients (directory_id, created);

-- Directories that were deleted a short while ago: what a write that was under way then has left behind is deleted too.
CREATE TABLE deleted_directories (
    id      UUID    NOT NULL PRIMARY KEY,
    deleted BIGINT  NOT NULL
);
