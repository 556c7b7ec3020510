//! The jobs of events: those that nobody follows are numbered too, and old ones deleted.

use crate::Core;
use crate::error::Result;

impl Core {
    /// Numbers the events of every directory. Whoever follows one has done so before; this keeps short what is left to do
    /// when somebody comes.
    pub(crate) async fn number_all_events(&self) -> Result<()> {
        for directory in self.store.unnumbered().await? {
            self.number_events(directory).await?;
        }
        Ok(())
    }

    /// Deletes the events that are older than they are to be kept.
    pub(crate) async fn expire_events(&self) -> Result<()> {
        // An event that never had a number would be missed by nobody, and yet have been there.
        self.number_all_events().await?;
        let kept = i64::try_from(self.limits.event_retention.as_micros()).unwrap_or(i64::MAX);
        let before = self.clock.now().saturating_sub(kept);
        for directory in self.store.directories_with_events().await? {
            while self.store.expire_events(directory, before).await? {}
        }
        Ok(())
    }
}
