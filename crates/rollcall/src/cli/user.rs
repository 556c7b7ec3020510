//! `rollcall user`: who has been provisioned, who is an administrator, and who was deleted and may come back.

mod deleted;
mod leavers;
mod leaving;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use rollcall_api::client;
use rollcall_api::user::Json;
use rollcall_api::v1::{
    ErrorReason, GetUserRequest, ListUsersRequest, ListUsersResponse, SetAdministratorRequest, SortOrder,
    User as Message, UserOrigin,
};
use serde_json::{Value, json};

use super::event;
use super::switch::Switch;
use super::time::{Past, short_time};
use super::wanted::Wanted;
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};
use leavers::Return;
use leaving::Leaving;

/// Users that are asked for at once where all are wanted.
const PAGE: i64 = 500;

/// `rollcall user`.
#[derive(Debug, Args)]
pub(super) struct User {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the users of a directory
    #[command(after_help = "Examples:\n  rollcall user list --directory acme --all\n  \
                            rollcall user list --directory acme --filter 'active eq false' --sort-by userName\n  \
                            rollcall user list --directory acme --deleted")]
    List(List),
    /// Show one user with every attribute
    #[command(after_help = "Example:\n  rollcall user show ada@example.com --directory acme")]
    Show {
        /// The user's id or userName
        #[arg(value_name = "ID|USERNAME")]
        user: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,

        /// Show also which event last changed each attribute, and who that was
        #[arg(long)]
        provenance: bool,
    },
    /// Deactivate a user: it cannot sign in any more, and stays what it is
    #[command(after_help = "Example:\n  rollcall user deactivate ada@example.com --directory acme")]
    Deactivate(Leaving),
    /// Let a user who was deactivated in again, or everybody whom the identity provider sent away within a time
    #[command(
        after_help = "Examples:\n  rollcall user reactivate ada@example.com --directory acme\n  \
                            rollcall user reactivate --since 2h --directory acme --dry-run\n  \
                            rollcall user reactivate --since 2h --directory acme\n\n\
                            Mend the identity provider first, or its next sync sends them away again.",
        override_usage = "rollcall user reactivate <ID|USERNAME> --directory <NAME>\n       \
                                rollcall user reactivate --since <WHEN> --directory <NAME>"
    )]
    Reactivate {
        /// The user's id or userName
        #[arg(value_name = "ID|USERNAME", required_unless_present = "since", conflicts_with = "since")]
        user: Option<String>,

        /// Everybody whom the identity provider deactivated or deleted since a time such as 2027-01-31T00:00:00Z, or since so
        /// long ago, such as 2h, and who is not back yet
        #[arg(long, value_name = "WHEN", value_parser = Past::parse)]
        since: Option<Past>,

        /// Show them, and bring nobody back
        #[arg(long, requires = "since")]
        dry_run: bool,

        /// Name of the directory
        #[arg(long)]
        directory: String,

        /// Do not ask at a terminal
        #[arg(long, requires = "since")]
        yes: bool,
    },
    /// Delete a user, who can be brought back for as long as the directory keeps it
    #[command(after_help = "Examples:\n  rollcall user delete ada@example.com --directory acme\n  \
                            rollcall user restore ada@example.com --directory acme")]
    Delete(Leaving),
    /// Bring a deleted user back as it was, with the same id, but without groups, password and sign-in
    #[command(after_help = "Examples:\n  rollcall user list --directory acme --deleted\n  \
                            rollcall user restore ada@example.com --directory acme")]
    Restore {
        /// The id, or the userName that the user had
        #[arg(value_name = "ID|USERNAME")]
        user: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Make a user an administrator of the application, or take that away
    #[command(
        after_help = "Example:\n  rollcall user update ada@example.com --directory acme --administrator on"
    )]
    Update(Update),
}

#[derive(Debug, Args)]
struct Update {
    /// The user's id or userName
    #[arg(value_name = "ID|USERNAME")]
    user: String,

    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// Whether the user is an administrator of the application. Administrators get its notices, and SCIM can neither
    /// deactivate nor delete the last active one
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    administrator: Switch,
}

#[derive(Debug, Args)]
struct List {
    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// Only those that a SCIM filter fits, such as `emails.value ew "@example.com"`
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,

    #[command(flatten)]
    wanted: Wanted,

    /// Attribute to sort by; without it, in order of creation
    #[arg(long, value_name = "ATTRIBUTE", default_value = "", hide_default_value = true)]
    sort_by: String,

