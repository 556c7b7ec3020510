//! Leases: locks that are rows, and end by themselves.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// Taking leases.
#[async_trait]
pub trait LeaseTaking {
    /// Takes a lease until `expires`, or renews one that `holder` has; `now` is the time in µs. `false`: somebody else has
    /// it.
    async fn take_lease(&self, name: &str, holder: Uuid, now: i64, expires: i64) -> Result<bool>;

    /// Gives a lease back, if `holder` has it.
    async fn give_back_lease(&self, name: &str, holder: Uuid) -> Result<()>;
}
