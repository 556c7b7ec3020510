//! Durations and points in time, as people write them.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

/// Reads a duration such as `30s`, `24h` or `90d`; a day is 24 hours. Errors: what would be one.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let span: Span =
        text.parse().map_err(|_| "give a number with a unit, such as 30s, 15m, 24h or 7d".to_owned())?;
    let length = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| "months and years differ in length; give days, such as 90d".to_owned())?;
    Duration::try_from(length).map_err(|_| "it is negative".to_owned())
}

/// When a credential is to end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expiry {
    /// At a time.
    At(Timestamp),
    /// So long after it was made.
    After(Span),
}

impl Expiry {
    /// Reads a length of time such as `90d`, or a time such as `2027-01-31T00:00:00Z`. Errors: what would be one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::At(time));
        }
        match text.parse::<Span>() {
            Ok(span) if span.is_positive() => Ok(Self::After(span)),
            _ => Err("give how long from now, such as 90d or 1y, or a time with its zone, such as 2027-01-31T00:00:00Z".to_owned()),
        }
    }

    /// The time, counted from `now`. Errors: one that the calendar does not reach.
    pub(crate) fn time(self, now: Timestamp) -> Result<Timestamp, jiff::Error> {
        match self {
            Self::At(time) => Ok(time),
            Self::After(span) => Ok(now.to_zoned_datetime(TimeZone::UTC).checked_add(span)?.timestamp()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(7 * 24)));
        for bad in ["", "30", "soon", "-5s", "1 month", "1y", "99999999999999999999s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_expiry_is_a_time_or_a_length_of_it() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let end = |text| Expiry::parse(text).map(|expiry| expiry.time(now).unwrap().to_string());
        assert_eq!(end("90d").as_deref(), Ok("2027-02-21T12:00:00Z"));
        assert_eq!(end("1y").as_deref(), Ok("2027-11-23T12:00:00Z"));
        assert_eq!(end("24h").as_deref(), Ok("2026-11-24T12:00:00Z"));
        assert_eq!(end("2027-01-31T01:00:00+01:00").as_deref(), Ok("2027-01-31T00:00:00Z"));
        for bad in ["", "90", "-90d", "0d", "2027-01-31", "2027-01-31T00:00:00", "tomorrow"] {
            assert!(Expiry::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_expiry_past_the_calendar_is_an_error() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        assert!(Expiry::parse("9000y").unwrap().time(now).is_err());
    }
}
