//! OAuth 2.0 clients. Their secrets and access tokens are credentials.

use uuid::Uuid;

/// An OAuth 2.0 client; its secrets are credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// The `client_id`.
    pub id: Uuid,
    /// Whose identity provider it is.
    pub directory: Uuid,
    /// A description for people.
    pub name: String,
    /// When it was made, in µs.
    pub created: i64,
}
