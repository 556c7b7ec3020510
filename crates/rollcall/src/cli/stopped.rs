//! Commands that clear up what they had begun when a signal ends them.

use std::fmt;

use anyhow::Result;

use crate::server::lifecycle::Signals;

/// A signal ended a command before it had made anything.
#[derive(Debug)]
pub(crate) struct Stopped(&'static str);

impl Stopped {
    /// The exit status by which shells know the signal.
    pub(crate) fn status(&self) -> u8 {
        if self.0 == "SIGINT" { 130 } else { 143 }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ended by {}: nothing was made", self.0)
    }
}

impl std::error::Error for Stopped {}

/// Does some work, or drops it when a signal comes. Errors: its own, and [`Stopped`].
pub(super) async fn unless_stopped(work: impl Future<Output = Result<()>>) -> Result<()> {
    let mut signals = Signals::new()?;
    tokio::select! {
        done = work => done,
        name = signals.next() => Err(Stopped(name).into()),
    }
}
