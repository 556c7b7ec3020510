-- How the displayName and the family name of a user begin, folded: an administrator who types the beginning of a name finds them
-- among many. In columns, since an index of an expression is written anew by every change of the row. A user whom a replica of the
-- version before writes is found so from the next change of these names on.
DROP INDEX resources_display_begins;
DROP INDEX resources_family_begins;

ALTER TABLE resources ADD COLUMN display_begins TEXT;
ALTER TABLE resources ADD COLUMN family_begins TEXT;

UPDATE resources SET
    display_begins = substr(json_extract(search, '$.displayName'), 1, 100),
    family_begins = substr(json_extract(search, '$.name.familyName'), 1, 100)
WHERE type = 'User';

CREATE INDEX resources_display_begins ON resources (directory_id, type, display_begins) WHERE display_begins IS NOT NULL;
CREATE INDEX resources_family_begins ON resources (directory_id, type, family_begins) WHERE family_begins IS NOT NULL;
