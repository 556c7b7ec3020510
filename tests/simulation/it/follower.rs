//! A service that follows the events, and begins again after the last that it has whenever the stream ends.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rollcall_api::channel::CoreChannel;
use rollcall_api::client;
use rollcall_api::v1::WatchEventsRequest;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Request, Status};

use crate::history::History;
use crate::{ADMIN_KEY, wire};

/// A stream says something every 15 s.
const LONGEST_SILENCE: Duration = Duration::from_secs(20);
/// The pause before the stream is begun again.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows, and keeps the number of the last event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Follower(Rc<Cell<i64>>);

impl Follower {
    /// Follows without an end. A finding, where an event is missing or comes twice.
    pub(crate) async fn follow(self, history: History) {
        let core = wire::channel();
        loop {
            let ended = self.watch(core.clone(), &history).await;
            history.line(&format!("the stream of events ends: {:?}", ended.map_err(|status| status.code())));
            sleep(PAUSE).await;
        }
    }

    async fn watch(&self, core: CoreChannel, history: &History) -> Result<(), Status> {
        let (directory, after) = ("default".to_owned(), Some(self.0.get()));
        let mut request =
            Request::new(WatchEventsRequest { directory, after, ..WatchEventsRequest::default() });
        request.metadata_mut().insert("authorization", format!("Bearer {ADMIN_KEY}").parse().unwrap());
        let mut stream = client::events(core).watch_events(request).await?.into_inner();
        while let Ok(message) = timeout(LONGEST_SILENCE, stream.message()).await {
            let Some(message) = message? else { break };
            for event in message.events {
                let last = self.0.replace(event.number);
                if event.number != last + 1 {
                    history.find(format!("after event {last} a follower was told of event {}", event.number));
                }
            }
        }
        Ok(())
    }

    /// Waits until it has seen an event, for so long at most. A finding, where it has not then.
    pub(crate) async fn reach(&self, newest: i64, by: Instant, history: &History) {
        while self.0.get() < newest && Instant::now() < by {
            sleep(PAUSE).await;
        }
        let seen = self.0.get();
        if seen < newest {
            history.find(format!("a follower has seen event {seen}, and the last is {newest}"));
        }
    }
}
