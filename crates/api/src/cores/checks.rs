//! Whether a core serves: it is asked several times a second.

use std::error::Error as _;
use std::iter::successors;
use std::sync::Weak;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, timeout};
use tonic::Status;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::replica::Replica;

/// How often a core is asked, and how long it may take to answer. One that is gone is out within the sum of both, which is less
/// than a second.
const PERIOD: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_millis(700);

/// Why a core gets no calls.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// It says so itself: it is about to end, or its database takes no changes.
    DoesNotServe,
    OutOfReach(String),
}

/// Follows a core for as long as there is somebody who calls it. Each change is logged once.
pub(super) async fn follow(core: Weak<Replica>) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        ticks.tick().await;
        let Some(core) = core.upgrade() else { return };
        let cause = ask(&core).await.err();
        core.says(cause.is_none());
        if cause != told {
            tell(&core, cause.as_ref());
            told = cause;
        }
    }
}

async fn ask(core: &Replica) -> Result<(), Cause> {
    let mut health = HealthClient::new(core.channel());
    match timeout(PATIENCE, health.check(HealthCheckRequest::default())).await {
        Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::Serving => Ok(()),
        Ok(Ok(_)) => Err(Cause::DoesNotServe),
        Ok(Err(status)) => Err(Cause::OutOfReach(innermost(&status))),
        Err(_) => Err(Cause::OutOfReach(format!("it does not answer within {PATIENCE:?}"))),
    }
}

fn tell(core: &Replica, cause: Option<&Cause>) {
    let core = core.address();
    match cause {
        None => tracing::info!(%core, "a core serves"),
        Some(Cause::DoesNotServe) => {
            tracing::info!(%core, "a core gets no calls: it does not serve at present");
        }
        Some(Cause::OutOfReach(cause)) => {
            tracing::warn!(%core, cause, "a core gets no calls: it cannot be reached");
        }
    }
}

/// What a call failed by in the end.
fn innermost(status: &Status) -> String {
    let last = successors(status.source(), |&cause| cause.source()).last();
    last.map_or_else(|| status.message().to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_gone_is_out_within_a_second() {
        assert!(PERIOD + PATIENCE < Duration::from_secs(1));
    }
}
