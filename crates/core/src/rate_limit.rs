//! How often something may be tried.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The periods to which limits refer, in µs.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// So many keys are remembered before those are looked for that can be forgotten.
const KEYS_BEFORE_CLEANING: usize = 10_000;

/// So many attempts of each key within a period, and as many at once (the generic cell rate algorithm): each process
/// counts for itself.
#[derive(Debug)]
pub(crate) struct RateLimit<K> {
    /// In µs.
    period: i64,
    /// µs after which one more attempt is allowed.
    interval: i64,
    /// When each key will have no attempt left to account for, in µs.
    idle_from: Mutex<HashMap<K, i64>>,
}

impl<K: Eq + Hash> RateLimit<K> {
    /// A limit of so many attempts a minute, at least one.
    pub(crate) fn per_minute(attempts: u32) -> Self {
        Self::within(MINUTE, attempts)
    }

    /// A limit of so many attempts a second, at least one.
    pub(crate) fn per_second(attempts: u32) -> Self {
        Self::within(SECOND, attempts)
    }

    fn within(period: i64, attempts: u32) -> Self {
        Self { period, interval: period / i64::from(attempts.max(1)), idle_from: Mutex::default() }
    }

    /// Counts an attempt of a key at a time in µs. Errors: how long to wait for the next one that is allowed.
    pub(crate) fn count(&self, key: K, now: i64) -> Result<(), Duration> {
        let mut idle_from = self.idle_from.lock().unwrap_or_else(PoisonError::into_inner);
        if idle_from.len() >= KEYS_BEFORE_CLEANING {
            idle_from.retain(|_, idle| *idle > now);
        }
        let before = idle_from.get(&key).copied().unwrap_or(now).max(now);
        let after = before + self.interval;
        let late = after - now - self.period;
        if late > 0 {
            return Err(Duration::from_micros(late.unsigned_abs()));
        }
        idle_from.insert(key, after);
        Ok(())
    }

    /// Forgets the attempts of a key.
    pub(crate) fn forgive(&self, key: &K) {
        self.idle_from.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_attempts_at_once_and_then_one_by_one() {
        let limit = RateLimit::per_minute(3);
        for _ in 0..3 {
            assert_eq!(limit.count("ana", 100), Ok(()));
        }
        assert_eq!(limit.count("ana", 100), Err(Duration::from_secs(20)));
        assert_eq!(limit.count("ana", 100 + 5 * SECOND), Err(Duration::from_secs(15)));
        assert_eq!(limit.count("ana", 100 + 20 * SECOND), Ok(()));
        assert_eq!(limit.count("ana", 100 + 20 * SECOND), Err(Duration::from_secs(20)));
        assert_eq!(limit.count("ben", 100), Ok(()), "each key counts for itself");
    }

    #[test]
    fn whoever_keeps_to_the_pace_is_never_refused() {
        let limit = RateLimit::per_second(25);
        for attempt in 0..1000 {
            assert_eq!(limit.count("acme", attempt * SECOND / 25), Ok(()), "{attempt}");
        }
        let now = 1000 * SECOND / 25;
        assert!((0..25).all(|_| limit.count("ben", now).is_ok()));
        assert_eq!(limit.count("ben", now), Err(Duration::from_millis(40)));
    }

    #[test]
    fn a_refused_attempt_does_not_count() {
        let limit = RateLimit::per_minute(1);
        assert_eq!(limit.count("ana", 0), Ok(()));
        for _ in 0..10 {
            assert!(limit.count("ana", 30 * SECOND).is_err());
        }
        assert_eq!(limit.count("ana", 60 * SECOND), Ok(()));
    }

    #[test]
    fn a_forgiven_key_begins_anew() {
        let limit = RateLimit::per_minute(1);
        limit.count("ana", 0).unwrap();
        limit.forgive(&"ana");
        assert_eq!(limit.count("ana", 0), Ok(()));
    }

    #[test]
    fn keys_that_are_idle_take_no_room() {
        let limit = RateLimit::per_minute(60);
        for key in 0..KEYS_BEFORE_CLEANING {
            limit.count(key, 0).unwrap();
        }
        limit.count(usize::MAX, 2 * SECOND).unwrap();
        assert_eq!(limit.idle_from.lock().unwrap().len(), 1);
    }
}
