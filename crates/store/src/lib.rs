//! Every SQL statement of Rollcall, written once and run on SQLite and on PostgreSQL.
//!
//! A [`Store`] reads; a [`Transaction`], made by [`Store::begin`], reads and writes, and is saved or dropped: what
//! was not saved did not happen. Both databases are driven by the same source files (`src/sql/`), compiled once
//! for each; `docs/decisions/` says why.
//!
//! Time and ids come from the caller. Times are microseconds since 1970-01-01T00:00:00Z.

#![expect(clippy::duplicate_mod, reason = "the statements are compiled once for each database")]

mod activity;
mod audit;
mod departed;
mod error;
mod failure;
mod guards;
mod history;
mod model;
mod outbox;
mod person;
mod postgres;
mod roles;
mod safeguards;
mod sign_ins;
mod sqlite;
mod store;
mod transaction;
mod values;

use std::sync::Arc;
use std::time::Duration;

pub use activity::{
    Activity, ActivityCount, ActivityPart, ActivityQuery, ActivitySettings, Body, ConnectionError, Heard,
    Named, Recording,
};
pub use audit::{AuditActor, AuditQuery, AuditRecord};
pub use departed::{DepartedQuery, DepartedUser, Namesake, Presence};
pub use error::{Error, Result};
pub use guards::{
    DepartureKind, GuardWriting, HeldChange, HeldOutcome, Hold, HoldReading, HoldState, Measure, Standing,
};
pub use history::{AttributeOrigin, Author, EventQuery, EventRange, NumberedEvent, Provenance};
pub use model::{
    Actor, AddedMembers, Administrator, Credential, CredentialKind, DirectGroup, Directory, Draft, Event,
    EventKind, Key, KnownMember, LastUse, Listing, Member, MemberQuery, Membership, OAuthClient, Page,
    Paging, PasswordHandling, PasswordHolder, Query, RegisteredSchema, ResourceType, Selection, Session,
    SortValue, StoredDocument, StoredResource, UserKey, UserOrigin,
};
pub use outbox::{Mail, MailKind, MailQuery, MailState, NoticeSettings, OutboxReading, OutboxWriting};
pub use person::{Person, SessionHolder};
pub use roles::{LONGEST_ROLE, has_role, role_values};
pub use safeguards::{GuardRail, Safeguards};
pub use sign_ins::{
    Candidate, Conditions, Effect, Protocol, ProvisioningChoices, ProvisioningRule, SignInLink,
};
pub use store::{CredentialBeside, Store};
pub use transaction::Transaction;

/// The tables whose rows belong to the directory in their column `directory_id`, and are deleted with it. Whoever makes
/// another such table adds it here, or to [`KEPT_TABLES`]; a test finds those that are in neither.
pub const DIRECTORY_TABLES: &[&str] = &[
    "members",
    "emails",
    "user_roles",
    "passwords",
    "unique_values",
    "sign_in_links",
    "provisioning_rules",
    "resources",
    "totals",
    "schemas",
    "credentials",
    "oauth_clients",
    "mails",
    "activity",
    "activity_bodies",
    "connections",
    "departed_users",
    "guards",
    "departures",
    "holds",
    "held_changes",
];

/// The tables whose rows tell of a directory, and outlive it.
pub const KEPT_TABLES: &[&str] = &["events", "event_streams", "audit_records"];

/// How a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Connections at most; on SQLite, those that read.
    pub max_connections: u32,
    /// How long a request waits for a connection before it is [`Error::Unavailable`].
    pub acquire_timeout: Duration,
    /// How long a statement may take before it is interrupted, and is [`Error::Unavailable`]; on SQLite, one that reads.
    pub statement_timeout: Duration,
    /// How long a statement waits on PostgreSQL for what another one has locked.
    pub lock_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
        }
    }
}

/// Opens a database: `sqlite:FILE`, which is made where it is missing, or `postgres://…`. It may still have to be
/// migrated.
///
/// Errors: [`Error::Url`] for a URL that names neither, [`Error::Unavailable`] when the database does not answer.
pub async fn open(url: &str, options: &Options) -> Result<Arc<dyn Store>> {
    if url.starts_with("sqlite:") {
        Ok(Arc::new(sqlite::Database::open(url, options).await?))
    } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        Ok(Arc::new(postgres::Database::open(url, options).await?))
    } else {
        Err(Error::Url("the database URL must begin with sqlite: or postgres://".to_owned()))
    }
}
