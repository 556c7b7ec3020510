//! Sending what is in the outbox: at least once, with pauses that grow, until it is given up.

use std::time::Duration;

use rollcall_store::{Mail, MailState};

use super::after;
use super::session::{Failure, Session, Why};
use super::smtp::Smtp;
use crate::Core;
use crate::error::Result;

/// How many e-mails one run sends at most, so that a stop does not wait for a long queue.
const MOST_AT_ONCE: usize = 50;
/// How long beyond its attempt an e-mail stays claimed, so that its outcome can be written.
const CLAIM_MARGIN: Duration = Duration::from_secs(30);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How long e-mails are kept that were sent: 30 days, in µs.
const KEEP_SENT: i64 = 30 * 24 * 60 * 60 * 1_000_000;
/// How long e-mails are kept that were given up: 90 days, in µs.
const KEEP_PARKED: i64 = 90 * 24 * 60 * 60 * 1_000_000;
/// The error of e-mails that nobody could even try.
const NO_SERVER: &str = "no SMTP server is configured (ROLLCALL_SMTP_URL)";

impl Core {
    /// Sends the e-mails that are due. Without an SMTP server they wait, and are parked in the end.
    pub(crate) async fn deliver_notices(&self) -> Result<()> {
        let now = self.clock.now();
        if !self.store.has_due_mail(now).await? {
            return Ok(());
        }
        let Some(smtp) = self.smtp.as_deref() else { return self.park_undeliverable(now).await };
        let mut session = Session::new(smtp);
        for _ in 0..MOST_AT_ONCE {
            let Some(mail) = self.claim_mail(smtp).await? else { break };
            let sent = session.send(&mail).await;
            let serves = !matches!(sent, Err(Failure::Server(_)));
            self.settle(mail, sent, smtp).await?;
            if !serves {
                break;
            }
        }
        session.end().await;
        Ok(())
    }

    /// Deletes the e-mails that nobody will ask for any more.
    pub(crate) async fn forget_old_notices(&self) -> Result<()> {
        let now = self.clock.now();
        let mut transaction = self.store.begin().await?;
        transaction.delete_old_mails(MailState::Sent, now - KEEP_SENT).await?;
        transaction.delete_old_mails(MailState::Parked, now - KEEP_PARKED).await?;
        Ok(transaction.save().await?)
    }

    async fn claim_mail(&self, smtp: &Smtp) -> Result<Option<Mail>> {
        let now = self.clock.now();
        let until = after(now, smtp.timeout + CLAIM_MARGIN);
        let mut transaction = self.store.begin().await?;
        let mail = transaction.claim_mail(now, until).await?;
        transaction.save().await?;
        Ok(mail)
    }

    /// Writes what became of an attempt.
    async fn settle(&self, mail: Mail, sent: Result<(), Failure>, smtp: &Smtp) -> Result<()> {
        let now = self.clock.now();
        let (state, why) = match sent {
            Ok(()) => (MailState::Sent, None),
            Err(Failure::Refused(why)) => (MailState::Parked, Some(why)),
            Err(Failure::Server(why) | Failure::Later(why)) if now >= mail.give_up => {
                (MailState::Parked, Some(why))
            }
            Err(Failure::Server(why) | Failure::Later(why)) => (MailState::Pending, Some(why)),
        };
        let (error, logged) = why.map(|Why { told, logged }| (told, logged)).unzip();
        let pause = self.pause(smtp.retry_delay, mail.attempts);
        // The last attempt is when it is given up, not before.
        let next_attempt = after(now, pause).min(mail.give_up.max(now));
        let mail = Mail { state, error, next_attempt, ..mail };
        let mut transaction = self.store.begin().await?;
        transaction.settle_mail(&mail).await?;
        transaction.save().await?;
        tell(&mail, &logged.unwrap_or_default());
        Ok(())
    }

    async fn park_undeliverable(&self, now: i64) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        let parked = transaction.park_overdue_mails(now, NO_SERVER).await?;
        transaction.save().await?;
        if parked > 0 {
            tracing::error!(parked, "notices are parked: {NO_SERVER}");
        }
        Ok(())
    }

    /// How long to wait after so many attempts: twice as long after each, and by chance between half and one and a half of
    /// that, so that what failed together does not come back together.
    fn pause(&self, first: Duration, attempts: i64) -> Duration {
        let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(20);
        let pause = first.saturating_mul(1 << doublings).min(LONGEST_PAUSE.max(first));
        let mut chance = [0; 1];
        self.random.fill(&mut chance);
        pause / 2 + pause * u32::from(chance[0]) / 255
    }
}

/// Logs what became of an attempt. Who was to get the e-mail, and what the server said, stands in the outbox, not in the log.
fn tell(mail: &Mail, error: &str) {
    let (notice, kind, attempts) = (mail.id, mail.kind.as_str(), mail.attempts);
    match mail.state {
        MailState::Sent => tracing::info!(%notice, kind, attempts, "a notice was sent"),
        MailState::Pending => {
            tracing::warn!(%notice, kind, attempts, error, "a notice was not sent; it is tried again");
        }
        MailState::Parked => {
            tracing::error!(%notice, kind, attempts, error, "a notice is parked; `rollcall notice retry --all` tries it again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Scratch;

    #[tokio::test]
    async fn pauses_double_up_to_an_hour_and_differ_by_chance() {
        let core = Scratch::new().await.core();
        let minute = Duration::from_mins(1);
        for (attempts, expected) in
            [(1, minute), (2, 2 * minute), (4, 8 * minute), (7, 60 * minute), (999, 60 * minute)]
        {
            let pauses: Vec<_> = (0..50).map(|_| core.pause(minute, attempts)).collect();
            assert!(
                pauses.iter().all(|pause| (expected / 2..=expected * 3 / 2).contains(pause)),
                "{attempts}"
            );
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{attempts}");
        }
        let day = Duration::from_hours(24);
        assert!(core.pause(day, 5) >= day / 2, "a first pause that is longer than an hour stays so");
    }
}
