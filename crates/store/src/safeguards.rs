//! What protects a directory from a mistake of its identity provider.

use std::fmt;

use serde_json::{Map, Value, json};

/// What protects a directory from a mistake of its identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safeguards {
    /// For how many days the users who are deleted are kept, so that they can return; 0, not at all.
    pub retention_days: u32,
    /// How many users may leave; `None`, any number.
    pub guard_rail: Option<GuardRail>,
    /// Whether nothing that the identity provider sends is written.
    pub dry_run: bool,
}

/// How many users an identity provider may deactivate or delete within a window. What is past both limits is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardRail {
    /// So many users may leave, whatever part of all they are.
    pub users: u32,
    /// Such a part of the active users may leave, however many they are, in percent.
    pub percent: u32,
    /// How far the window looks back, in seconds.
    pub window_seconds: u32,
}

impl GuardRail {
    /// How far the window looks back, in µs.
    pub fn window_micros(self) -> i64 {
        i64::from(self.window_seconds) * 1_000_000
    }

    /// Whether it lets so many of the active users at the beginning of the window leave.
    pub fn lets(self, leaving: i64, active_users: i64) -> bool {
        leaving <= i64::from(self.users) || leaving * 100 <= active_users * i64::from(self.percent)
    }
}

/// As it is written on the command line, such as `10,20%,1h`.
impl fmt::Display for GuardRail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
        let whole = units.into_iter().find(|(seconds, _)| self.window_seconds.is_multiple_of(*seconds));
        let (seconds, unit) = whole.unwrap_or((1, "s"));
        write!(f, "{},{}%,{}{unit}", self.users, self.percent, self.window_seconds / seconds)
    }
}

impl Default for GuardRail {
    fn default() -> Self {
        Self { users: 10, percent: 20, window_seconds: 3600 }
    }
}

impl Default for Safeguards {
    fn default() -> Self {
        Self { retention_days: 30, guard_rail: Some(GuardRail::default()), dry_run: false }
    }
}

impl Safeguards {
    /// The safeguards as JSON: those that are not as a new directory has them.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let (mut json, usual) = (Map::new(), Self::default());
        if self.retention_days != usual.retention_days {
            json.insert("retention_days".to_owned(), json!(self.retention_days));
        }
        if self.guard_rail != usual.guard_rail {
            let rail = self.guard_rail.map(|rail| json!([rail.users, rail.percent, rail.window_seconds]));
            json.insert("guard_rail".to_owned(), json!(rail));
        }
        if self.dry_run {
            json.insert("dry_run".to_owned(), json!(true));
        }
        json
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None`, it is damaged.
    pub(crate) fn from_json(json: Option<&Value>) -> Option<Self> {
        let mut safeguards = Self::default();
        let Some(json) = json else { return Some(safeguards) };
        let json = json.as_object()?;
        let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
        if let Some(days) = json.get("retention_days") {
            safeguards.retention_days = number(days)?;
        }
        match json.get("guard_rail") {
            None => {}
            Some(Value::Null) => safeguards.guard_rail = None,
            Some(rail) => {
                let [users, percent, window] = rail.as_array()?.as_slice() else { return None };
                let (users, percent, window_seconds) = (number(users)?, number(percent)?, number(window)?);
                safeguards.guard_rail = Some(GuardRail { users, percent, window_seconds });
            }
        }
        safeguards.dry_run = json.get("dry_run").is_some_and(|on| on == true);
        Some(safeguards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_both_limits_is_held_and_nothing_else() {
        let rail = GuardRail::default();
        assert!(rail.lets(10, 10), "ten may leave, whoever they are");
        assert!(!rail.lets(11, 50), "11 are more than 10, and more than 20 % of 50");
        assert!(rail.lets(11, 55), "11 are 20 % of 55, and no more");
        assert!(rail.lets(200, 1000) && !rail.lets(201, 1000));
        let strict = GuardRail { users: 0, percent: 0, window_seconds: 1 };
        assert!(strict.lets(0, 5) && !strict.lets(1, 5));
    }

    #[test]
    fn a_guard_rail_is_written_as_it_is_given() {
        let text = |window_seconds| GuardRail { users: 10, percent: 20, window_seconds }.to_string();
        assert_eq!(text(3_600), "10,20%,1h");
        assert_eq!(text(90), "10,20%,90s");
        assert_eq!(text(172_800), "10,20%,2d");
        assert_eq!(text(5_400), "10,20%,90m");
    }

    #[test]
    fn safeguards_are_read_as_they_were_written() {
        let rail = GuardRail { users: 1, percent: 2, window_seconds: 3 };
        for safeguards in [
            Safeguards::default(),
            Safeguards { guard_rail: None, ..Safeguards::default() },
            Safeguards { retention_days: 0, guard_rail: Some(rail), dry_run: true },
        ] {
            let json = Value::Object(safeguards.to_json());
            assert_eq!(Safeguards::from_json(Some(&json)), Some(safeguards));
        }
        assert_eq!(Safeguards::from_json(Some(&json!({ "guard_rail": [1] }))), None);
    }

    #[test]
    fn the_window_of_a_guard_rail_is_in_microseconds() {
        assert_eq!(GuardRail { window_seconds: 90, ..GuardRail::default() }.window_micros(), 90_000_000);
    }
}
