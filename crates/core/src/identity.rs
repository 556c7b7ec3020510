//! Who a credential stands for.

use rollcall_api::v1::identity_service_server::IdentityService;
use rollcall_api::v1::{WhoAmIRequest, WhoAmIResponse};
use tonic::{Request, Response, Status};

use crate::caller::Caller;

/// The service: all that it answers, the gate has found out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity;

#[tonic::async_trait]
impl IdentityService for Identity {
    async fn who_am_i(&self, request: Request<WhoAmIRequest>) -> Result<Response<WhoAmIResponse>, Status> {
        let caller = Caller::of(request.extensions())?;
        Ok(Response::new(WhoAmIResponse {
            kind: caller.kind().into(),
            directory: caller.bound_to().map(|directory| directory.name.clone()).unwrap_or_default(),
            scopes: caller.scopes().map(i32::from).collect(),
            prefix: caller.prefix().to_owned(),
            user_id: caller.user_id().map(|user| user.to_string()).unwrap_or_default(),
        }))
    }
}
