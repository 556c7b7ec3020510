//! Following events: a stream that ends when the reader hangs up, and not before.

use std::pin::Pin;
use std::time::Duration;

use futures_util::Stream;
use rollcall_api::v1::{ErrorReason, Scope, WatchEventsRequest, WatchEventsResponse};
use rollcall_store::EventRange;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tonic::Status;

use super::messages::{kinds, message};
use super::reading::{Selection, beginning};
use crate::Core;
use crate::caller::{Caller, no_directory};
use crate::error::{Error, Result};
use crate::measures::FollowerPlace;

/// Events in one message at most.
const EVENTS_PER_MESSAGE: u32 = 100;
/// After so long without an event a message without any says that everything is well.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// For how long a credential that was checked counts as good.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// The stream of an answer.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<WatchEventsResponse, Status>> + Send>>;

impl Core {
    /// Follows events. The next are read when the reader has taken those before.
    pub(super) async fn watch_events(&self, caller: &Caller, request: WatchEventsRequest) -> Result<Events> {
        let WatchEventsRequest { directory: name, after, types, outside_directories } = request;
        let kinds = kinds(&types)?;
        let directory = self.directory_of_events(caller, &name, outside_directories).await?;
        let range = self.event_range(directory).await?;
        let position = beginning(after, range)?;
        let mut pulse = self.pulse(directory, range);
        let range = later(range, *pulse.borrow_and_update());
        let watch = Watch {
            place: self.watched.follow(pulse.clone(), position),
            position,
            range,
            pulse,
            selection: Selection { directory, kinds, subject: None },
            core: self.clone(),
            caller: caller.clone(),
            name,
            checked: Instant::now(),
            has_greeted: false,
            gone: None,
        };
        Ok(Box::pin(futures_util::stream::try_unfold(watch, async |mut watch| {
            let answer = watch.next().await.map_err(Status::from)?;
            Ok(Some((answer, watch)))
        })))
    }
}

/// Of two ranges of one directory the one that was read later.
fn later(one: EventRange, other: EventRange) -> EventRange {
    if other.newest > one.newest { other } else { one }
}

/// A reader that follows.
struct Watch {
    core: Core,
    caller: Caller,
    /// The directory as the request names it.
    name: String,
    selection: Selection,
    /// Up to where the reader has everything.
    position: i64,
    place: FollowerPlace,
    range: EventRange,
    pulse: watch::Receiver<EventRange>,
    /// When the credential was last found to be good.
    checked: Instant,
    has_greeted: bool,
    /// Why there is nothing more to follow, when the reader has everything.
    gone: Option<Error>,
}

impl Watch {
    /// The next message. It waits until there is something to tell.
    async fn next(&mut self) -> Result<WatchEventsResponse> {
        let silent_until = Instant::now() + KEEP_ALIVE;
        loop {
            if self.core.stopping.is_cancelled() {
                return Err(self.stopped());
            }
            while self.position < self.range.newest {
                self.require_reach().await?;
                let (part, range) =
                    self.core.part(&self.selection, self.position, self.range, EVENTS_PER_MESSAGE).await?;
                (self.position, self.range) = (part.position, range);
                self.place.note(self.position);
                if !part.events.is_empty() {
                    let events = part.events.into_iter().map(message).collect();
                    return Ok(self.answer(events));
                }
            }
            if let Some(error) = self.gone.take() {
                return Err(error);
            }
            if !self.has_greeted {
                return Ok(self.answer(Vec::new()));
            }
            tokio::select! {
                // Where several are so, chance does not decide.
                biased;
                () = self.core.stopping.cancelled() => {}
                changed = self.pulse.changed() => match changed {
                    Ok(()) => self.range = later(self.range, *self.pulse.borrow_and_update()),
                    // Nobody looks for events any more, since the core stops.
                    Err(_) => return Err(self.stopped()),
                },
                () = sleep_until(silent_until) => {
                    self.require_reach().await?;
                    if self.gone.is_none() {
                        return Ok(self.answer(Vec::new()));
                    }
                }
            }
        }
    }

    fn answer(&mut self, events: Vec<rollcall_api::v1::Event>) -> WatchEventsResponse {
        self.has_greeted = true;
        WatchEventsResponse { events, position: self.position }
    }

    /// Ends the stream of a credential that has ended, and soon that of a directory that is gone: its last events tell so.
    async fn require_reach(&mut self) -> Result<()> {
        if self.gone.is_some() || self.checked.elapsed() < TRUSTED_FOR {
            return Ok(());
        }
        self.caller = self.core.admit_again(&self.caller, Scope::EventsRead).await?;
        self.checked = Instant::now();
        let Some(directory) = self.selection.directory else { return Ok(()) };
        let gone = match self.caller.directory(&*self.core.store, &self.name).await {
            Ok(found) if found.id == directory => return Ok(()),
            Ok(_) => no_directory(&self.name),
            Err(error) if error.reason() == ErrorReason::NotFound => error,
            Err(error) => return Err(error),
        };
        self.range = self.core.event_range(Some(directory)).await?;
        self.gone = Some(gone);
        Ok(())
    }

    fn stopped(&self) -> Error {
        Error::new(
            ErrorReason::Unavailable,
            format!("the core is stopping; follow again, after {}", self.position),
        )
    }
}
