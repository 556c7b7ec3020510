//! Guard rails: counting the users who leave, and what was stopped until an administrator decides.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::Result;

/// How an identity provider makes a user leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DepartureKind {
    /// The user is to be inactive.
    Deactivation,
    /// The user is to be deleted.
    Deletion,
}

impl DepartureKind {
    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deactivation => "deactivation",
            Self::Deletion => "deletion",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Deactivation, Self::Deletion].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a guard rail stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The key; a later one is greater.
    pub id: Uuid,
    /// The directory.
    pub directory: Uuid,
    /// What an administrator decided.
    pub state: HoldState,
    /// The guard rail as the setting had it, such as `10,20%,1h`.
    pub guard_rail: String,
    /// How many active users there were when the window began.
    pub active_users: i64,
    /// When it was made, in µs.
    pub created: i64,
    /// When its window ends, in µs: of a pending one, until when further changes join it; of an approved one, until when
    /// they pass; of a rejected one, until when repeats are refused.
    pub ends: i64,
    /// When an administrator decided, in µs.
    pub decided: Option<i64>,
    /// The credential of that administrator.
    pub decided_by: Option<Uuid>,
    /// How many changes are held in it; not written.
    pub changes: i64,
    /// How many of them wait; not written.
    pub waiting: i64,
}

/// What an administrator decided about a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldState {
    /// Nothing yet.
    Pending,
    /// The changes are to be made.
    Approved,
    /// They are not.
    Rejected,
}

impl HoldState {
    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Approved, Self::Rejected].into_iter().find(|state| state.as_str() == name)
    }
}

/// A change that is held.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldChange {
    /// The hold.
    pub hold: Uuid,
    /// The user.
    pub user: Uuid,
    /// What the user was called when it was held.
    pub user_name: String,
    /// What is to become of the user.
    pub kind: DepartureKind,
    /// The changed top-level attributes: `{"active": {"before": true, "after": false}}`. Never a password.
    pub changes: Value,
    /// The token that last asked for it.
    pub credential: Uuid,
    /// The first characters of that token; not written.
    pub credential_prefix: Option<String>,
    /// The id of the request that last asked for it.
    pub request_id: String,
    /// When it was first asked for, in µs.
    pub first_asked: i64,
    /// When it was last asked for, in µs.
    pub last_asked: i64,
    /// How often it was asked for.
    pub times_asked: i64,
    /// What became of it.
    pub outcome: HeldOutcome,
    /// Why it failed.
    pub reason: Option<String>,
}

/// What became of a held change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldOutcome {
    /// It waits for an administrator.
    Pending,
    /// It was made.
    Applied,
    /// It was dropped.
    Rejected,
    /// It was to be made, and could not be.
    Failed,
}

impl HeldOutcome {
    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Applied, Self::Rejected, Self::Failed]
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

/// How a window stands for a user who is to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many others have left within it who were there when it began.
    pub others: i64,
    /// Whether this user is counted already.
    pub is_counted: bool,
    /// Whether an administrator lets everybody leave.
    pub is_approved: bool,
    /// Whether there are holds that a change may be recorded in.
    pub has_holds: bool,
    /// What the guard remembers, which others may be changing.
    pub measure: Measure,
}

/// What the guard of a directory remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measure {
    /// When the active users were last counted, in µs.
    pub measured: i64,
    /// How many there were when the window then began.
    pub active_users: i64,
}

/// What is read of holds outside of transactions.
#[async_trait]
pub trait HoldReading {
    /// The holds of a directory, newest first, from the first older than `after` on, at most `limit`.
    async fn holds(&self, directory: Uuid, after: Option<Uuid>, limit: u32) -> Result<Vec<Hold>>;

    /// A hold of a directory.
    async fn hold(&self, directory: Uuid, hold: Uuid) -> Result<Option<Hold>>;

    /// The changes of a hold in order of their users, from the first after `after` on, at most `limit`; those that wait, or
    /// all.
    async fn held_changes(
        &self,
        hold: Uuid,
        waiting: bool,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<HeldChange>>;
}

/// What guard rails read and write in a transaction.
#[async_trait]
pub trait GuardWriting {
    /// Waits for the others whose users leave the directory, and keeps them waiting until the transaction ends.
    async fn lock_guard(&mut self, directory: Uuid) -> Result<Measure>;

    /// Remembers a count of the active users.
    async fn set_measure(&mut self, directory: Uuid, measure: Measure) -> Result<()>;

    /// Whether a directory has an active administrator beside this user: one who is marked, or has this role.
    async fn has_other_administrator(
        &mut self,
        directory: Uuid,
        user: Uuid,
        role: Option<&str>,
    ) -> Result<bool>;

    /// How the window that began at a time stands for a user.
    async fn standing(&mut self, directory: Uuid, user: Uuid, began: i64, now: i64) -> Result<Standing>;

    /// How many users of a directory are active who were made until a time.
    async fn active_users(&mut self, directory: Uuid, until: i64) -> Result<i64>;

    /// Counts a user as one who left.
    async fn count_departure(
        &mut self,
        directory: Uuid,
        user: Uuid,
        user_created: i64,
        now: i64,
    ) -> Result<()>;

    /// Forgets who left before a time.
    async fn forget_departures(&mut self, directory: Uuid, before: i64) -> Result<()>;

    /// The newest hold in which a change of a user is recorded that waits, or that was rejected in a window which has not
    /// ended.
    async fn hold_of(&mut self, directory: Uuid, user: Uuid, now: i64) -> Result<Option<Hold>>;

    /// The pending hold that further changes join.
    async fn open_hold(&mut self, directory: Uuid, now: i64) -> Result<Option<Hold>>;

    /// A hold of a directory, locked against other writers until the transaction ends.
    async fn hold(&mut self, directory: Uuid, hold: Uuid) -> Result<Option<Hold>>;

    /// Adds a hold.
    async fn insert_hold(&mut self, hold: &Hold) -> Result<()>;

    /// Writes what was decided about a hold.
    async fn decide_hold(&mut self, hold: &Hold) -> Result<()>;

    /// Records a held change, in place of one of the same user in the same hold, which was asked for once more.
    async fn put_held_change(&mut self, directory: Uuid, change: &HeldChange) -> Result<()>;

    /// The change of a user in a hold, locked against other writers until the transaction ends.
    async fn held_change(&mut self, hold: Uuid, user: Uuid) -> Result<Option<HeldChange>>;

    /// Writes what became of a held change.
    async fn settle_held_change(&mut self, change: &HeldChange) -> Result<()>;

    /// Drops every change of a hold that waits, and says how many those were.
    async fn drop_held_changes(&mut self, hold: Uuid) -> Result<u64>;
}
