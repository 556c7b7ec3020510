//! A core that takes in what is reported to it, or does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::BoxStream;
use rollcall_api::error::status;
use rollcall_api::v1::activity_service_server::ActivityService;
use rollcall_api::v1::{
    ErrorReason, GetActivityRequest, GetActivityResponse, GetConnectionHealthRequest,
    GetConnectionHealthResponse, ListActivityRequest, ListActivityResponse, RecordActivityRequest,
    RecordActivityResponse, SummarizeActivityRequest, SummarizeActivityResponse, WatchActivityRequest,
    WatchActivityResponse,
};
use tonic::{Request, Response, Status};

/// What the core answers to a call of this number, from 0.
type Answer = Box<dyn Fn(usize, RecordActivityRequest) -> Result<(), Status> + Send + Sync>;

/// A core that answers calls in turn.
pub(crate) struct ActivityCore {
    calls: AtomicUsize,
    answer: Answer,
}

impl ActivityCore {
    pub(crate) fn new(
        answer: impl Fn(usize, RecordActivityRequest) -> Result<(), Status> + Send + Sync + 'static,
    ) -> Self {
        Self { calls: AtomicUsize::new(0), answer: Box::new(answer) }
    }
}

/// The answer of a core that gives none.
pub(crate) fn silence() -> Status {
    Status::aborted("silence")
}

fn refused() -> Status {
    status(ErrorReason::Forbidden, "the gateway reads no activity")
}

#[tonic::async_trait]
impl ActivityService for ActivityCore {
    async fn record_activity(
        &self,
        request: Request<RecordActivityRequest>,
    ) -> Result<Response<RecordActivityResponse>, Status> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        match (self.answer)(call, request.into_inner()) {
            Err(status) if status.message() == silence().message() => {
                tokio::time::sleep(Duration::from_hours(1)).await;
                Err(status)
            }
            answer => answer.map(|()| Response::new(RecordActivityResponse {})),
        }
    }

    async fn list_activity(
        &self,
        _: Request<ListActivityRequest>,
    ) -> Result<Response<ListActivityResponse>, Status> {
        Err(refused())
    }

    async fn get_activity(
        &self,
        _: Request<GetActivityRequest>,
    ) -> Result<Response<GetActivityResponse>, Status> {
        Err(refused())
    }

    type WatchActivityStream = BoxStream<'static, Result<WatchActivityResponse, Status>>;

    async fn watch_activity(
        &self,
        _: Request<WatchActivityRequest>,
    ) -> Result<Response<Self::WatchActivityStream>, Status> {
        Err(refused())
    }

    async fn summarize_activity(
        &self,
        _: Request<SummarizeActivityRequest>,
    ) -> Result<Response<SummarizeActivityResponse>, Status> {
        Err(refused())
    }

    async fn get_connection_health(
        &self,
        _: Request<GetConnectionHealthRequest>,
    ) -> Result<Response<GetConnectionHealthResponse>, Status> {
        Err(refused())
    }
}
