//! Tokens and keys.

use async_trait::async_trait;
use uuid::Uuid;

use crate::{Directory, ResourceType, Result, StoredDocument};

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

/// What is read of credentials outside of transactions.
#[async_trait]
pub trait CredentialReading {
    /// The credential whose secret has this SHA-256 hash, revoked and expired ones included, with the directory
    /// that it is bound to.
    async fn credential(&self, hash: &[u8; 32]) -> Result<Option<(Credential, Option<Directory>)>>;

    /// The credential as [`credential`](Self::credential) has it, and a resource of the directory that it is bound to.
    async fn credential_and_resource(
        &self,
        hash: &[u8; 32],
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<CredentialBeside>>;

    /// The credential as [`credential`](Self::credential) has it, and a resource that is to be changed, where it is on the way:
    /// on SQLite that costs nothing to read when it is changed.
    async fn credential_to_change(
        &self,
        hash: &[u8; 32],
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<CredentialBeside>>;

    /// The credential as [`credential`](Self::credential) has it, and the user of the directory that it is bound to who has
    /// this folded userName.
    async fn credential_and_user(&self, hash: &[u8; 32], user_name: &str)
    -> Result<Option<CredentialBeside>>;

    /// The credentials of a kind, newest first: those of one directory, or all.
    async fn credentials(&self, kind: CredentialKind, directory: Option<Uuid>) -> Result<Vec<Credential>>;

    /// The live SCIM tokens, service keys and client secrets of directories that end after `now` and until `until`, each with
    /// its directory, and with how many days before its end administrators were last warned.
    async fn expiring_credentials(
        &self,
        now: i64,
        until: i64,
    ) -> Result<Vec<(Credential, Directory, Option<i64>)>>;
}

/// What is read and written of credentials in a transaction.
#[async_trait]
pub trait CredentialWriting {
    /// The credentials of a kind, newest first: those of one directory, or all.
    async fn credentials(&mut self, kind: CredentialKind, directory: Option<Uuid>)
    -> Result<Vec<Credential>>;

    /// The credential whose secret has this SHA-256 hash, locked against other writers until the transaction ends.
    async fn credential(&mut self, hash: &[u8; 32]) -> Result<Option<Credential>>;

    /// Adds a credential. Errors: [`Error::SecretTaken`](crate::Error::SecretTaken).
    async fn insert_credential(&mut self, credential: &Credential) -> Result<()>;

    /// For how long a credential was made, in µs, whatever has shortened that since; `None`, for good.
    async fn lifetime(&mut self, id: Uuid) -> Result<Option<i64>>;

    /// Sets when a credential expires and when it was revoked.
    async fn end_credential(&mut self, id: Uuid, expires: Option<i64>, revoked: Option<i64>) -> Result<()>;

    /// Notes the last uses of credentials, unless later ones are known. Give them in order of their ids, so that two
    /// transactions never wait for one another in a circle.
    async fn note_uses(&mut self, uses: &[(Uuid, LastUse)]) -> Result<()>;

    /// Notes that administrators were warned so many days before the end of a credential. `false`: they had been, or it has
    /// been revoked.
    async fn note_warning(&mut self, credential: Uuid, days: i64) -> Result<bool>;

    /// Revokes the access tokens that were issued for a client secret which this transaction has ended.
    async fn revoke_access_tokens(&mut self, secret: Uuid, now: i64) -> Result<()>;

    /// Deletes the access tokens that expired before a time in µs.
    async fn delete_access_tokens(&mut self, expired_before: i64) -> Result<()>;
}

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
