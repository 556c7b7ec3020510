//! Following the log as it is written.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, stream};
use rollcall_api::v1::{ActivityFilter, Scope, WatchActivityRequest, WatchActivityResponse};
use rollcall_scim::fold::fold;
use rollcall_store::{Activity, ActivityPart};
use tokio::time::sleep;
use tonic::Status;
use uuid::Uuid;

use super::{messages, query};
use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::Result;
use crate::random::first_id;

/// How often is looked for new requests.
const PERIOD: Duration = Duration::from_millis(500);
/// How long requests rest before they are told, in µs. Several replicas record at once, each with ids of its own clock; what
/// is told must not be followed by an id before it.
const REST: i64 = 1_000_000;
/// Requests that are read at once.
const AT_ONCE: u32 = 500;

/// Somebody who follows.
struct Follower {
    core: Core,
    caller: Caller,
    directory: Uuid,
    filter: ActivityFilter,
    /// The last request that was read.
    after: Uuid,
    /// What was read and not yet told.
    read: VecDeque<Activity>,
    /// Whether the caller has been told that the stream has begun.
    has_begun: bool,
}

type Followed = Pin<Box<dyn Stream<Item = Result<WatchActivityResponse, Status>> + Send>>;

impl Core {
    /// The requests of a directory from now on, or from one on. Errors: `INVALID_VALUE`, `NOT_FOUND`.
    pub(super) fn watch_activity(
        &self,
        caller: &Caller,
        directory: Uuid,
        request: WatchActivityRequest,
    ) -> Result<Followed> {
        let filter = request.filter.unwrap_or_default();
        query(&filter, "", &[])?;
        let after = match request.after.as_str() {
            "" => first_id(self.clock.now()),
            after => parse_id("activity", after)?,
        };
        let (core, caller) = (self.clone(), caller.clone());
        let follower =
            Follower { core, caller, directory, filter, after, read: VecDeque::new(), has_begun: false };
        Ok(Box::pin(stream::try_unfold(follower, async |mut follower| {
            if !follower.has_begun {
                follower.core.admit_again(&follower.caller, Scope::Admin).await?;
                follower.has_begun = true;
                return Ok(Some((WatchActivityResponse { activity: None }, follower)));
            }
            let next = follower.next().await?;
            Ok(next.map(|activity| {
                let message = WatchActivityResponse { activity: Some(messages::activity(activity)) };
                (message, follower)
            }))
        })))
    }
}

impl Follower {
    /// Waits for the next request; `None`, the core stops.
    async fn next(&mut self) -> Result<Option<Activity>> {
        loop {
            if let Some(activity) = self.read.pop_front() {
                return Ok(Some(activity));
            }
            // A key that has been revoked follows nothing any more.
            self.core.admit_again(&self.caller, Scope::Admin).await?;
            let before = first_id(self.core.clock.now() - REST);
            let part = ActivityPart::Between(self.after, before);
            let ids = self.core.ids_about(self.directory, &self.filter).await?;
            let about = fold(&self.filter.about);
            let query = query(&self.filter, &about, &ids)?;
            let found = self.core.store.activities(self.directory, &query, part, AT_ONCE).await?;
            if found.len() < AT_ONCE as usize {
                self.after = self.after.max(before);
            }
            if let Some(last) = found.last() {
                self.after = self.after.max(last.id);
                self.read = found.into();
                continue;
            }
            tokio::select! {
                () = sleep(PERIOD) => {}
                () = self.core.stopping.cancelled() => return Ok(None),
            }
        }
    }
}
