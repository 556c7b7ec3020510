//! Users and groups, one by one.

use async_trait::async_trait;
use rollcall_scim::Resource;
use uuid::Uuid;

use crate::{DirectGroup, Error, Provenance, Result};

/// The types of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl ResourceType {
    /// The name, as `meta.resourceType` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// A resource as it is stored, whose attributes nobody has looked at: the text of their JSON.
pub type StoredDocument = StoredResource<String>;

/// A resource as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResource<A = Resource> {
    /// What it is.
    pub resource_type: ResourceType,
    /// The SCIM id.
    pub id: Uuid,
    /// Counts the changes, from 1 on: the entity tag.
    pub version: i64,
    /// When it was made, in µs.
    pub created: i64,
    /// When it last changed, in µs.
    pub modified: i64,
    /// The attributes in canonical form, without `id`, `meta`, `schemas` and what is derived.
    pub attributes: A,
    /// The groups that it was in itself when it was read, in order of their ids; not written.
    pub groups: Vec<DirectGroup>,
    /// Whether the user is an administrator of the application. Written by
    /// [`set_administrator`](crate::AdministratorWriting::set_administrator) alone once the user is there.
    pub administrator: bool,
    /// Where the user came from, which never changes; `None` of a group.
    pub origin: Option<UserOrigin>,
    /// Whether an identity provider manages the user: it has made it by SCIM, or written to it.
    pub scim_managed: bool,
}

impl StoredDocument {
    /// The resource with its attributes. Errors: what is stored is no object of JSON.
    pub fn read(self) -> Result<StoredResource> {
        let Self { resource_type, id, version, created, modified, attributes, .. } = self;
        let attributes = serde_json::from_str(&attributes)
            .map_err(|error| Error::Damaged(format!("the document of resource {id}: {error}")))?;
        let Self { groups, administrator, origin, scim_managed, .. } = self;
        Ok(StoredResource {
            resource_type,
            id,
            version,
            created,
            modified,
            attributes,
            groups,
            administrator,
            origin,
            scim_managed,
        })
    }
}

/// Where a user came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserOrigin {
    /// An identity provider made it, with a SCIM token.
    Scim,
    /// Its first sign-in made it.
    Sso,
    /// An administrator or an internal service made it.
    Admin,
}

impl UserOrigin {
    /// The name as it is stored, and written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Sso => "sso",
            Self::Admin => "admin",
        }
    }

    /// The origin of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Scim, Self::Sso, Self::Admin].into_iter().find(|origin| origin.as_str() == name)
    }
}

/// How a user is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKey<'a> {
    /// By the SCIM id.
    Id(Uuid),
    /// By the userName, whatever its case.
    Name(&'a str),
}

/// What is written of a resource: the resource, and what it is found by.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The resource.
    pub resource: &'a StoredResource,
    /// The [search form](rollcall_scim::search_form) of its attributes and of its `schemas`.
    pub search: &'a Resource,
    /// Whether nobody else of its type may have its name; of users nobody ever may.
    pub unique: bool,
    /// Which events last changed the attributes that this write changes; the others keep theirs.
    pub provenance: &'a Provenance,
}

/// What is read of one resource outside of transactions.
#[async_trait]
pub trait ResourceReading {
    /// A resource of a directory.
    async fn resource(
        &self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredDocument>>;

    /// The id of a user of a directory.
    async fn user_id(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<Uuid>>;
}

/// What is read and written of resources in a transaction.
#[async_trait]
pub trait ResourceWriting {
    /// A resource, locked against other writers until the transaction ends. It may come into groups meanwhile.
    async fn resource(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>>;

    /// A resource that is to be deleted: locked against other writers, and against coming into a group.
    async fn resource_to_delete(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>>;

    /// A resource that is to be overwritten by [`update_resource`](Self::update_resource). Where nothing has been asked in the
    /// transaction before, it may change until then, and the transaction fails as [`Error::Conflict`], when it is saved at the
    /// latest; else it is locked as [`resource`](Self::resource) locks it. `ahead` is the resource as it was read before the
    /// transaction, which is not read again where it may have changed anyway.
    async fn resource_to_change(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
        ahead: Option<StoredDocument>,
    ) -> Result<Option<StoredResource>>;

    /// Adds a resource. Errors, here or when the transaction is saved: [`Error::NameTaken`].
    async fn insert_resource(&mut self, directory: Uuid, draft: Draft<'_>) -> Result<()>;

    /// Overwrites a resource that this transaction has read, whose attributes were `before`, with its next version. Errors,
    /// here or when the transaction is saved: [`Error::NameTaken`]; [`Error::Conflict`], it has another version by now.
    async fn update_resource(&mut self, directory: Uuid, draft: Draft<'_>, before: &Resource) -> Result<()>;

    /// Notes that the identity provider manages a user that this transaction has read.
    async fn adopt_user(&mut self, directory: Uuid, user: Uuid) -> Result<()>;

    /// Deletes a resource that this transaction has read, and the password and the link of a user.
    async fn delete_resource(&mut self, directory: Uuid, resource_type: ResourceType, id: Uuid)
    -> Result<()>;

    /// How many resources of a type a directory has.
    async fn count_resources(&mut self, directory: Uuid, resource_type: ResourceType) -> Result<i64>;
}
