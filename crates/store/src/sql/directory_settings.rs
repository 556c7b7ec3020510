//! The settings of a directory, as they are written into one column.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use rollcall_scim::Rule;
use serde_json::{Map, Value, json};

use crate::{
    ActivitySettings, Directory, Error, MovedDirectory, NoticeSettings, PasswordHandling, Protocol,
    ProvisioningChoices, Recording, Result, Safeguards,
};

/// The setting that a directory has while it is being imported.
pub(super) const IMPORTING: &str = "importing";

/// What has been read of which text: every call reads the settings of its directory, and they seldom change.
static KNOWN: LazyLock<RwLock<HashMap<String, Arc<Settings>>>> = LazyLock::new(RwLock::default);
/// How many texts are known at most.
const MOST_KNOWN: usize = 1_000;

/// What the column `settings` holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) rules: BTreeMap<Rule, bool>,
    pub(super) password: PasswordHandling,
    pub(super) notices: NoticeSettings,
    pub(super) provisioning: ProvisioningChoices,
    pub(super) safeguards: Safeguards,
    pub(super) activity: ActivitySettings,
    pub(super) administrator_role: Option<String>,
    pub(super) importing: bool,
}

/// The settings as JSON: those that are not as a new directory has them.
pub(super) fn written_settings(directory: &Directory) -> String {
    let mut settings = Map::new();
    if !directory.rule_settings.is_empty() {
        let rules =
            directory.rule_settings.iter().map(|(rule, on)| (rule.as_str().to_owned(), Value::Bool(*on)));
        settings.insert("rules".to_owned(), Value::Object(rules.collect()));
    }
    if directory.password_handling != PasswordHandling::default() {
        settings.insert("password".to_owned(), json!(directory.password_handling.as_str()));
    }
    let NoticeSettings { on_first_sign_in, admin_emails } = &directory.notices;
    if *on_first_sign_in {
        settings.insert("notify_first_sign_in".to_owned(), json!(true));
    }
    if !admin_emails.is_empty() {
        settings.insert("admin_emails".to_owned(), json!(admin_emails));
    }
    let safeguards = directory.safeguards.to_json();
    if !safeguards.is_empty() {
        settings.insert("safeguards".to_owned(), Value::Object(safeguards));
    }
    let off: Map<String, Value> = directory
        .provisioning
        .off()
        .map(|protocol| (protocol.as_str().to_owned(), Value::Bool(false)))
        .collect();
    if !off.is_empty() {
        settings.insert("provisioning".to_owned(), Value::Object(off));
    }
    if directory.activity != ActivitySettings::default() {
        settings.insert("activity".to_owned(), written_activity(directory.activity));
    }
    if let Some(role) = &directory.administrator_role {
        settings.insert("administrator_role".to_owned(), json!(role));
    }
    if directory.importing {
        settings.insert(IMPORTING.to_owned(), json!(true));
    }
    Value::Object(settings).to_string()
}

fn written_activity(activity: ActivitySettings) -> Value {
    json!({
        "recording": activity.recording.as_str(),
        "days": activity.days,
        "entries": activity.entries,
        "redact_personal_data": activity.redact_personal_data,
    })
}

/// Reads what [`written_activity`] wrote; what is not there is as a new directory has it.
fn read_activity(written: Option<&Value>) -> ActivitySettings {
    let default = ActivitySettings::default();
    let Some(written) = written else { return default };
    let number =
        |name| written.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    ActivitySettings {
        recording: written
            .get("recording")
            .and_then(Value::as_str)
            .and_then(Recording::from_name)
            .unwrap_or(default.recording),
        days: number("days").unwrap_or(default.days),
        entries: number("entries").unwrap_or(default.entries),
        redact_personal_data: written
            .get("redact_personal_data")
            .and_then(Value::as_bool)
            .unwrap_or(default.redact_personal_data),
    }
}

