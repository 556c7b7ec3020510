//! Directories as code: a file that says what directories are to be, compared with what they are, and made true through the same
//! rpcs that the other commands call.

mod current;
mod execution;
mod file;
mod keys;
mod mistake;
mod plan;
mod report;
mod rules;
mod schemas;
mod settings;

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use rollcall_api::channel::CoreChannel;
use rollcall_core::Core;

pub(crate) use self::execution::{Applied, execute};
pub(crate) use self::file::{DirectoriesFile, read};
pub(crate) use self::plan::plan;
pub(crate) use self::report::{as_json, report};
use crate::client::Client;

/// How often a core tries at its start: another replica may be doing the same.
const ATTEMPTS: usize = 3;

/// Makes true what a file says, as Rollcall itself, before a core serves. What the file does not have is left alone.
///
/// Errors: the file cannot be read, or something in it cannot be done.
pub(crate) async fn at_start(core: &Core, path: Option<&Path>) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let file = read(path)?;
    let client = Client::inside(CoreChannel::memory(core.setting_up()))?;
    let mut refused = anyhow!("nothing was tried");
    for _ in 0..ATTEMPTS {
        match make_true(&client, &file).await {
            Ok(changes) => {
                tracing::info!(file = %path.display(), changes, "the directories are as the file has them");
                return Ok(());
            }
            Err(error) => refused = error,
        }
    }
    Err(refused).with_context(|| format!("directories-file {}", path.display()))
}

/// Makes a file true, and says how many changes that took. Errors: something cannot be done.
async fn make_true(client: &Client, file: &DirectoriesFile) -> Result<usize> {
    let plan = plan(client, file, false).await?;
    let applied = execute(client, &plan).await;
    match applied.refused.into_iter().next() {
        Some(refused) => Err(anyhow!(refused)),
        None => Ok(plan.changes()),
    }
}
