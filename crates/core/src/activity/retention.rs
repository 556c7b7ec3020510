//! How long requests are kept, and how many: a job.

use std::collections::HashMap;

use rollcall_store::ActivitySettings;
use uuid::Uuid;

use super::NO_DIRECTORY;
use crate::Core;
use crate::error::Result;
use crate::random::first_id;

/// Directories that are read at once.
const DIRECTORIES: u32 = 500;
/// Requests that are deleted in one transaction: others wait for it.
const AT_ONCE: u32 = 1000;
/// A day in µs.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// How long a gateway may go on sending one call, in µs.
const SENT_AGAIN_WITHIN: i64 = DAY;

/// What is kept of requests of no directory, which anybody can send.
const OF_NONE: ActivitySettings = ActivitySettings {
    recording: rollcall_store::Recording::All,
    days: 30,
    entries: 10_000,
    redact_personal_data: false,
};

impl Core {
    /// Deletes the requests that no directory keeps any more. Those of a directory that was deleted go with it.
    pub(crate) async fn trim_activity(&self) -> Result<()> {
        self.forget_recorded_calls().await?;
        let settings = self.activity_settings().await?;
        let mut after = None;
        loop {
            let heard = self.store.heard_directories(after, DIRECTORIES).await?;
            for (directory, entries) in &heard {
                if let (Some(settings), true) = (settings.get(directory), *entries > 0) {
                    self.trim(*directory, *entries, *settings).await?;
                }
            }
            after = heard.last().map(|(directory, _)| *directory);
            if heard.len() < DIRECTORIES as usize {
                return Ok(());
            }
        }
    }

    async fn forget_recorded_calls(&self) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        transaction.forget_recorded_calls(self.clock.now() - SENT_AGAIN_WITHIN).await?;
        Ok(transaction.save().await?)
    }

    async fn activity_settings(&self) -> Result<HashMap<Uuid, ActivitySettings>> {
        let mut settings = HashMap::from([(NO_DIRECTORY, OF_NONE)]);
        let mut after: Option<String> = None;
        loop {
            let page = self.store.directories(after.as_deref(), DIRECTORIES).await?;
            settings.extend(page.iter().map(|directory| (directory.id, directory.activity)));
            let is_last = page.len() < DIRECTORIES as usize;
            after = page.into_iter().last().map(|directory| directory.name);
            if is_last {
                return Ok(settings);
            }
        }
    }

    async fn trim(&self, directory: Uuid, entries: i64, settings: ActivitySettings) -> Result<()> {
        let before = first_id(self.clock.now() - i64::from(settings.days) * DAY);
        let mut surplus = entries - i64::from(settings.entries);
        loop {
            let mut transaction = self.store.begin().await?;
            let gone = transaction.trim_activities(directory, before, surplus, AT_ONCE).await?;
            if gone == 0 {
                break;
            }
            transaction.save().await?;
            surplus -= i64::try_from(gone).unwrap_or(i64::MAX);
            if gone < u64::from(AT_ONCE) {
                break;
            }
        }
        Ok(())
    }
}
