//! Users who were deleted and are kept for a while, and users who have a key in common with one who is to be made.

use async_trait::async_trait;
use rollcall_scim::Resource;
use uuid::Uuid;

use crate::{Actor, Author, Result, StoredResource};

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

/// What is read of departed users outside of transactions.
#[async_trait]
pub trait DepartedReading {
    /// Users of a directory who were deleted, the last one first.
    async fn departed_users(&self, directory: Uuid, query: &DepartedQuery<'_>) -> Result<Vec<DepartedUser>>;

    /// How many users of a directory were deleted, as a query asks for them on all pages.
    async fn count_departed_users(&self, directory: Uuid, query: &DepartedQuery<'_>) -> Result<u64>;
}

/// What is read and written of departed users in a transaction.
#[async_trait]
pub trait DepartedWriting {
    /// Deletes a user that this transaction has read, and keeps it among the departed ones as deleted at this time, in µs,
    /// and by whom, to be known again by this folded address.
    async fn retire_user(
        &mut self,
        directory: Uuid,
        user: Uuid,
        deleted: i64,
        by: Actor,
        address: Option<&str>,
    ) -> Result<()>;

    /// Takes a user from the departed ones, as it was when it was deleted, which is when it last changed; `None`, there is
    /// no such one any more.
    async fn take_departed_user(&mut self, directory: Uuid, user: Uuid) -> Result<Option<StoredResource>>;

    /// Forgets departed users who were deleted until a time in µs, at most `limit` of them, the longest departed first, and
    /// returns who they were.
    async fn purge_departed_users(&mut self, directory: Uuid, until: i64, limit: u32) -> Result<Vec<Uuid>>;

    /// The users, there or departed, who have this `externalId` or this `userName`, whatever its case.
    async fn namesakes(
        &mut self,
        directory: Uuid,
        external_id: Option<&str>,
        user_name: &str,
    ) -> Result<Vec<Namesake>>;
}
