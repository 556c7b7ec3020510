//! Users who were deleted and are kept for a while, and users who have a key in common with one who is to be made.

use rollcall_scim::Resource;
use uuid::Uuid;

use crate::{Author, StoredResource};

/// A user who was deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct DepartedUser {
    /// As it was; it last changed when it was deleted.
    pub user: StoredResource,
    /// The credential that deleted it; `None`, Rollcall itself, or it is not known any more.
    pub deleted_by: Option<Uuid>,
    /// That credential, as long as it is there.
    pub author: Option<Author>,
}

/// Which of the users who were deleted.
#[derive(Debug, Clone, Copy)]
pub struct DepartedQuery<'a> {
    /// Only those who were deleted after this time, in µs.
    pub deleted_after: i64,
    /// Only those whose `userName` begins so, whatever its case; empty, all.
    pub user_name_prefix: &'a str,
    /// Only those that follow this one in the list: when it was deleted, in µs, and its id.
    pub behind: Option<(i64, Uuid)>,
    /// How many at most.
    pub limit: u32,
}

/// A user who has the `externalId` or the `userName` of one who is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesake {
    /// The SCIM id.
    pub id: Uuid,
    /// The `externalId`.
    pub external_id: Option<String>,
    /// Whether the `userName` is the same, whatever its case.
    pub has_user_name: bool,
    /// The attributes; those of a deleted user, as they were.
    pub attributes: Resource,
    /// Whether the user is there.
    pub presence: Presence,
}

/// Whether a user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The user is active.
    Active,
    /// The user is there, and not active.
    Inactive,
    /// The user was deleted, and is not purged yet.
    Departed,
}
