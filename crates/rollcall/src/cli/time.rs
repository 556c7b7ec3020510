//! Times in answers and requests.

use jiff::{Timestamp, Unit};
use prost_types::Timestamp as Message;
use rollcall_core::{Clock as _, SystemClock};

/// The time now.
pub(super) fn now() -> Timestamp {
    Timestamp::from_microsecond(SystemClock.now()).unwrap_or(Timestamp::MAX)
}

/// A time as a message.
pub(super) fn message(time: Timestamp) -> Message {
    Message { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// The time of a message; `None` where there is none, and for one that no calendar has.
pub(super) fn timestamp(message: Option<Message>) -> Option<Timestamp> {
    message.and_then(|message| Timestamp::new(message.seconds, message.nanos).ok())
}

/// A time in RFC 3339 with all its digits, for machines.
pub(super) fn exact_time(message: Option<Message>) -> Option<String> {
    timestamp(message).map(|time| time.to_string())
}

/// A time in RFC 3339 to the second, for people.
pub(super) fn short_time(message: Option<Message>) -> Option<String> {
    let time = timestamp(message)?;
    let whole = jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Trunc);
    Some(time.round(whole).unwrap_or(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_went() {
        let time: Timestamp = "2026-11-23T12:00:00.123456Z".parse().unwrap();
        let sent = Some(message(time));
        assert_eq!(timestamp(sent), Some(time));
        assert_eq!(exact_time(sent).as_deref(), Some("2026-11-23T12:00:00.123456Z"));
        assert_eq!(short_time(sent).as_deref(), Some("2026-11-23T12:00:00Z"));
        assert_eq!(short_time(None), None);
    }
}
