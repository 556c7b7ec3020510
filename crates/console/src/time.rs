//! Times as people read them.

use jiff::Timestamp;

/// A time on a page: in words, and to the second.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// Such as `3 minutes ago`.
    pub(crate) words: String,
    /// Such as `2026-11-24 10:03:12 UTC`.
    pub(crate) exact: String,
    /// For machines: RFC 3339.
    pub(crate) machine: String,
}

impl Moment {
    /// A time as it is seen at another one, in µs.
    pub(crate) fn new(micros: i64, now: i64) -> Self {
        let machine = Timestamp::from_microsecond(micros).map(|time| time.to_string()).unwrap_or_default();
        let exact = machine.get(..19).map(|text| format!("{} UTC", text.replace('T', " ")));
        Self { words: words(micros, now), exact: exact.unwrap_or_default(), machine }
    }

    /// The time of a message.
    pub(crate) fn of(message: Option<&prost_types::Timestamp>, now: i64) -> Option<Self> {
        message.map(|message| Self::new(micros(message), now))
    }
}

/// The µs of a message.
pub(crate) fn micros(message: &prost_types::Timestamp) -> i64 {
    message.seconds.saturating_mul(1_000_000).saturating_add(i64::from(message.nanos) / 1000)
}

/// µs as a message.
pub(crate) fn timestamp(micros: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000)).unwrap_or_default() * 1000;
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

fn words(micros: i64, now: i64) -> String {
    let seconds = now.saturating_sub(micros) / 1_000_000;
    let span = match seconds.unsigned_abs() {
        0..=9 if seconds >= 0 => return "just now".to_owned(),
        seconds @ 0..=59 => count(seconds, "second"),
        seconds @ 60..=3599 => count(seconds / 60, "minute"),
        seconds @ 3600..=86_399 => count(seconds / 3600, "hour"),
        seconds @ 86_400..=5_183_999 => count(seconds / 86_400, "day"),
        seconds @ 5_184_000..=63_071_999 => count(seconds / 2_592_000, "month"),
        seconds => count(seconds / 31_536_000, "year"),
    };
    if seconds < 0 { format!("in {span}") } else { format!("{span} ago") }
}

/// A number and what is counted, such as `1 user` and `2 users`.
pub(crate) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{} {what}s", grouped(number)) }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let seen = |seconds: i64| words(0, seconds * 1_000_000);
        assert_eq!(seen(3), "just now");
        assert_eq!(seen(61), "1 minute ago");
        assert_eq!(seen(7200), "2 hours ago");
        assert_eq!(seen(86_400 * 3), "3 days ago");
        assert_eq!(seen(-90), "in 1 minute");
        assert_eq!(seen(-5), "in 5 seconds");
        assert_eq!(seen(86_400 * 800), "2 years ago");
    }

    #[test]
    fn a_moment_is_exact_too() {
        let moment = Moment::new(1_700_000_000_000_000, 1_700_000_000_000_000);
        assert_eq!(moment.exact, "2023-11-14 22:13:20 UTC");
        assert_eq!(moment.machine, "2023-11-14T22:13:20Z");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1234), "1,234");
        assert_eq!(grouped(100_000), "100,000");
        assert_eq!(count(1, "user"), "1 user");
    }
}
