-- What a directory wants otherwise than its profile has it, as JSON.
ALTER TABLE directories ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- The passwords of the users of directories that keep them. No query reads them beside others' attributes, and so they
-- are in no document.
CREATE TABLE passwords (
    directory_id UUID NOT NULL,
    user_id      UUID NOT NULL,
    -- Argon2id, in PHC's string form.
    hash         TEXT NOT NULL,
    PRIMARY KEY (directory_id, user_id)
);
