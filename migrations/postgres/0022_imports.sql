-- Directories that are being imported, until all of a file is in them.
CREATE TABLE imports (
    directory_id UUID   NOT NULL PRIMARY KEY,
    -- SHA-256 of the file, in hexadecimal digits.
    digest       TEXT   NOT NULL,
    -- How many of its lines are in the directory.
    lines        BIGINT NOT NULL
);
