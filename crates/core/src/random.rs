//! Randomness, handed in, so that tests own it; and the ids that are made from it.

use std::fmt;
use std::sync::Mutex;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use uuid::{Builder, Uuid};

/// Where the core gets unpredictable bytes from.
pub trait Random: fmt::Debug + Send + Sync + 'static {
    /// Fills the buffer with bytes that nobody can predict.
    fn fill(&self, bytes: &mut [u8]);
}

/// A cryptographic generator, seeded from the operating system.
pub struct SystemRandom(Mutex<StdRng>);

impl SystemRandom {
    /// A generator with a fresh seed. Errors: the operating system has no randomness to give.
    pub fn new() -> Result<Self, rand::rngs::SysError> {
        Ok(Self(Mutex::new(StdRng::try_from_rng(&mut SysRng)?)))
    }
}

impl fmt::Debug for SystemRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemRandom").finish_non_exhaustive()
    }
}

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A poisoned generator is still a good one: filling a buffer cannot leave it half-changed.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// A new id: a UUIDv7 of the given time in µs. The fraction of the millisecond stands behind it (RFC 9562 §6.2, method 3),
/// so that what is made in one request sorts in the order in which it was made.
pub fn new_id(random: &dyn Random, now: i64) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let fraction = u16::try_from(now.rem_euclid(1000) * 4096 / 1000).unwrap_or_default();
    [bytes[0], bytes[1]] = fraction.to_be_bytes();
    Builder::from_unix_timestamp_millis(u64::try_from(now / 1000).unwrap_or_default(), &bytes).into_uuid()
}

/// The first id of a time in µs: every id that is made then or later sorts after it.
pub(crate) fn first_id(time: i64) -> Uuid {
    let millis = u64::try_from(time / 1000).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_microsecond() {
        let random = SystemRandom::new().unwrap();
        let start = 1_700_000_000_000_000;
        let ids: Vec<Uuid> = (start..start + 3000).map(|now| new_id(&random, now)).collect();
        assert!(ids.is_sorted());
        assert!(first_id(start) <= ids[0] && ids[999] < first_id(start + 1000));
    }

    #[test]
    fn ids_are_version_7_and_differ() {
        let random = SystemRandom::new().unwrap();
        let (a, b) = (new_id(&random, 1_700_000_000_000_000), new_id(&random, 1_700_000_000_000_000));
        assert_ne!(a, b);
        assert_eq!(a.get_version_num(), 7);
        assert!(a < new_id(&random, 1_700_000_000_001_000), "a later id sorts after an earlier one");
    }
}
