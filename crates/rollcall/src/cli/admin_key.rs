//! `rollcall admin-key`: keys for administrators, made on the database itself.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::output;
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
}

#[derive(Debug, Args)]
struct Create {
    /// Whose key it is, or what it is for, at most 200 characters
    #[arg(long, default_value = "made on the database")]
    name: String,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    general: General,
}

impl AdminKey {
    pub(super) fn general(&self) -> &General {
        let Action::Create(create) = &self.action;
        &create.general
    }

    pub(super) async fn run(self) -> Result<()> {
        let Action::Create(create) = self.action;
        logging::init(&create.general)?;
        let store = database::open_existing(&create.database).await?;
        database::require_migrated(&*store).await?;
        let core = database::core(store.clone(), rollcall_core::Limits::default())?;
        let key = core.create_admin_key(&create.name).await.context("the key could not be made")?;
        store.close().await;
        let prefix = key.prefix();
        if create.json {
            return output::json(&json!({ "key": key.expose(), "prefix": prefix, "name": create.name }));
        }
        let explanation = format!("The admin key {prefix}. This is the only time that it is shown:");
        output::secret(key.expose(), &explanation)
    }
}