    /// Greatest values first
    #[arg(long, requires = "sort_by")]
    descending: bool,

    /// Those who were deleted and are kept, the last one first
    #[arg(long, conflicts_with_all = ["filter", "sort_by"])]
    deleted: bool,
}

impl User {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::List(list) => list.run(&client, json).await,
            Action::Show { user, directory, provenance } => {
                let user = find(&client, &directory, &user).await?;
                if provenance {
                    show_with_provenance(&client, directory, &user, json).await
                } else {
                    show(&user, json)
                }
            }
            Action::Deactivate(leaving) => show(&leaving.deactivate(&client).await?, json),
            Action::Reactivate { since: Some(since), dry_run, directory, yes, .. } => {
                Return { directory, since, dry_run, yes }.run(&client, json).await
            }
            Action::Reactivate { user, directory, .. } => {
                let user = find(&client, &directory, &user.unwrap_or_default()).await?;
                show(&leaving::set_active(&client, directory, user.id, true).await?, json)
            }
            Action::Delete(leaving) => {
                let user = leaving.delete(&client).await?;
                let name = user.user_name.as_deref().unwrap_or(&user.id);
                if json {
                    return output::json(&json!({ "id": user.id, "userName": user.user_name }));
                }
                output::line(&format!("Deleted the user {name}."))
            }
            Action::Restore { user, directory } => {
                show(&deleted::restore(&client, directory, &user).await?, json)
            }
            Action::Update(update) => show(&update.run(&client).await?, json),
        }
    }
}

impl Update {
    async fn run(self, client: &Client) -> Result<Message> {
        let user = find(client, &self.directory, &self.user).await?;
        let request = SetAdministratorRequest {
            directory: self.directory,
            id: user.id,
            administrator: self.administrator.is_on(),
        };
        let answer = client::users(client.channel()).set_administrator(client.request(request)).await;
        present(answer.map_err(|status| client.explain(&status))?.into_inner().user)
    }
}

impl List {
    async fn run(self, client: &Client, json: bool) -> Result<()> {
        if self.deleted {
            return deleted::list(client, &self.directory, self.wanted.most(), json).await;
        }
        let (users, total) = self.users(client).await?;
        if json {
            let users = users.iter().map(as_json).collect::<Result<Vec<_>>>()?;
            return output::json(&json!({ "totalResults": total, "users": users }));
        }
        output::table(&as_table(&users))?;
        Wanted::remark(users.len(), total, "users");
        Ok(())
    }

    /// The wanted users, page by page, and how many match.
    async fn users(&self, client: &Client) -> Result<(Vec<Message>, i64)> {
        let (wanted, page_size) = (self.wanted.most(), self.wanted.page(PAGE));
        let mut users: Vec<Message> = Vec::new();
        let mut page_token = String::new();
        loop {
            let page = self.page(client, page_size, page_token).await?;
            users.extend(page.users);
            page_token = page.next_page_token;
            if page_token.is_empty() || users.len() >= wanted {
                users.truncate(wanted);
                return Ok((users, page.total_results));
            }
        }
    }

    async fn page(&self, client: &Client, page_size: i64, page_token: String) -> Result<ListUsersResponse> {
        let order = if self.descending { SortOrder::Descending } else { SortOrder::Ascending };
        let request = ListUsersRequest {
            directory: self.directory.clone(),
            filter: self.filter.clone(),
            sort_by: self.sort_by.clone(),
            sort_order: order.into(),
            page_size: Some(page_size),
            page_token,
            ..ListUsersRequest::default()
        };
        let answer = client::users(client.channel()).list_users(client.request(request)).await;
        Ok(answer.map_err(|status| client.explain(&status))?.into_inner())
    }
}

/// Finds a user by id, or else by userName.
pub(super) async fn find(client: &Client, directory: &str, name: &str) -> Result<Message> {
    let request =
        GetUserRequest { directory: directory.to_owned(), id: name.to_owned(), ..GetUserRequest::default() };
    let users = client::users(client.channel());
    let by_id = match users.clone().get_user(client.request(request)).await {
        Ok(answer) => return present(answer.into_inner().user),
        Err(status) => status,
    };
    if rollcall_api::error::reason_from(&by_id) != ErrorReason::NotFound {
        return Err(client.explain(&by_id));
    }
    let request = ListUsersRequest {
        directory: directory.to_owned(),
        filter: format!("userName eq {}", Value::from(name)),
        ..ListUsersRequest::default()
    };
    let answer = users.clone().list_users(client.request(request)).await;
    let found = answer.map_err(|status| client.explain(&status))?.into_inner().users;
    found
        .into_iter()
        .next()
        .ok_or_else(|| anyhow!("the directory {directory:?} has no user with the id or userName {name:?}"))
}

