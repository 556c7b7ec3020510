//! Tokens that are about to expire, and access tokens that have.

use rollcall_store::{Credential, Directory};

use crate::Core;
use crate::error::Result;
use crate::notices::Notice;

/// A day in µs.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// How many days before the end of a token its administrators are warned, the first warning first.
const WARNED_AT: [i64; 3] = [14, 7, 1];
/// For how long an access token that has expired is kept, in µs: the log of requests may still ask whose it was.
const KEPT_AFTER_EXPIRY: i64 = DAY;

/// Which warning is due so many µs before the end: the last one whose time has come; `None`, none yet.
pub(crate) fn warning_due(left: i64) -> Option<i64> {
    WARNED_AT.into_iter().rev().find(|days| left <= days * DAY)
}

impl Core {
    /// Warns the administrators of tokens that are about to expire, of each once for each of its warnings. A token that is
    /// seen late gets the last warning that is due, and not those before it.
    pub(crate) async fn warn_of_expiring_tokens(&self) -> Result<()> {
        let now = self.clock.now();
        for (token, directory, warned) in self.store.expiring_tokens(now, now + WARNED_AT[0] * DAY).await? {
            let Some(expires) = token.expires else { continue };
            match warning_due(expires - now) {
                Some(days) if warned.is_none_or(|warned| warned > days) => {
                    self.warn_of(&token, &directory, expires, days).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes the warning and writes it in one transaction, so that of two replicas one does.
    async fn warn_of(
        &self,
        token: &Credential,
        directory: &Directory,
        expires: i64,
        days: i64,
    ) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        if transaction.note_warning(token.id, days).await? {
            let left = expires - self.clock.now();
            let notice = Notice::TokenExpires {
                prefix: token.prefix.clone(),
                description: token.name.clone(),
                expires,
                days: (left + DAY - 1) / DAY,
            };
            self.notify(&mut *transaction, directory, notice).await?;
            transaction.save().await?;
        }
        Ok(())
    }

    /// Deletes access tokens that expired a while ago: a client is issued one each hour.
    pub(crate) async fn delete_expired_access_tokens(&self) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        transaction.delete_access_tokens(self.clock.now() - KEPT_AFTER_EXPIRY).await?;
        Ok(transaction.save().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_warning_whose_time_has_come_is_due() {
        assert_eq!(warning_due(14 * DAY + 1), None);
        assert_eq!(warning_due(14 * DAY), Some(14));
        assert_eq!(warning_due(7 * DAY + 1), Some(14));
        assert_eq!(warning_due(7 * DAY), Some(7));
        assert_eq!(warning_due(DAY), Some(1));
        assert_eq!(warning_due(1), Some(1));
    }
}
