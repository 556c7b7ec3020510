//! Who waits for events is woken here: at once by what this process commits, and soon by what another one does. However
//! many wait, each directory is looked after once, and only as long as somebody waits.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rollcall_store::EventRange;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::Core;

/// How often to look for what other processes have committed.
const PERIOD: Duration = Duration::from_millis(100);
/// How long to let changes gather at least, so that many are numbered at once.
const PAUSE: Duration = Duration::from_millis(5);

/// Which events there are, by directory, for those who wait.
#[derive(Debug, Default)]
pub(crate) struct Pulses(Mutex<HashMap<Option<Uuid>, watch::Sender<EventRange>>>);

impl Pulses {
    /// A receiver of a directory, and the sender where nobody has been waiting and somebody has to look.
    fn join(
        &self,
        directory: Option<Uuid>,
        range: EventRange,
    ) -> (watch::Receiver<EventRange>, Option<watch::Sender<EventRange>>) {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match senders.entry(directory) {
            Entry::Occupied(sender) => (sender.get().subscribe(), None),
            Entry::Vacant(place) => {
                let (sender, receiver) = watch::channel(range);
                place.insert(sender.clone());
                (receiver, Some(sender))
            }
        }
    }

    /// Forgets a directory that nobody waits for, and says whether it did.
    fn leave(&self, directory: Option<Uuid>) -> bool {
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_alone = senders.get(&directory).is_none_or(|sender| sender.receiver_count() == 0);
        if is_alone {
            senders.remove(&directory);
        }
        is_alone
    }
}

impl Core {
    /// What changes whenever there are new events of a directory, which has this range now.
    pub(super) fn pulse(&self, directory: Option<Uuid>, range: EventRange) -> watch::Receiver<EventRange> {
        let (receiver, sender) = self.pulses.join(directory, range);
        if let Some(sender) = sender {
            let core = self.clone();
            tokio::spawn(async move { core.beat(directory, &sender).await });
        }
        receiver
    }

    /// Looks for events until nobody waits for them.
    async fn beat(&self, directory: Option<Uuid>, sender: &watch::Sender<EventRange>) {
        let mut written = self.store.written();
        loop {
            let begin = Instant::now();
            match self.event_range(directory).await {
                Ok(range) => _ = sender.send_if_modified(|known| std::mem::replace(known, range) != range),
                // Whoever waits finds out by itself, and the caller is told.
                Err(error) => {
                    let cause = std::error::Error::source(&error).unwrap_or(&error);
                    tracing::debug!(cause, "events cannot be looked for");
                }
            }
            // A database that is slow is not asked all the time.
            sleep(begin.elapsed().max(PAUSE)).await;
            tokio::select! {
                biased;
                _ = written.changed() => {}
                () = sleep(PERIOD) => {}
                () = self.stopping.cancelled() => return,
            }
            if self.pulses.leave(directory) {
                return;
            }
        }
    }
}
