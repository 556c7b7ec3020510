//! Time, handed in, so that tests own it.

use std::fmt;

use jiff::Timestamp;

/// The last µs that can be written as a date, a few hours before the year 9999 ends.
pub(crate) const LATEST: i64 = 253_402_207_200_999_999;

/// Where the core gets the time from.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time in microseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> i64;
}

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is handed")]
    fn now(&self) -> i64 {
        Timestamp::now().as_microsecond()
    }
}
