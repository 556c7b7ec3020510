-- Events that are committed and have no number yet. They are moved from here to `events` when they get it, which so has each
-- row, and each entry of its indexes, written once. Replicas of the version before go on writing to `events` without a number.
CREATE TABLE pending_events (
    directory_id UUID   NOT NULL,
    position     BIGINT NOT NULL DEFAULT nextval('events_position'),
    id           UUID   NOT NULL,
    kind         TEXT   NOT NULL,
    subject      UUID   NOT NULL,
    version      BIGINT,
    time         BIGINT NOT NULL,
    actor        UUID,
    request_id   TEXT   NOT NULL,
    changes      TEXT   NOT NULL,
    person       TEXT,
    PRIMARY KEY (directory_id, position)
);
