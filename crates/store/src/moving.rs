//! Moving a directory: all of it is read as it was at one moment, and written as it was.

use async_trait::async_trait;
use rollcall_scim::{Profile, Resource};
use uuid::Uuid;

use crate::{
    Directory, Event, Provenance, ProvisioningRule, RegisteredSchema, ResourceType, Result, SignInLink,
    StoredResource,
};

/// A directory with its settings as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedDirectory {
    /// The key of everything that belongs to the directory.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// Which identity provider it talks to.
    pub profile: Profile,
    /// Whether the SCIM endpoint answers.
    pub scim_enabled: bool,
    /// Whether it has groups.
    pub groups_enabled: bool,
    /// The other settings: those that are not as a new directory has them, as a text of JSON.
    pub settings: String,
    /// Whether it is being imported.
    pub importing: bool,
    /// When it was made, in µs.
    pub created: i64,
    /// When its settings last changed, in µs.
    pub modified: i64,
}

/// A user or group with what is kept of it beside its attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedResource {
    /// The user or group.
    pub resource: StoredResource,
    /// Whether nobody else of its type may have its name; of a group, as the directory had it when its name was written.
    pub unique: bool,
    /// Which events last changed which attributes.
    pub provenance: Provenance,
    /// The hash of the password of a user.
    pub password: Option<String>,
}

/// A membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedMember {
    /// The group.
    pub group: Uuid,
    /// The member.
    pub member: Uuid,
    /// What the member is.
    pub resource_type: ResourceType,
}

/// A user who was deleted, with all by which they are known again.
#[derive(Debug, Clone, PartialEq)]
pub struct MovedDeparted {
    /// As it was; it last changed when it was deleted.
    pub user: StoredResource,
    /// The credential that deleted it; `None`, Rollcall itself, or it is not known any more.
    pub deleted_by: Option<Uuid>,
    /// The issuer and the subject of its link.
    pub link: Option<(String, String)>,
    /// Its folded primary work address.
    pub address: Option<String>,
}

/// How far the import of a directory is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportMark {
    /// SHA-256 of the file, in hexadecimal digits.
    pub digest: String,
    /// How many of its lines are in the directory.
    pub lines: i64,
}

/// A database as it was when it was first asked. What belongs to a directory is read in order of its key, from behind a place on
/// and at most so much.
#[async_trait]
pub trait Snapshot: Send {
    /// The directory of that name.
    async fn directory(&mut self, name: &str) -> Result<Option<MovedDirectory>>;

    /// Whether a guard rail holds changes that nobody has decided about.
    async fn has_pending_holds(&mut self, directory: Uuid) -> Result<bool>;

    /// The schemas that a directory has registered, in the order in which it did.
    async fn schemas(&mut self, directory: Uuid) -> Result<Vec<RegisteredSchema>>;

    /// Its users or groups.
    async fn resources(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MovedResource>>;

    /// The members of its groups; the key is the group, and then the member.
    async fn members(
        &mut self,
        directory: Uuid,
        after: Option<(Uuid, Uuid)>,
        limit: u32,
    ) -> Result<Vec<MovedMember>>;

    /// Who signs in as whom; the key is the issuer, and then the subject.
    async fn links(
        &mut self,
        directory: Uuid,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<SignInLink>>;

    /// Its rules on who may come in, in order.
    async fn provisioning_rules(&mut self, directory: Uuid) -> Result<Vec<ProvisioningRule>>;

    /// Its users who were deleted and are not purged yet.
    async fn departed_users(
        &mut self,
        directory: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MovedDeparted>>;

    /// Its events, each with its place: the number, and behind all numbers that of one that has none yet.
    async fn events(&mut self, directory: Uuid, after: i64, limit: u32) -> Result<Vec<(i64, Event)>>;
}

/// What is read of all of a directory outside of transactions.
#[async_trait]
pub trait MovingReading {
    /// The database as it will be when the snapshot is first asked, for as long as that is kept.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// The directory that this would be. Errors: in words, which of its settings is none that this version keeps.
    fn read_moved(&self, moved: &MovedDirectory) -> Result<Directory, String>;

    /// How far the import of a directory is; `None`, it is not being imported.
    async fn import(&self, directory: Uuid) -> Result<Option<ImportMark>>;

    /// Whether an event is in this database, of whichever directory.
    async fn has_event(&self, id: Uuid) -> Result<bool>;
}

/// What is written in a transaction as it was in another database.
#[async_trait]
pub trait MovingWriting {
    /// Adds a directory, or overwrites the one with its id, which keeps its name and the version of its schemas.
    ///
    /// Errors: [`Error::DirectoryNameTaken`](crate::Error::DirectoryNameTaken); [`Error::Damaged`](crate::Error::Damaged), no
    /// directory has such settings.
    async fn put_moved_directory(&mut self, moved: &MovedDirectory) -> Result<()>;

    /// Adds users or groups, each with its search form. Errors: [`Error::NameTaken`](crate::Error::NameTaken).
    async fn insert_moved_resources(
        &mut self,
        directory: Uuid,
        moved: &[(MovedResource, Resource)],
    ) -> Result<()>;

    /// Adds members to groups.
    async fn insert_moved_members(&mut self, directory: Uuid, members: &[MovedMember]) -> Result<()>;

    /// Lets subjects sign in as users.
    async fn insert_moved_links(&mut self, directory: Uuid, links: &[SignInLink]) -> Result<()>;

    /// Adds users who were deleted.
    async fn insert_departed_users(&mut self, directory: Uuid, departed: &[MovedDeparted]) -> Result<()>;

    /// Adds events to what a directory has had so far, in this order, and to the audit log none. `false`: one of them is in this
    /// database already, or among them twice, and none was added.
    async fn insert_moved_events(&mut self, events: &[Event]) -> Result<bool>;

    /// Whether a directory has no users, groups, deleted users, schemas or rules; nobody adds any until the transaction ends.
    /// Those who are at it are waited for.
    async fn hold_empty(&mut self, directory: Uuid) -> Result<bool>;

    /// How far the import of a directory is, which nobody else goes on with until the transaction ends.
    async fn import(&mut self, directory: Uuid) -> Result<Option<ImportMark>>;

    /// Notes how far the import of a directory is; `None`, all is there. Until then nobody else changes what is in the
    /// directory: an event that would tell of it is refused as [`Error::Conflict`](crate::Error::Conflict).
    async fn set_import(&mut self, directory: Uuid, mark: Option<&ImportMark>) -> Result<()>;
}
