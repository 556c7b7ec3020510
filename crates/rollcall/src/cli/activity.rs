//! `rollcall activity`: what identity providers sent, and what they got.

mod filter;
mod showing;

use anyhow::Result;
use clap::{Args, Subcommand};
use rollcall_api::client;
use rollcall_api::v1::{Activity as Message, GetActivityRequest, ListActivityRequest, WatchActivityRequest};
use serde_json::{Value, json};

use self::filter::{Filter, Whose};
use self::showing::{as_json, as_table, details, line};
use super::time::now;
use crate::client::{Client, Connection, present};
use crate::output;

/// Requests that are asked for at once.
const PAGE: usize = 500;

/// `rollcall activity`.
#[derive(Debug, Args)]
pub(super) struct Activity {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the SCIM requests of a directory, newest first
    #[command(after_help = "Examples:\n  rollcall activity list --directory acme --failures\n  \
                            rollcall activity list --directory acme --method PATCH --since 24h --json")]
    List(List),
    /// Show SCIM requests as they come, until Ctrl-C
    #[command(after_help = "Example:\n  rollcall activity follow --directory acme --failures")]
    Follow(Follow),
    /// Show one SCIM request with everything that is kept of it, bodies too
    #[command(
        after_help = "Example:\n  rollcall activity show 01970000-0000-7000-8000-000000000000 --directory acme"
    )]
    Show {
        /// Its id, as `activity list` shows it
        id: String,

        #[command(flatten)]
        whose: Whose,
    },
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    filter: Filter,

    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

#[derive(Debug, Args)]
struct Follow {
    #[command(flatten)]
    whose: Whose,

    #[command(flatten)]
    filter: Filter,

    /// End after so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,

    /// Begin after the request with this id, as `activity list` shows it; without it, with the next one that comes
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    after: String,
}

impl Activity {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::List(list) => {
                let found = list.requests(&client).await?;
                if json {
                    let found: Vec<Value> = found.iter().map(as_json).collect();
                    return output::json(&json!({ "activities": found }));
                }
                output::table(&as_table(&found))
            }
            Action::Follow(follow) => follow.run(&client, json).await,
            Action::Show { id, whose } => {
                let request = GetActivityRequest {
                    directory: whose.directory.unwrap_or_default(),
                    without_directory: whose.no_directory,
                    id,
                };
                let answer = client::activity(client.channel()).get_activity(client.request(request)).await;
                let found = present(answer.map_err(|status| client.explain(&status))?.into_inner().activity)?;
                if json { output::json(&as_json(&found)) } else { output::table(&details(&found)) }
            }
        }
    }
}

impl List {
    /// The wanted requests, page by page.
    async fn requests(self, client: &Client) -> Result<Vec<Message>> {
        let wanted = self.count as usize;
        let mut request = ListActivityRequest {
            directory: self.whose.directory.unwrap_or_default(),
            without_directory: self.whose.no_directory,
            filter: Some(self.filter.message(now())?),
            page_size: i32::try_from(wanted.min(PAGE)).unwrap_or(i32::MAX),
            page_token: String::new(),
        };
        let mut found = Vec::new();
        loop {
            let answer =
                client::activity(client.channel()).list_activity(client.request(request.clone())).await;
            let page = answer.map_err(|status| client.explain(&status))?.into_inner();
            found.extend(page.activities);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() || found.len() >= wanted {
                found.truncate(wanted);
                return Ok(found);
            }
        }
    }
}

impl Follow {
    async fn run(self, client: &Client, json: bool) -> Result<()> {
        let request = WatchActivityRequest {
            directory: self.whose.directory.unwrap_or_default(),
            without_directory: self.whose.no_directory,
            filter: Some(self.filter.message(now())?),
            after: self.after,
        };
        let mut watching = client::activity(client.channel());
        let answer = watching.watch_activity(client.request(request)).await;
        let mut stream = answer.map_err(|status| client.explain(&status))?.into_inner();
        let mut told = 0;
        while self.count.is_none_or(|count| told < count) {
            let next = stream.message().await.map_err(|status| client.explain(&status))?;
            let Some(next) = next else {
                output::remark("The core has stopped; begin again when it is back.");
                return Ok(());
            };
            let Some(activity) = next.activity else { continue };
            output::line(&if json { as_json(&activity).to_string() } else { line(&activity) })?;
            told += 1;
        }
        Ok(())
    }
}
