//! Leases: locks that are rows, and end by themselves.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// Taking leases.
#[async_trait]
pub trait LeaseTaking {
    /// Takes a lease for `length` µs, or renews one that `holder` has. `false`: somebody else has it.
    ///
    /// The time is PostgreSQL's own there, and `now` on SQLite, in µs. A lease of somebody else that would last more than
    /// twice as long as this one was taken by a clock that was ahead, and does not count.
    async fn take_lease(&self, name: &str, holder: Uuid, now: i64, length: i64) -> Result<bool>;

    /// Gives a lease back, if `holder` has it.
    async fn give_back_lease(&self, name: &str, holder: Uuid) -> Result<()>;
}
