-- By what a deleted user is known at a sign-in: the link that they had, and their folded primary work address.
ALTER TABLE departed_users ADD COLUMN issuer TEXT COLLATE "C";
ALTER TABLE departed_users ADD COLUMN subject TEXT COLLATE "C";
ALTER TABLE departed_users ADD COLUMN address TEXT COLLATE "C";

CREATE INDEX departed_users_link ON departed_users (directory_id, issuer, subject) WHERE issuer IS NOT NULL;
CREATE INDEX departed_users_address ON departed_users (directory_id, address) WHERE address IS NOT NULL;

-- The folded values of the roles of users, by which a directory may know its administrators.
CREATE TABLE user_roles (
    directory_id UUID             NOT NULL,
    value        TEXT COLLATE "C" NOT NULL,
    user_id      UUID             NOT NULL,
    PRIMARY KEY (directory_id, value, user_id)
);

CREATE INDEX user_roles_user ON user_roles (directory_id, user_id);

INSERT INTO user_roles (directory_id, value, user_id)
SELECT DISTINCT r.directory_id, role ->> 'value', r.id
FROM resources r
CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(r.search -> 'roles') = 'array' THEN r.search -> 'roles' ELSE '[]'::jsonb END
) AS entry (role)
WHERE r.type = 'User' AND jsonb_typeof(role -> 'value') = 'string' AND length(role ->> 'value') <= 200;
