//! What the requests of identity providers say of their connections.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

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

/// Reading what has been heard of connections.
#[async_trait]
pub trait HeardReading {
    /// What has been heard of the connection of a directory.
    async fn heard(&self, directory: Uuid) -> Result<Option<Heard>>;

    /// The directories that have been heard of, and how many of their SCIM requests are kept; in
    /// order of their ids, from the first after `after` on.
    async fn heard_directories(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<(Uuid, i64)>>;
}

/// Writing what is heard of connections.
#[async_trait]
pub trait HeardWriting {
    /// Adds what SCIM requests of a directory said of its connection. Several directories are written in order of their ids,
    /// so that replicas do not wait for each other in a circle.
    async fn hear(&mut self, heard: &Heard) -> Result<()>;
}
