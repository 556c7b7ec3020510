//! OAuth 2.0 clients. Their secrets and access tokens are credentials.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

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

/// What is read of OAuth 2.0 clients outside of transactions.
#[async_trait]
pub trait OAuthClientReading {
    /// The OAuth 2.0 clients of a directory, newest first.
    async fn oauth_clients(&self, directory: Uuid) -> Result<Vec<OAuthClient>>;
}

/// What is read and written of OAuth 2.0 clients in a transaction.
#[async_trait]
pub trait OAuthClientWriting {
    /// The OAuth 2.0 clients of a directory, newest first.
    async fn oauth_clients(&mut self, directory: Uuid) -> Result<Vec<OAuthClient>>;

    /// Adds an OAuth 2.0 client.
    async fn insert_oauth_client(&mut self, client: &OAuthClient) -> Result<()>;

    /// Deletes an OAuth 2.0 client with its secrets and access tokens.
    async fn delete_oauth_client(&mut self, client: Uuid) -> Result<()>;
}
