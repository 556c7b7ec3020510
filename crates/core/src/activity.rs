//! The activity log: what `ActivityService` answers.

mod brought;
mod health;
mod ids;
mod messages;
mod naming;
mod recording;
mod redaction;
mod retention;
mod summary;
mod watching;

use std::pin::Pin;

pub(crate) use self::health::judged;
pub(crate) use self::recording::UNKNOWN_PER_MINUTE;
#[cfg(feature = "fuzzing")]
pub use self::recording::kept_texts;
use futures_util::Stream;
use rollcall_api::v1::activity_service_server::ActivityService;
use rollcall_api::v1::{
    ActivityFilter, GetActivityRequest, GetActivityResponse, GetConnectionHealthRequest,
    GetConnectionHealthResponse, ListActivityRequest, ListActivityResponse, RecordActivityRequest,
    RecordActivityResponse, SummarizeActivityRequest, SummarizeActivityResponse, WatchActivityRequest,
    WatchActivityResponse,
};
use rollcall_scim::fold::fold;
use rollcall_store::{ActivityPart, ActivityQuery, Named};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};
use crate::log_query::{LogPage, micros};
use crate::page_token::Binding;
use crate::texts::require_storable;

/// The id under which requests of no directory are kept.
const NO_DIRECTORY: Uuid = Uuid::nil();
/// How many users and groups a name in a filter may mean.
const MOST_NAMED: u32 = 100;
/// The lowest status of a failure.
const FAILURES: i64 = 400;
/// How many request ids a filter names at most.
const REQUEST_IDS: usize = 100;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Activities {
    core: Core,
}

impl Activities {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn list(&self, caller: &Caller, request: ListActivityRequest) -> Result<ListActivityResponse> {
        let directory = self.whose(caller, &request.directory, request.without_directory).await?;
        let filter = request.filter.unwrap_or_default();
        let ids = self.core.ids_about(directory, &filter).await?;
        let about = fold(&filter.about);
        let query = query(&filter, &about, &ids)?;
        // Who is called so may change between two pages.
        let asked = ActivityQuery { about: None, ..query };
        let binding = Binding::new(directory, "activity", &[&format!("{asked:?}"), &about]);
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let part = ActivityPart::Before(page.after);
        let mut found = self.core.store.activities(directory, &query, part, page.size + 1).await?;
        let next_page_token = page.cut(&self.core, &mut found, |activity| activity.id, &binding).await?;
        let activities = found.into_iter().map(messages::activity).collect();
        Ok(ListActivityResponse { activities, next_page_token })
    }

    async fn get(&self, caller: &Caller, request: GetActivityRequest) -> Result<GetActivityResponse> {
        let directory = self.whose(caller, &request.directory, request.without_directory).await?;
        let id = parse_id("activity", &request.id)?;
        let found = self.core.store.activity(directory, id).await?;
        let found = found.ok_or_else(|| Error::not_found("activity", &request.id))?;
        Ok(GetActivityResponse { activity: Some(messages::activity(found)) })
    }

    /// The id of the directory whose requests are wanted, or of none.
    async fn whose(&self, caller: &Caller, directory: &str, none: bool) -> Result<Uuid> {
        if !none {
            return Ok(caller.directory(&*self.core.store, directory).await?.id);
        }
        if !directory.is_empty() {
            return Err(Error::value(
                "without_directory: name a directory or ask for requests of none, not both",
            ));
        }
        caller.require_all_directories()?;
        Ok(NO_DIRECTORY)
    }
}

impl Core {
    /// The ids of those whom a filter means by a name. Errors: `INVALID_VALUE`.
    async fn ids_about(&self, directory: Uuid, filter: &ActivityFilter) -> Result<Vec<Uuid>> {
        if filter.about.is_empty() {
            return Ok(Vec::new());
        }
        require_storable("about", &filter.about)?;
        let ids = self.store.ids_named(directory, &filter.about, MOST_NAMED + 1).await?;
        if ids.len() > MOST_NAMED as usize {
            let about = &filter.about;
            return Err(Error::value(format!(
                "about: more than {MOST_NAMED} users and groups have a name that begins with “{about}”; give more of it"
            )));
        }
        Ok(ids)
    }
}

