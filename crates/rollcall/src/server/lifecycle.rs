//! How a server ends: the first signal drains it, a second one or the deadline ends it.

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::settings::Shutdown;

/// The servers of a process. Each ends cleanly soon after `stop` is cancelled, when what it had under way is done.
#[derive(Debug)]
pub(super) struct Servers {
    tasks: JoinSet<Result<()>>,
    stop: CancellationToken,
}

impl Servers {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), stop: CancellationToken::new() }
    }

    /// Starts a server that is handed the token by which it learns to stop.
    pub(super) fn start<F>(&mut self, server: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.tasks.spawn(server(self.stop.clone()));
    }

    /// Serves until a signal comes, then turns readiness off by `unready`, goes on for the drain delay, and drains.
    ///
    /// Errors: a server ended by itself, or not everything was done before a second signal or the deadline.
    pub(super) async fn run(
        mut self,
        mut signals: Signals,
        shutdown: &Shutdown,
        unready: impl Future<Output = ()>,
    ) -> Result<()> {
        tokio::select! {
            name = signals.next() => tracing::info!(signal = name, "stopping: no new work; a second signal ends it at once"),
            ended = self.tasks.join_next() => {
                self.stop.cancel();
                unready.await;
                match ended {
                    Some(ended) => ended.context("a server failed")??,
                    None => return Ok(()),
                }
                bail!("a server ended without being told to");
            }
        }
        unready.await;
        tokio::select! {
            () = sleep(shutdown.drain_delay) => {}
            name = signals.next() => bail!("ended at once by a second signal, {name}"),
        }
        self.stop.cancel();
        tokio::select! {
            drained = drain(&mut self.tasks) => drained?,
            name = signals.next() => bail!("ended by a second signal, {name}, with requests under way"),
            () = sleep(shutdown.drain_deadline) => bail!("ended with requests under way: the drain deadline passed"),
        }
        tracing::info!("stopped: every request was answered");
        Ok(())
    }
}

async fn drain(tasks: &mut JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended.context("a server failed")??;
    }
    Ok(())
}

/// The signals that end a server. From when they are made on, they no longer kill the process.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    /// Waits for what has to be done before serving. Errors: its own, and a signal that comes first.
    pub(super) async fn unless_one_comes<T>(&mut self, start: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            started = start => started,
            name = self.next() => bail!("ended by {name} before it was ready"),
        }
    }

    /// The name of the next signal.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
