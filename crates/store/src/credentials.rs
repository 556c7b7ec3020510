//! Tokens and keys.

use uuid::Uuid;

use crate::{Directory, StoredDocument};

/// A secret that somebody presents; only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The key of the row.
    pub id: Uuid,
    /// What kind of secret it is.
    pub kind: CredentialKind,
    /// The directory that it is bound to; `None`, all.
    pub directory: Option<Uuid>,
    /// A description for people.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// The SHA-256 hash of the secret.
    pub hash: [u8; 32],
    /// The names of the scopes of a service key, such as `directory.read`.
    pub scopes: Vec<String>,
    /// When it was made, in µs.
    pub created: i64,
    /// When it stops being valid, in µs.
    pub expires: Option<i64>,
    /// When it was revoked, in µs.
    pub revoked: Option<i64>,
    /// The user of the directory that it stands for.
    pub user: Option<Uuid>,
    /// The OAuth client that a client secret or an access token is of.
    pub client: Option<Uuid>,
    /// Of an access token, the client secret that it was issued for.
    pub secret: Option<Uuid>,
    /// When it was last used, as far as that has been written; not written with the rest.
    pub last_use: Option<LastUse>,
}

/// A use of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// When, in µs.
    pub time: i64,
    /// From which address, where that is known.
    pub address: Option<String>,
}

/// The kinds of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// What an identity provider presents at the SCIM endpoint.
    ScimToken,
    /// What an internal service presents to the core.
    ServiceKey,
    /// What an administrator presents.
    AdminKey,
    /// What an OAuth 2.0 client presents to be issued an access token, and nowhere else.
    ClientSecret,
    /// What was issued for a client secret, and is presented at the SCIM endpoint.
    AccessToken,
}

impl CredentialKind {
    /// Whether identity providers present it at the SCIM endpoint.
    pub fn is_of_identity_provider(self) -> bool {
        matches!(self, Self::ScimToken | Self::AccessToken)
    }
}

/// A credential, the directory that it is bound to, and a resource of that directory which was read in the same statement.
pub type CredentialBeside = (Credential, Option<Directory>, Option<StoredDocument>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_providers_present_tokens_and_nothing_else() {
        use CredentialKind as K;
        for kind in [K::ScimToken, K::AccessToken] {
            assert!(kind.is_of_identity_provider(), "{kind:?}");
        }
        for kind in [K::ServiceKey, K::AdminKey, K::ClientSecret] {
            assert!(!kind.is_of_identity_provider(), "{kind:?}");
        }
    }
}
