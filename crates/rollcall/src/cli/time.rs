//! Times in answers and requests.

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit};
use prost_types::Timestamp as Message;
use rollcall_core::{Clock as _, SystemClock};

/// The time now.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_microsecond(SystemClock.now()).unwrap_or(Timestamp::MAX)
}

/// A time as a message.
pub(super) fn message(time: Timestamp) -> Message {
    Message { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

/// A time in µs as a message; `None` where there is none, and for one that no calendar has.
pub(super) fn message_of(micros: Option<i64>) -> Option<Message> {
    Timestamp::from_microsecond(micros?).ok().map(message)
}

/// The time of a message; `None` where there is none, and for one that no calendar has.
pub(crate) fn timestamp(message: Option<Message>) -> Option<Timestamp> {
    message.and_then(|message| Timestamp::new(message.seconds, message.nanos).ok())
}

/// A time in RFC 3339 with all its digits, for machines.
pub(super) fn exact_time(message: Option<Message>) -> Option<String> {
    timestamp(message).map(|time| time.to_string())
}

/// A time in RFC 3339 to the second, for people.
pub(crate) fn short_time(message: Option<Message>) -> Option<String> {
    let time = timestamp(message)?;
    let whole = jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Trunc);
    Some(time.round(whole).unwrap_or(time).to_string())
}

/// A time that is given as such, or by how long ago it was.
#[derive(Debug, Clone, Copy)]
pub(super) enum Past {
    At(Timestamp),
    Ago(Span),
}

impl Past {
    /// Reads a time such as `2027-01-31T00:00:00Z`, or a length of time such as `24h`. Errors: what would be one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        match text.parse::<Span>() {
            Ok(span) if !span.is_negative() => Ok(Self::Ago(span)),
            _ => Err(
                "give how long ago, such as 24h or 7d, or a time with its zone, such as 2027-01-31T00:00:00Z"
                    .to_owned(),
            ),
        }
    }

    /// The time, counted back from `now`. Errors: one that the calendar does not reach.
    pub(super) fn message(self, now: Timestamp) -> Result<Message> {
        let time = match self {
            Self::At(time) => time,
            Self::Ago(span) => {
                let now = now.to_zoned_datetime(TimeZone::UTC);
                now.checked_sub(span).context("no calendar reaches back so far")?.timestamp()
            }
        };
        Ok(message(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_time_is_a_time_or_how_long_ago_it_was() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let past =
            |text: &str| Past::parse(text).map(|past| exact_time(Some(past.message(now).unwrap())).unwrap());
        assert_eq!(past("24h").as_deref(), Ok("2026-11-22T12:00:00Z"));
        assert_eq!(past("1mo").as_deref(), Ok("2026-10-23T12:00:00Z"));
        assert_eq!(past("2026-01-31T01:00:00+01:00").as_deref(), Ok("2026-01-31T00:00:00Z"));
        for bad in ["", "24", "-24h", "yesterday", "2026-01-31"] {
            assert!(past(bad).is_err(), "{bad}");
        }
        assert!(Past::parse("13000y").unwrap().message(now).is_err());
    }

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
