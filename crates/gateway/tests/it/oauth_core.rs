//! A core that issues tokens to whoever knows the one secret. The ids of some clients stand for trouble.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rollcall_api::channel::CoreChannel;
use rollcall_api::error::{status, status_with_retry};
use rollcall_api::v1::o_auth_service_server::{OAuthService, OAuthServiceServer};
use rollcall_api::v1::{
    AddSecretRequest, AddSecretResponse, CreateClientRequest, CreateClientResponse, DeleteClientRequest,
    DeleteClientResponse, ErrorReason, IssueAccessTokenRequest, IssueAccessTokenResponse, ListClientsRequest,
    ListClientsResponse, RevokeSecretRequest, RevokeSecretResponse,
};
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// The core.
#[derive(Debug, Clone, Default)]
pub(crate) struct OAuthCore {
    pub(crate) asked: Arc<Mutex<Vec<MetadataMap>>>,
}

impl OAuthCore {
    /// The way to this core.
    pub(crate) fn channel(&self) -> CoreChannel {
        CoreChannel::memory(Routes::new(OAuthServiceServer::new(self.clone())))
    }
}

fn refused() -> Status {
    status(ErrorReason::Forbidden, "the gateway keeps no clients")
}

#[tonic::async_trait]
impl OAuthService for OAuthCore {
    async fn issue_access_token(
        &self,
        request: Request<IssueAccessTokenRequest>,
    ) -> Result<Response<IssueAccessTokenResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        self.asked.lock().unwrap().push(metadata);
        let slowly = |wait| Err(status_with_retry(ErrorReason::RateLimited, "too fast", wait));
        match message.client_id.as_str() {
            "scope" => return Err(status(ErrorReason::InvalidValue, "there is no such scope")),
            "fast" => return slowly(Some(Duration::from_millis(7001))),
            "faster" => return slowly(None),
            "fails" => return Err(status(ErrorReason::Internal, "10.0.0.7 failed")),
            "away" => return Err(Status::unavailable("tcp connect error 10.0.0.7:50051")),
            "sleeps" => tokio::time::sleep(Duration::from_hours(1)).await,
            _ => {}
        }
        if message.client_secret != "s3cr3t" {
            return Err(status(ErrorReason::CredentialInvalid, "the secret is not valid"));
        }
        Ok(Response::new(IssueAccessTokenResponse {
            access_token: format!("{}/{}", message.client_id, message.client_secret),
            expires_in: Some(Duration::from_hours(1).try_into().unwrap()),
            scope: message.scope,
        }))
    }

    async fn create_client(
        &self,
        _: Request<CreateClientRequest>,
    ) -> Result<Response<CreateClientResponse>, Status> {
        Err(refused())
    }

    async fn list_clients(
        &self,
        _: Request<ListClientsRequest>,
    ) -> Result<Response<ListClientsResponse>, Status> {
        Err(refused())
    }

    async fn add_secret(&self, _: Request<AddSecretRequest>) -> Result<Response<AddSecretResponse>, Status> {
        Err(refused())
    }

    async fn revoke_secret(
        &self,
        _: Request<RevokeSecretRequest>,
    ) -> Result<Response<RevokeSecretResponse>, Status> {
        Err(refused())
    }

    async fn delete_client(
        &self,
        _: Request<DeleteClientRequest>,
    ) -> Result<Response<DeleteClientResponse>, Status> {
        Err(refused())
    }
}
