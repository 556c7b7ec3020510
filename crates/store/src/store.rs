//! What is read outside of transactions, and how they begin.

use std::fmt;

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Activity, ActivityCount, ActivityPart, ActivityQuery, AttributeOrigin, AuditQuery, AuditRecord,
    Candidate, Credential, CredentialBeside, CredentialKind, DepartedQuery, DepartedUser, DirectGroup,
    Directory, EventQuery, EventRange, Heard, HoldReading, KnownMember, Listing, Member, MemberQuery,
    Membership, NumberedEvent, OAuthClient, OutboxReading, PasswordHolder, ProvisioningRule, Query,
    RegisteredSchema, ResourceType, Result, Session, SessionHolder, StoredDocument, StoredResource,
    Transaction, UserKey,
};

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
    ) -> Result<Option<StoredDocument>>;

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

    /// The groups that some users and groups are in, themselves, as was read with each, or through other groups; in order of
    /// member and group.
    async fn memberships(&self, directory: Uuid, of: &[(Uuid, &[DirectGroup])]) -> Result<Vec<Membership>>;

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

    /// Waits for running transactions and closes every connection.
    async fn close(&self);
}
