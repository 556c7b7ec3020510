//! How directories are doing: what is known of each without looking at its users or requests one by one.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{Directory, Heard, Result};

/// A directory, and what says whether it needs somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryStatus {
    /// The directory.
    pub directory: Directory,
    /// What has been heard of its identity provider; `None`, nothing ever.
    pub heard: Option<Heard>,
    /// How many users it has.
    pub users: i64,
    /// How many groups it has.
    pub groups: i64,
    /// Holds that wait for an administrator.
    pub open_holds: i64,
    /// E-mails that were given up.
    pub parked_mails: i64,
    /// When the last of its live SCIM tokens and client secrets ends, in µs; `None`, one of them has no end, or it has none.
    pub access_ends: Option<i64>,
}

/// What is counted of a directory when somebody looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryCounts {
    /// The directory.
    pub directory: Uuid,
    /// Users who are not active.
    pub inactive_users: i64,
    /// Requests that failed; up to [`MOST_FAILURES`].
    pub failures: i64,
}

/// How many failed requests are counted: whoever has so many need not know how many more.
pub const MOST_FAILURES: u32 = 1_000;

/// Reading how directories are doing.
#[async_trait]
pub trait StatusReading {
    /// How every directory is doing at a time in µs, or the one that is named; in order of their names.
    async fn directory_statuses(&self, directory: Option<&str>, now: i64) -> Result<Vec<DirectoryStatus>>;

    /// What is counted of these directories; of requests, those that came in since a time in µs. In any order.
    async fn directory_counts(&self, directories: &[Uuid], since: i64) -> Result<Vec<DirectoryCounts>>;
}
