//! What is written differently in SQLite.

use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::sql::Statement;
pub(super) use super::values::Cell;
use crate::values::{Bind, length_of, path_of};

/// A place that is appended with its value. SQLite would look up a name among all the others.
pub(super) fn place(_: usize) -> &'static str {
    "?"
}

/// What OpenTelemetry calls this database.
pub(super) const SYSTEM: &str = "sqlite";
/// Begins a transaction.
/// Makes the table of the applied migrations, which is that of sqlx.
pub(super) const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
     description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, \
     checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)";
/// Whether a migration has ever been applied.
pub(super) const IS_MIGRATED: &str =
    "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations')";
/// Every migration, in order: its number, its name and its text.
pub(super) const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "directories, resources, credentials",
        include_str!("../../../../migrations/sqlite/0001_directories_resources_credentials.sql"),
    ),
    (
        2,
        "directory settings, passwords",
        include_str!("../../../../migrations/sqlite/0002_directory_settings_passwords.sql"),
    ),
    (3, "schema extensions", include_str!("../../../../migrations/sqlite/0003_schema_extensions.sql")),
    (
        4,
        "users of credentials, OAuth clients",
        include_str!("../../../../migrations/sqlite/0004_credentials_users_clients.sql"),
    ),
    (5, "sign-ins", include_str!("../../../../migrations/sqlite/0005_sign_ins.sql")),
    (6, "administrators", include_str!("../../../../migrations/sqlite/0006_administrators.sql")),
    (7, "mails", include_str!("../../../../migrations/sqlite/0007_mails.sql")),
    (8, "activity, audit", include_str!("../../../../migrations/sqlite/0008_activity_audit.sql")),
    (
        9,
        "event numbers, provenance",
        include_str!("../../../../migrations/sqlite/0009_event_numbers_provenance.sql"),
    ),
    (11, "departed users", include_str!("../../../../migrations/sqlite/0011_departed_users.sql")),
    (12, "guard rails", include_str!("../../../../migrations/sqlite/0012_guard_rails.sql")),
    (14, "sessions", include_str!("../../../../migrations/sqlite/0014_sessions.sql")),
    (
        15,
        "departed sign-ins, user roles",
        include_str!("../../../../migrations/sqlite/0015_departed_sign_ins_user_roles.sql"),
    ),
    (16, "people", include_str!("../../../../migrations/sqlite/0016_people.sql")),
    (17, "histories, restoring", include_str!("../../../../migrations/sqlite/0017_histories_restoring.sql")),
    (18, "activity names", include_str!("../../../../migrations/sqlite/0018_activity_names.sql")),
    (19, "names in columns", include_str!("../../../../migrations/sqlite/0019_names_in_columns.sql")),
    (21, "recorded calls", include_str!("../../../../migrations/sqlite/0021_recorded_calls.sql")),
    (22, "imports", include_str!("../../../../migrations/sqlite/0022_imports.sql")),
    (23, "statuses, lifetimes", include_str!("../../../../migrations/sqlite/0023_statuses_lifetimes.sql")),
];

/// Whether a statement is a way there and back.
pub(super) const ASKING_TAKES_TIME: bool = false;
/// Behind a SELECT: nobody else may change the row until the transaction ends. There is one writer here anyway.
pub(super) const FOR_UPDATE: &str = "";
/// The same, for whoever does not mind that others refer to the row.
pub(super) const FOR_NO_KEY_UPDATE: &str = "";
/// Behind `members m`: the index by member is used. Without statistics the planner may take the key, which begins alike.
pub(super) const BY_MEMBER: &str = " INDEXED BY members_member";
/// Behind a text: compared by its bytes. So is every text here.
pub(super) const BY_BYTES: &str = "";
/// The position of a text in another one; 0, it is not there.
pub(super) const POSITION: &str = "instr";

/// Behind a SELECT of `resources AS r`: nobody may delete the rows until the transaction ends. There is one writer here
/// anyway.
pub(super) const KEEP: &str = "";

