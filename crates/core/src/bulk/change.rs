//! One operation: judged before its transaction, and written within it.

use rollcall_api::patch;
use rollcall_api::v1::bulk_operation::{
    CreateGroup, CreateUser, DeleteResource, Operation, PatchResource, Refused, ReplaceGroup, ReplaceUser,
};
use rollcall_api::v1::{ErrorReason, PatchOperation};
use rollcall_scim::Definition;
use rollcall_store::{Directory, ResourceType, StoredResource, Transaction, UserOrigin};
use uuid::Uuid;

use crate::Core;
use crate::caller::parse_id;
use crate::dry_run::Deed;
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::groups::{self, GroupChange, require_groups};
use crate::resources::location;
use crate::types::Types;
use crate::users::{self, NewUser, UserChange};
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
        match operation {
            Operation::CreateUser(CreateUser { user }) => {
                let mut new = core.new_user(directory, users::sent(user)?, types.user(), origin).await?;
                new.user.id = new_id;
                Ok(Self::CreateUser(new))
            }
            Operation::ReplaceUser(ReplaceUser { id, user, if_match }) => {
                let id = known_id(directory, ResourceType::User, &id)?;
                let user = users::sent(user)?;
                let change = UserChange::replace(core, directory, user, if_match, types.user()).await?;
                Ok(Self::UpdateUser(id, change))
            }
            Operation::PatchUser(PatchResource { id, operations, if_match }) => {
                let id = patched_id(core, directory, ResourceType::User, &id, &operations)?;
                let operations = patch::from_messages(operations)?;
                let change = UserChange::patch(core, directory, operations, if_match, types.user()).await?;
                Ok(Self::UpdateUser(id, change))
            }
            Operation::CreateGroup(CreateGroup { group, members }) => {
                require_groups(directory)?;
                core.require_few_members(members.len())?;
                let group =
                    StoredResource { id: new_id, ..core.new_group(groups::sent(group)?, types.group())? };
                Ok(Self::CreateGroup(group, members, types.group()))
            }
            Operation::ReplaceGroup(ReplaceGroup { id, group, has_members, members, if_match }) => {
                let id = known_id(directory, ResourceType::Group, &id)?;
                core.require_few_members(members.len())?;
                let members = Some(members).filter(|members| has_members || !members.is_empty());
                let (group, rules) = (groups::sent(group)?, directory.rules());
                let change = GroupChange::replace(group, members, if_match, types.group(), rules)?;
                Ok(Self::UpdateGroup(id, change))
            }
            Operation::PatchGroup(PatchResource { id, operations, if_match }) => {
                let id = patched_id(core, directory, ResourceType::Group, &id, &operations)?;
                let rules = directory.rules();
                let change =
                    GroupChange::patch(patch::from_messages(operations)?, if_match, types.group(), rules)?;
                core.require_few_members(change.members_named())?;
                Ok(Self::UpdateGroup(id, change))
            }
            Operation::DeleteUser(DeleteResource { id, if_match }) => {
                Ok(Self::Delete(ResourceType::User, known_id(directory, ResourceType::User, &id)?, if_match))
            }
            Operation::DeleteGroup(DeleteResource { id, if_match }) => Ok(Self::Delete(
                ResourceType::Group,
                known_id(directory, ResourceType::Group, &id)?,
                if_match,
            )),
            Operation::Refused(refused) => Err(as_refused(refused)),
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
                let changed = core.change_user(transaction, origin, directory, *id, change).await?;
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
    let (resource_type, id) = match operation {
        Operation::ReplaceUser(replace) => (ResourceType::User, &replace.id),
        Operation::PatchUser(patch) => (ResourceType::User, &patch.id),
        Operation::DeleteUser(delete) => (ResourceType::User, &delete.id),
        Operation::ReplaceGroup(replace) => (ResourceType::Group, &replace.id),
        Operation::PatchGroup(patch) => (ResourceType::Group, &patch.id),
        Operation::DeleteGroup(delete) => (ResourceType::Group, &delete.id),
        Operation::CreateUser(_) | Operation::CreateGroup(_) | Operation::Refused(_) => return None,
    };
    parse_id(resource_type.as_str(), id).ok().map(|id| location(resource_type, id))
}

/// The id of a resource that is to be changed.
fn known_id(directory: &Directory, resource_type: ResourceType, id: &str) -> Result<Uuid> {
    if resource_type == ResourceType::Group {
        require_groups(directory)?;
    }
    parse_id(resource_type.as_str(), id)
}

/// The same for a PATCH, which may not have too many operations.
fn patched_id(
    core: &Core,
    directory: &Directory,
    resource_type: ResourceType,
    id: &str,
    operations: &[PatchOperation],
) -> Result<Uuid> {
    let id = known_id(directory, resource_type, id)?;
    core.require_few_operations(operations.iter().filter(|operation| !operation.continues).count())?;
    Ok(id)
}

fn as_refused(refused: Refused) -> Error {
    match refused.reason() {
        ErrorReason::Unspecified => Error::new(ErrorReason::InvalidSyntax, refused.message),
        reason => Error::new(reason, refused.message),
    }
}
