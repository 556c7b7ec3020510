//! Time and randomness of a core, which follow from the simulation.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use rollcall_core::{Clock, Random};

/// When every run begins: 2026-01-01T00:00:00Z, in µs.
const BEGINNING: i64 = 1_767_225_600_000_000;

/// The clock of the simulated network. What happens later has a later time, be it by a microsecond: computing takes no time here.
#[derive(Debug)]
pub(crate) struct SimulatedClock(AtomicI64);

impl Default for SimulatedClock {
    fn default() -> Self {
        Self(AtomicI64::new(BEGINNING))
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> i64 {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_micros();
        let now = BEGINNING + i64::try_from(elapsed).unwrap();
        let last = self.0.fetch_max(now, Ordering::SeqCst).max(now);
        self.0.store(last + 1, Ordering::SeqCst);
        last
    }
}

/// Random bytes that follow from a seed.
#[derive(Debug)]
pub(crate) struct SeededRandom(Mutex<StdRng>);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}
