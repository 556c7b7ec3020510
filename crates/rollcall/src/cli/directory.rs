//! `rollcall directory`: the connections to identity providers.

mod activity;
mod connection;
mod details;
mod listing;
mod notices;
mod provisioning;
mod safeguards;
mod settings;
mod shown;

use anyhow::{Result, anyhow};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use rollcall_api::client;
use rollcall_api::error::reason_from;
use rollcall_api::v1::{
    CreateDirectoryRequest, DeleteDirectoryRequest, Directory as Message, ErrorReason, GetDirectoryRequest,
    Profile as ProfileMessage, RuleSetting, UpdateDirectoryRequest,
};
use rollcall_scim::Rule;
use serde_json::json;

use self::activity::RequestLog;
use self::notices::Notices;
use self::safeguards::Safeguards;
use self::settings::Password;
use self::shown::{as_json, as_table, show};
use super::switch::Switch;
use crate::client::{Client, Connection, present};
use crate::output;

const UPDATE_EXAMPLES: &str = "\
Examples:
  rollcall directory update acme --scim off
  rollcall directory update acme --notify-admins on --admin-email it@example.com
  rollcall directory update acme --retention 90 --guard-rail 10,20%,1h
  rollcall directory update acme --rule unique-group-names=off,skip-unknown-members=profile";

/// How a rule is written.
const RULE: &str = "RULE=on|off|profile";

/// `rollcall directory`.
#[derive(Debug, Args)]
pub(super) struct Directory {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a directory for an identity provider
    #[command(after_help = "Example:\n  rollcall directory create acme --profile okta")]
    Create(Create),
    /// List the directories with how each is doing, those first that need somebody
    #[command(
        after_help = "Examples:\n  rollcall directory list\n  rollcall directory list --sort users --name acme"
    )]
    List(listing::List),
    /// Show one directory
    Show {
        /// Name of the directory
        name: String,
    },
    /// Change the settings that are given, and leave the others
    #[command(after_help = UPDATE_EXAMPLES, override_usage = "rollcall directory update <NAME> --<SETTING> <VALUE>...")]
    Update(Update),
    /// Delete a directory with everything in it; its tokens and keys end at once
    #[command(
        after_help = "Examples:\n  rollcall directory delete acme\n  rollcall directory delete acme --confirm acme"
    )]
    Delete {
        /// Name of the directory
        name: String,

        /// Its name once more: without it, only a directory without users and groups is deleted
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        confirm: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// Name: 1 to 63 of a-z, 0-9 and -
    name: String,

    /// Which identity provider it is for
    #[arg(long)]
    profile: Profile,

    /// Whether the SCIM endpoint answers
    #[arg(long, value_name = "on|off", hide_possible_values = true, default_value = "on")]
    scim: Switch,

    /// Whether it has groups; without it, as suits the profile
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    groups: Option<Switch>,

    /// A rule that it wants otherwise than its profile has it; several by comma, or by giving the flag again
    #[arg(long = "rule", value_name = RULE, value_delimiter = ',', value_parser = settings::rule, long_help = settings::rule_help())]
    rules: Vec<(Rule, RuleSetting)>,

    /// What becomes of the passwords that are sent for users
    #[arg(long, default_value = "discard")]
    password: Password,

    #[command(flatten)]
    notices: Notices,

    #[command(flatten)]
    safeguards: Safeguards,

    #[command(flatten)]
    provisioning: provisioning::Choices,

    #[command(flatten)]
    request_log: RequestLog,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true).args(["scim", "groups", "profile", "rules", "password", "notify_admins", "admin_emails", "no_admin_emails"]).args(Safeguards::FLAGS).args(provisioning::FLAGS).args(RequestLog::FLAGS))]
struct Update {
    /// Name of the directory
    name: String,

    /// Whether the SCIM endpoint answers
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    scim: Option<Switch>,

    /// Whether it has groups
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    groups: Option<Switch>,

    /// Which identity provider it is for: how requests are read from now on
    #[arg(long)]
    profile: Option<Profile>,

    /// A rule that it wants otherwise than its profile has it, or again as its profile has it; several by comma, or by giving
    /// the flag again
    #[arg(long = "rule", value_name = RULE, value_delimiter = ',', value_parser = settings::rule, long_help = settings::rule_help())]
    rules: Vec<(Rule, RuleSetting)>,

    /// What becomes of the passwords that are sent for users; a change deletes those that are kept
    #[arg(long)]
    password: Option<Password>,

    #[command(flatten)]
    notices: Notices,

    #[command(flatten)]
    safeguards: Safeguards,

    #[command(flatten)]
    provisioning: provisioning::Choices,

