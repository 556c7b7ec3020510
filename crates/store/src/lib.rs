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
mod values;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::condition::Condition;
use rollcall_scim::unique::UniqueValue;
use tokio::sync::watch;
use uuid::Uuid;

pub use activity::{
    Activity, ActivityCount, ActivityPart, ActivityQuery, ActivitySettings, Body, ConnectionError, Heard,
    Named, Recording,
};
pub use audit::{AuditActor, AuditQuery, AuditRecord};
pub use departed::{DepartedQuery, DepartedUser, Namesake, Presence};
pub use guards::{
    DepartureKind, GuardWriting, HeldChange, HeldOutcome, Hold, HoldReading, HoldState, Measure, Standing,
};
pub use history::{AttributeOrigin, Author, EventQuery, EventRange, NumberedEvent, Provenance};
pub use model::{
    Actor, AddedMembers, Administrator, Credential, CredentialKind, DirectGroup, Directory, Draft, Event,
    EventKind, Key, KnownMember, LastUse, Listing, Member, MemberQuery, Membership, OAuthClient, Page,
    Paging, PasswordHandling, PasswordHolder, Query, RegisteredSchema, ResourceType, Selection, Session,
    SortValue, StoredResource, UserKey, UserOrigin,
};
pub use outbox::{Mail, MailKind, MailQuery, MailState, NoticeSettings, OutboxReading, OutboxWriting};
pub use person::{Person, SessionHolder};
pub use roles::{LONGEST_ROLE, has_role, role_values};
pub use safeguards::{GuardRail, Safeguards};
pub use sign_ins::{
    Candidate, Conditions, Effect, Protocol, ProvisioningChoices, ProvisioningRule, SignInLink,
};

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

/// The result of a call to the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the driver of a database says of an error.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call to the database failed. That something is not there is no error, but `None`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another resource of the type has this name, whatever its case.
    #[error("the name of the {} is taken", .0.as_str())]
    NameTaken(ResourceType),
    /// Another resource of the type has a value that is unique by a registered schema; this is the attribute.
    #[error("the value of {1} is taken by another {kind}", kind = .0.as_str())]
    ValueTaken(ResourceType, String),
    /// Another directory has this name.
    #[error("the name of the directory is taken")]
    DirectoryNameTaken,
    /// Another credential has this secret.
    #[error("the secret is in use")]
    SecretTaken,
    /// The transaction lost against another one; run again it may succeed.
    #[error("the change lost against another one")]
    Conflict(#[source] Cause),
    /// The database cannot be reached, has no connection or no room to spare, does not answer in time, or takes no changes.
    #[error("the database is not available: {0}")]
    Unavailable(Cause),
    /// The database refused a statement, or holds what this version cannot read.
    #[error("the database failed: {0}")]
    Driver(Cause),
    /// A stored value is not what this version wrote.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The migrations could not be applied.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// The database URL is none that Rollcall understands.
    #[error("{0}")]
    Url(String),
}

impl Error {
    /// The same, of a statement that wrote a resource of this type.
    fn of(self, resource_type: ResourceType) -> Self {
        match self {
            Self::NameTaken(_) => Self::NameTaken(resource_type),
            error => error,
        }
    }
}

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

/// A credential, the directory that it is bound to, and a resource of that directory which was read in the same statement.
pub type CredentialBeside = (Credential, Option<Directory>, Option<StoredResource>);

