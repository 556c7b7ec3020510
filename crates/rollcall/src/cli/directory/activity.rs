//! What of its SCIM requests a directory keeps.

use clap::{Args, ValueEnum};
use rollcall_api::v1::{ActivityRecording, ActivitySettings, Directory};
use serde_json::{Value, json};

use super::Switch;

/// The settings of the activity log.
#[derive(Debug, Args)]
pub(super) struct RequestLog {
    /// Which SCIM requests the activity log keeps
    #[arg(long)]
    activity: Option<Recording>,

    /// For how many days the activity log keeps them: 1 to 3650
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i32).range(1..=3650))]
    activity_days: Option<i32>,

    /// How many of them the activity log keeps at most: 1 to 10000000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=10_000_000))]
    activity_entries: Option<i32>,

    /// Whether the activity log replaces what says who a person is, and not only secrets
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    redact_personal_data: Option<Switch>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Recording {
    /// All of them
    All,
    /// Those that failed or were to change something
    FailuresAndWrites,
    /// None
    Off,
}

impl RequestLog {
    /// The names of its flags, of which one is enough for a change.
    pub(super) const FLAGS: [&str; 4] =
        ["activity", "activity_days", "activity_entries", "redact_personal_data"];

    pub(super) fn message(&self) -> ActivitySettings {
        let recording = match self.activity {
            None => ActivityRecording::Unspecified,
            Some(Recording::All) => ActivityRecording::All,
            Some(Recording::FailuresAndWrites) => ActivityRecording::FailuresAndWrites,
            Some(Recording::Off) => ActivityRecording::Off,
        };
        ActivitySettings {
            recording: recording.into(),
            days: self.activity_days,
            entries: self.activity_entries,
            redact_personal_data: self.redact_personal_data.map(Switch::is_on),
        }
    }
}

/// What a directory keeps.
pub(super) fn settings_json(directory: &Directory) -> Value {
    let settings = directory.activity.unwrap_or_default();
    let recording = match settings.recording() {
        ActivityRecording::FailuresAndWrites => "failures-and-writes",
        ActivityRecording::Off => "off",
        ActivityRecording::All | ActivityRecording::Unspecified => "all",
    };
    json!({
        "recording": recording,
        "days": settings.days,
        "entries": settings.entries,
        "redact_personal_data": settings.redact_personal_data,
    })
}