/// What is found from members `m` on: an id and further columns, as a text of JSON with an array for each row.
macro_rules! json_rows {
    ($id:literal, $columns:literal, $joined:literal) => {
        concat!(
            "(SELECT json_group_array(json_array(hex(",
            $id,
            "), ",
            $columns,
            ")) FROM members m INDEXED BY members_member",
            $joined,
            ")"
        )
    };
}
pub(super) use json_rows;

/// A JSON column with the members of an object that is bound at a place, in place of those of the same names.
macro_rules! merged {
    ($column:literal, $place:literal) => {
        concat!("json_patch(", $column, ", ", $place, ")")
    };
}
pub(super) use merged;

/// Appends the same with a value of JSON that is bound here.
pub(super) fn push_merged(query: &mut Statement, column: &str, value: impl Bind) {
    query.push("json_patch(").push(column).push(", ").push_bind(value).push(")");
}

/// The time by which leases end, in µs: that which is bound at a place, since all processes are on one machine.
macro_rules! lease_time {
    ($place:literal) => {
        $place
    };
}
pub(super) use lease_time;

/// Writes a new event, with the next number of its directory, since there is one writer, where a condition holds.
macro_rules! insert_event {
    ($condition:literal) => {
        concat!(
            "INSERT INTO events (id, directory_id, number, kind, subject, version, time, actor, request_id, changes, person) \
             SELECT $1, $2, (SELECT COALESCE(MAX(last.number), 0) + 1 FROM (SELECT MAX(number) AS number FROM events \
             WHERE directory_id = $2 UNION ALL SELECT expired FROM event_streams WHERE directory_id = $2) AS last), \
             $3, $4, $5, $6, $7, $8, $9, $10",
            $condition
        )
    };
}
pub(super) use insert_event;

/// Waits for all who are writing: there is one writer, for whom this transaction has waited.
pub(super) const HOLD_WRITERS: Option<&str> = None;
/// All events, which have numbers.
pub(super) const ALL_EVENTS: &str = "events";
/// Whether a directory has events without a number.
pub(super) const HAS_UNNUMBERED: &str = "FALSE";

/// In which of the rows that hold the total of a directory a resource is counted. There is one writer, and so one row.
pub(super) fn total_shard(_: Uuid) -> i64 {
    0
}

/// An id in a column as text.
pub(super) fn push_id(query: &mut Statement, column: &str) {
    query.push(format_args!(
        "lower(substr(hex({column}), 1, 8) || '-' || substr(hex({column}), 9, 4) || '-' || substr(hex({column}), 13, 4) \
         || '-' || substr(hex({column}), 17, 4) || '-' || substr(hex({column}), 21))"
    ));
}

/// Appends that an id is one of those that a SELECT finds.
pub(super) fn push_one_of(query: &mut Statement, id: &str, select: impl FnOnce(&mut Statement)) {
    query.push(id).push(" IN (");
    select(query);
    query.push(")");
}

/// As many last characters of a text as another one has.
pub(super) fn push_end(query: &mut Statement, text: &dyn Fn(&mut Statement), end: &str) {
    query.push("substr(");
    text(query);
    query.push(", ").push("-").push_bind(length_of(end)).push(")");
}

/// The value at a path of a JSON column, in the type that values of this kind are compared in; NULL where there is none.
pub(super) fn push_json(query: &mut Statement, column: &str, path: &[&str], _: Kind) {
    // An element that is no object or array is a value of SQL already.
    if path.is_empty() {
        query.push(column);
        return;
    }
    query.push("json_extract(").push(column).push(", ").push_bind(path_of(path)).push(")");
}

/// The elements of the array at a path of the search form, as a table with the columns `key` and `value`.
pub(super) fn push_elements(query: &mut Statement, path: &[&str]) {
    query.push("json_each(r.search, ").push_bind(path_of(path)).push(") AS e");
}
