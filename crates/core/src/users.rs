//! Users: what `UserService` answers.

mod listing;
mod representation;
mod writing;

use rollcall_api::v1::user_service_server::UserService;
use rollcall_api::v1::{
    CreateUserRequest, CreateUserResponse, DeleteUserRequest, DeleteUserResponse, GetUserRequest,
    GetUserResponse, ListUsersRequest, ListUsersResponse, PatchUserRequest, PatchUserResponse,
    ReplaceUserRequest, ReplaceUserResponse,
};
use rollcall_scim::builtin;
use rollcall_scim::projection::Projection;
use rollcall_store::ResourceType;
use tonic::{Request, Response, Status};

use self::representation::represent;
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};

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

    async fn get(&self, caller: &Caller, request: GetUserRequest) -> Result<GetUserResponse> {
        let projection = projection(request.projection)?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let id = parse_id(RESOURCE_TYPE, &request.id)?;
        let user = self.core.store.resource(directory.id, ResourceType::User, id).await?;
        let user = user.ok_or_else(|| Error::not_found(RESOURCE_TYPE, &request.id))?;
        Ok(GetUserResponse { user: Some(represent(user, &projection, builtin::user())) })
    }
}

/// Reads the projection of a request. Errors: `INVALID_VALUE` when both lists are given.
fn projection(message: Option<rollcall_api::v1::Projection>) -> Result<Projection> {
    let message = message.unwrap_or_default();
    Ok(Projection::parse(&message.attributes, &message.excluded_attributes)?)
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
        Ok(Response::new(self.get(Caller::of(&extensions)?, message).await?))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn replace_user(
        &self,
        request: Request<ReplaceUserRequest>,
    ) -> Result<Response<ReplaceUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.replace(Caller::of(&extensions)?, message).await?))
    }

    async fn patch_user(
        &self,
        request: Request<PatchUserRequest>,
    ) -> Result<Response<PatchUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.patch(Caller::of(&extensions)?, message).await?))
    }

    async fn delete_user(
        &self,
        request: Request<DeleteUserRequest>,
    ) -> Result<Response<DeleteUserResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }
}
