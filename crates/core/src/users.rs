//! Users: what `UserService` answers.

mod administrators;
mod changes;
mod departed;
mod restoring;
mod returning;
mod rpcs;

use rollcall_api::user;
use rollcall_api::v1::user_service_server::UserService;
use rollcall_api::v1::{
    self, CreateUserRequest, CreateUserResponse, DeleteUserRequest, DeleteUserResponse, GetUserRequest,
    GetUserResponse, ListDeletedUsersRequest, ListDeletedUsersResponse, ListUsersRequest, ListUsersResponse,
    PatchUserRequest, PatchUserResponse, ReplaceUserRequest, ReplaceUserResponse, RestoreUserRequest,
    RestoreUserResponse, SetAdministratorRequest, SetAdministratorResponse, VerifyPasswordRequest,
    VerifyPasswordResponse,
};
use rollcall_scim::{Definition, Resource};
use rollcall_store::{Directory, Membership, ResourceType, StoredDocument, StoredResource, UserOrigin};
use tonic::{Extensions, Request, Response, Status};

pub(crate) use self::changes::{NewUser, UserChange};

use crate::Core;
use crate::caller::Caller;
use crate::departures::is_administrator;
use crate::error::Result;
use crate::resources::{Asked, Named, Shown, Type, View, lone_user_name, parted};

/// The name of the resource type.
const RESOURCE_TYPE: &str = "User";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    core: Core,
}

impl Users {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn get(&self, extensions: &Extensions, request: GetUserRequest) -> Result<GetUserResponse> {
        let (directory, stored) = if request.me {
            self.core.find_me(extensions, &request.directory, &request.id).await?
        } else {
            self.core.find(extensions, ResourceType::User, &request.directory, &request.id).await?
        };
        let view = View::of(request.projection)?;
        let types = self.core.types(&directory).await?;
        let memberships = self.core.memberships(&directory, std::slice::from_ref(&stored), &view).await?;
        let groups = memberships.of(stored.id);
        let (user, scim) = show_document(&directory, stored, groups, &view, types.user())?.parted();
        Ok(GetUserResponse { user, scim })
    }

    async fn list(&self, extensions: &Extensions, request: ListUsersRequest) -> Result<ListUsersResponse> {
        let user_name = lone_user_name(&request.filter);
        let (caller, user) = self.core.admit_to_users(extensions, user_name.as_deref()).await?;
        let named = user_name.filter(|_| caller.bound_to().is_some()).map(|name| Named { name, user });
        let view = View::of(request.projection.clone())?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        caller.require_schemas(&directory)?;
        let asked = Asked {
            list: "users",
            filter: &request.filter,
            sort_by: &request.sort_by,
            sort_order: request.sort_order,
            page_size: request.page_size,
            start_index: request.start_index,
            page_token: &request.page_token,
            projection: request.projection.as_ref(),
        };
        let known = self.core.types(&directory).await?;
        let definition = known.user();
        let types = [Type { resource_type: ResourceType::User, definition }];
        let listed = self.core.list(&directory, directory.rules(), &types, &asked, named).await?;
        let memberships = self.core.memberships(&directory, &listed.resources, &view).await?;
        let (users, scim) = parted(listed.resources.into_iter().map(|stored| {
            let groups = memberships.of(stored.id);
            show_document(&directory, stored, groups, &view, definition)
        }))?;
        Ok(ListUsersResponse {
            users,
            scim,
            total_results: listed.total_results,
            start_index: listed.start_index,
            next_page_token: listed.next_page_token,
        })
    }
}

impl Core {
    /// A user who was written, with the attributes that the reader asked for.
    pub(crate) async fn user(
        &self,
        directory: &Directory,
        stored: StoredResource,
        view: &View,
        definition: &Definition,
    ) -> Result<Shown<v1::User>> {
        let memberships = self.memberships(directory, std::slice::from_ref(&stored), view).await?;
        let groups = memberships.of(stored.id);
        let message = |stored| user_message(directory, stored, groups, view, definition);
        view.of_resource(stored, groups, definition, message)
    }
}

/// The attributes of a whole user as a client sent them, yet to be judged. Errors: `invalidValue` where it sent none.
pub(crate) fn sent(user: Option<v1::User>) -> rollcall_scim::Result<Resource> {
    user.map(user::into_resource).ok_or_else(|| rollcall_scim::Error::value("user: it is missing"))
}

/// A user who was read, with the attributes that the reader asked for.
pub(crate) fn show_document(
    directory: &Directory,
    document: StoredDocument,
    groups: &[Membership],
    view: &View,
    definition: &Definition,
) -> Result<Shown<v1::User>> {
    let message = |stored| user_message(directory, stored, groups, view, definition);
    view.of_document(document, groups, definition, message)
}

/// The message of a user, with the attributes that the reader asked for, and what is known beside them.
pub(crate) fn user_message(
    directory: &Directory,
    stored: StoredResource,
    groups: &[Membership],
    view: &View,
    definition: &Definition,
) -> v1::User {
    let (administrator, origin) = (is_administrator(directory, &stored), stored.origin);
    let administrator_by_role = directory.is_administrator_by_role(&stored.attributes);
    v1::User {
        administrator,
        administrator_by_role,
        origin: origin_message(origin).into(),
        ..user::from_resource(view.represent(stored, groups, definition))
    }
}

fn origin_message(origin: Option<UserOrigin>) -> v1::UserOrigin {
    match origin {
        None => v1::UserOrigin::Unspecified,
        Some(UserOrigin::Scim) => v1::UserOrigin::Scim,
        Some(UserOrigin::Sso) => v1::UserOrigin::Sso,
        Some(UserOrigin::Admin) => v1::UserOrigin::Admin,
    }
}

#[tonic::async_trait]
impl UserService for Users {
    async fn create_user(
        &self,
        request: Request<CreateUserRequest>,
    ) -> Result<Response<CreateUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, message).await?))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.get(&extensions, message).await?))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(&extensions, message).await?))
    }

    async fn replace_user(
        &self,
        request: Request<ReplaceUserRequest>,
    ) -> Result<Response<ReplaceUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.replace(&extensions, message).await?))
    }

    async fn patch_user(
        &self,
        request: Request<PatchUserRequest>,
    ) -> Result<Response<PatchUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.patch(&extensions, message).await?))
    }

    async fn delete_user(
        &self,
        request: Request<DeleteUserRequest>,
    ) -> Result<Response<DeleteUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }

    async fn list_deleted_users(
        &self,
        request: Request<ListDeletedUsersRequest>,
    ) -> Result<Response<ListDeletedUsersResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list_deleted(Caller::of(&extensions)?, message).await?))
    }

    async fn restore_user(
        &self,
        request: Request<RestoreUserRequest>,
    ) -> Result<Response<RestoreUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.restore(Caller::of(&extensions)?, message).await?))
    }

    async fn set_administrator(
        &self,
        request: Request<SetAdministratorRequest>,
    ) -> Result<Response<SetAdministratorResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.mark(Caller::of(&extensions)?, message).await?))
    }

    async fn verify_password(
        &self,
        request: Request<VerifyPasswordRequest>,
    ) -> Result<Response<VerifyPasswordResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.core.verify_password(Caller::of(&extensions)?, message).await?))
    }
}
