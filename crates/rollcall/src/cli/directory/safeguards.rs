//! What protects a directory from a mistake of its identity provider, as flags and as output.

use clap::Args;
use rollcall_api::v1::{CreateDirectoryRequest, Directory, GuardRail, UpdateDirectoryRequest};
use serde_json::{Map, Value, json};

use crate::cli::guard_rail;
use crate::cli::switch::Switch;

/// The flags of a command that makes or changes a directory.
#[derive(Debug, Args)]
pub(super) struct Safeguards {
    /// For how many days deleted users are kept, so that they can return with the same id; 0, not at all. A new directory
    /// keeps them for 30
    #[arg(long, value_name = "DAYS", value_parser = days)]
    retention: Option<i32>,

    /// How many users the identity provider may deactivate or delete: past N users and P % of the active ones within WINDOW
    /// (such as 1h) a change is held for an administrator, see `rollcall hold --help`. A new directory has 10,20%,1h
    #[arg(long, value_name = guard_rail::FORM, value_parser = guard_rail::read)]
    guard_rail: Option<GuardRail>,

    /// Whether what the identity provider sends is checked to its end and then not done, but answered with what would have
    /// happened
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    dry_run: Option<Switch>,

    /// Whoever has this value among their `roles`, as the identity provider sends them, is an administrator of the
    /// application; off, no role makes anybody one
    #[arg(long, value_name = "VALUE|off")]
    administrator_role: Option<String>,
}

impl Safeguards {
    /// The names of the flags, as clap knows them.
    pub(super) const FLAGS: [&str; 4] = ["retention", "guard_rail", "dry_run", "administrator_role"];

    pub(super) fn of_new(self, request: CreateDirectoryRequest) -> CreateDirectoryRequest {
        CreateDirectoryRequest {
            retention_days: self.retention,
            guard_rail: self.guard_rail,
            dry_run: self.dry_run.map(Switch::is_on),
            administrator_role: self.administrator_role.map(role),
            ..request
        }
    }

    pub(super) fn of_changed(self, request: UpdateDirectoryRequest) -> UpdateDirectoryRequest {
        UpdateDirectoryRequest {
            retention_days: self.retention,
            guard_rail: self.guard_rail,
            dry_run: self.dry_run.map(Switch::is_on),
            administrator_role: self.administrator_role.map(role),
            ..request
        }
    }
}

/// The role that a flag names; empty, none.
fn role(text: String) -> String {
    if text == "off" { String::new() } else { text }
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
    Map::from_iter([
        ("retention_days".to_owned(), json!(directory.retention_days)),
        ("guard_rail".to_owned(), json!(guard_rail::written(directory.guard_rail.as_ref()))),
        ("dry_run".to_owned(), json!(directory.dry_run)),
        (
            "administrator_role".to_owned(),
            json!(Some(&directory.administrator_role).filter(|role| !role.is_empty())),
        ),
    ])
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