/// A database that is read from, and that transactions are begun on.
#[async_trait]
pub trait Store: HoldReading + OutboxReading + fmt::Debug + Send + Sync + 'static {
    /// Applies the migrations that the database does not have yet, and names them. Of several processes that try at
    /// once, one works and the others wait; `holder` tells them apart, `now` is the time in µs.
    async fn migrate(&self, holder: Uuid, now: &(dyn Fn() -> i64 + Send + Sync)) -> Result<Vec<String>>;

    /// The names of the migrations that the database does not have yet.
    async fn pending_migrations(&self) -> Result<Vec<String>>;

    /// Takes a lease until `expires`, or renews one that `holder` has; `now` is the time in µs. `false`: somebody else has
    /// it.
    async fn take_lease(&self, name: &str, holder: Uuid, now: i64, expires: i64) -> Result<bool>;

    /// Gives a lease back, if `holder` has it.
    async fn give_back_lease(&self, name: &str, holder: Uuid) -> Result<()>;

    /// Begins a transaction. On SQLite it waits for its turn: there is one writer.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// The same, for a change that has lost against another one: what it reads to change is held.
    async fn begin_again(&self) -> Result<Box<dyn Transaction>>;

    /// The credential whose secret has this SHA-256 hash, revoked and expired ones included, with the directory
    /// that it is bound to.
    async fn credential(&self, hash: &[u8; 32]) -> Result<Option<(Credential, Option<Directory>)>>;

    /// The credential as [`credential`](Self::credential) has it, and a resource of the directory that it is bound to.
    async fn credential_and_resource(
        &self,
        hash: &[u8; 32],
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<CredentialBeside>>;

    /// The credential as [`credential`](Self::credential) has it, and the user of the directory that it is bound to who has
    /// this folded userName.
    async fn credential_and_user(&self, hash: &[u8; 32], user_name: &str)
    -> Result<Option<CredentialBeside>>;

    /// The credentials of a kind, newest first: those of one directory, or all.
    async fn credentials(&self, kind: CredentialKind, directory: Option<Uuid>) -> Result<Vec<Credential>>;

    /// The live SCIM tokens, service keys and client secrets of directories that end after `now` and until `until`, each with
    /// its directory, and with how many days before its end administrators were last warned.
    async fn expiring_credentials(
        &self,
        now: i64,
        until: i64,
    ) -> Result<Vec<(Credential, Directory, Option<i64>)>>;

    /// The OAuth 2.0 clients of a directory, newest first.
    async fn oauth_clients(&self, directory: Uuid) -> Result<Vec<OAuthClient>>;

    /// The session whose secret has this SHA-256 hash, ended by time or not, with the hash of the credential that it acts as.
    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, [u8; 32])>>;

    /// The sessions of every credential, newest first.
    async fn all_sessions(&self) -> Result<Vec<Session>>;

    /// The sessions of a holder, newest first.
    async fn sessions(&self, holder: SessionHolder<'_>) -> Result<Vec<Session>>;

    /// The directory of that name.
    async fn directory(&self, name: &str) -> Result<Option<Directory>>;

    /// The directories that were deleted a short while ago, each with when, in µs.
    async fn deleted_directories(&self) -> Result<Vec<(Uuid, i64)>>;

    /// The directories in order of their names, from the first after `after` on, at most `limit`.
    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<Directory>>;

    /// A resource of a directory.
    async fn resource(
        &self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>>;

    /// A page of the resources of a directory, and how many there are on all pages.
    async fn resources(&self, directory: Uuid, query: &Query<'_>) -> Result<Listing>;

    /// The schemas that a directory has registered, in the order in which it did.
    async fn schemas(&self, directory: Uuid) -> Result<Vec<RegisteredSchema>>;

    /// The id of a user of a directory.
    async fn user_id(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<Uuid>>;

    /// A user of a directory with the hash of the password, where there is one.
    async fn password(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<PasswordHolder>>;

    /// The user whom a subject of an issuer signs in as.
    async fn linked_user(
        &self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredResource>>;

    /// The users who have this folded e-mail address, or are called by it, in order of their ids, at most `limit`.
    async fn sign_in_candidates(&self, directory: Uuid, address: &str, limit: u32) -> Result<Vec<Candidate>>;

    /// The departed user whom a subject signed in as, or else the one who was last deleted of those with this folded address
    /// or `userName`.
    async fn departed_arrival(
        &self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
        address: Option<&str>,
    ) -> Result<Option<StoredResource>>;

    /// The rules of a directory on which first sign-ins may create an account, in order.
    async fn provisioning_rules(&self, directory: Uuid) -> Result<Vec<ProvisioningRule>>;

    /// Members of a group as people look at them, in order of their ids.
    async fn known_members(
        &self,
        directory: Uuid,
        group: Uuid,
        query: &MemberQuery<'_>,
    ) -> Result<Vec<KnownMember>>;

    /// How many members of a group there are, as a query asks for them on all pages.
    async fn count_members(&self, directory: Uuid, group: Uuid, query: &MemberQuery<'_>) -> Result<u64>;

    /// Members of a group in order of their ids, from the first after `after` on, at most `limit`.
    async fn group_members(
        &self,
        directory: Uuid,
        group: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Member>>;

    /// How many SCIM requests of a directory came in, and how many of them failed, in each span of so many µs from a time on
    /// until another; spans without a request are left out.
    async fn activity_counts(
        &self,
        directory: Uuid,
        from: i64,
        until: i64,
        span: i64,
    ) -> Result<Vec<ActivityCount>>;

    /// The groups that some users and groups are in, themselves, as they were read, or through other groups; in order of member
    /// and group.
    async fn memberships(&self, directory: Uuid, of: &[&StoredResource]) -> Result<Vec<Membership>>;

    /// SCIM requests of a directory without their bodies, in the order of the part that is asked for.
    async fn activities(
        &self,
        directory: Uuid,
        query: &ActivityQuery<'_>,
        part: ActivityPart,
        limit: u32,
    ) -> Result<Vec<Activity>>;

    /// The users and groups of a directory, departed users included, one of whose names begins so, at most `limit` of them in
    /// no order: of users the userName and the e-mail addresses, of groups the displayName, of both the externalId. The
    /// beginning is folded, except of an externalId.
    async fn ids_named(&self, directory: Uuid, beginning: &str, limit: u32) -> Result<Vec<Uuid>>;

    /// A SCIM request of a directory, with its bodies.
    async fn activity(&self, directory: Uuid, id: Uuid) -> Result<Option<Activity>>;

    /// What has been heard of the connection of a directory.
    async fn heard(&self, directory: Uuid) -> Result<Option<Heard>>;

    /// The directories that have been heard of, and how many of their SCIM requests are kept; in
    /// order of their ids, from the first after `after` on.
    async fn heard_directories(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<(Uuid, i64)>>;

    /// Records of the audit log, newest first.
    async fn audit_records(&self, query: &AuditQuery<'_>) -> Result<Vec<AuditRecord>>;

    /// Users of a directory who were deleted, the last one first.
    async fn departed_users(&self, directory: Uuid, query: &DepartedQuery<'_>) -> Result<Vec<DepartedUser>>;

    /// How many users of a directory were deleted, as a query asks for them on all pages.
    async fn count_departed_users(&self, directory: Uuid, query: &DepartedQuery<'_>) -> Result<u64>;

    /// Which events of a directory can be read; `None`, those that belong to no directory.
    async fn event_range(&self, directory: Option<Uuid>) -> Result<EventRange>;

    /// Events that have numbers, in their order.
    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<NumberedEvent>>;

    /// Gives numbers to events of a directory that are committed and have none, and says whether there may be more. Of
    /// several that try at once one works and the others wait. On SQLite there is never anything to do.
    async fn number_events(&self, directory: Option<Uuid>) -> Result<bool>;

    /// The directories that have committed events without a number.
    async fn unnumbered(&self) -> Result<Vec<Option<Uuid>>>;

    /// The directories that have events with a number, deleted ones included.
    async fn directories_with_events(&self) -> Result<Vec<Option<Uuid>>>;

    /// Deletes the oldest events of a directory, up to the first that happened at `before` (in µs) or later, and says
    /// whether there may be more.
    async fn expire_events(&self, directory: Option<Uuid>, before: i64) -> Result<bool>;

    /// Changes whenever a transaction of this process that wrote events has been saved.
    fn written(&self) -> watch::Receiver<()>;

    /// Which events last changed the attributes of a user or group; `None`, there is none with this id.
    async fn provenance(&self, directory: Uuid, resource: Uuid) -> Result<Option<Vec<AttributeOrigin>>>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<()>;

    /// Waits for running transactions and closes every connection.
    async fn close(&self);
}

/// A running transaction: saved, or dropped and then undone. What it only writes may be put off until something is asked that
/// could see it, or until it is saved, and what is refused of it is told then.
#[async_trait]
pub trait Transaction: GuardWriting + OutboxWriting + Send {
    /// A resource, locked against other writers until the transaction ends.
    async fn resource(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>>;

    /// A resource that is to be overwritten by [`update_resource`](Self::update_resource). Where nothing has been asked in the
    /// transaction before, it may change until then, and the transaction fails as [`Error::Conflict`], when it is saved at the
    /// latest; else it is locked as [`resource`](Self::resource) locks it.
    async fn resource_to_change(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>>;

    /// Adds a resource. Errors, here or when the transaction is saved: [`Error::NameTaken`].
    async fn insert_resource(&mut self, directory: Uuid, draft: Draft<'_>) -> Result<()>;

    /// Overwrites a resource that this transaction has read, whose attributes were `before`, with its next version. Errors,
    /// here or when the transaction is saved: [`Error::NameTaken`]; [`Error::Conflict`], it has another version by now.
    async fn update_resource(&mut self, directory: Uuid, draft: Draft<'_>, before: &Resource) -> Result<()>;

    /// Gives a resource these values that are unique by registered schemas, in place of those that it has; a deleted
    /// resource has none any more. Errors: [`Error::ValueTaken`].
    async fn set_unique_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        resource: Uuid,
        values: &[UniqueValue],
    ) -> Result<()>;

    /// The version of the schemas of a directory, which nobody changes until the transaction ends; `None`, there is no
    /// such directory.
    async fn hold_schemas(&mut self, directory: Uuid) -> Result<Option<i64>>;

    /// Gives a user a password by its hash, instead of the one that there may be.
    async fn set_password(&mut self, directory: Uuid, user: Uuid, hash: &str) -> Result<()>;

    /// Takes the password of a user away, and says whether there was one.
    async fn delete_password(&mut self, directory: Uuid, user: Uuid) -> Result<bool>;

    /// Takes the passwords of all users of a directory away.
    async fn delete_passwords(&mut self, directory: Uuid) -> Result<()>;

    /// Makes a user that this transaction has read an administrator of the application, or takes that away.
    async fn set_administrator(&mut self, directory: Uuid, user: Uuid, administrator: bool) -> Result<()>;

    /// The active administrators among the users of a directory, in order of their ids: those who are marked, and those who
    /// have this role. They are not locked.
    async fn administrators(&mut self, directory: Uuid, role: Option<&str>) -> Result<Vec<Administrator>>;

    /// The user whom a subject of an issuer signs in as.
    async fn linked_user(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredResource>>;

    /// The users who have this folded e-mail address, or are called by it, in order of their ids, at most `limit`.
    async fn sign_in_candidates(
        &mut self,
        directory: Uuid,
        address: &str,
        limit: u32,
    ) -> Result<Vec<Candidate>>;

    /// Lets a subject sign in as a user that this transaction has read or made.
    ///
    /// Errors: [`Error::Conflict`] where the subject, or the user, has a link already.
    async fn insert_link(&mut self, directory: Uuid, link: &SignInLink) -> Result<()>;

    /// Takes the link of a user away, and returns its issuer and subject.
    async fn delete_link_of(&mut self, directory: Uuid, user: Uuid) -> Result<Option<(String, String)>>;

    /// The rules of a directory that this transaction has read, in order.
    async fn provisioning_rules(&mut self, directory: Uuid) -> Result<Vec<ProvisioningRule>>;

    /// Gives a directory that this transaction has read these rules, in this order, instead of those that it has.
    async fn set_provisioning_rules(&mut self, directory: Uuid, rules: &[ProvisioningRule]) -> Result<()>;

    /// Notes that the identity provider manages a user that this transaction has read.
    async fn adopt_user(&mut self, directory: Uuid, user: Uuid) -> Result<()>;

    /// Deletes a resource that this transaction has read, and the password and the link of a user.
    async fn delete_resource(&mut self, directory: Uuid, resource_type: ResourceType, id: Uuid)
    -> Result<()>;

    /// Deletes a user that this transaction has read, and keeps it among the departed ones as deleted at this time, in µs,
    /// and by whom, to be known again by this folded address.
    async fn retire_user(
        &mut self,
        directory: Uuid,
        user: Uuid,
        deleted: i64,
        by: Actor,
        address: Option<&str>,
    ) -> Result<()>;

    /// The departed user whom a subject signed in as, or else the one who was last deleted of those with this folded address
    /// or `userName`.
    async fn departed_arrival(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
        address: Option<&str>,
    ) -> Result<Option<StoredResource>>;

    /// Takes a user from the departed ones, as it was when it was deleted, which is when it last changed; `None`, there is
    /// no such one any more.
    async fn take_departed_user(&mut self, directory: Uuid, user: Uuid) -> Result<Option<StoredResource>>;

    /// Forgets departed users who were deleted until a time in µs, at most `limit` of them, and returns who they were.
    async fn purge_departed_users(&mut self, directory: Uuid, until: i64, limit: u32) -> Result<Vec<Uuid>>;

    /// The users, there or departed, who have this `externalId` or this `userName`, whatever its case.
    async fn namesakes(
        &mut self,
        directory: Uuid,
        external_id: Option<&str>,
        user_name: &str,
    ) -> Result<Vec<Namesake>>;

    /// Raises the version of a group by one, whatever it is, and returns it; `None`, there is no such group. Parallel
    /// changes of its members queue here, and none fails. The provenance is that of what changed.
    async fn touch_group(
        &mut self,
        directory: Uuid,
        group: Uuid,
        now: i64,
        provenance: &Provenance,
    ) -> Result<Option<i64>>;

    /// Adds members to a group. Those that are members already are left alone.
    async fn add_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<AddedMembers>;

    /// Removes members from a group, and returns those that were members.
    async fn remove_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<Vec<Uuid>>;

    /// Members of a group in order of their ids, from the first after `after` on, at most `limit`; with a condition on
    /// `members` those that fulfil it.
    async fn member_ids(
        &mut self,
        directory: Uuid,
        group: Uuid,
        condition: Option<&Condition<'_>>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>>;

    /// Takes a user or group out of every group that it is in, and raises the versions of those. `event` makes the event
    /// of a group; they are returned with the new versions, to be written.
    async fn leave_groups(
        &mut self,
        directory: Uuid,
        member: Uuid,
        event: &mut (dyn FnMut(Uuid) -> Event + Send),
    ) -> Result<Vec<Event>>;

    /// Which events last changed the attributes of a user or group; `None`, there is none with this id.
    async fn provenance(&mut self, directory: Uuid, resource: Uuid) -> Result<Option<Vec<AttributeOrigin>>>;

    /// Writes an event, and that of a change by an administrator into the audit log too. On SQLite it gets its number at
    /// once; on PostgreSQL by [`Store::number_events`]. The row of what it is about has been written before, so that the
    /// events of one resource come in the order of its versions.
    async fn insert_event(&mut self, event: &Event) -> Result<()>;

    /// Writes an event into the audit log although its kind is not that of an administrator's change: this one was made by one.
    async fn insert_audit_record(&mut self, event: &Event) -> Result<()>;

    /// Adds SCIM requests to the activity log.
    async fn insert_activities(&mut self, activities: &[Activity]) -> Result<()>;

    /// Adds what SCIM requests of a directory said of its connection. Several directories are written in order of their ids,
    /// so that replicas do not wait for each other in a circle.
    async fn hear(&mut self, heard: &Heard) -> Result<()>;

    /// Deletes the oldest SCIM requests of a directory: those that were recorded before an id, and `surplus` of them in any
    /// case, but no more than `limit` at once. Returns how many.
    async fn trim_activities(
        &mut self,
        directory: Uuid,
        before: Uuid,
        surplus: i64,
        limit: u32,
    ) -> Result<u64>;

    /// The directory of that name, locked against other writers until the transaction ends.
    async fn directory(&mut self, name: &str) -> Result<Option<Directory>>;

    /// Whether there is any directory.
    async fn has_directories(&mut self) -> Result<bool>;

    /// Adds a directory. Errors: [`Error::DirectoryNameTaken`].
    async fn insert_directory(&mut self, directory: &Directory) -> Result<()>;

    /// Overwrites the settings of a directory.
    async fn update_directory(&mut self, directory: &Directory) -> Result<()>;

    /// How many resources of a type a directory has.
    async fn count_resources(&mut self, directory: Uuid, resource_type: ResourceType) -> Result<i64>;

    /// Deletes a directory that this transaction has read, with everything that belongs to it, and notes at which time.
    async fn delete_directory(&mut self, directory: Uuid, now: i64) -> Result<()>;

    /// Deletes what belongs to a deleted directory all the same, written by whoever had begun before, and returns how many
    /// rows that was.
    async fn delete_leftovers(&mut self, directory: Uuid) -> Result<u64>;

    /// Forgets that a directory was deleted.
    async fn forget_deleted_directory(&mut self, directory: Uuid) -> Result<()>;

    /// The schemas of a directory that this transaction has read.
    async fn schemas(&mut self, directory: Uuid) -> Result<Vec<RegisteredSchema>>;

    /// Whether a resource has a value of the schema with this URN, spelt as the schema has it.
    async fn has_schema_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        urn: &str,
    ) -> Result<bool>;

    /// Registers a schema for a directory that this transaction has read, in place of one with the same URN, and raises
    /// the version of its schemas.
    async fn put_schema(&mut self, directory: Uuid, schema: &RegisteredSchema) -> Result<()>;

    /// Takes a schema from a directory that this transaction has read, and raises the version of its schemas.
    async fn delete_schema(&mut self, directory: Uuid, urn: &str) -> Result<()>;

    /// The credentials of a kind, newest first: those of one directory, or all.
    async fn credentials(&mut self, kind: CredentialKind, directory: Option<Uuid>)
    -> Result<Vec<Credential>>;

    /// Adds a credential. Errors: [`Error::SecretTaken`].
    async fn insert_credential(&mut self, credential: &Credential) -> Result<()>;

    /// Sets when a credential expires and when it was revoked.
    async fn end_credential(&mut self, id: Uuid, expires: Option<i64>, revoked: Option<i64>) -> Result<()>;

    /// The credential whose secret has this SHA-256 hash, locked against other writers until the transaction ends.
    async fn credential(&mut self, hash: &[u8; 32]) -> Result<Option<Credential>>;

    /// Notes the last uses of credentials, unless later ones are known. Give them in order of their ids, so that two
    /// transactions never wait for one another in a circle.
    async fn note_uses(&mut self, uses: &[(Uuid, LastUse)]) -> Result<()>;

    /// Notes that administrators were warned so many days before the end of a credential. `false`: they had been, or it has
    /// been revoked.
    async fn note_warning(&mut self, credential: Uuid, days: i64) -> Result<bool>;

    /// Revokes the access tokens that were issued for a client secret which this transaction has ended.
    async fn revoke_access_tokens(&mut self, secret: Uuid, now: i64) -> Result<()>;

    /// Deletes the access tokens that expired before a time in µs.
    async fn delete_access_tokens(&mut self, expired_before: i64) -> Result<()>;

    /// Adds an OAuth 2.0 client.
    async fn insert_oauth_client(&mut self, client: &OAuthClient) -> Result<()>;

    /// Deletes an OAuth 2.0 client with its secrets and access tokens.
    async fn delete_oauth_client(&mut self, client: Uuid) -> Result<()>;

    /// The OAuth 2.0 clients of a directory, newest first.
    async fn oauth_clients(&mut self, directory: Uuid) -> Result<Vec<OAuthClient>>;

    /// Adds a session.
    async fn insert_session(&mut self, session: &Session) -> Result<()>;

    /// Notes that a session is used.
    async fn touch_session(&mut self, id: Uuid, now: i64) -> Result<()>;

    /// Deletes a session of a holder, and says whether there was one.
    async fn delete_session(&mut self, holder: SessionHolder<'_>, id: Uuid) -> Result<bool>;

    /// Deletes the sessions of a holder, and returns their ids.
    async fn delete_sessions(&mut self, holder: SessionHolder<'_>) -> Result<Vec<Uuid>>;

    /// Deletes the sessions that have ended at a time, or were last used before another.
    async fn delete_ended_sessions(&mut self, now: i64, used_before: i64) -> Result<()>;

    /// The key of that name that all replicas share, made from `fresh` where there is none yet.
    async fn shared_key(&mut self, name: &str, fresh: &[u8; 32], now: i64) -> Result<[u8; 32]>;

    /// Deletes the shared keys whose names begin so.
    async fn delete_shared_keys(&mut self, beginning: &str) -> Result<()>;

    /// Deletes the shared keys whose names begin so and that were made before this time.
    async fn delete_old_shared_keys(&mut self, beginning: &str, before: i64) -> Result<()>;

    /// Begins a part of the transaction, which ends before the next one begins.
    async fn begin_part(&mut self) -> Result<()>;

    /// Ends the part that was begun. What it wrote is kept, or else undone, also where one of its statements failed.
    async fn end_part(&mut self, keep: bool) -> Result<()>;

    /// Writes what was put off, so that what is refused of it is told now.
    async fn settle(&mut self) -> Result<()>;

    /// Makes everything durable. When this returns `Ok`, it has happened; in every other case it has not.
    async fn save(self: Box<Self>) -> Result<()>;
}
