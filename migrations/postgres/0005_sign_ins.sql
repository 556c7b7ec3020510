-- Who signs in as which user: the subject that an issuer has named, once for all. Two first sign-ins at once are told apart
-- by these keys: one of them is written.
CREATE TABLE sign_in_links (
    directory_id UUID             NOT NULL,
    issuer       TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    user_id      UUID             NOT NULL,
    -- Of the first sign-in: 'saml', 'oidc', 'jwt' or 'ldap'.
    protocol     TEXT             NOT NULL,
    created      BIGINT           NOT NULL,
    PRIMARY KEY (directory_id, issuer, subject)
);

-- A user is claimed once.
CREATE UNIQUE INDEX sign_in_links_user ON sign_in_links (directory_id, user_id);

-- Which first sign-ins may create an account, in order: the first rule that matches decides.
CREATE TABLE provisioning_rules (
    directory_id UUID   NOT NULL,
    -- From 1 on, without gaps.
    position     BIGINT NOT NULL,
    id           UUID   NOT NULL,
    -- 'allow' or 'refuse'.
    effect       TEXT   NOT NULL,
    -- What a sign-in must have for the rule to match, as JSON.
    conditions   TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    created      BIGINT NOT NULL,
    PRIMARY KEY (directory_id, position)
);

-- Whether an identity provider manages the user: it has made it by SCIM, or written to it. Users of a time when there was
-- nothing but SCIM are managed.
ALTER TABLE resources ADD COLUMN scim_managed BOOLEAN NOT NULL DEFAULT TRUE;
