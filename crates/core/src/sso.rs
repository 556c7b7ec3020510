//! Sign-ins: what `SsoService` answers.

mod account;
mod address;
mod arrival;
mod signing_in;
mod unlinking;
mod verdict;

use rollcall_api::v1::sso_service_server::SsoService;
use rollcall_api::v1::{
    DeleteSignInLinkRequest, DeleteSignInLinkResponse, ExplainSignInRequest, ExplainSignInResponse,
    SignInRequest, SignInResponse,
};
use tonic::{Request, Response, Status};

pub(crate) use address::domain;
pub(crate) use arrival::{Arrival, protocol, protocol_message, require_text};

pub(crate) use verdict::primary_work_address;

use crate::Core;
use crate::caller::Caller;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Sso {
    core: Core,
}

impl Sso {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}

#[tonic::async_trait]
impl SsoService for Sso {
    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(Self::sign_in(self, Caller::of(&extensions)?, message).await?))
    }

    async fn explain_sign_in(
        &self,
        request: Request<ExplainSignInRequest>,
    ) -> Result<Response<ExplainSignInResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.explain(Caller::of(&extensions)?, message).await?))
    }

    async fn delete_sign_in_link(
        &self,
        request: Request<DeleteSignInLinkRequest>,
    ) -> Result<Response<DeleteSignInLinkResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.unlink(Caller::of(&extensions)?, message).await?))
    }
}

#[cfg(test)]
pub(crate) mod tests;
