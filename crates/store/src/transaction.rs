//! What is written, and read to be written.

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::condition::Condition;
use rollcall_scim::unique::UniqueValue;
use uuid::Uuid;

use crate::{
    Activity, Actor, AddedMembers, Administrator, AttributeOrigin, Candidate, Credential, CredentialKind,
    Directory, Draft, Event, GuardWriting, Heard, LastUse, Namesake, OAuthClient, OutboxWriting, Provenance,
    ProvisioningRule, RegisteredSchema, ResourceType, Result, Session, SessionHolder, SignInLink,
    StoredResource,
};

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
    /// transaction before, it may change until then, and the transaction fails as [`Error::Conflict`](crate::Error::Conflict), when it is saved at the
    /// latest; else it is locked as [`resource`](Self::resource) locks it.
    async fn resource_to_change(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>>;

    /// Adds a resource. Errors, here or when the transaction is saved: [`Error::NameTaken`](crate::Error::NameTaken).
    async fn insert_resource(&mut self, directory: Uuid, draft: Draft<'_>) -> Result<()>;

    /// Overwrites a resource that this transaction has read, whose attributes were `before`, with its next version. Errors,
    /// here or when the transaction is saved: [`Error::NameTaken`](crate::Error::NameTaken); [`Error::Conflict`](crate::Error::Conflict), it has another version by now.
    async fn update_resource(&mut self, directory: Uuid, draft: Draft<'_>, before: &Resource) -> Result<()>;

    /// Gives a resource these values that are unique by registered schemas, in place of those that it has; a deleted
    /// resource has none any more. Errors: [`Error::ValueTaken`](crate::Error::ValueTaken).
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
    /// Errors: [`Error::Conflict`](crate::Error::Conflict) where the subject, or the user, has a link already.
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
    /// once; on PostgreSQL by [`Store::number_events`](crate::Store::number_events). The row of what it is about has been written before, so that the
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

    /// Adds a directory. Errors: [`Error::DirectoryNameTaken`](crate::Error::DirectoryNameTaken).
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

    /// Adds a credential. Errors: [`Error::SecretTaken`](crate::Error::SecretTaken).
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
