-- Who signs in as which user: the subject that an issuer has named, once for all. Two first sign-ins at once are told apart
-- by these keys: one of them is written.
CREATE TABLE sign_in_links (
    directory_id BLOB    NOT NULL,
    issuer       TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    user_id      BLOB    NOT NULL,
    -- Of the first sign-in: 'saml', 'oidc', 'jwt' or 'ldap'.
    protocol     TEXT    NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (directory_id, issuer, subject)
) STRICT, WITHOUT ROWID;

-- A user is claimed once.
CREATE UNIQUE INDEX sign_in_links_user ON sign_in_links (directory_id, user_id);

-- Which first sign-ins may create an account, in order: the first rule that matches decides.
CREATE TABLE provisioning_rules (
    directory_id BLOB    NOT NULL,
    -- From 1 on, without gaps.
    position     INTEGER NOT NULL,
    id           BLOB    NOT NULL,
    -- 'allow' or 'refuse'.
    effect       TEXT    NOT NULL,
    -- What a sign-in must have for the rule to match, as JSON.
    conditions   TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (directory_id, position)
) STRICT, WITHOUT ROWID;

-- Whether an identity provider manages the user: it has made it by SCIM, or written to it. Users of a time when there was
-- nothing but SCIM are managed.
ALTER TABLE resources ADD COLUMN scim_managed INTEGER NOT NULL DEFAULT 1;
