//! The settings of a directory.

mod rules;
mod sent;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use rollcall_api::client;
use rollcall_api::v1::{
    ActivityRecording, DeleteDirectoryRequest, Directory, GuardRail, PasswordHandling, Provisioning,
};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::directories::profile_key;
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use rules::RuleRow;

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
    administrator_role: String,
    recording: &'static str,
    activity_days: i32,
    activity_entries: i32,
    redacts: bool,
    notifies: bool,
    scim: bool,
    protocols: String,
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
    let (shell, directory) = console.directory_shell(&form.session, Section::Settings, &name).await?;
    let wrong = |directory: &Directory, problem: Problem| {
        let page = settings(shell, directory, "", Some(problem.correctable()?));
        Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
    };
    let request = match sent::request(&name, &form) {
        Ok(request) => request,
        Err(problem) => return wrong(&directory, problem),
    };
    let typed = sent::typed(directory, &request);
    let request = form.session.message(request);
    match console.answered(client::directories(console.core()).update_directory(request)).await {
        Ok(_) => Ok(to_page(&format!("{}/settings", directory_path(&name)), "saved")),
        Err(problem) => wrong(&typed, problem),
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

fn settings(shell: Shell, directory: &Directory, dialog: &str, error: Option<String>) -> SettingsPage {
    let suggested = GuardRail { users: 10, percent: 20, ..GuardRail::default() };
    let rail = directory.guard_rail.filter(|rail| rail.enabled).unwrap_or(suggested);
    let activity = directory.activity.unwrap_or_default();
    SettingsPage {
        assets: shell.assets,
        theme: shell.theme,
        name: directory.name.clone(),
        page: format!("{}/settings", directory_path(&directory.name)),
        profile: profile_key(directory.profile()),
        groups: directory.groups_enabled,
        rules: rules::rows(directory),
        keeps_passwords: directory.password_handling() == PasswordHandling::Store,
        emails: directory.admin_emails.join("\n"),
        retention: directory.retention_days,
        rail: directory.guard_rail.is_some_and(|rail| rail.enabled),
        rail_users: rail.users,
        rail_percent: rail.percent,
        rail_minutes: rail.window.map_or(60, |window| window.seconds / 60),
        dry_run: directory.dry_run,
        administrator_role: directory.administrator_role.clone(),
        recording: recording_key(activity.recording()),
        activity_days: activity.days.unwrap_or_default(),
        activity_entries: activity.entries.unwrap_or_default(),
        redacts: activity.redact_personal_data(),
        notifies: directory.notify_admins_on_first_sso_sign_in,
        scim: directory.scim_enabled,
        protocols: protocols(directory.provisioning.unwrap_or_default()),
        dialog: dialog.to_owned(),
        error,
        shell,
    }
}

/// The name of a recording in the form.
fn recording_key(recording: ActivityRecording) -> &'static str {
    match recording {
        ActivityRecording::All | ActivityRecording::Unspecified => "all",
        ActivityRecording::FailuresAndWrites => "failures-and-writes",
        ActivityRecording::Off => "off",
    }
}

/// The protocols by which first sign-ins create accounts, in words.
fn protocols(provisioning: Provisioning) -> String {
    let Provisioning { saml, oidc, jwt, ldap } = provisioning;
    let all = [("SAML", saml), ("OpenID Connect", oidc), ("JWT", jwt), ("LDAP", ldap)];
    let on: Vec<&str> = all
        .into_iter()
        .filter(|(_, choice)| choice.is_some_and(|choice| choice.effective))
        .map(|(name, _)| name)
        .collect();
    if on.is_empty() { "no protocol".to_owned() } else { on.join(", ") }
}
