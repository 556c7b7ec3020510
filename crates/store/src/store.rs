//! A database: what is read outside of transactions, by theme, and how those begin.

use std::fmt;

use async_trait::async_trait;

use crate::{
    ActivityReading, AuditReading, CredentialReading, DepartedReading, DirectoryReading, EventKeeping,
    EventReading, HeardReading, HoldReading, LeaseTaking, Measuring, MemberReading, MembershipReading,
    Migrating, MovingReading, NameReading, OAuthClientReading, OutboxReading, PageReading, PasswordReading,
    ProvenanceReading, ResourceReading, Result, SchemaReading, SessionReading, SignInReading, StatusReading,
    Transaction,
};

/// A database that is read from, and that transactions are begun on. What it answers is in the trait of each theme.
#[async_trait]
pub trait Store:
    ActivityReading
    + AuditReading
    + CredentialReading
    + DepartedReading
    + DirectoryReading
    + EventKeeping
    + EventReading
    + HeardReading
    + HoldReading
    + LeaseTaking
    + Measuring
    + MemberReading
    + MembershipReading
    + Migrating
    + MovingReading
    + NameReading
    + OAuthClientReading
    + OutboxReading
    + PageReading
    + PasswordReading
    + ProvenanceReading
    + ResourceReading
    + SchemaReading
    + SessionReading
    + StatusReading
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// What decides a sign-in, as it is now.
    fn sign_ins(&self) -> Box<dyn SignInReading + '_>;

    /// Begins a transaction. On SQLite it waits for its turn: there is one writer.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// The same, for a change that has lost against another one: what it reads to change is held.
    async fn begin_again(&self) -> Result<Box<dyn Transaction>>;

    /// Waits until what transactions that were given up have seen of others is durable: on SQLite one sees what is committed
    /// together with it. Whoever is refused for the sake of a change is to hear of it no sooner than whoever made it.
    ///
    /// Errors: [`Error::Unavailable`](crate::Error::Unavailable), that change was not made after all, or it takes too long.
    async fn settled(&self) -> Result<()>;

    /// Waits for running transactions and closes every connection.
    async fn close(&self);
}
