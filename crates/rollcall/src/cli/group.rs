//! `rollcall group`: the groups of a directory, and who is in them.

use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand};
use rollcall_api::client;
use rollcall_api::user::Json;
use rollcall_api::v1::{
    ErrorReason, GetGroupRequest, Group as Message, GroupMember, ListGroupsRequest, ListMembersRequest,
};
use serde_json::{Value, json};

use super::time::short_time;
use super::wanted::Wanted;
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};

/// Groups or members that are asked for at once where all are wanted.
const PAGE: i64 = 500;

/// `rollcall group`.
#[derive(Debug, Args)]
pub(super) struct Group {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the groups of a directory
    #[command(after_help = "Examples:\n  rollcall group list --directory acme --all\n  \
                            rollcall group list --directory acme --filter 'displayName sw \"Team\"'")]
    List {
        /// Name of the directory
        #[arg(long)]
        directory: String,

        /// Only those that a SCIM filter fits, such as `displayName sw "Team"`
        #[arg(long, default_value = "", hide_default_value = true)]
        filter: String,

        #[command(flatten)]
        wanted: Wanted,
    },
    /// Show one group, without its members
    #[command(after_help = "Example:\n  rollcall group show Engineering --directory acme")]
    Show {
        /// The group's id or displayName
        #[arg(value_name = "ID|NAME")]
        group: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// List who is in a group
    #[command(after_help = "Examples:\n  rollcall group members Engineering --directory acme\n  \
                            rollcall group members Engineering --directory acme --begins-with ad")]
    Members {
        /// The group's id or displayName
        #[arg(value_name = "ID|NAME")]
        group: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,

        /// Only those of whom a name or e-mail address begins so, whatever its case
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        begins_with: String,

        #[command(flatten)]
        wanted: Wanted,
    },
}

impl Group {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::List { directory, filter, wanted } => {
                let (groups, total) = groups(&client, &directory, &filter, &wanted).await?;
                if json {
                    let groups = groups.iter().map(as_json).collect::<Result<Vec<_>>>()?;
                    return output::json(&json!({ "totalResults": total, "groups": groups }));
                }
                output::table(&as_table(&groups))?;
                Wanted::remark(groups.len(), total, "groups");
                Ok(())
            }
            Action::Show { group, directory } => {
                let group = find(&client, &directory, &group).await?;
                let (_, total) = members(&client, &directory, &group.id, "", &Wanted::up_to(1)).await?;
                let mut shown = as_json(&group)?;
                if json {
                    shown["memberCount"] = total.into();
                    return output::json(&shown);
                }
                output::table(&super::user::details(&shown))?;
                output::remark(&format!(
                    "Members: {total}; `rollcall group members {} --directory {directory}` lists them.",
                    group.id
                ));
                Ok(())
            }
            Action::Members { group, directory, begins_with, wanted } => {
                let group = find(&client, &directory, &group).await?;
                let (members, total) = members(&client, &directory, &group.id, &begins_with, &wanted).await?;
                if json {
                    let members: Vec<Value> = members.iter().map(member_json).collect();
                    return output::json(&json!({ "totalResults": total, "members": members }));
                }
                output::table(&members_table(&members))?;
                Wanted::remark(members.len(), total, "members");
                Ok(())
            }
        }
    }
}

/// The wanted groups, page by page, and how many match.
async fn groups(
    client: &Client,
    directory: &str,
    filter: &str,
    wanted: &Wanted,
) -> Result<(Vec<Message>, i64)> {
    let mut groups: Vec<Message> = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListGroupsRequest {
            directory: directory.to_owned(),
            filter: filter.to_owned(),
            page_size: Some(wanted.page(PAGE)),
            page_token,
            ..ListGroupsRequest::default()
        };
        let answer = client::groups(client.channel()).list_groups(client.request(request)).await;
        let page = answer.map_err(|status| client.explain(&status))?.into_inner();
        groups.extend(page.groups);
        page_token = page.next_page_token;
        if page_token.is_empty() || groups.len() >= wanted.most() {
            groups.truncate(wanted.most());
            return Ok((groups, page.total_results));
        }
    }
}

