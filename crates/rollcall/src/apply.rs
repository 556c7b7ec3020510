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

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use rollcall_api::channel::CoreChannel;
use rollcall_core::Core;

pub(crate) use self::execution::{Applied, execute};
pub(crate) use self::file::{DirectoriesFile, read};
pub(crate) use self::plan::plan;
pub(crate) use self::report::{as_json, report};
use crate::client::Client;
use crate::settings::Invalid;

/// How often a core tries at its start: another replica may be doing the same.
const ATTEMPTS: usize = 3;

/// The file that a core makes true at its start.
#[derive(Debug)]
pub(crate) struct AtStart {
    path: PathBuf,
    file: DirectoriesFile,
}

impl AtStart {
    /// Reads the file, if there is to be one. Errors: what is wrong in it.
    pub(crate) fn read(path: Option<&Path>) -> Result<Option<Self>, Invalid> {
        path.map(|path| {
            if !path.metadata().map_or(true, |about| about.is_file()) {
                let what = "is no file, and a start waits for nobody to write into it";
                return Err(Invalid(format!("directories-file {} {what}", path.display())));
            }
            Ok(Self { path: path.to_owned(), file: read(path)? })
        })
        .transpose()
    }
}

/// Makes true what a file says, as Rollcall itself, before a core serves. What the file does not have is left alone.
///
/// Errors: something in it cannot be done.
pub(crate) async fn at_start(core: &Core, file: Option<&AtStart>) -> Result<()> {
    let Some(AtStart { path, file }) = file else { return Ok(()) };
    let client = Client::inside(CoreChannel::memory(core.setting_up()))?;
    let mut refused = anyhow!("nothing was tried");
    for _ in 0..ATTEMPTS {
        match make_true(&client, file).await {
            Ok((changes, remarks)) => {
                for remark in remarks {
                    tracing::warn!(file = %path.display(), remark, "the file has something that is otherwise and stays so");
                }
                tracing::info!(file = %path.display(), changes, "the directories are as the file has them");
                return Ok(());
            }
            Err(error) => refused = error,
        }
    }
    Err(refused).with_context(|| format!("directories-file {}", path.display()))
}

/// Makes a file true, and says how many changes that took, and what stays otherwise. Errors: something cannot be done.
async fn make_true(client: &Client, file: &DirectoriesFile) -> Result<(usize, Vec<String>)> {
    let plan = plan(client, file, false).await?;
    let applied = execute(client, &plan).await;
    match applied.refused.into_iter().next() {
        Some(refused) => Err(anyhow!(refused)),
        None => Ok((plan.changes(), plan.remarks)),
    }
}
