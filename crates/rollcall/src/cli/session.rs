//! `rollcall session`: who is signed in to the web console.

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use rollcall_api::client;
use rollcall_api::v1::{EndAllSessionsRequest, EndSessionRequest, ListSessionsRequest, Session as Message};
use serde_json::{Value, json};

use super::time::{exact_time, short_time};
use crate::client::{Client, Connection};
use crate::output::{self, Cell, Table};

/// `rollcall session`.
#[derive(Debug, Args)]
pub(super) struct Session {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List who is signed in to the web console, newest first
    #[command(after_help = "Example:\n  rollcall session list --key rc_admin_abc123")]
    List(Whose),
    /// Sign somebody out of the web console, or everybody
    #[command(after_help = "Examples:\n  rollcall session end 01970000-0000-7000-8000-000000000000\n  \
                            rollcall session end --all --name ana@example.com")]
    End(End),
}

/// Which sessions.
#[derive(Debug, Args)]
struct Whose {
    /// Only those of the key that begins so
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    key: String,

    /// Only those of whoever is called so, as the list shows it
    #[arg(long, default_value = "", hide_default_value = true)]
    name: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["id", "all"]))]
struct End {
    /// The session: its id, as `session list` shows it
    id: Option<String>,

    /// All of them; with --key or --name, all of those
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    whose: Whose,
}

impl Session {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::List(whose) => {
                let sessions = whose.sessions(&client).await?;
                if json {
                    let sessions: Vec<Value> = sessions.iter().map(as_json).collect();
                    return output::json(&json!({ "sessions": sessions }));
                }
                output::table(&as_table(&sessions))
            }
            Action::End(end) => {
                let ended = end.run(&client).await?;
                if json {
                    return output::json(&json!({ "ended": ended }));
                }
                output::line(&if ended == 1 {
                    "1 session ended.".to_owned()
                } else {
                    format!("{ended} sessions ended.")
                })
            }
        }
    }
}

impl Whose {
    fn is_everybody(&self) -> bool {
        self.key.is_empty() && self.name.is_empty()
    }

    async fn sessions(&self, client: &Client) -> Result<Vec<Message>> {
        let request = client.request(ListSessionsRequest { all_keys: true });
        let answer = client::sessions(client.channel()).list_sessions(request).await;
        let mut sessions = answer.map_err(|status| client.explain(&status))?.into_inner().sessions;
        sessions.retain(|session| {
            session.key_prefix.starts_with(&self.key) && (self.name.is_empty() || session.name == self.name)
        });
        Ok(sessions)
    }
}

impl End {
    /// How many were ended.
    async fn run(self, client: &Client) -> Result<i64> {
        let mut calls = client::sessions(client.channel());
        if let Some(id) = self.id {
            let answer = calls.end_session(client.request(EndSessionRequest { id, any_key: true })).await;
            answer.map_err(|status| client.explain(&status))?;
            return Ok(1);
        }
        if self.whose.is_everybody() {
            let answer =
                calls.end_all_sessions(client.request(EndAllSessionsRequest { all_keys: true })).await;
            return Ok(answer.map_err(|status| client.explain(&status))?.into_inner().ended);
        }
        let mut ended = 0;
        for session in self.whose.sessions(client).await? {
            let request = EndSessionRequest { id: session.id, any_key: true };
            let answer = calls.end_session(client.request(request)).await;
            answer.map_err(|status| client.explain(&status))?;
            ended += 1;
        }
        Ok(ended)
    }
}

fn as_table(sessions: &[Message]) -> Table {
    let mut table = Table::new(&["NAME", "KEY", "KEY NAME", "BEGAN", "LAST USED", "ENDS", "ID"]);
    for session in sessions {
        table.row([
            session.name.as_str().into(),
            session.key_prefix.as_str().into(),
            session.key_name.as_str().into(),
            Cell::optional(short_time(session.created)),
            Cell::optional(short_time(session.last_used)),
            Cell::optional(short_time(session.idle_expires)),
            session.id.as_str().into(),
        ]);
    }
    table
}

fn as_json(session: &Message) -> Value {
    json!({
        "id": session.id,
        "name": session.name,
        "keyName": session.key_name,
        "keyPrefix": session.key_prefix,
        "created": exact_time(session.created),
        "lastUsed": exact_time(session.last_used),
        "expires": exact_time(session.expires),
        "idleExpires": exact_time(session.idle_expires),
    })
}
