//! A core that knows one user, some groups and one token, and remembers what it was asked.

mod groups;
mod many;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollcall_api::channel::CoreChannel;
use rollcall_api::error::status;
use rollcall_api::json::Json;
use rollcall_api::v1::bulk_service_server::BulkServiceServer;
use rollcall_api::v1::discovery_service_server::{DiscoveryService, DiscoveryServiceServer};
use rollcall_api::v1::group_service_server::GroupServiceServer;
use rollcall_api::v1::identity_service_server::{IdentityService, IdentityServiceServer};
use rollcall_api::v1::search_service_server::SearchServiceServer;
use rollcall_api::v1::user::Name;
use rollcall_api::v1::user_service_server::{UserService, UserServiceServer};
use rollcall_api::v1::{
    ApplyBulkRequest, CreateUserRequest, CreateUserResponse, DeleteUserRequest, DeleteUserResponse,
    ErrorReason, GetServiceProviderConfigRequest, GetServiceProviderConfigResponse, GetUserRequest,
    GetUserResponse, ListDeletedUsersRequest, ListDeletedUsersResponse, ListResourceTypesRequest,
    ListResourceTypesResponse, ListSchemasRequest, ListSchemasResponse, ListUsersRequest, ListUsersResponse,
    Meta, PatchUserRequest, PatchUserResponse, Projection, ReplaceUserRequest, ReplaceUserResponse,
    ResourceType, RestoreUserRequest, RestoreUserResponse, Schema, ScimResource, SearchResourcesRequest,
    ServiceProviderConfig, SetAdministratorRequest, SetAdministratorResponse, User, VerifyPasswordRequest,
    VerifyPasswordResponse, WhoAmIRequest, WhoAmIResponse,
};
use rollcall_scim::schema::USER;
use serde::Serialize;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;

pub(crate) use groups::GroupAsked;

/// The one token that is good.
pub(crate) const TOKEN: &str = "good";
/// The id of the one user.
pub(crate) const ID: &str = "u1";
/// The version of the one user.
pub(crate) const VERSION: &str = "W/\"3\"";

/// A message that the core was sent.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Create(CreateUserRequest),
    Get(GetUserRequest),
    List(ListUsersRequest),
    Replace(ReplaceUserRequest),
    Patch(PatchUserRequest),
    Delete,
    Groups(GroupAsked),
    Search(SearchResourcesRequest),
    Bulk(Vec<ApplyBulkRequest>),
    WhoAmI,
    Discovery,
}

/// The core.
#[derive(Debug, Clone, Default)]
pub(crate) struct FakeCore {
    asked: Arc<Mutex<Vec<(MetadataMap, Asked)>>>,
    /// How many messages with members have been taken.
    member_messages: Arc<AtomicUsize>,
}

impl FakeCore {
    /// The way to this core.
    pub(crate) async fn channel(&self) -> CoreChannel {
        self.channel_with_health(ServingStatus::Serving).await
    }

    /// The way to this core, which gives this answer about its health.
    pub(crate) async fn channel_with_health(&self, serving: ServingStatus) -> CoreChannel {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("", serving).await;
        CoreChannel::memory(
            Routes::new(UserServiceServer::new(self.clone()))
                .add_service(IdentityServiceServer::new(self.clone()))
                .add_service(DiscoveryServiceServer::new(self.clone()))
                .add_service(GroupServiceServer::new(self.clone()))
                .add_service(SearchServiceServer::new(self.clone()))
                .add_service(BulkServiceServer::new(self.clone()))
                .add_service(health),
        )
    }

