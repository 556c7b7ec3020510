//! What the requests of identity providers say of their connections.

use uuid::Uuid;

/// What requests of a directory say of its connection: those that were recorded together, or all that ever were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The directory; the nil id stands for requests of none.
    pub directory: Uuid,
    /// How many requests were kept.
    pub entries: i64,
    /// When the last one came in, in µs.
    pub last_seen: i64,
    /// When the last one came in that succeeded, in µs.
    pub last_success: Option<i64>,
    /// The last one that failed.
    pub last_error: Option<ConnectionError>,
}

/// A request that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionError {
    /// When it came in, in µs.
    pub time: i64,
    /// The HTTP status of the answer.
    pub status: i64,
    /// The detail of the answer.
    pub detail: Option<String>,
    /// Its id in the activity log, if it was kept there.
    pub activity: Option<Uuid>,
}
