-- Events are numbered for each directory. They are inserted without a number, so that no writer waits for another one, and
-- numbered once they are committed. What belongs to no directory has the id that is all zeros.
CREATE SEQUENCE events_position;

ALTER TABLE events DROP CONSTRAINT events_number_key;
DROP INDEX events_directory;
DROP INDEX events_unnumbered;
UPDATE events SET directory_id = '00000000-0000-0000-0000-000000000000' WHERE directory_id IS NULL;
ALTER TABLE events ALTER COLUMN directory_id SET NOT NULL;
-- In the order of insertion, in which the changes of one resource stand as they happened: who inserts holds its row.
ALTER TABLE events ADD COLUMN position BIGINT NOT NULL DEFAULT nextval('events_position');

CREATE UNIQUE INDEX events_number ON events (directory_id, number) WHERE number IS NOT NULL;
CREATE INDEX events_pending ON events (directory_id, position) WHERE number IS NULL;

-- The events of a directory, as a whole.
CREATE TABLE event_streams (
    directory_id UUID   NOT NULL PRIMARY KEY,
    -- The number of the last event that was deleted for its age; 0, none was.
    expired      BIGINT NOT NULL
);

-- Which event last changed each top-level attribute: {"name": ["event", µs, "credential"]}; "*" stands for every attribute
-- that is not named.
ALTER TABLE resources ADD COLUMN provenance JSONB NOT NULL DEFAULT '{}';
