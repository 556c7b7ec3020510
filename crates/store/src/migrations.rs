//! The migrations of the database.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// Applying the migrations that are compiled in.
#[async_trait]
pub trait Migrating {
    /// Applies the migrations that the database does not have yet, and names them. Of several processes that try at
    /// once, one works and the others wait; `holder` tells them apart, `now` is the time in µs.
    async fn migrate(&self, holder: Uuid, now: &(dyn Fn() -> i64 + Send + Sync)) -> Result<Vec<String>>;

    /// The names of the migrations that the database does not have yet.
    async fn pending_migrations(&self) -> Result<Vec<String>>;
}
