//! Sessions of the console.

use uuid::Uuid;

use crate::Person;

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
