//! What protects a directory from a mistake of its identity provider: as messages, and as events tell it.

use rollcall_api::v1::{self, CreateDirectoryRequest, UpdateDirectoryRequest};
use rollcall_store::Safeguards;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};

/// The longest retention in days.
const LONGEST_RETENTION: u32 = 3650;

/// The safeguards of a directory as events tell them.
pub(super) fn facts(safeguards: &Safeguards) -> Map<String, Value> {
    Map::from_iter([("retention_days".to_owned(), json!(safeguards.retention_days))])
}

/// The safeguards of a directory that is to be made. Errors: `INVALID_VALUE`.
pub(super) fn created(request: &CreateDirectoryRequest) -> Result<Safeguards> {
    let mut safeguards = Safeguards::default();
    if let Some(days) = request.retention_days {
        safeguards.retention_days = retention_days(days)?;
    }
    Ok(safeguards)
}

/// The safeguards of a directory after a request that changes it. Errors: `INVALID_VALUE`.
pub(super) fn updated(request: &UpdateDirectoryRequest, before: &Safeguards) -> Result<Safeguards> {
    let mut safeguards = before.clone();
    if let Some(days) = request.retention_days {
        safeguards.retention_days = retention_days(days)?;
    }
    Ok(safeguards)
}

/// Puts the safeguards into the message of a directory.
pub(super) fn into_message(safeguards: &Safeguards, message: v1::Directory) -> v1::Directory {
    let retention_days = i32::try_from(safeguards.retention_days).unwrap_or(i32::MAX);
    v1::Directory { retention_days, ..message }
}

/// For how many days deleted users are to be kept. Errors: `INVALID_VALUE`.
fn retention_days(asked: i32) -> Result<u32> {
    let days = u32::try_from(asked).ok().filter(|days| *days <= LONGEST_RETENTION);
    days.ok_or_else(|| {
        Error::value(format!("retention_days: give 0 to {LONGEST_RETENTION} days; {asked} is not"))
    })
}
