//! What tokens and service keys look like to whoever manages them.

use std::time::Duration;

use jiff::Timestamp;
use prost_types::Timestamp as Message;

use super::time::{self, short_time};
use crate::output::Cell;

/// Whether a credential still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Live,
    Expired,
    Revoked,
}

impl State {
    pub(super) fn of(expires: Option<Message>, revoked: Option<Message>, now: Timestamp) -> Self {
        if revoked.is_some() {
            Self::Revoked
        } else if time::timestamp(expires).is_some_and(|expires| expires <= now) {
            Self::Expired
        } else {
            Self::Live
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl From<State> for Cell {
    fn from(state: State) -> Self {
        let name = state.as_str().to_owned();
        if state == State::Live { Self::Good(name) } else { Self::Faint(name) }
    }
}

/// When a credential ends or has ended, as a phrase: `never expires`, `expires …`, `was revoked …`.
pub(super) fn end(expires: Option<Message>, revoked: Option<Message>) -> String {
    match (short_time(revoked), short_time(expires)) {
        (Some(time), _) => format!("was revoked at {time}"),
        (None, Some(time)) => format!("expires at {time}"),
        (None, None) => "never expires".to_owned(),
    }
}

/// A text that is empty where it is not known.
pub(super) fn known(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A length of time as a message.
pub(super) fn overlap(duration: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Message {
        Message { seconds, nanos: 0 }
    }

    #[test]
    fn what_was_revoked_is_revoked_whatever_its_expiry() {
        let now = Timestamp::from_second(100).unwrap();
        assert_eq!(State::of(None, None, now), State::Live);
        assert_eq!(State::of(Some(at(101)), None, now), State::Live);
        assert_eq!(State::of(Some(at(100)), None, now), State::Expired);
        assert_eq!(State::of(Some(at(101)), Some(at(50)), now), State::Revoked);
        assert_eq!(State::of(Some(at(50)), Some(at(60)), now), State::Revoked);
    }

    #[test]
    fn ends_are_phrases() {
        assert_eq!(end(None, None), "never expires");
        assert_eq!(end(Some(at(0)), None), "expires at 1970-01-01T00:00:00Z");
        assert_eq!(end(Some(at(0)), Some(at(1))), "was revoked at 1970-01-01T00:00:01Z");
    }
}
