//! The rpcs that write groups: creating, replacing, patching and deleting, each of them a transaction.
//!
//! What a client streams in is gathered before the transaction begins: nobody's transaction waits for a slow client.

use std::sync::Arc;

use rollcall_api::patch;
use rollcall_api::v1::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse, ErrorReason,
    PatchGroupRequest, PatchGroupResponse, ReplaceGroupRequest, ReplaceGroupResponse,
};
use rollcall_store::{Directory, ResourceType, StoredResource};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{GroupChange, Groups, RESOURCE_TYPE, sent, show};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::dry_run::{Deed, unless_dry_run};
use crate::error::{Error, Result};
use crate::resources::View;
use crate::stream::Messages;

impl Groups {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        messages: Streaming<CreateGroupRequest>,
    ) -> Result<CreateGroupResponse, Status> {
        let mut messages = Messages::of(messages);
        let first = messages.first().await?;
        let directory = self.writable(caller, &first.directory).await?;
        caller.require_schemas(&directory)?;
        let view = View::of(first.projection).map_err(Status::from)?;
        let mut members = first.members;
        self.core.require_few_members(members.len())?;
        while let Some(message) = messages.next().await? {
            members.extend(message.members);
            self.core.require_few_members(members.len())?;
        }
        let types = self.core.types(&directory).await?;
        let group = self.core.new_group(sent(first.group).map_err(Error::from)?, types.group())?;
        let (core, directory, new, members, definition) =
            (&self.core, &directory, &group, &members, types.group());
        core.in_a_transaction(|mut transaction| async move {
            let origin = caller.origin();
            core.insert_group(&mut *transaction, origin, directory, new, members, definition).await?;
            let what = || Deed::created(new).would_have(ResourceType::Group, new.id);
            Ok(((), unless_dry_run(origin, directory, transaction, what).await?))
        })
        .await?;
        let (group, scim) = show(group, &view, types.group())?.parted();
        Ok(CreateGroupResponse { group, scim })
    }

    pub(super) async fn replace(
        &self,
        caller: &Caller,
        messages: Streaming<ReplaceGroupRequest>,
    ) -> Result<ReplaceGroupResponse, Status> {
        let mut messages = Messages::of(messages);
        let first = messages.first().await?;
        let directory = self.writable(caller, &first.directory).await?;
        let view = View::of(first.projection).map_err(Status::from)?;
        let id = parse_id(RESOURCE_TYPE, &first.id)?;
        let mut members = first.members;
        self.core.require_few_members(members.len())?;
        while let Some(message) = messages.next().await? {
            members.extend(message.members);
            self.core.require_few_members(members.len())?;
        }
        let members = Some(members).filter(|members| first.has_members || !members.is_empty());
        let rules = directory.rules();
        let types = self.core.types(&directory).await?;
        let (group, if_match) = (first.group, first.if_match);
        let change = caller
            .require_schemas(&directory)
            .and_then(|()| GroupChange::replace(sent(group)?, members, if_match, types.group(), rules));
        let change = self.core.of_resource(&directory, ResourceType::Group, id, change).await?;
        let group = self.change(caller, &directory, id, &change).await?;
        let (group, scim) = show(group, &view, types.group())?.parted();
        Ok(ReplaceGroupResponse { group, scim })
    }

    pub(super) async fn patch(
        &self,
        caller: &Caller,
        messages: Streaming<PatchGroupRequest>,
    ) -> Result<PatchGroupResponse, Status> {
        let mut messages = Messages::of(messages);
        let first = messages.first().await?;
        let directory = self.writable(caller, &first.directory).await?;
        let view = View::of(first.projection).map_err(Status::from)?;
        let id = parse_id(RESOURCE_TYPE, &first.id)?;
        let mut operations = Vec::new();
        let mut parts = patch::gather(&mut operations, first.operations).map_err(Error::from)?;
        self.core.require_few_operations(operations.len())?;
        while let Some(message) = messages.next().await? {
            parts += patch::gather(&mut operations, message.operations).map_err(Error::from)?;
            self.core.require_few_operations(operations.len())?;
            self.core.require_few_members(parts)?;
        }
        let rules = directory.rules();
        let types = self.core.types(&directory).await?;
        let change = caller
            .require_schemas(&directory)
            .and_then(|()| GroupChange::patch(operations, first.if_match, types.group(), rules));
        let change = self.core.of_resource(&directory, ResourceType::Group, id, change).await?;
        self.core.require_few_members(change.members_named())?;
        let group = self.change(caller, &directory, id, &change).await?;
        let (group, scim) = show(group, &view, types.group())?.parted();
        Ok(PatchGroupResponse { group, scim })
    }

    pub(super) async fn delete(
        &self,
        caller: &Caller,
        request: DeleteGroupRequest,
    ) -> Result<DeleteGroupResponse> {
        let directory = self.writable(caller, &request.directory).await?;
        let id = parse_id(RESOURCE_TYPE, &request.id)?;
        let (core, directory, if_match) = (&self.core, &directory, &request.if_match);
        core.in_a_transaction(|mut transaction| async move {
            let origin = caller.origin();
            core.delete_group(&mut *transaction, origin, directory, id, if_match).await?;
            let what = || Deed::Deleted.would_have(ResourceType::Group, id);
            Ok(((), unless_dry_run(origin, directory, transaction, what).await?))
        })
        .await?;
        Ok(DeleteGroupResponse {})
    }

    async fn change(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<StoredResource> {
        let core = &self.core;
        core.in_a_transaction(|mut transaction| async move {
            let origin = caller.origin();
            let changed = core.change_group(&mut *transaction, origin, directory, id, change).await?;
            let deed = || Deed::of_change(&changed, change.is_replacement());
            let what = || deed().would_have(ResourceType::Group, id);
            let transaction = unless_dry_run(origin, directory, transaction, what).await?;
            Ok((changed.resource, transaction))
        })
        .await
    }

    /// The directory of a request that writes. Errors: `FORBIDDEN` where groups are switched off.
    async fn writable(&self, caller: &Caller, name: &str) -> Result<Arc<Directory>> {
        let directory = caller.directory_to_change(&*self.core.store, name).await?;
        require_groups(&directory)?;
        Ok(directory)
    }
}

impl Core {
    /// Refuses a request with too many members. Errors: `TOO_MANY`.
    pub(crate) fn require_few_members(&self, count: usize) -> Result<()> {
        let limit = self.limits.max_members_per_request;
        if count <= limit {
            return Ok(());
        }
        Err(Error::new(
            ErrorReason::TooMany,
            format!("members: more than the {limit} allowed in one request; send them in several"),
        ))
    }
}

/// Refuses to write groups where they are switched off.
pub(crate) fn require_groups(directory: &Directory) -> Result<()> {
    if directory.groups_enabled {
        return Ok(());
    }
    Err(Error::new(
        ErrorReason::Forbidden,
        "groups are switched off for this directory; an administrator can switch them on",
    ))
}
