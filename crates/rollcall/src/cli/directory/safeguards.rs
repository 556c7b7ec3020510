//! What protects a directory from a mistake of its identity provider, as flags and as output.

use clap::Args;
use rollcall_api::v1::{CreateDirectoryRequest, Directory, UpdateDirectoryRequest};
use serde_json::{Map, Value, json};

/// The flags of a command that makes or changes a directory.
#[derive(Debug, Args)]
pub(super) struct Safeguards {
    /// For how many days deleted users are kept, so that they can return with the same id; 0, not at all. A new directory
    /// keeps them for 30
    #[arg(long, value_name = "DAYS", value_parser = days)]
    retention: Option<i32>,
}

impl Safeguards {
    /// The names of the flags, as clap knows them.
    pub(super) const FLAGS: [&str; 1] = ["retention"];

    pub(super) fn of_new(self, request: CreateDirectoryRequest) -> CreateDirectoryRequest {
        CreateDirectoryRequest { retention_days: self.retention, ..request }
    }

    pub(super) fn of_changed(self, request: UpdateDirectoryRequest) -> UpdateDirectoryRequest {
        UpdateDirectoryRequest { retention_days: self.retention, ..request }
    }
}

/// Reads a number of days: `30` or `30d`.
fn days(text: &str) -> Result<i32, String> {
    text.strip_suffix('d')
        .unwrap_or(text)
        .parse()
        .ok()
        .filter(|days| *days >= 0)
        .ok_or_else(|| format!("give a number of days, such as 30 or 30d, not {text:?}"))
}

/// The safeguards of a directory by name.
pub(super) fn json(directory: &Directory) -> Map<String, Value> {
    Map::from_iter([("retention_days".to_owned(), json!(directory.retention_days))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_a_number_with_or_without_their_unit() {
        assert_eq!(days("30"), Ok(30));
        assert_eq!(days("0d"), Ok(0));
        for bad in ["", "d", "-1", "1h", "30 days", "9999999999"] {
            assert!(days(bad).unwrap_err().contains("30d"), "{bad}");
        }
    }
}
