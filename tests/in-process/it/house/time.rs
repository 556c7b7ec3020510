//! Time and randomness, which the tests own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rollcall_core::{Clock, Random};

/// A second in µs.
pub(crate) const SECOND: i64 = 1_000_000;
/// A minute in µs.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// An hour in µs.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// A day in µs.
pub(crate) const DAY: i64 = 24 * HOUR;

/// When every test begins: 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600 * SECOND;

/// A clock that stands, but for a microsecond with each look at it, so that what happens later has a later time.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(BEGINNING))
    }
}

impl TestClock {
    /// Lets so many µs pass.
    pub(crate) fn pass(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// The same random bytes in each run.
#[derive(Debug)]
pub(crate) struct TestRandom(Mutex<StdRng>);

impl TestRandom {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(11)))
    }
}

impl Random for TestRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}
