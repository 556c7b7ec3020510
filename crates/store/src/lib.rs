//! Every SQL statement of Rollcall, written once and run on SQLite and on PostgreSQL.
//!
//! A [`Store`] reads; a [`Transaction`], made by [`Store::begin`], reads and writes, and is saved or dropped: what
//! was not saved did not happen. Both databases are driven by the same source files (`src/sql/`), compiled once
//! for each; `docs/decisions/` says why.
//!
//! Time and ids come from the caller. Times are microseconds since 1970-01-01T00:00:00Z.

#![expect(clippy::duplicate_mod, reason = "the statements are compiled once for each database")]

mod activity;
mod administrators;
mod audit;
mod credentials;
mod departed;
mod directories;
mod error;
mod event_kinds;
mod events;
mod examination;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guards;
mod heard;
mod leases;
mod measures;
mod members;
mod memberships;
mod migrations;
mod moving;
mod names;
mod oauth_clients;
mod outbox;
mod pages;
mod passwords;
mod person;
mod postgres;
mod provenance;
mod resources;
mod roles;
mod safeguards;
mod schemas;
mod sessions;
mod shared_keys;
mod sign_ins;
mod sqlite;
mod statements;
mod statuses;
mod store;
mod taken;
mod transaction;
mod values;
#[cfg(test)]
mod words;

use std::sync::Arc;
use std::time::Duration;

pub use activity::{
    Activity, ActivityCount, ActivityPart, ActivityQuery, ActivityReading, ActivitySettings, ActivityWriting,
    Body, Named, Recording,
};
pub use administrators::{Administrator, AdministratorWriting};
pub use audit::{AuditActor, AuditQuery, AuditReading, AuditRecord, AuditWriting};
pub use credentials::{
    Credential, CredentialBeside, CredentialKind, CredentialReading, CredentialWriting, LastUse,
};
pub use departed::{DepartedQuery, DepartedReading, DepartedUser, DepartedWriting, Namesake, Presence};
pub use directories::{DIRECTORY_TABLES, Directory, DirectoryReading, DirectoryWriting, KEPT_TABLES};
pub use error::{Error, Result};
pub use event_kinds::EventKind;
pub use events::{
    Actor, Author, Event, EventKeeping, EventQuery, EventRange, EventReading, EventWriting, NumberedEvent,
};
pub use examination::{Examination, Migrations, examine};
pub use guards::{
    DepartureKind, GuardWriting, HeldChange, HeldOutcome, Hold, HoldReading, HoldState, Measure, Standing,
};
pub use heard::{ConnectionError, Heard, HeardReading, HeardWriting};
pub use leases::LeaseTaking;
pub use measures::{ConnectionLoad, Load, Measuring, Stock};
pub use members::{AddedMembers, KnownMember, Member, MemberQuery, MemberReading, MemberWriting};
pub use memberships::{DirectGroup, Membership, MembershipReading};
pub use migrations::Migrating;
pub use moving::{
    ImportMark, MovedDeparted, MovedDirectory, MovedMember, MovedResource, MovingReading, MovingWriting,
    Snapshot,
};
pub use names::NameReading;
pub use oauth_clients::{OAuthClient, OAuthClientReading, OAuthClientWriting};
pub use outbox::{Mail, MailKind, MailQuery, MailState, NoticeSettings, OutboxReading, OutboxWriting};
pub use pages::{Key, Listing, Page, PageReading, Paging, Query, Selection, SortValue};
pub use passwords::{PasswordHandling, PasswordHolder, PasswordReading, PasswordWriting};
pub use person::Person;
pub use provenance::{AttributeOrigin, Provenance, ProvenanceReading};
pub use resources::{
    Draft, ResourceReading, ResourceType, ResourceWriting, StoredDocument, StoredResource, UserKey,
    UserOrigin,
};
pub use roles::{LONGEST_ROLE, has_role, role_values};
pub use safeguards::{GuardRail, Safeguards};
pub use schemas::{RegisteredSchema, SchemaReading, SchemaWriting};
pub use sessions::{Session, SessionHolder, SessionReading, SessionWriting};
pub use shared_keys::SharedKeyWriting;
pub use sign_ins::{
    Candidate, Conditions, Effect, Protocol, ProvisioningChoices, ProvisioningRule, SignInLink,
    SignInReading, SignInWriting,
};
pub use sqlite::{SqliteCopy, copy_sqlite, fold_sqlite_log, inspect_sqlite};
pub use statements::STATEMENTS;
pub use statuses::{DirectoryCounts, DirectoryStatus, MOST_FAILURES, StatusReading};
pub use store::Store;
pub use transaction::Transaction;

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
    /// For how long PostgreSQL gives a connection.
    pub pool_mode: PoolMode,
    /// What a SQLite file is kept on.
    pub disk: Disk,
}

/// For how long a pooler such as PgBouncer, between Rollcall and PostgreSQL, gives a connection of the server to one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolMode {
    /// For as long as the connection lasts, as it also is where there is no pooler.
    #[default]
    Session,
    /// For one transaction: whatever is asked is asked within one, and nothing is left at the server behind it.
    Transaction,
}

/// What a SQLite file is kept on, which says who waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disk {
    /// One that outlives the machine: a commit waits until it is written, and what may take long does not hold up others. Both
    /// are done by threads of their own.
    #[default]
    Durable,
    /// One that need only outlive the process. Everything is done on the thread that asks, when it asks, so that what happens
    /// depends on nothing but what is asked: for simulations.
    Simulated,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            pool_mode: PoolMode::Session,
            disk: Disk::Durable,
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
