//! Who is in which group.

use async_trait::async_trait;
use rollcall_scim::condition::Condition;
use uuid::Uuid;

use crate::{Event, Provenance, ResourceType, Result};

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member.
    pub id: Uuid,
    /// What it is.
    pub resource_type: ResourceType,
    /// What people call it.
    pub label: Option<String>,
}

/// A member of a group as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMember {
    /// The member.
    pub member: Member,
    /// The userName, of a user.
    pub user_name: Option<String>,
    /// Whether a user is active; of a group, `true`.
    pub active: bool,
}

/// Which members of a group.
#[derive(Debug, Clone, Copy)]
pub struct MemberQuery<'a> {
    /// Only those of whom a name begins so, whatever its case; empty, all. Of users it is the userName, the displayName, the
    /// family name or an e-mail address, of groups the displayName.
    pub name_prefix: &'a str,
    /// Only those behind this one, in order of their ids.
    pub after: Option<Uuid>,
    /// How many at most.
    pub limit: u32,
}

/// What became of members that were to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedMembers {
    /// Those that were not members before.
    pub added: Vec<Uuid>,
    /// Those that are no resources of the directory.
    pub unknown: Vec<Uuid>,
}

/// What is read of members outside of transactions.
#[async_trait]
pub trait MemberReading {
    /// Members of a group as people look at them, in order of their ids.
    async fn known_members(
        &self,
        directory: Uuid,
        group: Uuid,
        query: &MemberQuery<'_>,
    ) -> Result<Vec<KnownMember>>;

    /// How many members of a group there are, as a query asks for them on all pages.
    async fn count_members(&self, directory: Uuid, group: Uuid, query: &MemberQuery<'_>) -> Result<u64>;

    /// Members of a group in order of their ids, from the first after `after` on, at most `limit`.
    async fn group_members(
        &self,
        directory: Uuid,
        group: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Member>>;
}

/// What is read and written of members in a transaction.
#[async_trait]
pub trait MemberWriting {
    /// Raises the version of a group by one, whatever it is, and returns it; `None`, there is no such group. Parallel
    /// changes of its members queue here, and none fails. The provenance is that of what changed.
    async fn touch_group(
        &mut self,
        directory: Uuid,
        group: Uuid,
        now: i64,
        provenance: &Provenance,
    ) -> Result<Option<i64>>;

    /// Adds members to a group. Those that are members already are left alone.
    async fn add_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<AddedMembers>;

    /// Removes members from a group, and returns those that were members.
    async fn remove_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<Vec<Uuid>>;

    /// Members of a group in order of their ids, from the first after `after` on, at most `limit`; with a condition on
    /// `members` those that fulfil it.
    async fn member_ids(
        &mut self,
        directory: Uuid,
        group: Uuid,
        condition: Option<&Condition<'_>>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>>;

    /// Holds the groups that a user or group is in against other changes, and returns them. A group is held among them, in one
    /// order, so that groups that are in one another can be deleted side by side. Whoever is about to take a user out of its
    /// groups does so before the row of the user is held: who changes a group holds the group first and then its members.
    async fn hold_groups_of(&mut self, directory: Uuid, member: Uuid) -> Result<Vec<Uuid>>;

    /// Takes a user or group out of every group that it is in, and raises the versions of those; a group that is in itself goes
    /// with that. `held` are the groups that
    /// [`hold_groups_of`](Self::hold_groups_of) returned. `event` makes the event of a group; they are returned with the new
    /// versions, to be written.
    ///
    /// Errors: [`Error::Conflict`](crate::Error::Conflict) where it is in a group by now that is not held.
    async fn leave_groups(
        &mut self,
        directory: Uuid,
        member: Uuid,
        held: &[Uuid],
        event: &mut (dyn FnMut(Uuid) -> Event + Send),
    ) -> Result<Vec<Event>>;
}
