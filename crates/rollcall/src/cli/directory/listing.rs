//! `rollcall directory list`: how each directory is doing.

use anyhow::Result;
use clap::{Args, ValueEnum};
use rollcall_api::client;
use rollcall_api::v1::{
    Attention, ConnectionState, DirectoryOrder, DirectoryStatus, ListDirectoryStatusesRequest,
};
use serde_json::{Value, json};

use super::connection;
use super::shown::{as_json, profile_name};
use crate::cli::time::{exact_time, short_time};
use crate::client::Client;
use crate::output::{self, Cell, Table};

/// Directories that are asked for at once.
const PAGE: i32 = 1000;

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only those whose names contain this
    #[arg(long, value_name = "PART", default_value = "", hide_default_value = true)]
    name: String,

    /// Their order
    #[arg(long, default_value = "attention")]
    sort: Sort,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// What needs somebody most first
    Attention,
    /// By name
    Name,
    /// What was heard from last first
    LastSeen,
    /// Those with the most users first
    Users,
}

impl From<Sort> for DirectoryOrder {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Attention => Self::Attention,
            Sort::Name => Self::Name,
            Sort::LastSeen => Self::LastSeen,
            Sort::Users => Self::Users,
        }
    }
}

impl List {
    pub(super) async fn run(self, client: &Client, json: bool) -> Result<()> {
        let statuses = self.all(client).await?;
        if json {
            let directories: Vec<_> = statuses.iter().map(status_json).collect();
            output::json(&json!({ "directories": directories }))
        } else {
            output::table(&status_table(&statuses))
        }
    }

    async fn all(self, client: &Client) -> Result<Vec<DirectoryStatus>> {
        let mut statuses = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = client.request(ListDirectoryStatusesRequest {
                name_contains: self.name.clone(),
                order: DirectoryOrder::from(self.sort).into(),
                page_size: PAGE,
                page_token,
            });
            let answer = client::directories(client.channel()).list_directory_statuses(request).await;
            let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
            statuses.extend(answer.statuses);
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(statuses);
            }
        }
    }
}

fn status_table(statuses: &[DirectoryStatus]) -> Table {
    let mut table = Table::new(&[
        "NAME",
        "PROFILE",
        "CONNECTION",
        "LAST SEEN",
        "ACTIVE",
        "USERS",
        "GROUPS",
        "ERRORS 24H",
        "NEEDS YOU",
    ]);
    for status in statuses {
        let Some(directory) = &status.directory else { continue };
        let health = status.connection.clone().unwrap_or_default();
        let state = connection::state(&health).to_owned();
        let needs: Vec<_> = status.attention().filter_map(|reason| need(reason, status)).collect();
        table.row([
            directory.name.as_str().into(),
            profile_name(directory).into(),
            match health.state() {
                ConnectionState::Healthy => Cell::Good(state),
                ConnectionState::Failing | ConnectionState::Quiet => Cell::Doubtful(state),
                _ => Cell::Faint(state),
            },
            Cell::optional(short_time(health.last_seen)),
            status.active_users.to_string().into(),
            status.users.to_string().into(),
            status.groups.to_string().into(),
            status.recent_failures.to_string().into(),
            if needs.is_empty() { Cell::Faint("-".to_owned()) } else { Cell::Doubtful(needs.join(", ")) },
        ]);
    }
    table
}

/// Why a directory needs somebody, in a few words.
fn need(reason: Attention, status: &DirectoryStatus) -> Option<String> {
    Some(match reason {
        Attention::Unspecified => return None,
        Attention::Hold => format!("holds to decide: {}", status.open_holds),
        Attention::Failing => "last request failed".to_owned(),
        Attention::AccessEnds => {
            format!("access ends {}", short_time(status.access_ends).unwrap_or_default())
        }
        Attention::ParkedNotices => format!("e-mails not delivered: {}", status.parked_notices),
        Attention::Quiet => "no sync".to_owned(),
        Attention::DryRun => "dry run".to_owned(),
    })
}

fn status_json(status: &DirectoryStatus) -> Value {
    let mut json = status.directory.as_ref().map(as_json).unwrap_or_default();
    if let Value::Object(json) = &mut json {
        let health = status.connection.clone().unwrap_or_default();
        let reasons = status
            .attention()
            .map(|reason| reason.as_str_name().trim_start_matches("ATTENTION_").to_lowercase());
        json.insert("connection".to_owned(), connection::as_json(&health));
        json.insert("users".to_owned(), status.users.into());
        json.insert("activeUsers".to_owned(), status.active_users.into());
        json.insert("groupCount".to_owned(), status.groups.into());
        json.insert("recentFailures".to_owned(), status.recent_failures.into());
        json.insert("openHolds".to_owned(), status.open_holds.into());
        json.insert("parkedNotices".to_owned(), status.parked_notices.into());
        json.insert("accessEnds".to_owned(), exact_time(status.access_ends).into());
        json.insert("attention".to_owned(), reasons.collect::<Vec<_>>().into());
    }
    json
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::{ConnectionHealth, Directory};

    use super::*;

    #[test]
    fn a_directory_says_how_it_is_doing_and_what_it_needs() {
        let status = DirectoryStatus {
            directory: Some(Directory { name: "acme".to_owned(), ..Directory::default() }),
            connection: Some(ConnectionHealth {
                state: ConnectionState::Quiet.into(),
                ..ConnectionHealth::default()
            }),
            users: 12,
            active_users: 10,
            recent_failures: 3,
            open_holds: 2,
            attention: vec![Attention::Hold.into(), Attention::Quiet.into(), Attention::DryRun.into()],
            ..DirectoryStatus::default()
        };
        let table = status_table(std::slice::from_ref(&status)).render(false);
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row[..8], ["acme", "unknown", "quiet", "-", "10", "12", "0", "3"]);
        assert_eq!(row[8..].join(" "), "holds to decide: 2, no sync, dry run");
        let json = status_json(&status);
        assert_eq!(json["name"], "acme");
        assert_eq!(json["attention"], json!(["hold", "quiet", "dry_run"]));
        assert_eq!(json["connection"]["state"], "quiet");
        assert_eq!((&json["users"], &json["activeUsers"]), (&json!(12), &json!(10)));
        assert_eq!(json["accessEnds"], Value::Null);
    }
}
