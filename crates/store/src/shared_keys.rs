//! The keys that all replicas share.

use async_trait::async_trait;

use crate::Result;

/// What is read and written of shared keys in a transaction.
#[async_trait]
pub trait SharedKeyWriting {
    /// The key of that name that all replicas share, made from `fresh` where there is none yet.
    async fn shared_key(&mut self, name: &str, fresh: &[u8; 32], now: i64) -> Result<[u8; 32]>;

    /// Deletes the shared keys whose names begin so.
    async fn delete_shared_keys(&mut self, beginning: &str) -> Result<()>;

    /// Deletes the shared keys whose names begin so and that were made before this time.
    async fn delete_old_shared_keys(&mut self, beginning: &str, before: i64) -> Result<()>;
}
