//! Notices: e-mails that tell the administrators of a directory what happened there.
//!
//! A notice goes into the outbox in the transaction of what it tells, one e-mail for each recipient, so that it is told
//! if and only if it happened. A [job](crate::jobs) sends what is in the outbox.

pub(crate) mod addresses;
#[expect(deprecated, reason = "the stream by which lettre has TLS, where it does not connect by itself")]
mod bounded;
mod delivery;
mod invalid_smtp;
mod letter;
mod message;
mod service;
mod session;
mod smtp;
mod smtp_url;
mod wording;
mod words;

use std::collections::HashSet;
use std::time::Duration;

use rollcall_store::{
    Administrator, CredentialKind, Directory, GuardRail, Mail, MailKind, MailState, Transaction,
};
use uuid::Uuid;

use crate::Core;
use crate::error::Result;

pub use invalid_smtp::InvalidSmtp;
pub(crate) use service::Notices;
pub use smtp::{Smtp, SmtpSettings, SmtpStep, SmtpTrouble};

/// How long a notice is tried before it is parked.
pub(crate) const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// What the administrators of a directory are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A sign-in created an account. Told only where the directory wants it
    /// ([`NoticeSettings`](rollcall_store::NoticeSettings)).
    FirstSignIn {
        /// The account.
        user: Uuid,
        /// What people call the person.
        display: String,
        /// The e-mail address of the person.
        email: String,
        /// By which protocol they signed in, such as `SAML`.
        protocol: &'static str,
    },
    /// A token, key or client secret is about to expire.
    CredentialExpires(ExpiringCredential),
    /// A guard rail holds changes of the identity provider.
    ChangesHeld(HeldChanges),
    /// Nothing: somebody tries whether e-mails arrive.
    Test,
}

/// A token, key or client secret that is about to expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpiringCredential {
    /// What it is.
    pub(crate) kind: CredentialKind,
    /// Its key.
    pub(crate) id: Uuid,
    /// The OAuth client that a client secret is of.
    pub(crate) client: Option<Uuid>,
    /// Its first characters.
    pub(crate) prefix: String,
    /// What its maker wrote about it; may be empty.
    pub(crate) description: String,
    /// When it expires, in µs.
    pub(crate) expires: i64,
    /// How long that is from now, in µs.
    pub(crate) left: i64,
    /// Whether it was rotated a moment ago, so that another one takes its place.
    pub(crate) is_rotated: bool,
}

/// Changes of the identity provider that a guard rail holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeldChanges {
    /// The record of what is held.
    pub(crate) hold: Uuid,
    /// How many users the first request would have made leave. Further ones join them without another notice.
    pub(crate) held: usize,
    /// How many users had left within the window before.
    pub(crate) left: i64,
    /// How many users were active when the window began.
    pub(crate) active_users: i64,
    /// The guard rail.
    pub(crate) rail: GuardRail,
}

impl Notice {
    fn kind(&self) -> MailKind {
        match self {
            Self::FirstSignIn { .. } => MailKind::FirstSignIn,
            Self::CredentialExpires(_) => MailKind::TokenExpires,
            Self::ChangesHeld(_) => MailKind::ChangesHeld,
            Self::Test => MailKind::Test,
        }
    }

    fn is_wanted(&self, directory: &Directory) -> bool {
        !matches!(self, Self::FirstSignIn { .. }) || directory.notices.on_first_sign_in
    }
}

impl Core {
    /// Puts a notice into the outbox, for every administrator of the directory: it is sent when the transaction is saved.
    /// Nothing happens where the directory does not want it, or has nobody to tell.
    pub(crate) async fn notify(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        notice: Notice,
    ) -> Result<()> {
        self.write_notice(transaction, directory, &notice).await.map(drop)
    }

