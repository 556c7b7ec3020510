//! The settings of a directory: as texts that are compared and shown, and as requests.

use std::collections::BTreeMap;

use rollcall_api::rules;
use rollcall_api::v1::{
    ActivitySettings, AdminEmails, CreateDirectoryRequest, Directory, PasswordHandling, Profile, RuleSetting,
    RuleSettings, UpdateDirectoryRequest,
};
use rollcall_scim::Rule;

use super::file::{self, OnOff, Recording};
use crate::cli::guard_rail;

/// The settings that a file gives a directory, by the name that each has there.
pub(super) fn given(wanted: &file::Directory) -> Vec<(String, String)> {
    let provisioning = wanted.provisioning;
    let activity = wanted.activity;
    let notices = wanted.notices.as_ref();
    let switch = |name: &str, is_on: Option<bool>| is_on.map(|is_on| (name.to_owned(), on_off(is_on)));
    let number = |name: &str, number: Option<i32>| number.map(|number| (name.to_owned(), number.to_string()));
    let text = |name: &str, text: Option<String>| text.map(|text| (name.to_owned(), text));
    let rules = wanted.rules.iter().map(|(rule, setting)| (rule_label(rule.0), setting_name(setting.0)));
    let before = [
        text("profile", Some(profile_name(wanted.profile.into()))),
        switch("scim", wanted.scim),
        switch("groups", wanted.groups),
        switch("dry-run", wanted.dry_run),
        text("password", wanted.password.map(|password| password_name(password.into()))),
        number("retention-days", wanted.retention_days),
        text("guard-rail", wanted.guard_rail.map(|rail| guard_rail::written(Some(&rail.0)))),
        text("administrator-role", wanted.administrator_role.as_deref().map(or_none)),
        switch("provisioning.saml", provisioning.and_then(|choices| choices.saml)),
        switch("provisioning.oidc", provisioning.and_then(|choices| choices.oidc)),
        switch("provisioning.jwt", provisioning.and_then(|choices| choices.jwt)),
        switch("provisioning.ldap", provisioning.and_then(|choices| choices.ldap)),
        switch("notices.on-first-sign-in", notices.and_then(|notices| notices.on_first_sign_in)),
        text(
            "notices.admin-emails",
            notices.and_then(|notices| notices.admin_emails.as_deref().map(addresses)),
        ),
        text(
            "activity.recording",
            activity.and_then(|log| log.recording).map(|recording| Recording::name(recording.0).to_owned()),
        ),
        number("activity.days", activity.and_then(|log| log.days)),
        number("activity.entries", activity.and_then(|log| log.entries)),
        switch("activity.redact-personal-data", activity.and_then(|log| log.redact_personal_data)),
    ];
    before.into_iter().flatten().chain(rules).collect()
}

/// All the settings that a directory has, by the same names.
pub(super) fn present(directory: &Directory) -> BTreeMap<String, String> {
    let provisioning = directory.provisioning.unwrap_or_default();
    let stored =
        |choice: Option<rollcall_api::v1::ProvisioningChoice>| on_off(choice.unwrap_or_default().stored);
    let activity = directory.activity.unwrap_or_default();
    let own = directory.rule_settings.unwrap_or_default();
    let settings = [
        ("profile", profile_name(directory.profile())),
        ("scim", on_off(directory.scim_enabled)),
        ("groups", on_off(directory.groups_enabled)),
        ("dry-run", on_off(directory.dry_run)),
        ("password", password_name(directory.password_handling())),
        ("retention-days", directory.retention_days.to_string()),
        ("guard-rail", guard_rail::written(directory.guard_rail.as_ref())),
        ("administrator-role", or_none(&directory.administrator_role)),
        ("provisioning.saml", stored(provisioning.saml)),
        ("provisioning.oidc", stored(provisioning.oidc)),
        ("provisioning.jwt", stored(provisioning.jwt)),
        ("provisioning.ldap", stored(provisioning.ldap)),
        ("notices.on-first-sign-in", on_off(directory.notify_admins_on_first_sso_sign_in)),
        ("notices.admin-emails", addresses(&directory.admin_emails)),
        ("activity.recording", Recording::name(activity.recording()).to_owned()),
        ("activity.days", activity.days.unwrap_or_default().to_string()),
        ("activity.entries", activity.entries.unwrap_or_default().to_string()),
        ("activity.redact-personal-data", on_off(activity.redact_personal_data.unwrap_or_default())),
    ];
    let rules = Rule::ALL.map(|rule| {
        let setting = RuleSetting::try_from(rules::setting(own, rule)).unwrap_or_default();
        (rule_label(rule), setting_name(setting))
    });
    settings.into_iter().map(|(name, text)| (name.to_owned(), text)).chain(rules).collect()
}

