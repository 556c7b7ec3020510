//! What `EventService` answers.

use rollcall_api::v1::event_service_server::EventService;
use rollcall_api::v1::{
    GetAttributeOriginsRequest, GetAttributeOriginsResponse, ListEventsRequest, ListEventsResponse,
    WatchEventsRequest,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::messages::{kinds, message, origin};
use super::reading::{Selection, beginning, end};
use super::watching;
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};

/// Events in a page when the caller does not say.
const DEFAULT_PAGE_SIZE: u32 = 100;
/// Events in a page at most.
const MAX_PAGE_SIZE: u32 = 1000;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    core: Core,
}

impl Events {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn list(&self, caller: &Caller, request: ListEventsRequest) -> Result<ListEventsResponse> {
        let limit = match u32::try_from(request.page_size) {
            Ok(0) => DEFAULT_PAGE_SIZE,
            Ok(size) => size.min(MAX_PAGE_SIZE),
            Err(_) => return Err(Error::value("page_size: it is negative")),
        };
        let kinds = kinds(&request.types)?;
        let directory =
            self.core.directory_of_events(caller, &request.directory, request.outside_directories).await?;
        let selection = Selection { directory, kinds, subject: subject(&request.subject)? };
        require_bound_of_order(&request)?;
        let range = self.core.event_range(directory).await?;
        let (part, now) = if request.newest_first {
            (self.core.part_before(&selection, end(request.before, range)?, range, limit).await?, range)
        } else {
            let after = beginning(request.after, range)?;
            self.core.part(&selection, after, range, limit).await?
        };
        Ok(ListEventsResponse {
            events: part.events.into_iter().map(message).collect(),
            position: part.position,
            newest: now.newest,
            oldest: now.expired + 1,
        })
    }

    async fn origins(
        &self,
        caller: &Caller,
        request: GetAttributeOriginsRequest,
    ) -> Result<GetAttributeOriginsResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let id = parse_id("user or group", &request.id)?;
        // So that every event has its number.
        self.core.event_range(Some(directory.id)).await?;
        let origins = self.core.store.provenance(directory.id, id).await?;
        let origins = origins.ok_or_else(|| Error::not_found("user or group", &request.id))?;
        Ok(GetAttributeOriginsResponse { origins: origins.into_iter().map(origin).collect() })
    }
}

/// What events are to be about. Errors: `INVALID_VALUE` for what is no id.
fn subject(id: &str) -> Result<Option<Uuid>> {
    if id.is_empty() {
        return Ok(None);
    }
    parse_id("subject", id).map(Some).map_err(|_| {
        Error::value("subject: it is no id; give that of a user, a group or whatever else events are about")
    })
}

/// Refuses the bound of one order with the other one. Errors: `INVALID_VALUE`.
fn require_bound_of_order(request: &ListEventsRequest) -> Result<()> {
    match (request.newest_first, request.after, request.before) {
        (true, Some(_), _) => {
            Err(Error::value("after: it does not go with newest_first; before says where to go on"))
        }
        (false, _, Some(_)) => {
            Err(Error::value("before: it goes with newest_first alone; after says where to go on"))
        }
        _ => Ok(()),
    }
}

#[tonic::async_trait]
impl EventService for Events {
    type WatchEventsStream = watching::Events;

    async fn list_events(
        &self,
        request: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.core.watch_events(Caller::of(&extensions)?, message).await?))
    }

    async fn get_attribute_origins(
        &self,
        request: Request<GetAttributeOriginsRequest>,
    ) -> Result<Response<GetAttributeOriginsResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.origins(Caller::of(&extensions)?, message).await?))
    }
}
