//! What protects a directory from a mistake of its identity provider: as messages, and as events tell it.

use rollcall_api::v1::{self, CreateDirectoryRequest, UpdateDirectoryRequest};
use rollcall_store::{GuardRail, Safeguards};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// The longest retention in days.
const LONGEST_RETENTION: u32 = 3650;

/// The longest window of a guard rail in seconds: 30 days.
const LONGEST_WINDOW: i64 = 30 * 24 * 60 * 60;

/// The safeguards of a directory as events tell them.
pub(super) fn facts(safeguards: &Safeguards) -> Map<String, Value> {
    let rail = safeguards.guard_rail.map_or_else(|| "off".to_owned(), |rail| rail.to_string());
    Map::from_iter([
        ("retention_days".to_owned(), json!(safeguards.retention_days)),
        ("guard_rail".to_owned(), json!(rail)),
        ("dry_run".to_owned(), json!(safeguards.dry_run)),
    ])
}

/// The safeguards of a directory that is to be made. Errors: `INVALID_VALUE`.
pub(super) fn created(request: &CreateDirectoryRequest) -> Result<Safeguards> {
    changed(&Safeguards::default(), request.retention_days, request.guard_rail.as_ref(), request.dry_run)
}

/// The safeguards of a directory after a request that changes it. Errors: `INVALID_VALUE`.
pub(super) fn updated(request: &UpdateDirectoryRequest, before: &Safeguards) -> Result<Safeguards> {
    changed(before, request.retention_days, request.guard_rail.as_ref(), request.dry_run)
}

/// Puts the safeguards into the message of a directory.
pub(super) fn into_message(safeguards: &Safeguards, message: v1::Directory) -> v1::Directory {
    let number = |number| i32::try_from(number).unwrap_or(i32::MAX);
    let guard_rail = safeguards.guard_rail.map_or_else(v1::GuardRail::default, |rail| v1::GuardRail {
        enabled: true,
        users: number(rail.users),
        percent: number(rail.percent),
        window: Some(prost_types::Duration { seconds: rail.window_seconds.into(), nanos: 0 }),
    });
    v1::Directory {
        retention_days: number(safeguards.retention_days),
        guard_rail: Some(guard_rail),
        dry_run: safeguards.dry_run,
        ..message
    }
}

/// Checks safeguards that no request asks for. Errors: `INVALID_VALUE`.
pub(super) fn judge(retention: i32, rail: Option<&v1::GuardRail>) -> Result<()> {
    changed(&Safeguards::default(), Some(retention), rail, None).map(drop)
}

fn changed(
    before: &Safeguards,
    retention: Option<i32>,
    rail: Option<&v1::GuardRail>,
    dry_run: Option<bool>,
) -> Result<Safeguards> {
    Ok(Safeguards {
        retention_days: retention.map(retention_days).transpose()?.unwrap_or(before.retention_days),
        guard_rail: rail.map(guard_rail).transpose()?.unwrap_or(before.guard_rail),
        dry_run: dry_run.unwrap_or(before.dry_run),
    })
}

/// For how many days deleted users are to be kept. Errors: `INVALID_VALUE`.
fn retention_days(asked: i32) -> Result<u32> {
    let days = u32::try_from(asked).ok().filter(|days| *days <= LONGEST_RETENTION);
    days.ok_or_else(|| {
        Error::value(format!("retention_days: give 0 to {LONGEST_RETENTION} days; {asked} is not"))
    })
}

/// A guard rail; `None`, there is to be none. Errors: `INVALID_VALUE`.
fn guard_rail(asked: &v1::GuardRail) -> Result<Option<GuardRail>> {
    if !asked.enabled {
        return Ok(None);
    }
    let users = u32::try_from(asked.users)
        .map_err(|_| Error::value(format!("guard_rail.users: {} is less than none", asked.users)))?;
    let percent = u32::try_from(asked.percent).ok().filter(|percent| *percent <= 100);
    let percent = percent.ok_or_else(|| {
        Error::value(format!("guard_rail.percent: give 0 to 100; {} is not", asked.percent))
    })?;
    let window = asked.window.filter(|window| window.nanos == 0).map(|window| window.seconds);
    let window = window.filter(|seconds| (1..=LONGEST_WINDOW).contains(seconds));
    let window_seconds = window.and_then(|seconds| u32::try_from(seconds).ok());
    let window_seconds = window_seconds
        .ok_or_else(|| Error::value("guard_rail.window: give whole seconds, from one second to 30 days"))?;
    Ok(Some(GuardRail { users, percent, window_seconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rail(users: i32, percent: i32, seconds: i64) -> v1::GuardRail {
        let window = Some(prost_types::Duration { seconds, nanos: 0 });
        v1::GuardRail { enabled: true, users, percent, window }
    }

    #[test]
    fn a_guard_rail_that_is_none_is_refused_and_names_what_would_be_one() {
        assert_eq!(guard_rail(&rail(10, 20, 3600)).unwrap(), Some(GuardRail::default()));
        assert_eq!(guard_rail(&v1::GuardRail::default()).unwrap(), None);
        for (wrong, naming) in [
            (rail(-1, 20, 1), "users"),
            (rail(1, 101, 1), "percent"),
            (rail(1, 20, 0), "window"),
            (rail(1, 20, LONGEST_WINDOW + 1), "window"),
        ] {
            let error = guard_rail(&wrong).unwrap_err();
            assert!(error.to_string().contains(naming), "{error}");
        }
    }

    #[test]
    fn what_a_request_does_not_mention_stays() {
        let before = Safeguards { retention_days: 7, guard_rail: None, dry_run: true };
        assert_eq!(changed(&before, None, None, None).unwrap(), before);
        let after = changed(&before, Some(0), Some(&rail(10, 20, 3600)), Some(false)).unwrap();
        assert_eq!(after, Safeguards { retention_days: 0, ..Safeguards::default() });
        assert!(changed(&before, Some(3651), None, None).is_err());
    }
}
