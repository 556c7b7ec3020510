//! Credentials that are about to expire, and access tokens that have.

use rollcall_store::{Credential, Directory, Transaction};

use crate::Core;
use crate::error::Result;
use crate::notices::{ExpiringCredential, Notice};

/// A day in µs.
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
/// How many days before the end of a credential the administrators are warned, the first warning first.
const WARNED_AT: [i64; 3] = [14, 7, 1];
/// For how long an access token that has expired is kept, in µs: the log of requests may still ask whose it was.
const KEPT_AFTER_EXPIRY: i64 = DAY;

/// Which warning is due so many µs before the end: the last one whose time has come; `None`, none yet.
pub(crate) fn warning_due(left: i64) -> Option<i64> {
    WARNED_AT.into_iter().rev().find(|days| left <= days * DAY)
}

/// Whether a warning is the last one of a credential.
fn is_last(days: i64) -> bool {
    WARNED_AT.last() == Some(&days)
}

/// A warning that a credential is about to expire.
#[derive(Debug)]
struct Warning<'a> {
    credential: &'a Credential,
    expires: i64,
    /// Which of its warnings it is.
    days: i64,
    is_rotated: bool,
}

impl Core {
    /// Warns the administrators of credentials that are about to expire, of each once for each of its warnings. One that is
    /// seen late gets the last warning that is due, and not those before it.
    pub(crate) async fn warn_of_expiring_credentials(&self) -> Result<()> {
        let now = self.clock.now();
        let until = now + WARNED_AT[0] * DAY;
        for (credential, directory, warned) in self.store.expiring_credentials(now, until).await? {
            let Some(expires) = credential.expires else { continue };
            match warning_due(expires - now) {
                Some(days) if warned.is_none_or(|warned| warned > days) => {
                    // Noted and written in one transaction, so that of two replicas one does.
                    let mut transaction = self.store.begin().await?;
                    let warning = Warning { credential: &credential, expires, days, is_rotated: false };
                    if self.warn_of(&mut *transaction, &directory, warning).await? {
                        transaction.save().await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Warns of a credential to whose end a rotation has left no more than the overlap. Whoever rotates knows that end, so
    /// of the warnings whose time has passed only the last one is sent, and none of the others later.
    pub(crate) async fn warn_of_rotated(
        &self,
        transaction: &mut dyn Transaction,
        old: &Credential,
        directory: Option<&Directory>,
    ) -> Result<()> {
        let Some(expires) = old.expires.filter(|_| old.revoked.is_none()) else { return Ok(()) };
        let Some(days) = warning_due(expires - self.clock.now()) else { return Ok(()) };
        match directory.filter(|_| is_last(days)) {
            Some(directory) => {
                let warning = Warning { credential: old, expires, days, is_rotated: true };
                self.warn_of(transaction, directory, warning).await?;
            }
            None => {
                transaction.note_warning(old.id, days).await?;
            }
        }
        Ok(())
    }

    /// Notes and writes a warning, and says whether it was not known yet.
    async fn warn_of(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        warning: Warning<'_>,
    ) -> Result<bool> {
        let Warning { credential, expires, days, is_rotated } = warning;
        if !transaction.note_warning(credential.id, days).await? {
            return Ok(false);
        }
        let notice = Notice::CredentialExpires(ExpiringCredential {
            kind: credential.kind,
            id: credential.id,
            client: credential.client,
            prefix: credential.prefix.clone(),
            description: credential.name.clone(),
            expires,
            left: expires - self.clock.now(),
            is_rotated,
        });
        self.notify(transaction, directory, notice).await?;
        Ok(true)
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