    /// All that this core was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().map(|(_, asked)| asked.clone()).collect()
    }

    /// How many messages with members have been taken from it.
    pub(crate) fn member_messages(&self) -> usize {
        self.member_messages.load(Ordering::Relaxed)
    }

    /// The metadata of the last message.
    pub(crate) fn metadata(&self) -> MetadataMap {
        self.asked.lock().unwrap().last().unwrap().0.clone()
    }

    /// The metadata of the first message since this was last asked.
    pub(crate) fn first_metadata(&self) -> MetadataMap {
        std::mem::take(&mut *self.asked.lock().unwrap()).remove(0).0
    }

    /// Remembers a message and judges its credential.
    fn admit<T>(&self, request: Request<T>, asked: impl FnOnce(T) -> Asked) -> Result<Asked, Status> {
        let (metadata, _, message) = request.into_parts();
        self.judge(metadata, asked(message))
    }

    /// Remembers what was asked and judges the credential.
    fn judge(&self, metadata: MetadataMap, asked: Asked) -> Result<Asked, Status> {
        let credential =
            metadata.get("authorization").map(|value| value.to_str().unwrap_or_default().to_owned());
        self.asked.lock().unwrap().push((metadata, asked.clone()));
        match credential.as_deref() {
            Some("Bearer good") => Ok(asked),
            Some("Bearer off") => {
                Err(status(ErrorReason::ScimOff, "SCIM is switched off for this directory"))
            }
            Some("Bearer writeonly") if matches!(asked, Asked::WhoAmI) => Ok(asked),
            Some("Bearer readonly" | "Bearer writeonly") => {
                Err(status(ErrorReason::ScopeMissing, "this credential lacks a scope"))
            }
            Some(_) => Err(status(ErrorReason::CredentialInvalid, "the credential is not valid")),
            None => Err(status(ErrorReason::CredentialMissing, "no credential")),
        }
    }
}

/// The one user, with the attributes that a test asks of it.
fn user() -> User {
    User {
        id: ID.to_owned(),
        schemas: vec![USER.to_owned()],
        user_name: Some("ana@example.com".to_owned()),
        name: Some(Name { family_name: Some("Ruiz".to_owned()), ..Name::default() }),
        active: Some(true),
        meta: Some(Meta {
            resource_type: "User".to_owned(),
            version: VERSION.to_owned(),
            location: "/Users/u1".to_owned(),
            ..Meta::default()
        }),
        ..User::default()
    }
}

/// A resource as the gateway asks for it.
fn scim<M>(message: &M, id: &str, projection: Option<&Projection>) -> ScimResource
where
    for<'a> Json<'a, M>: Serialize,
{
    let base = projection.and_then(|projection| projection.scim_base_url.as_deref()).unwrap();
    let json = serde_json::to_vec(&Json::new(message, base)).unwrap();
    ScimResource { id: id.to_owned(), version: VERSION.to_owned(), json: json.into() }
}

fn scim_user(user: &User, projection: Option<&Projection>) -> ScimResource {
    scim(user, &user.id, projection)
}

/// The user of that id. Some ids stand for trouble.
async fn find(id: &str, projection: Option<&Projection>) -> Result<Option<ScimResource>, Status> {
    match id {
        ID => {
            // Whoever only wants to know whether the user is there asks for no JSON.
            let asks = projection.filter(|projection| projection.scim_base_url.is_some());
            Ok(asks.map(|projection| scim_user(&user(), Some(projection))))
        }
        "panics" => panic!("a panic on purpose"),
        "sleeps" => {
            tokio::time::sleep(Duration::from_hours(1)).await;
            Ok(None)
        }
        "fails" => Err(status(ErrorReason::Internal, "select * from secrets")),
        "unreachable" => Err(Status::unavailable("tcp connect error 10.0.0.7:50051")),
        "old" => Err(Status::unimplemented("no such method")),
        "large" => Err(Status::out_of_range("decoded message length too large: 4194304")),
        "empty" => Ok(None),
        _ => Err(status(ErrorReason::NotFound, format!("there is no User with the id {id:?}"))),
    }
}

/// Who is asked about: the good token stands for the one user.
fn whom(id: &str, me: bool) -> &str {
    if me { ID } else { id }
}

fn require_match(if_match: &[String]) -> Result<(), Status> {
    if if_match.is_empty() || if_match.iter().any(|tag| tag == "*" || tag == VERSION) {
        return Ok(());
    }
    Err(status(ErrorReason::VersionMismatch, "the resource has changed"))
}

