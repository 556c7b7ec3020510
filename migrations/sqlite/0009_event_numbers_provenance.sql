-- Events are numbered for each directory, as they are written. What belongs to no directory has the id that is all zeros.
CREATE TABLE numbered_events (
    directory_id BLOB    NOT NULL,
    number       INTEGER NOT NULL,
    id           BLOB    NOT NULL UNIQUE,
    kind         TEXT    NOT NULL,
    subject      BLOB    NOT NULL,
    version      INTEGER,
    time         INTEGER NOT NULL,
    -- The credential that made the change; NULL for Rollcall itself.
    actor        BLOB,
    request_id   TEXT    NOT NULL,
    changes      TEXT    NOT NULL
) STRICT;

INSERT INTO numbered_events
SELECT COALESCE(directory_id, zeroblob(16)), ROW_NUMBER() OVER (PARTITION BY directory_id ORDER BY number),
    id, kind, subject, version, time, actor, request_id, changes
FROM events ORDER BY number;

DROP TABLE events;
ALTER TABLE numbered_events RENAME TO events;
CREATE UNIQUE INDEX events_number ON events (directory_id, number);

-- The events of a directory, as a whole.
CREATE TABLE event_streams (
    directory_id BLOB    NOT NULL PRIMARY KEY,
    -- The number of the last event that was deleted for its age; 0, none was.
    expired      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Which event last changed each top-level attribute: {"name": ["event", µs, "credential"]}; "*" stands for every attribute
-- that is not named.
ALTER TABLE resources ADD COLUMN provenance TEXT NOT NULL DEFAULT '{}';
