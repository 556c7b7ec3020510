//! What the form of the settings sends.

use rollcall_api::v1::{
    ActivityRecording, ActivitySettings, AdminEmails, Directory, GuardRail, PasswordHandling,
    UpdateDirectoryRequest,
};

use super::rules;
use crate::form::Submission;
use crate::pages::directories::profile_of;
use crate::problem::Problem;

/// The change that a form asks for. It names every setting, so that a new one is not forgotten here. Errors: what is no
/// number, and a profile that there is not.
pub(super) fn request(name: &str, form: &Submission) -> Result<UpdateDirectoryRequest, Problem> {
    let passwords = match form.text("passwords") {
        "store" => PasswordHandling::Store,
        _ => PasswordHandling::Discard,
    };
    let addresses = form.text("emails").lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(UpdateDirectoryRequest {
        name: name.to_owned(),
        // It has a page of its own, which says first what it overrides.
        scim_enabled: None,
        groups_enabled: Some(form.has("groups")),
        profile: profile_of(form.text("profile"))?.into(),
        rule_settings: Some(rules::sent(form)),
        password_handling: passwords.into(),
        notify_admins_on_first_sso_sign_in: Some(form.has("notify")),
        admin_emails: Some(AdminEmails { addresses: addresses.map(str::to_owned).collect() }),
        retention_days: Some(whole(form, "retention", "for how many days deleted users are kept")?),
        // These stand among the rules on sign-ins, beside what overrides them.
        saml_provisioning: None,
        oidc_provisioning: None,
        jwt_provisioning: None,
        ldap_provisioning: None,
        guard_rail: Some(guard_rail(form)?),
        dry_run: Some(form.has("dry-run")),
        administrator_role: Some(form.text("administrator-role").trim().to_owned()),
        activity: Some(activity(form)?),
    })
}

/// A directory as it would be, so that a form that is refused keeps what was typed.
pub(super) fn typed(directory: Directory, request: &UpdateDirectoryRequest) -> Directory {
    let request = request.clone();
    Directory {
        groups_enabled: request.groups_enabled.unwrap_or(directory.groups_enabled),
        profile: request.profile,
        rule_settings: request.rule_settings,
        password_handling: request.password_handling,
        notify_admins_on_first_sso_sign_in: request.notify_admins_on_first_sso_sign_in.unwrap_or_default(),
        admin_emails: request.admin_emails.unwrap_or_default().addresses,
        retention_days: request.retention_days.unwrap_or_default(),
        guard_rail: request.guard_rail,
        dry_run: request.dry_run.unwrap_or_default(),
        administrator_role: request.administrator_role.unwrap_or_default(),
        activity: request.activity,
        ..directory
    }
}

fn guard_rail(form: &Submission) -> Result<GuardRail, Problem> {
    let minutes = whole(form, "rail-minutes", "how many minutes the guard rail looks back")?;
    Ok(GuardRail {
        enabled: form.has("rail"),
        users: whole(form, "rail-users", "how many users may leave")?,
        percent: whole(form, "rail-percent", "what part of the users may leave, in percent,")?,
        window: Some(prost_types::Duration { seconds: i64::from(minutes) * 60, nanos: 0 }),
    })
}

fn activity(form: &Submission) -> Result<ActivitySettings, Problem> {
    let recording = match form.text("activity") {
        "off" => ActivityRecording::Off,
        "failures-and-writes" => ActivityRecording::FailuresAndWrites,
        _ => ActivityRecording::All,
    };
    Ok(ActivitySettings {
        recording: recording.into(),
        days: Some(whole(form, "activity-days", "for how many days requests are kept")?),
        entries: Some(whole(form, "activity-entries", "how many requests are kept")?),
        redact_personal_data: Some(form.has("redact")),
    })
}

fn whole(form: &Submission, field: &str, what: &str) -> Result<i32, Problem> {
    let problem = |_| Problem::value(format!("Say {what} in a whole number, such as 30."));
    form.text(field).parse().map_err(problem)
}
