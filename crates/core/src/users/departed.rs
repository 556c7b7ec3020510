//! Users who were deleted, and are forgotten when their time is over.

use rollcall_store::{Directory, EventKind, GuardRail};
use serde_json::json;

use crate::Core;
use crate::error::Result;
use crate::events::Origin;

/// Directories that are read at once.
const DIRECTORIES_AT_ONCE: u32 = 100;
/// Users who are forgotten in one transaction.
const USERS_AT_ONCE: u32 = 200;
/// A day in µs.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1_000_000;

impl Core {
    /// Forgets the deleted users of every directory who have been kept for as long as it wants.
    pub(crate) async fn purge_departed_users(&self) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            let directories = self.store.directories(after.as_deref(), DIRECTORIES_AT_ONCE).await?;
            let Some(last) = directories.last() else { return Ok(()) };
            after = Some(last.name.clone());
            // Of one that is being imported some are still to come; they are forgotten once all are there.
            for directory in directories.iter().filter(|directory| !directory.importing) {
                while self.purge_some(directory).await? {}
                self.forget_departures(directory).await?;
            }
        }
    }

    /// Forgets who left longer ago than the window of the guard rail looks back.
    async fn forget_departures(&self, directory: &Directory) -> Result<()> {
        let window = directory.safeguards.guard_rail.map_or(0, GuardRail::window_micros);
        let mut transaction = self.store.begin().await?;
        transaction.forget_departures(directory.id, self.clock.now() - window).await?;
        Ok(transaction.save().await?)
    }

    /// Forgets some of those of a directory, and says whether there may be more.
    async fn purge_some(&self, directory: &Directory) -> Result<bool> {
        let until = self.clock.now() - i64::from(directory.safeguards.retention_days) * DAY;
        let mut transaction = self.store.begin().await?;
        let purged = transaction.purge_departed_users(directory.id, until, USERS_AT_ONCE).await?;
        for user in &purged {
            let kind = EventKind::UserPurged;
            let event = self.event(Origin::SYSTEM, Some(directory.id), kind, *user, json!({}));
            transaction.insert_event(&event).await?;
        }
        if purged.is_empty() {
            return Ok(false);
        }
        transaction.save().await?;
        Ok(purged.len() == USERS_AT_ONCE as usize)
    }
}