#[tonic::async_trait]
impl UserService for FakeCore {
    async fn create_user(
        &self,
        request: Request<CreateUserRequest>,
    ) -> Result<Response<CreateUserResponse>, Status> {
        let scim = scim_user(&user(), request.get_ref().projection.as_ref());
        self.admit(request, Asked::Create)?;
        Ok(Response::new(CreateUserResponse { user: None, scim: Some(scim) }))
    }

    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<GetUserResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, Asked::Get)?;
        let scim = find(whom(&message.id, message.me), message.projection.as_ref()).await?;
        Ok(Response::new(GetUserResponse { user: None, scim }))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, Asked::List)?;
        let scim = vec![scim_user(&user(), message.projection.as_ref())];
        let page = match (message.filter.as_str(), message.start_index) {
            ("none", index) => {
                ListUsersResponse { start_index: index.unwrap_or_default(), ..Default::default() }
            }
            ("last", None) => ListUsersResponse { scim, total_results: 2, ..Default::default() },
            (_, None) => ListUsersResponse {
                scim,
                total_results: 2,
                next_page_token: "next".to_owned(),
                ..Default::default()
            },
            (_, Some(index)) => {
                ListUsersResponse { scim, total_results: 7, start_index: index.max(1), ..Default::default() }
            }
        };
        Ok(Response::new(page))
    }

    async fn replace_user(
        &self,
        request: Request<ReplaceUserRequest>,
    ) -> Result<Response<ReplaceUserResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, Asked::Replace)?;
        require_match(&message.if_match)?;
        let scim = find(whom(&message.id, message.me), message.projection.as_ref()).await?;
        Ok(Response::new(ReplaceUserResponse { user: None, scim }))
    }

    async fn patch_user(
        &self,
        request: Request<PatchUserRequest>,
    ) -> Result<Response<PatchUserResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, Asked::Patch)?;
        require_match(&message.if_match)?;
        let scim = find(whom(&message.id, message.me), message.projection.as_ref()).await?;
        Ok(Response::new(PatchUserResponse { user: None, scim }))
    }

    async fn delete_user(
        &self,
        request: Request<DeleteUserRequest>,
    ) -> Result<Response<DeleteUserResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, |_| Asked::Delete)?;
        require_match(&message.if_match)?;
        find(whom(&message.id, message.me), None).await?;
        Ok(Response::new(DeleteUserResponse {}))
    }

    async fn list_deleted_users(
        &self,
        _: Request<ListDeletedUsersRequest>,
    ) -> Result<Response<ListDeletedUsersResponse>, Status> {
        Err(status(ErrorReason::Forbidden, "to the gateway deleted users are not there"))
    }

    async fn restore_user(
        &self,
        _: Request<RestoreUserRequest>,
    ) -> Result<Response<RestoreUserResponse>, Status> {
        Err(status(ErrorReason::Forbidden, "to the gateway deleted users are not there"))
    }

    async fn set_administrator(
        &self,
        _: Request<SetAdministratorRequest>,
    ) -> Result<Response<SetAdministratorResponse>, Status> {
        Err(status(ErrorReason::Forbidden, "the gateway has no business with administrators"))
    }

    async fn verify_password(
        &self,
        _: Request<VerifyPasswordRequest>,
    ) -> Result<Response<VerifyPasswordResponse>, Status> {
        Err(status(ErrorReason::Forbidden, "the gateway has no business with passwords"))
    }
}

#[tonic::async_trait]
impl IdentityService for FakeCore {
    async fn who_am_i(&self, request: Request<WhoAmIRequest>) -> Result<Response<WhoAmIResponse>, Status> {
        self.admit(request, |_| Asked::WhoAmI)?;
        Ok(Response::new(WhoAmIResponse::default()))
    }
}

#[tonic::async_trait]
impl DiscoveryService for FakeCore {
    async fn get_service_provider_config(
        &self,
        request: Request<GetServiceProviderConfigRequest>,
    ) -> Result<Response<GetServiceProviderConfigResponse>, Status> {
        if request.metadata().contains_key("authorization") {
            self.admit(request, |_| Asked::Discovery)?;
        }
        let config = ServiceProviderConfig {
            patch_supported: true,
            bulk_max_payload_size: 64 * 1024 * 1024,
            ..Default::default()
        };
        Ok(Response::new(GetServiceProviderConfigResponse { config: Some(config) }))
    }

    async fn list_resource_types(
        &self,
        request: Request<ListResourceTypesRequest>,
    ) -> Result<Response<ListResourceTypesResponse>, Status> {
        self.admit(request, |_| Asked::Discovery)?;
        let user = ResourceType {
            id: "User".to_owned(),
            name: "User".to_owned(),
            endpoint: "/Users".to_owned(),
            schema: USER.to_owned(),
            ..Default::default()
        };
        Ok(Response::new(ListResourceTypesResponse { resource_types: vec![user] }))
    }

    async fn list_schemas(
        &self,
        request: Request<ListSchemasRequest>,
    ) -> Result<Response<ListSchemasResponse>, Status> {
        self.admit(request, |_| Asked::Discovery)?;
        let user = Schema { id: USER.to_owned(), name: "User".to_owned(), ..Default::default() };
        Ok(Response::new(ListSchemasResponse { schemas: vec![user] }))
    }
}
