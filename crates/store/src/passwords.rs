//! The passwords of users, by their hashes.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{Result, UserKey};

/// What becomes of the passwords that are sent for the users of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PasswordHandling {
    /// They are taken and forgotten, since identity providers send ones that mean nothing.
    #[default]
    Discard,
    /// Their hashes are kept.
    Store,
}

impl PasswordHandling {
    /// The name as it is written in settings and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discard => "discard",
            Self::Store => "store",
        }
    }

    /// The handling of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Discard, Self::Store].into_iter().find(|handling| handling.as_str() == name)
    }
}

/// A user as the check of a password needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHolder {
    /// The user.
    pub user: Uuid,
    /// Whether the user is active.
    pub active: bool,
    /// The hash of the password, in PHC's string form; `None`, there is no password.
    pub hash: Option<String>,
}

impl std::fmt::Debug for PasswordHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHolder")
            .field("user", &self.user)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// Reading the hashes of passwords.
#[async_trait]
pub trait PasswordReading {
    /// A user of a directory with the hash of the password, where there is one.
    async fn password(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<PasswordHolder>>;
}

/// Writing the hashes of passwords.
#[async_trait]
pub trait PasswordWriting {
    /// Gives a user a password by its hash, instead of the one that there may be.
    async fn set_password(&mut self, directory: Uuid, user: Uuid, hash: &str) -> Result<()>;

    /// Takes the password of a user away, and says whether there was one.
    async fn delete_password(&mut self, directory: Uuid, user: Uuid) -> Result<bool>;

    /// Takes the passwords of all users of a directory away.
    async fn delete_passwords(&mut self, directory: Uuid) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_password_is_not_in_what_is_logged_of_its_holder() {
        let holder =
            PasswordHolder { user: Uuid::from_u128(7), active: true, hash: Some("$argon2id$x".to_owned()) };
        let text = format!("{holder:?}");
        assert!(text.contains(&holder.user.to_string()) && text.contains("active: true"), "{text}");
        assert!(!text.contains("argon2id"), "{text}");
    }
}
