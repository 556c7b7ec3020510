//! Creating, replacing, patching and deleting groups: the rpcs, each of which is a transaction.
//!
//! What a client streams in is gathered before the transaction begins: nobody's transaction waits for a slow client.

use rollcall_api::v1::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse, ErrorReason,
    PatchGroupRequest, PatchGroupResponse, ReplaceGroupRequest, ReplaceGroupResponse,
};
use rollcall_scim::Definition;
use rollcall_store::{Directory, StoredResource};
use tonic::{Status, Streaming};
use uuid::Uuid;

use super::{GroupChange, Groups, RESOURCE_TYPE, group_message};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};
use crate::resources::{Attempts, projection};
use crate::stream::first;

impl Groups {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        mut messages: Streaming<CreateGroupRequest>,
    ) -> Result<CreateGroupResponse, Status> {
        let first = first(&mut messages).await?;
        let directory = self.writable(caller, &first.directory).await?;
        let projection = projection(first.projection).map_err(Status::from)?;
        let mut members = first.members;
        self.core.require_few_members(members.len())?;
        while let Some(message) = messages.message().await? {
            members.extend(message.members);
            self.core.require_few_members(members.len())?;
        }
        let types = self.core.types(&directory).await?;
        let group = self.core.new_group(first.group, types.group())?;
        let mut attempts = Attempts::default();
        while let Err(error) = self.try_create(caller, &directory, &group, &members, types.group()).await {
            attempts.again(error)?;
        }
        Ok(CreateGroupResponse { group: Some(group_message(group, &projection, types.group())) })
    }

    async fn try_create(
        &self,
        caller: &Caller,
        directory: &Directory,
        group: &StoredResource,
        members: &[String],
        definition: &Definition,
    ) -> Result<()> {
        let mut transaction = self.core.store.begin().await?;
        let origin = caller.origin();
        self.core.insert_group(&mut *transaction, origin, directory, group, members, definition).await?;
        Ok(transaction.save().await?)
    }

    pub(super) async fn replace(
        &self,
        caller: &Caller,
        mut messages: Streaming<ReplaceGroupRequest>,
    ) -> Result<ReplaceGroupResponse, Status> {
        let first = first(&mut messages).await?;
        let directory = self.writable(caller, &first.directory).await?;
        let projection = projection(first.projection).map_err(Status::from)?;
        let id = parse_id(RESOURCE_TYPE, &first.id)?;
        let mut members = first.members;
        self.core.require_few_members(members.len())?;
        while let Some(message) = messages.message().await? {
            members.extend(message.members);
            self.core.require_few_members(members.len())?;
        }
        let members = Some(members).filter(|members| first.has_members || !members.is_empty());
        let rules = directory.rules();
        let types = self.core.types(&directory).await?;
        let change = GroupChange::replace(first.group, members, first.if_match, types.group(), rules)?;
        let group = self.change(caller, &directory, id, &change).await?;
        Ok(ReplaceGroupResponse { group: Some(group_message(group, &projection, types.group())) })
    }

    pub(super) async fn patch(
        &self,
        caller: &Caller,
        mut messages: Streaming<PatchGroupRequest>,
    ) -> Result<PatchGroupResponse, Status> {
        let first = first(&mut messages).await?;
        let directory = self.writable(caller, &first.directory).await?;
        let projection = projection(first.projection).map_err(Status::from)?;
        let id = parse_id(RESOURCE_TYPE, &first.id)?;
        let mut operations = first.operations;
        self.core.require_few_operations(operations.len())?;
        while let Some(message) = messages.message().await? {
            operations.extend(message.operations);
            self.core.require_few_operations(operations.len())?;
        }
        let rules = directory.rules();
        let types = self.core.types(&directory).await?;
        let change = GroupChange::patch(operations, first.if_match, types.group(), rules)?;
        self.core.require_few_members(change.members_named())?;
        let group = self.change(caller, &directory, id, &change).await?;
        Ok(PatchGroupResponse { group: Some(group_message(group, &projection, types.group())) })
    }

    pub(super) async fn delete(
        &self,
        caller: &Caller,
        request: DeleteGroupRequest,
    ) -> Result<DeleteGroupResponse> {
        let directory = self.writable(caller, &request.directory).await?;
        let id = parse_id(RESOURCE_TYPE, &request.id)?;
        let mut attempts = Attempts::default();
        while let Err(error) = self.try_delete(caller, &directory, id, &request.if_match).await {
            attempts.again(error)?;
        }
        Ok(DeleteGroupResponse {})
    }

    async fn try_delete(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        if_match: &[String],
    ) -> Result<()> {
        let mut transaction = self.core.store.begin().await?;
        self.core.delete_group(&mut *transaction, caller.origin(), directory, id, if_match).await?;
        Ok(transaction.save().await?)
    }

    async fn change(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<StoredResource> {
        let mut attempts = Attempts::default();
        loop {
            match self.try_change(caller, directory, id, change).await {
                Ok(group) => return Ok(group),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    async fn try_change(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<StoredResource> {
        let mut transaction = self.core.store.begin().await?;
        let group = self.core.change_group(&mut *transaction, caller.origin(), directory, id, change).await?;
        transaction.save().await?;
        Ok(group)
    }

    /// The directory of a request that writes. Errors: `FORBIDDEN` where groups are switched off.
    async fn writable(&self, caller: &Caller, name: &str) -> Result<Directory> {
        let directory = caller.directory(&*self.core.store, name).await?;
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
