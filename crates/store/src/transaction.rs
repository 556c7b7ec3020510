//! A transaction: what is written, and read to be written, by theme, and how it ends.

use async_trait::async_trait;

use crate::{
    ActivityWriting, AdministratorWriting, AuditWriting, CredentialWriting, DepartedWriting,
    DirectoryWriting, EventWriting, GuardWriting, HeardWriting, MemberWriting, MovingWriting,
    OAuthClientWriting, OutboxWriting, PasswordWriting, ResourceWriting, Result, SchemaWriting,
    SessionWriting, SharedKeyWriting, SignInReading, SignInWriting,
};

/// A running transaction: saved, or dropped and then undone. What it only writes may be put off until something is asked that
/// could see it, or until it is saved, and what is refused of it is told then. What it reads and writes is in the trait of each
/// theme.
#[async_trait]
pub trait Transaction:
    ActivityWriting
    + AdministratorWriting
    + AuditWriting
    + CredentialWriting
    + DepartedWriting
    + DirectoryWriting
    + EventWriting
    + GuardWriting
    + HeardWriting
    + MemberWriting
    + MovingWriting
    + OAuthClientWriting
    + OutboxWriting
    + PasswordWriting
    + ResourceWriting
    + SchemaWriting
    + SessionWriting
    + SharedKeyWriting
    + SignInWriting
    + Send
{
    /// What decides a sign-in, as this transaction sees it.
    fn sign_ins(&mut self) -> Box<dyn SignInReading + '_>;

    /// Begins a part of the transaction, which ends before the next one begins.
    async fn begin_part(&mut self) -> Result<()>;

    /// Ends the part that was begun. What it wrote is kept, or else undone, also where one of its statements failed.
    async fn end_part(&mut self, keep: bool) -> Result<()>;

    /// Writes what was put off, so that what is refused of it is told now.
    async fn settle(&mut self) -> Result<()>;

    /// Makes everything durable. When this returns `Ok`, it has happened; in every other case it has not.
    async fn save(self: Box<Self>) -> Result<()>;
}
