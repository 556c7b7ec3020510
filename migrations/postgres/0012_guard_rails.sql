-- A row for each directory whose users left: those who leave at the same time queue for it, so that they are counted right.
-- It keeps what a window is measured against.
CREATE TABLE guards (
    directory_id UUID NOT NULL PRIMARY KEY,
    -- When the active users at the beginning of the window were last counted, and how many they were.
    measured     BIGINT NOT NULL,
    active_users BIGINT NOT NULL
);

-- The users whom an identity provider deactivated or deleted, each once, as long as a window looks back.
CREATE TABLE departures (
    directory_id UUID NOT NULL,
    user_id      UUID NOT NULL,
    time         BIGINT NOT NULL,
    -- When the user was made.
    user_created BIGINT NOT NULL,
    PRIMARY KEY (directory_id, user_id)
);

CREATE INDEX departures_time ON departures (directory_id, time);

-- What guard rails stopped, until an administrator decides.
CREATE TABLE holds (
    id           UUID NOT NULL PRIMARY KEY,
    directory_id UUID NOT NULL,
    -- 'pending', 'approved' or 'rejected'.
    state        TEXT NOT NULL,
    -- The guard rail as the setting had it.
    guard_rail   TEXT NOT NULL,
    active_users BIGINT NOT NULL,
    created      BIGINT NOT NULL,
    -- When its window ends; the decision begins another one.
    ends         BIGINT NOT NULL,
    decided      BIGINT,
    decided_by   UUID
);

CREATE INDEX holds_directory ON holds (directory_id, id);
CREATE INDEX holds_live ON holds (directory_id, state, ends);

-- The changes that are held, one for each user.
CREATE TABLE held_changes (
    hold_id       UUID NOT NULL,
    user_id       UUID NOT NULL,
    directory_id  UUID NOT NULL,
    user_name     TEXT NOT NULL,
    -- 'deactivation' or 'deletion'.
    kind          TEXT NOT NULL,
    -- The changed top-level attributes, as an event tells them. Never a password.
    changes       TEXT NOT NULL,
    -- The token that last asked for it, and its request.
    credential_id UUID NOT NULL,
    request_id    TEXT NOT NULL,
    first_asked   BIGINT NOT NULL,
    last_asked    BIGINT NOT NULL,
    times_asked   BIGINT NOT NULL,
    -- 'pending', 'applied', 'rejected' or 'failed'.
    outcome       TEXT NOT NULL,
    -- Why it failed.
    reason        TEXT,
    PRIMARY KEY (hold_id, user_id)
);

CREATE INDEX held_changes_user ON held_changes (directory_id, user_id);