    /// Puts a notice into the outbox, and returns the e-mails.
    pub(crate) async fn write_notice(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        notice: &Notice,
    ) -> Result<Vec<Mail>> {
        if !notice.is_wanted(directory) {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let letter = wording::letter(notice, &directory.name, now);
        let mut mails = Vec::new();
        for recipient in recipients(transaction, directory).await? {
            let mail = Mail {
                id: self.new_id(),
                directory: directory.id,
                kind: notice.kind(),
                recipient,
                subject: letter.subject(),
                text: letter.text(),
                html: letter.html(),
                created: now,
                state: MailState::Pending,
                attempts: 0,
                next_attempt: now,
                last_attempt: None,
                give_up: after(now, GIVE_UP_AFTER),
                error: None,
            };
            transaction.insert_mail(&mail).await?;
            mails.push(mail);
        }
        if mails.is_empty() {
            tracing::debug!(directory = directory.name, "a notice has nobody to go to");
        }
        Ok(mails)
    }
}

/// Who is told: the addresses that the directory names and its active administrators, each address once.
pub(crate) async fn recipients(
    transaction: &mut dyn Transaction,
    directory: &Directory,
) -> Result<Vec<String>> {
    let administrators =
        transaction.administrators(directory.id, directory.administrator_role.as_deref()).await?;
    let mut known = HashSet::new();
    let addresses =
        directory.notices.admin_emails.iter().cloned().chain(administrators.into_iter().filter_map(address));
    Ok(addresses.filter(|address| known.insert(addresses::folded(address))).collect())
}

/// Where an administrator gets e-mails: at their address, else at their userName where that is one.
fn address(administrator: Administrator) -> Option<String> {
    let Administrator { id, email, user_name, .. } = administrator;
    let mut addresses = email.into_iter().chain([user_name]);
    let address = addresses.find(|address| addresses::parse(address).is_some());
    if address.is_none() {
        tracing::warn!(user = %id, "an administrator has no e-mail address to be told at");
    }
    address
}

/// The time so long after another one, in µs.
pub(crate) fn after(time: i64, wait: Duration) -> i64 {
    time.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use rollcall_store::{MailQuery, NoticeSettings};

    use super::*;
    use crate::bootstrap::{BootstrapSecrets, DEFAULT_DIRECTORY};
    use crate::fixture::Scratch;

    fn first_sign_in() -> Notice {
        Notice::FirstSignIn {
            user: Uuid::from_u128(7),
            display: "Ána Ruiz".to_owned(),
            email: "ana@example.com".to_owned(),
            protocol: "SAML",
        }
    }

    /// Tells of a first sign-in in a transaction that is saved or not, and returns who is told.
    async fn told(on_first_sign_in: bool, addresses: &[&str], save: bool) -> Vec<String> {
        let scratch = Scratch::new().await;
        let core = scratch.core();
        core.first_start(&BootstrapSecrets::default(), false).await.unwrap();
        let mut transaction = scratch.store.begin().await.unwrap();
        let mut directory = transaction.directory(DEFAULT_DIRECTORY).await.unwrap().unwrap();
        let admin_emails = addresses.iter().map(|address| (*address).to_owned()).collect();
        directory.notices = NoticeSettings { on_first_sign_in, admin_emails };
        core.notify(&mut *transaction, &directory, first_sign_in()).await.unwrap();
        if save {
            transaction.save().await.unwrap();
        } else {
            drop(transaction);
        }
        let mails = scratch.store.mails(MailQuery { limit: 10, ..MailQuery::default() }).await.unwrap();
        assert!(mails.iter().all(|mail| mail.subject == "Ána Ruiz created an account"));
        let mut recipients: Vec<_> = mails.into_iter().map(|mail| mail.recipient).collect();
        recipients.sort_unstable();
        recipients
    }

    #[tokio::test]
    async fn everybody_who_is_named_is_told_once() {
        let addresses = ["it@example.com", "IT@example.com", "boss@example.com"];
        assert_eq!(told(true, &addresses, true).await, ["boss@example.com", "it@example.com"]);
    }

    #[tokio::test]
    async fn nobody_is_told_what_the_directory_does_not_want_told_or_what_was_undone() {
        assert_eq!(told(false, &["it@example.com"], true).await, Vec::<String>::new());
        assert_eq!(told(true, &["it@example.com"], false).await, Vec::<String>::new());
        assert_eq!(told(true, &[], true).await, Vec::<String>::new());
    }
}
