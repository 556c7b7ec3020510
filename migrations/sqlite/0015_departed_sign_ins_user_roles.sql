-- By what a deleted user is known at a sign-in: the link that they had, and their folded primary work address.
ALTER TABLE departed_users ADD COLUMN issuer TEXT;
ALTER TABLE departed_users ADD COLUMN subject TEXT;
ALTER TABLE departed_users ADD COLUMN address TEXT;

CREATE INDEX departed_users_link ON departed_users (directory_id, issuer, subject) WHERE issuer IS NOT NULL;
CREATE INDEX departed_users_address ON departed_users (directory_id, address) WHERE address IS NOT NULL;

-- The folded values of the roles of users, by which a directory may know its administrators.
CREATE TABLE user_roles (
    directory_id BLOB NOT NULL,
    value        TEXT NOT NULL,
    user_id      BLOB NOT NULL,
    PRIMARY KEY (directory_id, value, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_roles_user ON user_roles (directory_id, user_id);

INSERT OR IGNORE INTO user_roles (directory_id, value, user_id)
SELECT r.directory_id, json_extract(role.value, '$.value'), r.id
FROM resources r, json_each(r.search, '$.roles') role
WHERE r.type = 'User' AND json_type(role.value, '$.value') = 'text' AND length(json_extract(role.value, '$.value')) <= 200;
