//! What is under way on a connection: so that a server that ends waits for requests, and for nobody who takes no answer.
//!
//! A connection of HTTP/2 ends only once every answer on it has been taken, and its client has said that it has heard of the end.
//! A client that does neither would make every shutdown last as long as it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::sleep;

/// How long a client may take nothing of what it was answered, once the server ends.
const PARTING: Duration = Duration::from_secs(2);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(250);

/// What is under way on one connection.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    working: AtomicUsize,
    /// How often something of an answer has been taken.
    taken: AtomicU64,
    /// Whether an answer on it was for somebody with a good credential.
    is_known: AtomicBool,
}

impl UnderWay {
    /// Notes that somebody works on a request, until what this returns is dropped.
    pub(super) fn work(self: &Arc<Self>) -> Work {
        self.working.fetch_add(1, Ordering::Relaxed);
        Work(Arc::clone(self))
    }

    /// Notes that a part of an answer has been taken by somebody with a good credential: a stranger who takes little by little
    /// could make every shutdown as long as it may be.
    pub(super) fn note_answer_taken(&self) {
        self.is_known.store(true, Ordering::Relaxed);
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that what was held up on the connection goes on.
    pub(super) fn note_goes_on(&self) {
        if self.is_known.load(Ordering::Relaxed) {
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until nothing is under way any more: nobody works on a request, and nothing of an answer is taken.
    pub(super) async fn ceases(&self) {
        let mut taken = self.taken.load(Ordering::Relaxed);
        let mut still = Duration::ZERO;
        while still < PARTING {
            sleep(LOOK).await;
            let now = self.taken.load(Ordering::Relaxed);
            let moves = now != taken || self.working.load(Ordering::Relaxed) > 0;
            taken = now;
            still = if moves { Duration::ZERO } else { still + LOOK };
        }
    }
}

/// Work on a request.
#[derive(Debug)]
pub(super) struct Work(Arc<UnderWay>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn ceases(under_way: &UnderWay, within: Duration) -> bool {
        timeout(within, under_way.ceases()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_lives_while_somebody_works_on_a_request_or_takes_an_answer() {
        let under_way = Arc::new(UnderWay::default());
        let work = under_way.work();
        assert!(!ceases(&under_way, PARTING * 10).await);
        drop(work);
        let takes = tokio::spawn({
            let under_way = Arc::clone(&under_way);
            async move {
                for _ in 0..10 {
                    under_way.note_answer_taken();
                    sleep(PARTING / 2).await;
                }
            }
        });
        assert!(!ceases(&under_way, PARTING * 4).await);
        takes.await.unwrap();
        assert!(ceases(&under_way, PARTING + LOOK * 2).await);
    }
}
