//! What users and groups are called.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// Finding users and groups by what they are called.
#[async_trait]
pub trait NameReading {
    /// The users and groups of a directory, departed users included, one of whose names begins so, at most `limit` of them in
    /// no order: of users the userName and the e-mail addresses, of groups the displayName, of both the externalId. The
    /// beginning is folded, except of an externalId.
    async fn ids_named(&self, directory: Uuid, beginning: &str, limit: u32) -> Result<Vec<Uuid>>;
}
