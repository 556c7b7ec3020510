//! Users who have a key in common with one who is to be made.

use uuid::Uuid;

/// A user who has the `externalId` or the `userName` of one who is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namesake {
    /// The SCIM id.
    pub id: Uuid,
    /// The `externalId`.
    pub external_id: Option<String>,
    /// Whether the `userName` is the same, whatever its case.
    pub has_user_name: bool,
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
