//! Who is in which group.

use uuid::Uuid;

use crate::ResourceType;

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

/// What became of members that were to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedMembers {
    /// Those that were not members before.
    pub added: Vec<Uuid>,
    /// Those that are no resources of the directory.
    pub unknown: Vec<Uuid>,
}
