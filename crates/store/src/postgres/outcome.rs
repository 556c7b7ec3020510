//! Whether a transaction was saved of which nobody said so: its connection broke, or fell silent, while it was being saved.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::connection::Connection;
use super::pool::Pool;
use super::sql::Statement;
use super::sql::events::stream_of;
use crate::{Event, Result};

/// How long it is looked for at least, however late it is.
const LEAST: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(200);

const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM pending_events WHERE directory_id = $1 AND id = $3) \
     OR EXISTS (SELECT 1 FROM events WHERE directory_id = $1 AND subject = $2 AND id = $3)";

/// An event of a transaction: it is there if the transaction was saved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Witness {
    stream: Uuid,
    subject: Uuid,
    event: Uuid,
}

impl Witness {
    pub(super) fn of(event: &Event) -> Self {
        Self { stream: stream_of(event.directory), subject: event.subject, event: event.id }
    }

    /// Looks for the event until it is there, or until the server has given up a statement that it was sent at that time.
    pub(super) async fn is_seen(self, pool: &Pool, sent: Instant) -> bool {
        let until = (sent + pool.longest_answer).max(Instant::now() + LEAST);
        let seen = async {
            while !matches!(self.is_there(pool).await, Ok(true)) {
                sleep(PAUSE).await;
            }
        };
        timeout_at(until, seen).await.is_ok()
    }

    async fn is_there(self, pool: &Pool) -> Result<bool> {
        Statement::new(IS_THERE)
            .bind(self.stream)
            .bind(self.subject)
            .bind(self.event)
            .the_value(&mut Connection::reader(pool).await?)
            .await
    }
}