    /// Do not ask at a terminal before SCIM is switched on or off
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    request_log: RequestLog,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Profile {
    /// Okta's habits
    Okta,
    /// Microsoft Entra ID's habits
    Entra,
    /// The RFC's letter
    Generic,
}

impl From<Profile> for ProfileMessage {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Okta => Self::Okta,
            Profile::Entra => Self::Entra,
            Profile::Generic => Self::Generic,
        }
    }
}

impl Directory {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::Create(create) => {
                let directory = create.run(&client).await?;
                show(&directory, json)?;
                if !json {
                    let name = &directory.name;
                    output::remark(&format!(
                        "\nIts token comes from: rollcall token create --directory {name}"
                    ));
                }
                Ok(())
            }
            Action::List(list) => list.run(&client, json).await,
            Action::Show { name } => {
                let directory = get(&client, name).await?;
                let health = connection::health(&client, &directory.name).await?;
                if json {
                    let mut shown = as_json(&directory);
                    shown["connection"] = connection::as_json(&health);
                    return output::json(&shown);
                }
                output::table(&as_table(std::slice::from_ref(&directory)))?;
                output::line("")?;
                output::table(&details::as_table(&directory))?;
                output::line("")?;
                output::table(&connection::as_table(&health))
            }
            Action::Update(update) => show(&update.run(&client).await?, json),
            Action::Delete { name, confirm } => delete(&client, json, name, confirm).await,
        }
    }
}

impl Create {
    async fn run(self, client: &Client) -> Result<Message> {
        let request = CreateDirectoryRequest {
            name: self.name,
            profile: ProfileMessage::from(self.profile).into(),
            scim_enabled: Some(self.scim.is_on()),
            groups_enabled: self.groups.map(Switch::is_on),
            rule_settings: Some(settings::rule_settings(&self.rules)),
            password_handling: self.password.message().into(),
            notify_admins_on_first_sso_sign_in: self.notices.on_first_sign_in(),
            admin_emails: self.notices.admin_emails(),
            activity: Some(self.request_log.message()),
            ..CreateDirectoryRequest::default()
        };
        let request = self.provisioning.of_new(self.safeguards.of_new(request));
        let answer = client::directories(client.channel()).create_directory(client.request(request)).await;
        let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
        warn(&answer.warnings);
        present(answer.directory)
    }
}

impl Update {
    async fn run(self, client: &Client) -> Result<Message> {
        if let Some(scim) = self.scim {
            let before = get(client, self.name.clone()).await?;
            provisioning::confirm_scim(&before, scim, self.provisioning, self.yes)?;
        }
        let request = UpdateDirectoryRequest {
            name: self.name,
            scim_enabled: self.scim.map(Switch::is_on),
            groups_enabled: self.groups.map(Switch::is_on),
            profile: self.profile.map_or(ProfileMessage::Unspecified, ProfileMessage::from).into(),
            rule_settings: Some(settings::rule_settings(&self.rules)),
            password_handling: self.password.map(Password::message).unwrap_or_default().into(),
            notify_admins_on_first_sso_sign_in: self.notices.on_first_sign_in(),
            admin_emails: self.notices.admin_emails(),
            activity: Some(self.request_log.message()),
            ..UpdateDirectoryRequest::default()
        };
        let request = self.provisioning.of_changed(self.safeguards.of_changed(request));
        let answer = client::directories(client.channel()).update_directory(client.request(request)).await;
        let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
        warn(&answer.warnings);
        present(answer.directory)
    }
}

/// Tells the person at the terminal what the settings do not achieve.
fn warn(warnings: &[String]) {
    for warning in warnings {
        output::remark(&format!("warning: {warning}"));
    }
}

async fn delete(client: &Client, json: bool, name: String, confirm_name: String) -> Result<()> {
    let request = client.request(DeleteDirectoryRequest { name: name.clone(), confirm_name });
    let answer = client::directories(client.channel()).delete_directory(request).await;
    let answer = answer.map_err(|status| match reason_from(&status) {
        ErrorReason::NotEmpty => {
            anyhow!("{}: give --confirm {name} to delete it all; nothing was deleted", status.message())
        }
        _ => client.explain(&status),
    })?;
    let (users, groups) = (answer.get_ref().users, answer.get_ref().groups);
    if json {
        return output::json(&json!({ "name": name, "users": users, "groups": groups }));
    }
    output::line(&format!("Deleted the directory {name}; users: {users}, groups: {groups}."))
}

async fn get(client: &Client, name: String) -> Result<Message> {
    let request = client.request(GetDirectoryRequest { name });
    let answer = client::directories(client.channel()).get_directory(request).await;
    present(answer.map_err(|status| client.explain(&status))?.into_inner().directory)
}