fn show(user: &Message, json: bool) -> Result<()> {
    let user = as_json(user)?;
    if json { output::json(&user) } else { output::table(&details(&user)) }
}

/// Shows a user, and which event last changed each attribute.
async fn show_with_provenance(client: &Client, directory: String, user: &Message, json: bool) -> Result<()> {
    let origins = event::origins(client, directory, user.id.clone()).await?;
    let mut user = as_json(user)?;
    if json {
        user["provenance"] = event::origins_json(&origins);
        return output::json(&user);
    }
    output::table(&details(&user))?;
    output::line("")?;
    output::table(&event::origins_table(&origins))
}

/// The user as SCIM JSON, with URLs relative to the SCIM endpoint, and what SCIM does not show of a user.
fn as_json(user: &Message) -> Result<Value> {
    let mut json = serde_json::to_value(Json::new(user, ""))?;
    json["administrator"] = user.administrator.into();
    json["administrator_by_role"] = user.administrator_by_role.into();
    json["origin"] = origin_name(user).into();
    Ok(json)
}

fn origin_name(user: &Message) -> Option<&'static str> {
    match user.origin() {
        UserOrigin::Unspecified => None,
        UserOrigin::Scim => Some("scim"),
        UserOrigin::Sso => Some("sso"),
        UserOrigin::Admin => Some("admin"),
    }
}

fn as_table(users: &[Message]) -> Table {
    let mut table = Table::new(&[
        "USERNAME",
        "DISPLAY NAME",
        "ACTIVE",
        "ADMIN",
        "ORIGIN",
        "EXTERNAL ID",
        "CHANGED",
        "ID",
    ]);
    for user in users {
        table.row([
            Cell::optional(user.user_name.as_deref()),
            Cell::optional(user.display_name.as_deref()),
            match user.active {
                Some(true) => Cell::Good("yes".to_owned()),
                Some(false) => Cell::Faint("no".to_owned()),
                None => Cell::optional(None::<String>),
            },
            if user.administrator { Cell::Good("yes".to_owned()) } else { Cell::Faint("no".to_owned()) },
            Cell::optional(origin_name(user)),
            Cell::optional(user.external_id.as_deref()),
            Cell::optional(short_time(user.meta.as_ref().and_then(|meta| meta.last_modified))),
            user.id.as_str().into(),
        ]);
    }
    table
}

/// Every value of a user with the path by which SCIM names it.
pub(super) fn details(user: &Value) -> Table {
    let mut table = Table::new(&["ATTRIBUTE", "VALUE"]);
    add_details(&mut table, "", "", user);
    table
}

/// Adds the values under a path, whose parts are joined by the separator.
fn add_details(table: &mut Table, path: &str, separator: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let is_schema = path.is_empty() && name.starts_with("urn:");
                add_details(
                    table,
                    &format!("{path}{separator}{name}"),
                    if is_schema { ":" } else { "." },
                    value,
                );
            }
        }
        Value::Array(elements) if elements.iter().any(Value::is_object) => {
            for (index, element) in elements.iter().enumerate() {
                add_details(table, &format!("{path}[{index}]"), ".", element);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                add_details(table, path, separator, element);
            }
        }
        Value::String(text) => table.row([path.into(), text.as_str().into()]),
        other => table.row([path.into(), other.to_string().into()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_name_each_value_as_scim_does() {
        let user = json!({
            "schemas": ["urn:a", "urn:b"],
            "userName": "ada",
            "active": true,
            "name": { "familyName": "Lovelace" },
            "emails": [{ "value": "ada@example.com", "primary": true }],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "manager": { "value": "17" } },
        });
        let expected = [
            "ATTRIBUTE VALUE",
            "schemas urn:a",
            "schemas urn:b",
            "userName ada",
            "active true",
            "name.familyName Lovelace",
            "emails[0].value ada@example.com",
            "emails[0].primary true",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value 17",
        ];
        let text = details(&user).render(false);
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn users_without_a_value_have_a_dash() {
        let user = Message {
            id: "17".to_owned(),
            user_name: Some("ada".to_owned()),
            active: Some(false),
            ..Message::default()
        };
        let text = as_table(&[user]).render(false);
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["ada", "-", "no", "no", "-", "-", "-", "17"]);
    }
}