/// The wanted members of a group whose names begin so, page by page, and how many there are.
async fn members(
    client: &Client,
    directory: &str,
    id: &str,
    begins_with: &str,
    wanted: &Wanted,
) -> Result<(Vec<GroupMember>, i64)> {
    let mut members: Vec<GroupMember> = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = ListMembersRequest {
            directory: directory.to_owned(),
            id: id.to_owned(),
            page_size: i32::try_from(wanted.page(PAGE)).unwrap_or_default(),
            page_token,
            name_prefix: begins_with.to_owned(),
        };
        let answer = client::groups(client.channel()).list_members(client.request(request)).await;
        let page = answer.map_err(|status| client.explain(&status))?.into_inner();
        members.extend(page.members);
        page_token = page.next_page_token;
        if page_token.is_empty() || members.len() >= wanted.most() {
            members.truncate(wanted.most());
            return Ok((members, page.total_results));
        }
    }
}

/// Finds a group by id, or else by displayName. Errors: there is none, or several are called so.
async fn find(client: &Client, directory: &str, name: &str) -> Result<Message> {
    let request = GetGroupRequest {
        directory: directory.to_owned(),
        id: name.to_owned(),
        ..GetGroupRequest::default()
    };
    match client::groups(client.channel()).get_group(client.request(request)).await {
        Ok(answer) => return present(answer.into_inner().group),
        Err(status) if rollcall_api::error::reason_from(&status) == ErrorReason::NotFound => {}
        Err(status) => return Err(client.explain(&status)),
    }
    let filter = format!("displayName eq {}", Value::from(name));
    let (mut found, _) = groups(client, directory, &filter, &Wanted::up_to(10)).await?;
    match (found.pop(), found.as_slice()) {
        (None, _) => bail!("the directory {directory:?} has no group with the id or displayName {name:?}"),
        (Some(one), []) => Ok(one),
        (Some(last), others) => {
            let ids: Vec<_> = others.iter().chain([&last]).map(|group| group.id.as_str()).collect();
            Err(anyhow!("several groups are called {name:?}: {}; give the id of one", ids.join(", ")))
        }
    }
}

/// The group as SCIM JSON, without its members, and with URLs relative to the SCIM endpoint.
fn as_json(group: &Message) -> Result<Value> {
    Ok(serde_json::to_value(Json::new(group, ""))?)
}

fn as_table(groups: &[Message]) -> Table {
    let mut table = Table::new(&["NAME", "EXTERNAL ID", "CHANGED", "ID"]);
    for group in groups {
        table.row([
            Cell::optional(group.display_name.as_deref()),
            Cell::optional(group.external_id.as_deref()),
            Cell::optional(short_time(group.meta.as_ref().and_then(|meta| meta.last_modified))),
            group.id.as_str().into(),
        ]);
    }
    table
}

fn member_json(found: &GroupMember) -> Value {
    let member = found.member.clone().unwrap_or_default();
    json!({
        "value": member.value,
        "type": member.r#type,
        "display": member.display,
        "userName": Some(&found.user_name).filter(|name| !name.is_empty()),
        "active": found.active,
    })
}

fn members_table(members: &[GroupMember]) -> Table {
    let mut table = Table::new(&["NAME", "USERNAME", "TYPE", "ACTIVE", "ID"]);
    for found in members {
        let member = found.member.clone().unwrap_or_default();
        table.row([
            Cell::optional(member.display),
            Cell::optional(Some(&found.user_name).filter(|name| !name.is_empty())),
            Cell::optional(member.r#type),
            if found.active { Cell::Good("yes".to_owned()) } else { Cell::Faint("no".to_owned()) },
            member.value.into(),
        ]);
    }
    table
}
