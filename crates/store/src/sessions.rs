//! Sessions of the console.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{Person, Result};

/// What stands for a credential while somebody is signed in with it; only the hash of its secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key of the row.
    pub id: Uuid,
    /// The credential that it acts as.
    pub credential: Uuid,
    /// The SHA-256 hash of the secret.
    pub hash: [u8; 32],
    /// Who it is, for people.
    pub name: String,
    /// When it began, in µs.
    pub created: i64,
    /// When it was last used, in µs, give or take a minute.
    pub used: i64,
    /// When it ends, used or not, in µs.
    pub expires: i64,
    /// Who signed in, where an OpenID provider says so; `None`, whoever has the credential.
    pub person: Option<Person>,
}

/// Whose sessions are meant.
#[derive(Debug, Clone, Copy)]
pub enum SessionHolder<'a> {
    /// Whoever has this credential: every session that acts as it, whoever it was begun for.
    Credential(Uuid),
    /// This person, by issuer and subject, with any credential that reaches as far as this one: one that was rotated is another
    /// one since.
    Person(&'a Person, Uuid),
}

/// Reading sessions.
#[async_trait]
pub trait SessionReading {
    /// The session whose secret has this SHA-256 hash, ended by time or not, with the hash of the credential that it acts as.
    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, [u8; 32])>>;

    /// The sessions of every credential, newest first.
    async fn all_sessions(&self) -> Result<Vec<Session>>;

    /// The sessions of a holder, newest first.
    async fn sessions(&self, holder: SessionHolder<'_>) -> Result<Vec<Session>>;
}

/// Writing sessions.
#[async_trait]
pub trait SessionWriting {
    /// Adds a session.
    async fn insert_session(&mut self, session: &Session) -> Result<()>;

    /// Notes that a session is used.
    async fn touch_session(&mut self, id: Uuid, now: i64) -> Result<()>;

    /// Deletes a session of a holder, and says whether there was one.
    async fn delete_session(&mut self, holder: SessionHolder<'_>, id: Uuid) -> Result<bool>;

    /// Deletes the sessions of a holder, and returns their ids.
    async fn delete_sessions(&mut self, holder: SessionHolder<'_>) -> Result<Vec<Uuid>>;

    /// Deletes the sessions that have ended at a time, or were last used before another.
    async fn delete_ended_sessions(&mut self, now: i64, used_before: i64) -> Result<()>;
}
