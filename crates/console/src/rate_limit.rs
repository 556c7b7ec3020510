//! How often somebody may fail to sign in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Failures that one peer has within a [`PERIOD`].
const FAILURES: i64 = 10;
/// In µs.
const PERIOD: i64 = 60 * 1_000_000;
/// After so many µs a failure is forgotten.
const INTERVAL: i64 = PERIOD / FAILURES;
/// So many peers are remembered before those are looked for that can be forgotten.
const PEERS_BEFORE_CLEANING: usize = 10_000;

/// The failures of each peer (the generic cell rate algorithm): each process counts for itself. A key has 256 random bits, and
/// would not be guessed without this either; it keeps guessing from being work for the core.
#[derive(Debug, Default)]
pub(crate) struct SignInAttempts {
    /// When each peer will have no failure left to account for, in µs.
    idle_from: Mutex<HashMap<Option<IpAddr>, i64>>,
}

impl SignInAttempts {
    /// Whether a peer may try at a time in µs. Errors: how long to wait.
    pub(crate) fn check(&self, peer: Option<IpAddr>, now: i64) -> Result<(), Duration> {
        let idle_from = self.idle_from.lock().unwrap_or_else(PoisonError::into_inner);
        let late = idle_from.get(&peer).map_or(0, |idle| idle + INTERVAL - now - PERIOD);
        if late > 0 { Err(Duration::from_micros(late.unsigned_abs())) } else { Ok(()) }
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, peer: Option<IpAddr>, now: i64) {
        let mut idle_from = self.idle_from.lock().unwrap_or_else(PoisonError::into_inner);
        if idle_from.len() >= PEERS_BEFORE_CLEANING {
            idle_from.retain(|_, idle| *idle > now);
        }
        let idle = idle_from.entry(peer).or_insert(now);
        *idle = (*idle).max(now) + INTERVAL;
    }

    /// Forgets the failures of a peer, who has signed in.
    pub(crate) fn succeeded(&self, peer: Option<IpAddr>) {
        self.idle_from.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_are_free_and_then_each_has_to_wait() {
        let attempts = SignInAttempts::default();
        let (ana, ben) = (Some([10, 0, 0, 1].into()), Some([10, 0, 0, 2].into()));
        for _ in 0..FAILURES {
            attempts.check(ana, 5).unwrap();
            attempts.failed(ana, 5);
        }
        assert_eq!(attempts.check(ana, 5), Err(Duration::from_secs(6)));
        assert_eq!(attempts.check(ben, 5), Ok(()), "each peer counts for itself");
        assert_eq!(attempts.check(ana, 5 + INTERVAL), Ok(()));
        attempts.succeeded(ana);
        assert_eq!(attempts.check(ana, 5), Ok(()));
    }
}