/// Reads what [`written_settings`] wrote, of this version or a later one: rules that are not known yet are passed over, so
/// that the old replicas of a rolling upgrade can go on. Each text is parsed once.
pub(super) fn read_settings(text: &str) -> Result<Arc<Settings>> {
    if let Some(known) = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(text) {
        return Ok(Arc::clone(known));
    }
    let settings = Arc::new(parse_settings(text)?);
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST_KNOWN {
        known.clear();
    }
    known.insert(text.to_owned(), Arc::clone(&settings));
    Ok(settings)
}

/// The directory with the settings that it comes with, of which nothing may be passed over. Errors: in words, what none keeps.
pub(super) fn read_all_settings(moved: &MovedDirectory) -> Result<Directory, String> {
    let settings =
        parse_settings(&moved.settings).map_err(|_| format!("settings: {} are none", moved.settings))?;
    let directory = Directory {
        id: moved.id,
        name: moved.name.clone(),
        profile: moved.profile,
        scim_enabled: moved.scim_enabled,
        groups_enabled: moved.groups_enabled,
        rule_settings: settings.rules,
        password_handling: settings.password,
        notices: settings.notices,
        safeguards: settings.safeguards,
        provisioning: settings.provisioning,
        activity: settings.activity,
        importing: false,
        administrator_role: settings.administrator_role,
        schemas_version: 0,
        created: moved.created,
        modified: moved.modified,
    };
    let json = |text: &str| serde_json::from_str(text).unwrap_or_default();
    match passed_over("settings", &json(&moved.settings), &json(&written_settings(&directory))) {
        None => Ok(directory),
        Some(setting) => Err(setting),
    }
}

/// The first of what was given that was not read, with its place.
fn passed_over(place: &str, given: &Value, read: &Value) -> Option<String> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| {
            let place = format!("{place}.{name}");
            passed_over(&place, value, read.get(name).unwrap_or(&Value::Null))
        }),
        (given, read) => (given != read).then(|| format!("{place}: {given} is none")),
    }
}

fn parse_settings(text: &str) -> Result<Settings> {
    let damaged = || Error::Damaged(format!("a directory has the settings {text:?}"));
    let settings: Value = serde_json::from_str(text).map_err(|_| damaged())?;
    let rules = settings.get("rules").and_then(Value::as_object).into_iter().flatten();
    let known = rules.filter_map(|(name, on)| Some((Rule::from_name(name)?, on.as_bool()?)));
    let password = match settings.get("password") {
        None => PasswordHandling::default(),
        Some(name) => name.as_str().and_then(PasswordHandling::from_name).ok_or_else(damaged)?,
    };
    let on_first_sign_in = settings.get("notify_first_sign_in").and_then(Value::as_bool).unwrap_or_default();
    let admin_emails = settings.get("admin_emails").and_then(Value::as_array).into_iter().flatten();
    let admin_emails = admin_emails.filter_map(|address| Some(address.as_str()?.to_owned())).collect();
    let notices = NoticeSettings { on_first_sign_in, admin_emails };
    let safeguards = Safeguards::from_json(settings.get("safeguards")).ok_or_else(damaged)?;
    let mut provisioning = ProvisioningChoices::default();
    let choices = settings.get("provisioning").and_then(Value::as_object).into_iter().flatten();
    for (name, on) in choices {
        if let (Some(protocol), Some(on)) = (Protocol::from_name(name), on.as_bool()) {
            provisioning.set(protocol, on);
        }
    }
    let activity = read_activity(settings.get("activity"));
    let administrator_role = settings.get("administrator_role").and_then(Value::as_str).map(str::to_owned);
    let importing = settings.get(IMPORTING).and_then(Value::as_bool).unwrap_or_default();
    Ok(Settings {
        rules: known.collect(),
        password,
        notices,
        safeguards,
        provisioning,
        activity,
        administrator_role,
        importing,
    })
}
