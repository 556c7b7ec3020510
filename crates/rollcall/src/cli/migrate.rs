//! `rollcall migrate`: brings the database up to date.

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;

use crate::output;
use crate::server::{database, logging};
use crate::settings::{Database, General};

/// `rollcall migrate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rollcall migrate --database-url postgres://rollcall@db/rollcall\n  \
                        rollcall migrate --check && echo up to date\n\n\
                        Several may run at once: one applies what is pending, and the others wait for it.")]
pub(super) struct Migrate {
    /// Print what is pending, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print what is pending, change nothing, and exit with status 1 if there is anything
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    pub(super) general: General,
}

impl Migrate {
    pub(super) async fn run(self) -> Result<()> {
        logging::init(&self.general)?;
        if self.dry_run || self.check {
            let store = database::open_existing(&self.database).await?;
            let pending = store.pending_migrations().await?;
            store.close().await;
            self.print("pending", "pending", &pending)?;
            if self.check && !pending.is_empty() {
                bail!("migrations are pending; apply them with `rollcall migrate`");
            }
            return Ok(());
        }
        let store = database::open(&self.database).await?;
        let applied = database::migrate(&*store).await?;
        store.close().await;
        self.print("applied", "applied", &applied)
    }

    fn print(&self, field: &str, verb: &str, names: &[String]) -> Result<()> {
        if self.json {
            return output::json(&json!({ field: names }));
        }
        if names.is_empty() {
            return output::line(&format!("{} is up to date", database::shown_url(&self.database)));
        }
        names.iter().try_for_each(|name| output::line(&format!("{verb} {name}")))
    }
}
