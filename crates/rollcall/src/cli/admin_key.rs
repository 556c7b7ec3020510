//! `rollcall admin-key`: keys for administrators, managed on the database itself.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use rollcall_core::{Core, Limits};
use rollcall_store::Credential;
use serde_json::{Value, json};

use super::credential::State;
use super::time::{self, exact_time, message_of, short_time};
use crate::output::{self, Cell, Table};
use crate::server::{database, logging};
use crate::settings::{Database, General};

/// `rollcall admin-key`.
#[derive(Debug, Args)]
pub(super) struct AdminKey {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an admin key and show it this once: the first one, or another when the last was lost
    #[command(after_help = "Examples:\n  rollcall admin-key create --data-dir ./rollcall-data\n  \
                            rollcall admin-key create --name laptop --database-url postgres://rollcall@db/rollcall\n\n\
                            It works on the database, not through a server, so that it needs no key itself. The server \
                            may be running.")]
    Create(Create),
    /// List the admin keys, newest first
    #[command(after_help = "Example:\n  rollcall admin-key list --data-dir ./rollcall-data\n\n\
                            It works on the database, as `admin-key create` does.")]
    List(On),
    /// End an admin key at once, and the sessions that were begun with it
    #[command(
        after_help = "Example:\n  rollcall admin-key revoke rc_admin_abc123 --data-dir ./rollcall-data\n\n\
                            It works on the database, as `admin-key create` does; every server refuses the key from the \
                            next request on. The keys and tokens that were made with it go on: `rollcall audit list` names \
                            them."
    )]
    Revoke(Revoke),
}

/// The database that a command works on, and how it answers.
#[derive(Debug, Args)]
struct On {
    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    general: General,
}

#[derive(Debug, Args)]
struct Create {
    /// Whose key it is, or what it is for, at most 200 characters
    #[arg(long, default_value = "made on the database")]
    name: String,

    #[command(flatten)]
    on: On,
}

#[derive(Debug, Args)]
struct Revoke {
    /// Which key: its id or its first characters, as `admin-key list` shows them
    #[arg(value_name = "ID|PREFIX")]
    key: String,

    #[command(flatten)]
    on: On,
}

impl AdminKey {
    pub(super) fn general(&self) -> &General {
        &self.on().general
    }

    fn on(&self) -> &On {
        match &self.action {
            Action::Create(create) => &create.on,
            Action::List(on) => on,
            Action::Revoke(revoke) => &revoke.on,
        }
    }

    pub(super) async fn run(self) -> Result<()> {
        let on = self.on();
        logging::init(&on.general)?;
        let store = database::open_existing(&on.database).await?;
        database::require_migrated(&*store).await?;
        let core = database::core(Arc::clone(&store), Limits::default())?;
        let done = self.act(&core).await;
        store.close().await;
        done
    }

    async fn act(&self, core: &Core) -> Result<()> {
        match &self.action {
            Action::Create(create) => create.run(core).await,
            Action::List(on) => {
                let keys = core.admin_keys().await.context("the keys cannot be read")?;
                if on.json {
                    return output::json(
                        &json!({ "adminKeys": keys.iter().map(as_json).collect::<Vec<_>>() }),
                    );
                }
                output::table(&as_table(&keys))
            }
            Action::Revoke(revoke) => {
                let key = core.revoke_admin_key(&revoke.key).await.context("no key was revoked")?;
                if revoke.on.json { output::json(&as_json(&key)) } else { output::table(&as_table(&[key])) }
            }
        }
    }
}

impl Create {
    async fn run(&self, core: &Core) -> Result<()> {
        let key = core.create_admin_key(&self.name).await.context("the key could not be made")?;
        let prefix = key.prefix();
        if self.on.json {
            return output::json(&json!({ "key": key.expose(), "prefix": prefix, "name": self.name }));
        }
        let explanation = format!("The admin key {prefix}. This is the only time that it is shown:");
        output::secret(key.expose(), &explanation)
    }
}

fn as_table(keys: &[Credential]) -> Table {
    let mut table = Table::new(&["PREFIX", "NAME", "STATE", "CREATED", "REVOKED", "LAST USED", "FROM", "ID"]);
    for key in keys {
        let last = key.last_use.as_ref();
        table.row([
            key.prefix.as_str().into(),
            key.name.as_str().into(),
            state(key).into(),
            Cell::optional(short_time(message_of(Some(key.created)))),
            Cell::optional(short_time(message_of(key.revoked))),
            Cell::optional(short_time(message_of(last.map(|last| last.time)))),
            Cell::optional(last.and_then(|last| last.address.as_deref())),
            key.id.to_string().into(),
        ]);
    }
    table
}

fn as_json(key: &Credential) -> Value {
    let last = key.last_use.as_ref();
    json!({
        "id": key.id.to_string(),
        "prefix": key.prefix,
        "name": key.name,
        "state": state(key).as_str(),
        "created": exact_time(message_of(Some(key.created))),
        "revoked": exact_time(message_of(key.revoked)),
        "lastUsed": exact_time(message_of(last.map(|last| last.time))),
        "lastUsedFrom": last.and_then(|last| last.address.as_deref()),
    })
}

fn state(key: &Credential) -> State {
    State::of(message_of(key.expires), message_of(key.revoked), time::now())
}
