//! Whether a core is ready: it is not while its database holds up every request or takes no changes, nor once it is stopping.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rollcall_core::Core;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// How often a change is tried.
const PERIOD: Duration = Duration::from_secs(5);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// The name of the whole server in `grpc.health.v1`.
const WHOLE_SERVER: &str = "";

/// What `grpc.health.v1` says of a core.
#[derive(Debug)]
pub(super) struct Health {
    reporter: HealthReporter,
    watcher: JoinHandle<()>,
    takes_changes: Arc<AtomicBool>,
}

impl Health {
    /// Follows the database from now on.
    pub(super) fn watch(core: Core, reporter: HealthReporter) -> Self {
        let takes_changes = Arc::new(AtomicBool::new(true));
        let watcher = tokio::spawn(follow(core, reporter.clone(), Arc::clone(&takes_changes)));
        Self { reporter, watcher, takes_changes }
    }

    /// Whether the database took a change when that was last tried.
    pub(super) fn takes_changes(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.takes_changes)
    }

    /// Says that the server is not ready, for good.
    pub(super) async fn stop(self) {
        self.watcher.abort();
        // Wait for its end, or it could still say that the server is ready.
        let _ = self.watcher.await;
        self.reporter.set_service_status(WHOLE_SERVER, ServingStatus::NotServing).await;
    }
}

async fn follow(core: Core, reporter: HealthReporter, takes_changes: Arc<AtomicBool>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_ready = true;
    loop {
        ticks.tick().await;
        let failure = match timeout(PATIENCE, core.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it does not answer in time".to_owned()),
        };
        match (&failure, was_ready) {
            (Some(cause), true) => {
                tracing::error!(cause, "not ready: the database takes no changes");
                reporter.set_service_status(WHOLE_SERVER, ServingStatus::NotServing).await;
            }
            (None, false) => {
                tracing::info!("ready: the database takes changes again");
                reporter.set_service_status(WHOLE_SERVER, ServingStatus::Serving).await;
            }
            _ => {}
        }
        was_ready = failure.is_none();
        takes_changes.store(was_ready, Ordering::Relaxed);
    }
}
