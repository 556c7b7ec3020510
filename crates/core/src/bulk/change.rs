//! One operation: judged before its transaction, and written within it.

use rollcall_scim::Definition;
use rollcall_store::{Directory, ResourceType, StoredResource, Transaction, UserOrigin};
use uuid::Uuid;

use super::operation::{Edit, Operation, Whole};
use crate::Core;
use crate::caller::parse_id;
use crate::dry_run::Deed;
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::groups::{GroupChange, require_groups};
use crate::resources::location;
use crate::types::Types;
use crate::users::{NewUser, UserChange};
use crate::version::entity_tag;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Change<'d> {
    CreateUser(NewUser<'d>),
    CreateGroup(StoredResource, Vec<String>, &'d Definition),
    UpdateUser(Uuid, UserChange<'d>),
    UpdateGroup(Uuid, GroupChange<'d>),
    Delete(ResourceType, Uuid, Vec<String>),
}

/// What became of a resource.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) id: Uuid,
    /// Relative to the base URL.
    pub(super) location: String,
    /// The entity tag; empty after a delete.
    pub(super) version: String,
    pub(super) resource_type: ResourceType,
    pub(super) deed: Deed,
}

impl<'d> Change<'d> {
    /// Judges an operation whose references are resolved. A create makes the resource with this id, and a user of this origin.
    ///
    /// Errors: those that the rpc for it has.
    pub(super) async fn of(
        core: &Core,
        directory: &Directory,
        types: &'d Types,
        operation: Operation,
        new_id: Uuid,
        origin: UserOrigin,
    ) -> Result<Self> {
        use ResourceType::{Group, User};
        match operation {
            Operation::Create(User, user) => {
                let mut new = core.new_user(directory, user.attributes?, types.user(), origin).await?;
                new.user.id = new_id;
                Ok(Self::CreateUser(new))
            }
            Operation::Create(Group, Whole { attributes, members }) => {
                require_groups(directory)?;
                let members = members.unwrap_or_default();
                core.require_few_members(members.len())?;
                let group = StoredResource { id: new_id, ..core.new_group(attributes?, types.group())? };
                Ok(Self::CreateGroup(group, members, types.group()))
            }
            Operation::Existing { resource_type, id, edit, if_match } => {
                if resource_type == Group {
                    require_groups(directory)?;
                }
                let id = parse_id(resource_type.as_str(), &id)?;
                match (resource_type, edit) {
                    (User, Edit::Replace(Whole { attributes, .. })) => {
                        let change =
                            UserChange::replace(core, directory, attributes?, if_match, types.user());
                        Ok(Self::UpdateUser(id, change.await?))
                    }
                    (User, Edit::Patch { operations, count }) => {
                        core.require_few_operations(count)?;
                        let change = UserChange::patch(core, directory, operations?, if_match, types.user());
                        Ok(Self::UpdateUser(id, change.await?))
                    }
                    (Group, Edit::Replace(Whole { attributes, members })) => {
                        core.require_few_members(members.as_ref().map_or(0, Vec::len))?;
                        let rules = directory.rules();
                        let change =
                            GroupChange::replace(attributes?, members, if_match, types.group(), rules)?;
                        Ok(Self::UpdateGroup(id, change))
                    }
                    (Group, Edit::Patch { operations, count }) => {
                        core.require_few_operations(count)?;
                        let change =
                            GroupChange::patch(operations?, if_match, types.group(), directory.rules())?;
                        core.require_few_members(change.members_named())?;
                        Ok(Self::UpdateGroup(id, change))
                    }
                    (_, Edit::Delete) => Ok(Self::Delete(resource_type, id, if_match)),
                }
            }
            Operation::Refused(reason, message) => Err(Error::new(reason, message)),
        }
    }

    /// Writes everything.
    pub(super) async fn write(
        &self,
        core: &Core,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
    ) -> Result<Written> {
        let written = self.write_resource(core, transaction, origin, directory).await?;
        self.write_first_members(core, transaction, origin, directory).await?;
        Ok(written)
    }

    /// Writes everything but the members of a new group.
    pub(super) async fn write_resource(
        &self,
        core: &Core,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
    ) -> Result<Written> {
        match self {
            Self::CreateUser(new) => {
                let restored = core.create_user(transaction, origin, directory, new).await?;
                Ok(match restored {
                    None => Written::of(&new.user, Deed::created(&new.user)),
                    Some(user) => Written::of(&user.resource, Deed::Restored(user.names)),
                })
            }
            Self::CreateGroup(group, _, definition) => {
                core.insert_empty_group(transaction, origin, directory, group, definition).await?;
                Ok(Written::of(group, Deed::created(group)))
            }
            Self::UpdateUser(id, change) => {
                let changed = core.change_user(transaction, origin, directory, *id, change, None).await?;
                Ok(Written::of(&changed.resource, Deed::of_change(&changed, change.is_replacement())))
            }
            Self::UpdateGroup(id, change) => {
                let changed = core.change_group(transaction, origin, directory, *id, change).await?;
                Ok(Written::of(&changed.resource, Deed::of_change(&changed, change.is_replacement())))
            }
            Self::Delete(resource_type, id, if_match) => {
                match resource_type {
                    ResourceType::User => {
                        core.delete_user(transaction, origin, directory, *id, if_match).await?;
                    }
                    ResourceType::Group => {
                        core.delete_group(transaction, origin, directory, *id, if_match).await?;
                    }
                }
                Ok(Written {
                    id: *id,
                    location: location(*resource_type, *id),
                    version: String::new(),
                    resource_type: *resource_type,
                    deed: Deed::Deleted,
                })
            }
        }
    }

    /// Writes the members of a new group, who exist by now.
    pub(super) async fn write_first_members(
        &self,
        core: &Core,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        directory: &Directory,
    ) -> Result<()> {
        match self {
            Self::CreateGroup(group, members, _) => {
                core.fill_new_group(transaction, origin, directory, group, members).await
            }
            _ => Ok(()),
        }
    }
}

impl Written {
    fn of(resource: &StoredResource, deed: Deed) -> Self {
        Self {
            id: resource.id,
            location: location(resource.resource_type, resource.id),
            version: entity_tag(resource.version),
            resource_type: resource.resource_type,
            deed,
        }
    }

    /// What would have happened, had it not been in a dry run.
    pub(super) fn would_have(&self) -> String {
        self.deed.would_have(self.resource_type, self.id)
    }
}

/// Where the resource is that an operation changes, if it can be anywhere; relative to the base URL.
pub(super) fn location_of(operation: &Operation) -> Option<String> {
    let Operation::Existing { resource_type, id, .. } = operation else { return None };
    parse_id(resource_type.as_str(), id).ok().map(|id| location(*resource_type, id))
}
