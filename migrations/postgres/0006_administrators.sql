-- Who of the users is an administrator of the application: marked by an administrator, never by an attribute.
ALTER TABLE resources ADD COLUMN administrator BOOLEAN NOT NULL DEFAULT FALSE;
-- Where a user came from: 'scim', 'sso' or 'admin'. NULL is a group, or a user of a time when there was nothing but SCIM.
ALTER TABLE resources ADD COLUMN origin TEXT;

CREATE INDEX resources_administrators ON resources (directory_id, id) WHERE administrator;
