-- Calls in which gateways reported, so that one that is sent again, since its answer was late, is recorded once.
CREATE TABLE recorded_calls (
    id   TEXT    NOT NULL PRIMARY KEY,
    time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX recorded_calls_time ON recorded_calls (time);
