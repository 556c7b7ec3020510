//! Holds: the changes of identity providers that guard rails stopped, and what `HoldService` answers.

mod deciding;
mod messages;
mod recording;

use rollcall_api::v1::hold_service_server::HoldService;
use rollcall_api::v1::{
    ApplyHeldChangeRequest, ApplyHeldChangeResponse, ApproveHoldRequest, ApproveHoldResponse, GetHoldRequest,
    GetHoldResponse, ListHoldsRequest, ListHoldsResponse, RejectHoldRequest, RejectHoldResponse,
};
use rollcall_store::{Directory, Hold};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::log_query::LogPage;
use crate::page_token::Binding;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Holds {
    core: Core,
}

impl Holds {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn list(&self, caller: &Caller, request: ListHoldsRequest) -> Result<ListHoldsResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let binding = Binding::new(directory.id, "holds", &[]);
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let mut holds = self.core.store.holds(directory.id, page.after, page.size + 1).await?;
        let next_page_token = page.cut(&self.core, &mut holds, |hold| hold.id, &binding).await?;
        Ok(ListHoldsResponse { holds: holds.into_iter().map(messages::hold).collect(), next_page_token })
    }

    async fn get(&self, caller: &Caller, request: GetHoldRequest) -> Result<GetHoldResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let hold = self.find(&directory, &request.id).await?;
        let binding = Binding::new(directory.id, "held changes", &[&request.id]);
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let mut changes = self.core.store.held_changes(hold.id, false, page.after, page.size + 1).await?;
        let next_page_token = page.cut(&self.core, &mut changes, |change| change.user, &binding).await?;
        Ok(GetHoldResponse {
            hold: Some(messages::hold(hold)),
            changes: changes.into_iter().map(messages::change).collect(),
            next_page_token,
        })
    }

    async fn find(&self, directory: &Directory, id: &str) -> Result<Hold> {
        let hold = self.core.store.hold(directory.id, hold_id(id)?).await?;
        hold.ok_or_else(|| Error::not_found(HOLD, id))
    }
}

/// What a hold is called where there is none.
const HOLD: &str = "hold";

fn hold_id(text: &str) -> Result<Uuid> {
    crate::caller::parse_id(HOLD, text)
}

#[tonic::async_trait]
impl HoldService for Holds {
    async fn list_holds(
        &self,
        request: Request<ListHoldsRequest>,
    ) -> Result<Response<ListHoldsResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn get_hold(&self, request: Request<GetHoldRequest>) -> Result<Response<GetHoldResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.get(Caller::of(&extensions)?, message).await?))
    }

    async fn approve_hold(
        &self,
        request: Request<ApproveHoldRequest>,
    ) -> Result<Response<ApproveHoldResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.approve(Caller::of(&extensions)?, message).await?))
    }

    async fn apply_held_change(
        &self,
        request: Request<ApplyHeldChangeRequest>,
    ) -> Result<Response<ApplyHeldChangeResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.apply(Caller::of(&extensions)?, message).await?))
    }

    async fn reject_hold(
        &self,
        request: Request<RejectHoldRequest>,
    ) -> Result<Response<RejectHoldResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.reject(Caller::of(&extensions)?, message).await?))
    }
}
