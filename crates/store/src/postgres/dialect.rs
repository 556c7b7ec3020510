//! What is written differently in PostgreSQL.

use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::sql::Statement;
pub(super) use super::values::Cell;
use crate::values::{Bind, length_of, path_of};

/// A place that is appended with its value.
pub(super) fn place(number: usize) -> impl std::fmt::Display {
    format!("${number}")
}

/// What OpenTelemetry calls this database.
pub(super) const SYSTEM: &str = "postgresql";
/// Begins a transaction.
/// Makes the table of the applied migrations, which is that of sqlx.
pub(super) const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
     description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, \
     checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)";
/// Whether a migration has ever been applied.
pub(super) const IS_MIGRATED: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
/// Every migration, in order: its number, its name and its text.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "directories, resources, credentials",
        include_str!("../../../../migrations/postgres/0001_directories_resources_credentials.sql"),
    ),
    (
        2,
        "directory settings, passwords",
        include_str!("../../../../migrations/postgres/0002_directory_settings_passwords.sql"),
    ),
    (3, "schema extensions", include_str!("../../../../migrations/postgres/0003_schema_extensions.sql")),
    (
        4,
        "users of credentials, OAuth clients",
        include_str!("../../../../migrations/postgres/0004_credentials_users_clients.sql"),
    ),
    (5, "sign-ins", include_str!("../../../../migrations/postgres/0005_sign_ins.sql")),
    (6, "administrators", include_str!("../../../../migrations/postgres/0006_administrators.sql")),
    (7, "mails", include_str!("../../../../migrations/postgres/0007_mails.sql")),
    (8, "activity, audit", include_str!("../../../../migrations/postgres/0008_activity_audit.sql")),
    (
        9,
        "event numbers, provenance",
        include_str!("../../../../migrations/postgres/0009_event_numbers_provenance.sql"),
    ),
    (11, "departed users", include_str!("../../../../migrations/postgres/0011_departed_users.sql")),
    (12, "guard rails", include_str!("../../../../migrations/postgres/0012_guard_rails.sql")),
    (14, "sessions", include_str!("../../../../migrations/postgres/0014_sessions.sql")),
    (
        15,
        "departed sign-ins, user roles",
        include_str!("../../../../migrations/postgres/0015_departed_sign_ins_user_roles.sql"),
    ),
    (16, "people", include_str!("../../../../migrations/postgres/0016_people.sql")),
    (
        17,
        "histories, restoring",
        include_str!("../../../../migrations/postgres/0017_histories_restoring.sql"),
    ),
    (18, "activity names", include_str!("../../../../migrations/postgres/0018_activity_names.sql")),
    (19, "names in columns", include_str!("../../../../migrations/postgres/0019_names_in_columns.sql")),
    (20, "pending events", include_str!("../../../../migrations/postgres/0020_pending_events.sql")),
    (21, "recorded calls", include_str!("../../../../migrations/postgres/0021_recorded_calls.sql")),
    (22, "imports", include_str!("../../../../migrations/postgres/0022_imports.sql")),
    (23, "statuses, lifetimes", include_str!("../../../../migrations/postgres/0023_statuses_lifetimes.sql")),
];

/// Whether a statement is a way there and back.
pub(super) const ASKING_TAKES_TIME: bool = true;
/// Behind a SELECT: nobody else may change the row until the transaction ends, nor add one that refers to it.
pub(super) const FOR_UPDATE: &str = " FOR UPDATE";
/// Behind a SELECT: nobody else may change the row until the transaction ends. Whoever refers to it, such as a group to its
/// members, does not wait.
pub(super) const FOR_NO_KEY_UPDATE: &str = " FOR NO KEY UPDATE";
/// Behind `members m`: the planner knows by itself which index leads from a member to its groups.
pub(super) const BY_MEMBER: &str = "";
/// Behind a text: compared by its bytes.
pub(super) const BY_BYTES: &str = " COLLATE \"C\"";
/// The position of a text in another one; 0, it is not there.
pub(super) const POSITION: &str = "strpos";

/// Behind a SELECT of `resources AS r`: nobody may delete the rows until the transaction ends.
pub(super) const KEEP: &str = " FOR KEY SHARE OF r";