/// Reads a filter, with the folded name in it and those who are called so. Errors: `INVALID_VALUE`.
fn query<'a>(filter: &'a ActivityFilter, about: &'a str, ids: &'a [Uuid]) -> Result<ActivityQuery<'a>> {
    let status = |field: &str, status: i32| match status {
        0 => Ok(None),
        100..=599 => Ok(Some(i64::from(status))),
        _ => Err(Error::value(format!("{field}: {status} is no HTTP status"))),
    };
    let min_status = status("min_status", filter.min_status)?;
    if filter.request_ids.len() > REQUEST_IDS {
        return Err(Error::value(format!("request_ids: there are more than {REQUEST_IDS}")));
    }
    let texts = [
        ("method", &filter.method),
        ("path_contains", &filter.path_contains),
        ("target_id", &filter.target_id),
        ("request_id", &filter.request_id),
        ("token_prefix", &filter.token_prefix),
    ];
    for (field, text) in texts.into_iter().chain(filter.request_ids.iter().map(|id| ("request_ids", id))) {
        require_storable(field, text)?;
    }
    Ok(ActivityQuery {
        min_status: if filter.failures_only { min_status.max(Some(FAILURES)) } else { min_status },
        max_status: status("max_status", filter.max_status)?,
        method: named(&filter.method),
        path_contains: named(&filter.path_contains),
        target: named(&filter.target_id),
        about: named(about).map(|part| Named { part, ids }),
        from: micros("from", filter.from)?,
        until: micros("until", filter.until)?,
        request_id: named(&filter.request_id),
        token_prefix: named(&filter.token_prefix),
        request_ids: &filter.request_ids,
    })
}

fn named(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

#[tonic::async_trait]
impl ActivityService for Activities {
    async fn record_activity(
        &self,
        request: Request<RecordActivityRequest>,
    ) -> Result<Response<RecordActivityResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        if let Some(caller) = Caller::if_any(&extensions) {
            caller.require_all_directories()?;
        }
        self.core.record_activity(message).await?;
        Ok(Response::new(RecordActivityResponse {}))
    }

    async fn list_activity(
        &self,
        request: Request<ListActivityRequest>,
    ) -> Result<Response<ListActivityResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn summarize_activity(
        &self,
        request: Request<SummarizeActivityRequest>,
    ) -> Result<Response<SummarizeActivityResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.core.summarize_activity(Caller::of(&extensions)?, message).await?))
    }

    async fn get_activity(
        &self,
        request: Request<GetActivityRequest>,
    ) -> Result<Response<GetActivityResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.get(Caller::of(&extensions)?, message).await?))
    }

    type WatchActivityStream = Pin<Box<dyn Stream<Item = Result<WatchActivityResponse, Status>> + Send>>;

    async fn watch_activity(
        &self,
        request: Request<WatchActivityRequest>,
    ) -> Result<Response<Self::WatchActivityStream>, Status> {
        let (_, extensions, message) = request.into_parts();
        let caller = Caller::of(&extensions)?;
        let directory = self.whose(caller, &message.directory, message.without_directory).await?;
        if let Some(filter) = &message.filter {
            self.core.ids_about(directory, filter).await?;
        }
        Ok(Response::new(self.core.watch_activity(caller, directory, message)?))
    }

    async fn get_connection_health(
        &self,
        request: Request<GetConnectionHealthRequest>,
    ) -> Result<Response<GetConnectionHealthResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        let caller = Caller::of(&extensions)?;
        let directory = caller.directory(&*self.core.store, &message.directory).await?;
        let health = self.core.connection_health(&directory).await?;
        Ok(Response::new(GetConnectionHealthResponse { health: Some(health) }))
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ErrorReason;

    use super::*;

    #[test]
    fn a_filter_for_failures_keeps_a_higher_status() {
        let min = |min_status, failures_only| {
            let filter = ActivityFilter { min_status, failures_only, ..ActivityFilter::default() };
            query(&filter, "", &[]).unwrap().min_status
        };
        assert_eq!(min(0, false), None);
        assert_eq!(min(0, true), Some(400));
        assert_eq!(min(200, true), Some(400));
        assert_eq!(min(500, true), Some(500));
    }

    #[test]
    fn a_status_that_is_none_is_refused() {
        let filter = ActivityFilter { max_status: 42, ..ActivityFilter::default() };
        let error = query(&filter, "", &[]).unwrap_err();
        assert_eq!(error.reason(), ErrorReason::InvalidValue);
        assert!(error.to_string().contains("max_status"), "{error}");
    }
}
