//! Passwords of users: hashed before a transaction opens, kept as hashes alone, and checked for services that ask.

mod hashing;
mod prepared;
mod verifying;

use rollcall_scim::patch::{Operation, outcome};
use rollcall_scim::{Definition, Rules};
use rollcall_store::{Directory, PasswordHandling, Transaction};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use hashing::{Hasher, require_hash};
pub(crate) use prepared::Prepared;
pub(crate) use verifying::Attempts;

use crate::Core;
use crate::error::Result;

/// The attribute.
pub(crate) const PASSWORD: &str = "password";

/// The bytes of a salt, as RFC 9106 §3.1 recommends.
const SALT_BYTES: usize = 16;

/// What is to become of the password of a user.
#[derive(Debug, Default)]
pub(crate) enum PasswordChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// There is none any more.
    Clear,
    /// It is the one with this hash.
    Set(PasswordHash),
}

/// An Argon2id hash in PHC's string form, which is not printed.
pub(crate) struct PasswordHash(String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordChange {
    /// Writes the change, and says whether it is one.
    pub(crate) async fn write(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        user: Uuid,
    ) -> Result<bool> {
        match self {
            Self::Keep => Ok(false),
            Self::Clear => Ok(transaction.delete_password(directory.id, user).await?),
            Self::Set(hash) => {
                transaction.set_password(directory.id, user, &hash.0).await?;
                Ok(true)
            }
        }
    }
}

impl Core {
    /// What a body that holds this password, or none, makes of the password of a user.
    ///
    /// Errors: `INVALID_VALUE` for one that is too long to be kept.
    pub(crate) async fn sent_password(
        &self,
        directory: &Directory,
        sent: Option<&SecretString>,
    ) -> Result<PasswordChange> {
        match (directory.password_handling, sent) {
            (PasswordHandling::Discard, _) | (_, None) => Ok(PasswordChange::Keep),
            (PasswordHandling::Store, Some(sent)) => self.hashed(sent).await,
        }
    }

    /// What the operations of a PATCH make of the password of a user.
    ///
    /// Errors: as the operations have them, and `INVALID_VALUE` for a password that is too long to be kept.
    pub(crate) async fn patched_password(
        &self,
        directory: &Directory,
        operations: &[Operation],
        definition: &Definition,
        rules: Rules,
    ) -> Result<PasswordChange> {
        if directory.password_handling == PasswordHandling::Discard {
            return Ok(PasswordChange::Keep);
        }
        match outcome(operations, PASSWORD, definition, rules)? {
            None => Ok(PasswordChange::Keep),
            Some(Value::String(sent)) => self.hashed(&sent.into()).await,
            Some(_) => Ok(PasswordChange::Clear),
        }
    }

    async fn hashed(&self, sent: &SecretString) -> Result<PasswordChange> {
        let password = Prepared::to_keep(sent.expose_secret())?;
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt);
        Ok(PasswordChange::Set(PasswordHash(self.hasher.hash(password, salt).await?)))
    }
}