/// What is found from members `m` on: an id and further columns, as a text of JSON with an array for each row.
macro_rules! json_rows {
    ($id:literal, $columns:literal, $joined:literal) => {
        concat!(
            "(SELECT CAST(json_agg(json_build_array(",
            $id,
            ", ",
            $columns,
            ")) AS TEXT) FROM members m",
            $joined,
            ")"
        )
    };
}
pub(super) use json_rows;

/// A JSON column with the members of an object that is bound at a place, in place of those of the same names.
macro_rules! merged {
    ($column:literal, $place:literal) => {
        concat!($column, " || ", $place)
    };
}
pub(super) use merged;

/// Appends the same with a value of JSON that is bound here.
pub(super) fn push_merged(query: &mut Statement, column: &str, value: impl Bind) {
    query.push(column).push(" || ").push_bind(value);
}

/// The time by which leases end, in µs: the database's, since the clocks of replicas differ from each other.
macro_rules! lease_time {
    ($place:literal) => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
    };
}
pub(super) use lease_time;

/// Writes a new event, which has no number until it is committed, where a condition holds.
macro_rules! insert_event {
    ($condition:literal) => {
        concat!(
            "INSERT INTO pending_events (id, directory_id, kind, subject, version, time, actor, request_id, changes, person) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10",
            $condition
        )
    };
}
pub(super) use insert_event;

/// Waits for all who have written events in a transaction that goes on, and lets nobody else write one until this one ends.
pub(super) const HOLD_WRITERS: Option<&str> = Some("LOCK TABLE pending_events IN SHARE ROW EXCLUSIVE MODE");
/// All events, those that have no number yet behind those that have one.
pub(super) const ALL_EVENTS: &str = "(SELECT directory_id, number, id, kind, subject, version, time, actor, request_id, changes, \
     person FROM events WHERE number IS NOT NULL UNION ALL SELECT directory_id, 4611686018427387904 + position, id, kind, \
     subject, version, time, actor, request_id, changes, person FROM pending_events)";
/// Whether the directory that is bound first has events without a number.
pub(super) const HAS_UNNUMBERED: &str = "EXISTS (SELECT 1 FROM pending_events WHERE directory_id = $1) \
     OR EXISTS (SELECT 1 FROM events WHERE directory_id = $1 AND number IS NULL)";

/// In which of the rows that hold the total of a directory a resource is counted. There are several, so that the writers of
/// the directory do not queue for one.
pub(super) fn total_shard(id: Uuid) -> i64 {
    (id.as_bytes()[15] % 16).into()
}

/// An id in a column as text.
pub(super) fn push_id(query: &mut Statement, column: &str) {
    query.push("CAST(").push(column).push(" AS TEXT)").push(BY_BYTES);
}

/// Appends that an id is one of those that a SELECT finds. They are made an array, since PostgreSQL walks the ids of all
/// resources for the first of a few when it has to join them in order.
pub(super) fn push_one_of(query: &mut Statement, id: &str, select: impl FnOnce(&mut Statement)) {
    query.push(id).push(" = ANY (ARRAY(");
    select(query);
    query.push("))");
}

/// As many last characters of a text as another one has.
pub(super) fn push_end(query: &mut Statement, text: &dyn Fn(&mut Statement), end: &str) {
    query.push("right(");
    text(query);
    query.push(", ").push_bind(length_of(end)).push(")");
}

/// The value at a path of a JSON column, in the type that values of this kind are compared in; NULL where there is none.
pub(super) fn push_json(query: &mut Statement, column: &str, path: &[&str], kind: Kind) {
    query.push("(").push(column).push(" #>> ").push_bind(path_of(path)).push(")");
    query.push(match kind {
        Kind::Boolean => "::boolean",
        Kind::Integer | Kind::DateTime => "::bigint",
        Kind::Decimal => "::double precision",
        Kind::String | Kind::Reference | Kind::Binary | Kind::Complex => BY_BYTES,
    });
}

/// The elements of the array at a path of the search form, as a table with the columns `key` and `value`.
pub(super) fn push_elements(query: &mut Statement, path: &[&str]) {
    query
        .push("jsonb_array_elements(r.search #> ")
        .push_bind(path_of(path))
        .push(") WITH ORDINALITY AS e (value, key)");
}
