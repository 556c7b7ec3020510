-- A row for each directory whose users left: those who leave at the same time queue for it, so that they are counted right.
-- It keeps what a window is measured against.
CREATE TABLE guards (
    directory_id BLOB NOT NULL PRIMARY KEY,
    -- When the active users at the beginning of the window were last counted, and how many they were.
    measured     INTEGER NOT NULL,
    active_users INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The users whom an identity provider deactivated or deleted, each once, as long as a window looks back.
CREATE TABLE departures (
    directory_id BLOB NOT NULL,
    user_id      BLOB NOT NULL,
    time         INTEGER NOT NULL,
    -- When the user was made.
    user_created INTEGER NOT NULL,
    PRIMARY KEY (directory_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX departures_time ON departures (directory_id, time);

-- What guard rails stopped, until an administrator decides.
CREATE TABLE holds (
    id           BLOB NOT NULL PRIMARY KEY,
    directory_id BLOB NOT NULL,
    -- 'pending', 'approved' or 'rejected'.
    state        TEXT NOT NULL,
    -- The guard rail as the setting had it.
    guard_rail   TEXT NOT NULL,
    active_users INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    -- When its window ends; the decision begins another one.
    ends         INTEGER NOT NULL,
    decided      INTEGER,
    decided_by   BLOB
) STRICT;

CREATE INDEX holds_directory ON holds (directory_id, id);
CREATE INDEX holds_live ON holds (directory_id, state, ends);

-- The changes that are held, one for each user.
CREATE TABLE held_changes (
    hold_id       BLOB NOT NULL,
    user_id       BLOB NOT NULL,
    directory_id  BLOB NOT NULL,
    user_name     TEXT NOT NULL,
    -- 'deactivation' or 'deletion'.
    kind          TEXT NOT NULL,
    -- The changed top-level attributes, as an event tells them. Never a password.
    changes       TEXT NOT NULL,
    -- The token that last asked for it, and its request.
    credential_id BLOB NOT NULL,
    request_id    TEXT NOT NULL,
    first_asked   INTEGER NOT NULL,
    last_asked    INTEGER NOT NULL,
    times_asked   INTEGER NOT NULL,
    -- 'pending', 'applied', 'rejected' or 'failed'.
    outcome       TEXT NOT NULL,
    -- Why it failed.
    reason        TEXT,
    PRIMARY KEY (hold_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_changes_user ON held_changes (directory_id, user_id);
