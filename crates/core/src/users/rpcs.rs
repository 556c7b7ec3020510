//! The rpcs that write users: creating, replacing, patching and deleting, each of them a transaction.

use std::sync::{Mutex, PoisonError};

use rollcall_api::patch;
use rollcall_api::v1::{
    CreateUserRequest, CreateUserResponse, DeleteUserRequest, DeleteUserResponse, PatchUserRequest,
    PatchUserResponse, ReplaceUserRequest, ReplaceUserResponse,
};
use rollcall_store::{Directory, ResourceType, StoredDocument, StoredResource};
use tonic::Extensions;
use uuid::Uuid;

use super::{RESOURCE_TYPE, Users, sent};
use crate::caller::{Caller, parse_id};
use crate::dry_run::{Deed, unless_dry_run};
use crate::error::Result;
use crate::gate::ToChange;
use crate::resources::View;
use crate::users::changes::UserChange;

impl Users {
    pub(super) async fn create(
        &self,
        caller: &Caller,
        request: CreateUserRequest,
    ) -> Result<CreateUserResponse> {
        let view = View::of(request.projection)?;
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        caller.require_schemas(&directory)?;
        let types = self.core.types(&directory).await?;
        let origin = caller.user_origin();
        let user = sent(request.user)?;
        let new_user = self.core.new_user(&directory, user, types.user(), origin).await?;
        let (core, directory, new) = (&self.core, &directory, &new_user);
        let restored = core
            .in_a_transaction(|mut transaction| async move {
                let origin = caller.origin();
                let restored = core.create_user(&mut *transaction, origin, directory, new).await?;
                let what = || match &restored {
                    None => Deed::created(&new.user).would_have(ResourceType::User, new.user.id),
                    Some(user) => {
                        Deed::Restored(user.names.clone()).would_have(ResourceType::User, user.resource.id)
                    }
                };
                let transaction = unless_dry_run(origin, directory, transaction, what).await?;
                Ok((restored, transaction))
            })
            .await?;
        let user = restored.map_or(new_user.user, |restored| restored.resource);
        let (user, scim) = core.user(directory, user, &view, types.user()).await?.parted();
        Ok(CreateUserResponse { user, scim })
    }

    pub(super) async fn replace(
        &self,
        extensions: &Extensions,
        request: ReplaceUserRequest,
    ) -> Result<ReplaceUserResponse> {
        let ToChange { caller, ahead, turn: _turn } =
            self.core.admit_to_change(extensions, named(&request.id, request.me)).await?;
        let view = View::of(request.projection)?;
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let id = caller.user(&request.id, request.me)?;
        let types = self.core.types(&directory).await?;
        let if_match = request.if_match;
        let change = match caller.require_schemas(&directory).and_then(|()| Ok(sent(request.user)?)) {
            Ok(user) => UserChange::replace(&self.core, &directory, user, if_match, types.user()).await,
            Err(error) => Err(error),
        };
        let change = self.core.of_resource(&directory, ResourceType::User, id, change).await?;
        let user = self.change(&caller, &directory, id, &change, ahead).await?;
        let (user, scim) = self.core.user(&directory, user, &view, types.user()).await?.parted();
        Ok(ReplaceUserResponse { user, scim })
    }

    pub(super) async fn patch(
        &self,
        extensions: &Extensions,
        request: PatchUserRequest,
    ) -> Result<PatchUserResponse> {
        let ToChange { caller, ahead, turn: _turn } =
            self.core.admit_to_change(extensions, named(&request.id, request.me)).await?;
        let view = View::of(request.projection)?;
        self.core.require_few_operations(request.operations.len())?;
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let id = caller.user(&request.id, request.me)?;
        let types = self.core.types(&directory).await?;
        let (messages, if_match) = (request.operations, request.if_match);
        let operations =
            caller.require_schemas(&directory).and_then(|()| Ok(patch::from_messages(messages)?));
        let change = match operations {
            Ok(operations) => {
                UserChange::patch(&self.core, &directory, operations, if_match, types.user()).await
            }
            Err(error) => Err(error),
        };
        let change = self.core.of_resource(&directory, ResourceType::User, id, change).await?;
        let user = self.change(&caller, &directory, id, &change, ahead).await?;
        let (user, scim) = self.core.user(&directory, user, &view, types.user()).await?.parted();
        Ok(PatchUserResponse { user, scim })
    }

    pub(super) async fn delete(
        &self,
        caller: &Caller,
        request: DeleteUserRequest,
    ) -> Result<DeleteUserResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?;
        let id = caller.user(&request.id, request.me)?;
        let (core, directory, if_match) = (&self.core, &directory, &request.if_match);
        core.in_a_transaction(|mut transaction| async move {
            let origin = caller.origin();
            core.delete_user(&mut *transaction, origin, directory, id, if_match).await?;
            let what = || Deed::Deleted.would_have(ResourceType::User, id);
            Ok(((), unless_dry_run(origin, directory, transaction, what).await?))
        })
        .await?;
        Ok(DeleteUserResponse {})
    }

    async fn change(
        &self,
        caller: &Caller,
        directory: &Directory,
        id: Uuid,
        change: &UserChange<'_>,
        ahead: Option<StoredDocument>,
    ) -> Result<StoredResource> {
        // What has changed since is read again when the change is made anew.
        let (core, ahead) = (&self.core, &Mutex::new(ahead));
        core.in_a_transaction(|mut transaction| async move {
            let origin = caller.origin();
            let ahead = ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
            let changed = core.change_user(&mut *transaction, origin, directory, id, change, ahead).await?;
            let deed = || Deed::of_change(&changed, change.is_replacement());
            let what = || deed().would_have(ResourceType::User, id);
            let transaction = unless_dry_run(origin, directory, transaction, what).await?;
            Ok((changed.resource, transaction))
        })
        .await
    }
}

/// The user whom a request names, if it names one.
fn named(id: &str, me: bool) -> Option<Uuid> {
    parse_id(RESOURCE_TYPE, id).ok().filter(|_| !me)
}
