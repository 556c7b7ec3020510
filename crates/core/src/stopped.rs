//! What a guard rail stopped, on its way into a hold.

use rollcall_store::{DepartureKind, Directory};
use serde_json::Value;
use uuid::Uuid;

/// A user who is to leave.
#[derive(Debug, Clone)]
pub(crate) struct Departure {
    pub(crate) user: Uuid,
    pub(crate) user_name: String,
    pub(crate) kind: DepartureKind,
    /// The changed attributes, as an event tells them.
    pub(crate) changes: Value,
}

/// Users whom a guard rail does not let leave, on their way into a hold.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) directory: Directory,
    pub(crate) departures: Vec<Departure>,
    /// The token that asks for it.
    pub(crate) credential: Uuid,
    pub(crate) request_id: String,
    /// How many active users there were when the window began.
    pub(crate) active_users: i64,
}
