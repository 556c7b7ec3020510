//! Times and limits in words, as a letter says them.

use rollcall_store::GuardRail;

/// A minute in µs.
const MINUTE: i64 = 60 * 1_000_000;
/// An hour in µs.
const HOUR: i64 = 60 * MINUTE;
/// A day in µs.
const DAY: i64 = 24 * HOUR;

/// When something happens that is so many µs away: in days where that is two or more, else in hours where that is two or
/// more, else in minutes.
pub(super) fn until(left: i64) -> String {
    let nearest = |unit: i64| (left + unit / 2) / unit;
    match () {
        () if left >= 2 * DAY => format!("in {}", counted(nearest(DAY), "day")),
        () if left >= 2 * HOUR => format!("in {}", counted(nearest(HOUR), "hour")),
        () if nearest(MINUTE) == 60 => "in 1 hour".to_owned(),
        () if left >= MINUTE => format!("in {}", counted(nearest(MINUTE), "minute")),
        () => "within a minute".to_owned(),
    }
}

/// What a guard rail lets an identity provider do, in a directory with so many active users.
pub(super) fn limit(rail: GuardRail, active_users: i64) -> String {
    let GuardRail { users, percent, window_seconds } = rail;
    let part = active_users * i64::from(percent) / 100;
    let number = counted(i64::from(users), "user");
    let share = format!("{percent} % of the active users ({part} of {active_users})");
    let window = window(window_seconds);
    match (users, percent) {
        (0, 0) => format!("nobody may leave within {window}"),
        (_, 0) => format!("at most {number} within {window}"),
        (0, _) => format!("at most {share} within {window}"),
        _ => format!("at most {number} or {share}, whichever is more, within {window}"),
    }
}

/// So many of something.
pub(super) fn counted(count: i64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A time in the largest unit of which it is a whole number.
fn window(seconds: u32) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let whole = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length));
    let (length, unit) = whole.unwrap_or((1, "second"));
    counted(i64::from(seconds / length), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_the_unit_that_tells_something() {
        for (left, words) in [
            (14 * DAY, "in 14 days"),
            (7 * DAY - 10 * MINUTE, "in 7 days"),
            (2 * DAY, "in 2 days"),
            (2 * DAY - 1, "in 48 hours"),
            (DAY, "in 24 hours"),
            (DAY - MINUTE, "in 24 hours"),
            (2 * HOUR, "in 2 hours"),
            (90 * MINUTE, "in 90 minutes"),
            (HOUR, "in 1 hour"),
            (HOUR - 1, "in 1 hour"),
            (10 * MINUTE, "in 10 minutes"),
            (MINUTE, "in 1 minute"),
            (MINUTE - 1, "within a minute"),
            (0, "within a minute"),
        ] {
            assert_eq!(until(left), words, "{left}");
        }
    }

    #[test]
    fn a_limit_is_said_as_it_is_counted() {
        let limit =
            |users, percent, window_seconds| limit(GuardRail { users, percent, window_seconds }, 2004);
        assert_eq!(
            limit(10, 20, 3600),
            "at most 10 users or 20 % of the active users (400 of 2004), whichever is more, within 1 hour"
        );
        assert_eq!(limit(1, 0, 5400), "at most 1 user within 90 minutes");
        assert_eq!(limit(0, 5, 172_800), "at most 5 % of the active users (100 of 2004) within 2 days");
        assert_eq!(limit(0, 0, 1), "nobody may leave within 1 second");
    }

    #[test]
    fn the_part_that_is_said_is_the_one_that_is_let() {
        let rail = GuardRail { users: 10, percent: 20, window_seconds: 3600 };
        for active in [49, 50, 54, 55, 59, 2004] {
            let part = active * 20 / 100;
            assert!(limit(rail, active).contains(&format!("({part} of {active})")));
            assert!(rail.lets(part.max(10), active) && !rail.lets(part.max(10) + 1, active), "{active}");
        }
    }
}
