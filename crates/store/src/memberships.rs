//! The groups that somebody is in, directly or not.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// A group that somebody is in themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectGroup {
    /// The group.
    pub id: Uuid,
    /// What people call it.
    pub label: Option<String>,
    /// Whether it is in a group itself.
    pub is_nested: bool,
}

/// A group that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Who is in it.
    pub member: Uuid,
    /// The group.
    pub group: Uuid,
    /// What people call the group.
    pub label: Option<String>,
    /// Whether they are in it themselves, and not only in a group that is.
    pub is_direct: bool,
}

/// Reading the groups that somebody is in, directly or not.
#[async_trait]
pub trait MembershipReading {
    /// The groups that some users and groups are in, themselves, as was read with each, or through other groups; in order of
    /// member and group.
    async fn memberships(&self, directory: Uuid, of: &[(Uuid, &[DirectGroup])]) -> Result<Vec<Membership>>;
}
