//! The outbox: e-mails to the administrators of directories, written in the transaction of what they tell.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// What the administrators of a directory are told by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoticeSettings {
    /// Whether they are told of accounts that a first sign-in created.
    pub on_first_sign_in: bool,
    /// Addresses that get the notices, beside the active administrators among the users.
    pub admin_emails: Vec<String>,
}

/// An e-mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The key of the row; a later one is greater.
    pub id: Uuid,
    /// The directory that it is about.
    pub directory: Uuid,
    /// What it tells.
    pub kind: MailKind,
    /// The address that it goes to.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its body as text.
    pub text: String,
    /// Its body as HTML.
    pub html: String,
    /// When it was written, in µs.
    pub created: i64,
    /// What became of it.
    pub state: MailState,
    /// How often it was tried, since it was written or last given a new try.
    pub attempts: i64,
    /// When it is due while it is pending, in µs. While somebody sends it: when it would be due if they had died.
    pub next_attempt: i64,
    /// When it was last tried, in µs.
    pub last_attempt: Option<i64>,
    /// After this time, in µs, a failed attempt parks it.
    pub give_up: i64,
    /// Why the last attempt failed. Never a secret.
    pub error: Option<String>,
}

/// What an e-mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A sign-in created an account.
    FirstSignIn,
    /// A token is about to expire.
    TokenExpires,
    /// Changes of an identity provider are held.
    ChangesHeld,
    /// Nothing: somebody tries whether e-mails arrive.
    Test,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::FirstSignIn, Self::TokenExpires, Self::ChangesHeld, Self::Test];

    /// The name as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstSignIn => "first_sign_in",
            Self::TokenExpires => "token_expires",
            Self::ChangesHeld => "changes_held",
            Self::Test => "test",
        }
    }
}

/// What became of an e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// It is still to be sent.
    Pending,
    /// A server took it.
    Sent,
    /// It was given up, until somebody gives it a new try.
    Parked,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Sent, Self::Parked];

    /// The name as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Parked => "parked",
        }
    }
}

/// Which e-mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailQuery {
    /// Those about one directory; `None`, about all.
    pub directory: Option<Uuid>,
    /// Those in one state; `None`, in any.
    pub state: Option<MailState>,
    /// Those before this one in the list.
    pub after: Option<Uuid>,
    /// How many at most.
    pub limit: u32,
}

/// Reading the outbox.
#[async_trait]
pub trait OutboxReading {
    /// The e-mails, newest first.
    async fn mails(&self, query: MailQuery) -> Result<Vec<Mail>>;

    /// One e-mail.
    async fn mail(&self, id: Uuid) -> Result<Option<Mail>>;

    /// Whether an e-mail is due at this time.
    async fn has_due_mail(&self, now: i64) -> Result<bool>;
}

/// Writing the outbox.
#[async_trait]
pub trait OutboxWriting {
    /// Adds an e-mail.
    async fn insert_mail(&mut self, mail: &Mail) -> Result<()>;

    /// Takes the e-mail that has been due for longest to send it, and counts the attempt. Nobody else is given it before
    /// `until`. `None`, none is due.
    async fn claim_mail(&mut self, now: i64, until: i64) -> Result<Option<Mail>>;

    /// Writes what became of an attempt at an e-mail that was claimed: its state, when it is due, when it is given up and
    /// the error. What others have tried since then is left alone; `false`, that is so.
    async fn settle_mail(&mut self, mail: &Mail) -> Result<bool>;

    /// Gives a parked e-mail a new try from `now` on, until it is given up again; `false`, it is not parked.
    async fn retry_mail(&mut self, id: Uuid, now: i64, give_up: i64) -> Result<bool>;

    /// Parks the pending e-mails that should have been given up before `now` and that nobody tries, with an error where
    /// they have none, and returns how many there were.
    async fn park_overdue_mails(&mut self, now: i64, error: &str) -> Result<u64>;

    /// Deletes the e-mails in a state that were written before this time.
    async fn delete_old_mails(&mut self, state: MailState, before: i64) -> Result<()>;
}
