//! What of its SCIM requests a directory keeps: as messages, and as events tell it.

use rollcall_api::v1;
use rollcall_store::{ActivitySettings, Recording};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// The longest retention: ten years.
const MOST_DAYS: u32 = 3650;
/// The most requests that are kept.
const MOST_ENTRIES: u32 = 10_000_000;

/// What is kept after a request, and was kept `before`. Errors: `INVALID_VALUE`.
pub(super) fn settings(
    asked: Option<&v1::ActivitySettings>,
    before: ActivitySettings,
) -> Result<ActivitySettings> {
    let Some(asked) = asked else { return Ok(before) };
    let recording = match v1::ActivityRecording::try_from(asked.recording) {
        Ok(v1::ActivityRecording::Unspecified) => before.recording,
        Ok(v1::ActivityRecording::All) => Recording::All,
        Ok(v1::ActivityRecording::FailuresAndWrites) => Recording::FailuresAndWrites,
        Ok(v1::ActivityRecording::Off) => Recording::Off,
        Err(_) => {
            return Err(Error::value(format!(
                "activity.recording: give all, failures-and-writes or off; {} is none of them",
                asked.recording
            )));
        }
    };
    Ok(ActivitySettings {
        recording,
        days: within("activity.days", asked.days, MOST_DAYS, before.days)?,
        entries: within("activity.entries", asked.entries, MOST_ENTRIES, before.entries)?,
        redact_personal_data: asked.redact_personal_data.unwrap_or(before.redact_personal_data),
    })
}

fn within(field: &str, asked: Option<i32>, most: u32, before: u32) -> Result<u32> {
    let Some(asked) = asked else { return Ok(before) };
    u32::try_from(asked)
        .ok()
        .filter(|asked| (1..=most).contains(asked))
        .ok_or_else(|| Error::value(format!("{field}: give 1 to {most}; {asked} is not")))
}

/// What is kept.
pub(super) fn message(settings: ActivitySettings) -> v1::ActivitySettings {
    let recording = match settings.recording {
        Recording::All => v1::ActivityRecording::All,
        Recording::FailuresAndWrites => v1::ActivityRecording::FailuresAndWrites,
        Recording::Off => v1::ActivityRecording::Off,
    };
    v1::ActivitySettings {
        recording: recording.into(),
        days: i32::try_from(settings.days).ok(),
        entries: i32::try_from(settings.entries).ok(),
        redact_personal_data: Some(settings.redact_personal_data),
    }
}

/// What is kept, as events tell it.
pub(super) fn facts(settings: ActivitySettings) -> Value {
    json!({
        "recording": settings.recording.as_str(),
        "days": settings.days,
        "entries": settings.entries,
        "redact_personal_data": settings.redact_personal_data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_changes_what_it_names_and_nothing_else() {
        let asked = v1::ActivitySettings { days: Some(7), ..v1::ActivitySettings::default() };
        let first = settings(Some(&asked), ActivitySettings::default()).unwrap();
        assert_eq!(first, ActivitySettings { days: 7, ..ActivitySettings::default() });
        let asked = v1::ActivitySettings {
            recording: v1::ActivityRecording::FailuresAndWrites.into(),
            redact_personal_data: Some(true),
            ..v1::ActivitySettings::default()
        };
        let second = settings(Some(&asked), first).unwrap();
        assert_eq!((second.days, second.recording), (7, Recording::FailuresAndWrites));
        assert!(second.redact_personal_data);
        assert_eq!(settings(Some(&message(second)), ActivitySettings::default()).unwrap(), second);
    }

    #[test]
    fn what_cannot_be_kept_is_refused_by_name() {
        for (asked, name) in [
            (v1::ActivitySettings { recording: 9, ..v1::ActivitySettings::default() }, "recording"),
            (v1::ActivitySettings { days: Some(0), ..v1::ActivitySettings::default() }, "days"),
            (v1::ActivitySettings { days: Some(3651), ..v1::ActivitySettings::default() }, "days"),
            (v1::ActivitySettings { entries: Some(-1), ..v1::ActivitySettings::default() }, "entries"),
        ] {
            let error = settings(Some(&asked), ActivitySettings::default()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
