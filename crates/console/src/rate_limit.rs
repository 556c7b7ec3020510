//! How often somebody may try something.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// In µs.
const PERIOD: i64 = 60 * 1_000_000;
/// So many peers are remembered before those are looked for that can be forgotten.
const PEERS_BEFORE_CLEANING: usize = 10_000;

/// The attempts of each peer (the generic cell rate algorithm): each process counts for itself. A key has 256 random bits, and
/// would not be guessed without this either; it keeps guessing from being work for the core.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// After so many µs an attempt is forgotten.
    interval: i64,
    /// When each peer will have no attempt left to account for, in µs.
    idle_from: Mutex<HashMap<Option<IpAddr>, i64>>,
}

impl Attempts {
    /// So many that one peer has in a minute.
    pub(crate) fn new(per_minute: i64) -> Self {
        Self { interval: PERIOD / per_minute.max(1), idle_from: Mutex::default() }
    }

    /// Counts an attempt at a time in µs. Errors: it is one too many; how long to wait.
    pub(crate) fn count(&self, peer: Option<IpAddr>, now: i64) -> Result<(), Duration> {
        self.check(peer, now)?;
        self.failed(peer, now);
        Ok(())
    }

    /// Whether a peer may try at a time in µs. Errors: how long to wait.
    pub(crate) fn check(&self, peer: Option<IpAddr>, now: i64) -> Result<(), Duration> {
        let idle_from = self.idle_from.lock().unwrap_or_else(PoisonError::into_inner);
        let late = idle_from.get(&peer).map_or(0, |idle| idle + self.interval - now - PERIOD);
        if late > 0 { Err(Duration::from_micros(late.unsigned_abs())) } else { Ok(()) }
    }

    /// Counts an attempt that failed, or that counts in any case.
    pub(crate) fn failed(&self, peer: Option<IpAddr>, now: i64) {
        let mut idle_from = self.idle_from.lock().unwrap_or_else(PoisonError::into_inner);
        if idle_from.len() >= PEERS_BEFORE_CLEANING {
            idle_from.retain(|_, idle| *idle > now);
        }
        let idle = idle_from.entry(peer).or_insert(now);
        *idle = (*idle).max(now) + self.interval;
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
        let attempts = Attempts::new(10);
        let (ana, ben) = (Some([10, 0, 0, 1].into()), Some([10, 0, 0, 2].into()));
        for _ in 0..10 {
            attempts.check(ana, 5).unwrap();
            attempts.failed(ana, 5);
        }
        assert_eq!(attempts.check(ana, 5), Err(Duration::from_secs(6)));
        assert_eq!(attempts.check(ben, 5), Ok(()), "each peer counts for itself");
        assert_eq!(attempts.check(ana, 5 + PERIOD / 10), Ok(()));
        attempts.succeeded(ana);
        assert_eq!(attempts.count(ana, 5), Ok(()));
    }
}
