-- The events of one user, group or other subject, in order: its history.
CREATE INDEX events_subject ON events (directory_id, subject, number);

-- Who deleted a user; NULL for Rollcall itself, and where it is not known any more.
ALTER TABLE departed_users ADD COLUMN deleted_by BLOB;
-- Whether an identity provider managed the user.
ALTER TABLE departed_users ADD COLUMN scim_managed INTEGER NOT NULL DEFAULT 0;

UPDATE departed_users SET deleted_by = (
    SELECT e.actor FROM events e
    WHERE e.directory_id = departed_users.directory_id AND e.subject = departed_users.id AND e.kind = 'user.deleted'
    ORDER BY e.time DESC LIMIT 1
);

-- What people are called by begins so: an administrator who types the beginning of a name finds them among many. A name may be
-- longer than what an index holds.
CREATE INDEX resources_display_begins ON resources (directory_id, type, substr(json_extract(search, '$.displayName'), 1, 100));
CREATE INDEX resources_family_begins ON resources (directory_id, type, substr(json_extract(search, '$.name.familyName'), 1, 100));