/// The request that makes a directory as a file has it.
pub(super) fn creating(wanted: &file::Directory) -> CreateDirectoryRequest {
    let provisioning = wanted.provisioning;
    let notices = wanted.notices.as_ref();
    CreateDirectoryRequest {
        name: wanted.name.value.clone(),
        profile: Profile::from(wanted.profile).into(),
        scim_enabled: wanted.scim,
        groups_enabled: wanted.groups,
        rule_settings: Some(rule_settings(wanted)),
        password_handling: password_handling(wanted).into(),
        notify_admins_on_first_sso_sign_in: notices.and_then(|notices| notices.on_first_sign_in),
        admin_emails: admin_emails(wanted),
        retention_days: wanted.retention_days,
        saml_provisioning: provisioning.and_then(|choices| choices.saml),
        oidc_provisioning: provisioning.and_then(|choices| choices.oidc),
        jwt_provisioning: provisioning.and_then(|choices| choices.jwt),
        ldap_provisioning: provisioning.and_then(|choices| choices.ldap),
        guard_rail: wanted.guard_rail.map(|rail| rail.0),
        dry_run: wanted.dry_run,
        administrator_role: wanted.administrator_role.clone(),
        activity: Some(activity(wanted)),
    }
}

/// The request that makes a directory that is there as a file has it.
pub(super) fn updating(wanted: &file::Directory) -> UpdateDirectoryRequest {
    let new = creating(wanted);
    UpdateDirectoryRequest {
        name: new.name,
        profile: new.profile,
        scim_enabled: new.scim_enabled,
        groups_enabled: new.groups_enabled,
        rule_settings: new.rule_settings,
        password_handling: new.password_handling,
        notify_admins_on_first_sso_sign_in: new.notify_admins_on_first_sso_sign_in,
        admin_emails: new.admin_emails,
        retention_days: new.retention_days,
        saml_provisioning: new.saml_provisioning,
        oidc_provisioning: new.oidc_provisioning,
        jwt_provisioning: new.jwt_provisioning,
        ldap_provisioning: new.ldap_provisioning,
        guard_rail: new.guard_rail,
        dry_run: new.dry_run,
        administrator_role: new.administrator_role,
        activity: new.activity,
    }
}

fn rule_settings(wanted: &file::Directory) -> RuleSettings {
    let mut settings = RuleSettings::default();
    for (rule, OnOff(setting)) in &wanted.rules {
        rules::set(&mut settings, rule.0, *setting);
    }
    settings
}

fn password_handling(wanted: &file::Directory) -> PasswordHandling {
    wanted.password.map(PasswordHandling::from).unwrap_or_default()
}

fn admin_emails(wanted: &file::Directory) -> Option<AdminEmails> {
    let addresses = wanted.notices.as_ref()?.admin_emails.clone()?;
    Some(AdminEmails { addresses })
}

fn activity(wanted: &file::Directory) -> ActivitySettings {
    let Some(log) = wanted.activity else { return ActivitySettings::default() };
    ActivitySettings {
        recording: log.recording.map(|recording| recording.0).unwrap_or_default().into(),
        days: log.days,
        entries: log.entries,
        redact_personal_data: log.redact_personal_data,
    }
}

fn on_off(is_on: bool) -> String {
    if is_on { "on" } else { "off" }.to_owned()
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { text.to_owned() }
}

/// Addresses, of which neither the order nor the case says anything.
fn addresses(addresses: &[String]) -> String {
    let mut sorted: Vec<String> = addresses.iter().map(|address| address.to_lowercase()).collect();
    sorted.sort();
    sorted.dedup();
    or_none(&sorted.join(", "))
}

fn profile_name(profile: Profile) -> String {
    match profile {
        Profile::Okta => "okta",
        Profile::Entra => "entra",
        Profile::Generic => "generic",
        Profile::Unspecified => "unknown",
    }
    .to_owned()
}

fn password_name(handling: PasswordHandling) -> String {
    match handling {
        PasswordHandling::Store => "store",
        PasswordHandling::Discard | PasswordHandling::Unspecified => "discard",
    }
    .to_owned()
}

fn rule_label(rule: Rule) -> String {
    format!("rules.{}", rule.as_str())
}

fn setting_name(setting: RuleSetting) -> String {
    match setting {
        RuleSetting::On => "on",
        RuleSetting::Off => "off",
        RuleSetting::Profile | RuleSetting::Unspecified => "profile",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::*;

    #[test]
    fn every_setting_of_a_file_has_its_place_in_a_directory() {
        let file = parse(
            "directories:\n- name: acme\n  profile: okta\n  scim: on\n  groups: on\n  dry-run: on\n  password: store\n  \
             retention-days: 1\n  guard-rail: off\n  administrator-role: x\n  rules: {unique-group-names: on}\n  \
             provisioning: {saml: on, oidc: on, jwt: on, ldap: on}\n  \
             notices: {on-first-sign-in: on, admin-emails: [B@x.example, a@x.example, b@x.example]}\n  \
             activity: {recording: all, days: 1, entries: 1, redact-personal-data: on}\n",
        )
        .unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let given = given(&file.directories[0]);
        let present = present(&Directory::default());
        assert_eq!(given.len(), 19);
        for (name, _) in &given {
            assert!(present.contains_key(name), "{name}");
        }
        let text = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        assert_eq!(text("notices.admin-emails"), Some("a@x.example, b@x.example"));
        assert_eq!(text("guard-rail"), Some("off"));
        let request = updating(&file.directories[0]);
        assert_eq!((request.scim_enabled, request.ldap_provisioning), (Some(true), Some(true)));
        assert_eq!(request.admin_emails.unwrap().addresses.len(), 3);
    }
}
