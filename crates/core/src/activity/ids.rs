//! The ids of what is recorded at once: they sort in the order in which it was recorded.

use uuid::{Builder, Uuid};

use crate::random::Random;

/// Makes ids of one time that differ by a counter.
#[derive(Default)]
pub(super) struct Ids {
    millis: u64,
    random: [u8; 10],
    next: u16,
}

impl Ids {
    /// Those of a time in µs.
    pub(super) fn new(now: i64, random: &dyn Random) -> Self {
        let mut bytes = [0; 10];
        random.fill(&mut bytes);
        Self { millis: u64::try_from(now / 1000).unwrap_or_default(), random: bytes, next: 0 }
    }

    pub(super) fn next(&mut self) -> Uuid {
        let [high, low] = self.next.to_be_bytes();
        (self.random[0], self.random[1]) = (high, low);
        self.next = self.next.wrapping_add(1);
        Builder::from_unix_timestamp_millis(self.millis, &self.random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_recording() {
        let mut ids = Ids { millis: 1_700_000_000_000, random: [255; 10], next: 0 };
        let made: Vec<Uuid> = (0..4000).map(|_| ids.next()).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }
}
