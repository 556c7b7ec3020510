//! The settings of a directory.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use rollcall_api::client;
use rollcall_api::v1::{
    AdminEmails, DeleteDirectoryRequest, Directory, GuardRail, PasswordHandling, RuleSetting, RuleSettings,
    Rules, UpdateDirectoryRequest,
};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::directories::{profile_key, profile_of};
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};

/// A rule, as the form shows it.
#[derive(Debug)]
struct RuleRow {
    key: &'static str,
    title: &'static str,
    hint: &'static str,
    setting: &'static str,
    /// Whether the rule holds now.
    follows: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings.html")]
#[expect(clippy::struct_excessive_bools, reason = "a form has a box for each")]
struct SettingsPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    name: String,
    page: String,
    profile: &'static str,
    groups: bool,
    rules: Vec<RuleRow>,
    keeps_passwords: bool,
    emails: String,
    retention: i32,
    rail: bool,
    rail_users: i32,
    rail_percent: i32,
    rail_minutes: i64,
    dry_run: bool,
    dialog: String,
    error: Option<String>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    query: Parameters,
) -> Result<Response, Problem> {
    let (shell, directory) = console.directory_shell(&session, Section::Settings, &name).await?;
    let shell = shell.with_notice(done(&query));
    Ok(render(&settings(shell, &directory, given(&query, "dialog"), None)))
}

pub(crate) async fn save(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let rule = |key: &str| match form.text(&format!("rule-{key}")) {
        "on" => RuleSetting::On.into(),
        "off" => RuleSetting::Off.into(),
        _ => i32::from(RuleSetting::Profile),
    };
    let passwords = match form.text("passwords") {
        "store" => PasswordHandling::Store,
        _ => PasswordHandling::Discard,
    };
    let addresses = form.text("emails").lines().map(str::trim).filter(|line| !line.is_empty());
    let request = UpdateDirectoryRequest {
        name: name.clone(),
        groups_enabled: Some(form.has("groups")),
        profile: profile_of(form.text("profile"))?.into(),
        rule_settings: Some(RuleSettings {
            replace_creates_missing: rule("replace"),
            unquoted_filter_values: rule("unquoted"),
            skip_unknown_members: rule("skip"),
            put_keeps_members: rule("keep"),
            unique_group_names: rule("unique"),
            restore_returning_users: rule("restore"),
        }),
        password_handling: passwords.into(),
        retention_days: Some(whole(form.text("retention"), "for how many days deleted users are kept")?),
        guard_rail: Some(guard_rail(&form)?),
        dry_run: Some(form.has("dry-run")),
        admin_emails: Some(AdminEmails { addresses: addresses.map(str::to_owned).collect() }),
        ..UpdateDirectoryRequest::default()
    };
    let request = form.session.message(request);
    match console.answered(client::directories(console.core()).update_directory(request)).await {
        Ok(_) => Ok(to_page(&format!("{}/settings", directory_path(&name)), "saved")),
        Err(problem) => {
            let error = problem.correctable()?;
            let (shell, directory) = console.directory_shell(&form.session, Section::Settings, &name).await?;
            let page = SettingsPage {
                emails: form.text("emails").to_owned(),
                ..settings(shell, &directory, "", Some(error))
            };
            Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
        }
    }
}

/// Deletes the directory with everything in it, for whoever has typed its name.
pub(crate) async fn delete(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(DeleteDirectoryRequest {
        name: name.clone(),
        confirm_name: form.text("confirm").to_owned(),
    });
    match console.answered(client::directories(console.core()).delete_directory(request)).await {
        Ok(_) => Ok(to_page("/admin/directories", "directory-deleted")),
        Err(problem) => {
            let error = problem.correctable()?;
            let (shell, directory) = console.directory_shell(&form.session, Section::Settings, &name).await?;
            let page = settings(shell, &directory, "delete", Some(error));
            Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
        }
    }
}

fn whole(text: &str, what: &str) -> Result<i32, Problem> {
    text.parse().map_err(|_| Problem::value(format!("Say {what} in a whole number, such as 30.")))
}

fn guard_rail(form: &Submission) -> Result<GuardRail, Problem> {
    let minutes = whole(form.text("rail-minutes"), "how many minutes the guard rail looks back")?;
    Ok(GuardRail {
        enabled: form.has("rail"),
        users: whole(form.text("rail-users"), "how many users may leave")?,
        percent: whole(form.text("rail-percent"), "what part of the users may leave, in percent,")?,
        window: Some(prost_types::Duration { seconds: i64::from(minutes) * 60, nanos: 0 }),
    })
}

fn settings(shell: Shell, directory: &Directory, dialog: &str, error: Option<String>) -> SettingsPage {
    let suggested = GuardRail { users: 10, percent: 20, ..GuardRail::default() };
    let rail = directory.guard_rail.filter(|rail| rail.enabled).unwrap_or(suggested);
    SettingsPage {
        assets: shell.assets,
        theme: shell.theme,
        name: directory.name.clone(),
        page: format!("{}/settings", directory_path(&directory.name)),
        profile: profile_key(directory.profile()),
        groups: directory.groups_enabled,
        rules: rules(directory),
        keeps_passwords: directory.password_handling() == PasswordHandling::Store,
        emails: directory.admin_emails.join("\n"),
        retention: directory.retention_days,
        rail: directory.guard_rail.is_some_and(|rail| rail.enabled),
        rail_users: rail.users,
        rail_percent: rail.percent,
        rail_minutes: rail.window.map_or(60, |window| window.seconds / 60),
        dry_run: directory.dry_run,
        dialog: dialog.to_owned(),
        error,
        shell,
    }
}

fn rules(directory: &Directory) -> Vec<RuleRow> {
    let settings = directory.rule_settings.unwrap_or_default();
    let rules = directory.rules.unwrap_or_default();
    let Rules {
        replace_creates_missing,
        unquoted_filter_values,
        skip_unknown_members,
        put_keeps_members,
        unique_group_names,
        restore_returning_users,
    } = rules;
    let row = |key, title, hint, setting: RuleSetting, follows| RuleRow {
        key,
        title,
        hint,
        setting: match setting {
            RuleSetting::On => "on",
            RuleSetting::Off => "off",
            RuleSetting::Profile | RuleSetting::Unspecified => "profile",
        },
        follows,
    };
    vec![
        row(
            "replace",
            "Replace creates what is missing",
            "Replacing emails[type eq \"work\"] adds one where there is none.",
            settings.replace_creates_missing(),
            replace_creates_missing,
        ),
        row(
            "unquoted",
            "Filter values without quotes",
            "userName eq ana is read as userName eq \"ana\".",
            settings.unquoted_filter_values(),
            unquoted_filter_values,
        ),
        row(
            "skip",
            "Unknown members are skipped",
            "A member who is not in the directory is passed over, not an error.",
            settings.skip_unknown_members(),
            skip_unknown_members,
        ),
        row(
            "keep",
            "Replacing a group keeps its members",
            "Where the request does not mention members.",
            settings.put_keeps_members(),
            put_keeps_members,
        ),
        row(
            "unique",
            "Group names are unique",
            "No two groups have the same name, whatever its case.",
            settings.unique_group_names(),
            unique_group_names,
        ),
        row(
            "restore",
            "Returning users are restored",
            "Creating a user who was deleted or is inactive brings that one back, with the same id.",
            settings.restore_returning_users(),
            restore_returning_users,
        ),
    ]
}
