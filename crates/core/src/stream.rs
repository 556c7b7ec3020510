//! What clients stream in.

use std::time::Duration;

use rollcall_api::v1::ErrorReason;
use tokio::time::{Instant, timeout_at};
use tonic::{Status, Streaming};

use crate::error::Error;

/// How long all of a request may take to come in. It has a turn among those of its directory, which others wait for.
const LONGEST: Duration = Duration::from_mins(2);

/// The messages of a request, which come in within a time for all of them.
pub(crate) struct Messages<T> {
    messages: Streaming<T>,
    deadline: Instant,
}

impl<T> Messages<T> {
    pub(crate) fn of(messages: Streaming<T>) -> Self {
        Self { messages, deadline: Instant::now() + LONGEST }
    }

    /// The first message, which says what the others are about. Errors: `INVALID_VALUE` for a stream without any, and those
    /// of [`next`](Self::next).
    pub(crate) async fn first(&mut self) -> Result<T, Status> {
        self.next().await?.ok_or_else(|| {
            Status::from(Error::value("the stream is empty; its first message says what is asked"))
        })
    }

    /// The next message; `None`, there are no more. Errors: those of the connection; `UNAVAILABLE`, it takes too long.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, Status> {
        within(self.deadline, self.messages.message()).await
    }
}

async fn within<T>(deadline: Instant, message: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    timeout_at(deadline, message).await.unwrap_or_else(|_| {
        let late = "the messages of the request did not come in in time; nothing of it was done";
        Err(Error::new(ErrorReason::Unavailable, late).into())
    })
}

#[cfg(test)]
mod tests {
    use rollcall_api::error::reason_from;

    use super::*;

    #[tokio::test]
    async fn whoever_sends_nothing_is_not_waited_for() {
        let deadline = Instant::now() + Duration::from_millis(5);
        let silent = std::future::pending::<Result<Option<()>, Status>>();
        assert_eq!(reason_from(&within(deadline, silent).await.unwrap_err()), ErrorReason::Unavailable);
        let spoken = async { Ok(Some(7)) };
        assert_eq!(within(Instant::now() + LONGEST, spoken).await.unwrap(), Some(7));
    }
}
