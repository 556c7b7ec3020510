//! `rollcall page-token-key`: the keys that seal page tokens and cursors, made anew on the database itself.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use crate::output;
use crate::server::{database, logging};
use crate::settings::{Database, General};

/// `rollcall page-token-key`.
#[derive(Debug, Args)]
pub(super) struct PageTokenKey {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Seal page tokens and cursors with new keys, on every replica within a minute
    #[command(
        after_help = "Example:\n  rollcall page-token-key rotate --database-url postgres://rollcall@db/rollcall\n\n\
                            Keys change by themselves every 30 days; this is for when the database may have been read. \
                            Clients in the middle of a list get invalidCursor and begin again."
    )]
    Rotate(Rotate),
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    general: General,
}

impl PageTokenKey {
    pub(super) fn general(&self) -> &General {
        let Action::Rotate(rotate) = &self.action;
        &rotate.general
    }

    pub(super) async fn run(self) -> Result<()> {
        let Action::Rotate(rotate) = self.action;
        logging::init(&rotate.general)?;
        let store = database::open_existing(&rotate.database).await?;
        database::require_migrated(&*store).await?;
        let core = database::core(store.clone(), rollcall_core::Limits::default())?;
        core.rotate_page_token_keys().await.context("the keys could not be made anew")?;
        store.close().await;
        output::line("new keys seal page tokens on every replica within a minute")
    }
}
