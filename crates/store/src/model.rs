//! What is stored.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rollcall_scim::condition::Condition;
use rollcall_scim::definition::AttributeRef;
use rollcall_scim::schema::Schema;
use rollcall_scim::{Profile, Resource, Rule, Rules};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    ActivitySettings, Error, NoticeSettings, Person, Provenance, ProvisioningChoices, Result, Safeguards,
    has_role,
};

/// A directory: one connection to one identity provider, and the users and groups that it owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The key of everything that belongs to the directory.
    pub id: Uuid,
    /// The name, unique and never changed.
    pub name: String,
    /// Which identity provider it talks to.
    pub profile: Profile,
    /// Whether the SCIM endpoint answers.
    pub scim_enabled: bool,
    /// Whether it has groups.
    pub groups_enabled: bool,
    /// The rules that it wants otherwise than its profile has them: on or off.
    pub rule_settings: BTreeMap<Rule, bool>,
    /// What becomes of the passwords that are sent for its users.
    pub password_handling: PasswordHandling,
    /// What its administrators are told by e-mail.
    pub notices: NoticeSettings,
    /// What protects it from a mistake of its identity provider.
    pub safeguards: Safeguards,
    /// By which protocols a first sign-in may create an account.
    pub provisioning: ProvisioningChoices,
    /// What of its SCIM requests is kept.
    pub activity: ActivitySettings,
    /// Whoever has this among their `roles` is an administrator of the application; `None`, no role makes anybody one.
    pub administrator_role: Option<String>,
    /// How often its registered schemas have changed; 0, it has never had any. Not written with the settings.
    pub schemas_version: i64,
    /// When it was made, in µs.
    pub created: i64,
    /// When its settings last changed, in µs.
    pub modified: i64,
}

impl Directory {
    /// How its requests are read: as its profile has it, but for the rules that it sets itself.
    pub fn rules(&self) -> Rules {
        self.rule_settings.iter().fold(self.profile.rules(), |rules, (rule, on)| rules.with(*rule, *on))
    }

    /// Whether a user with these attributes is an administrator of the application by a role.
    pub fn is_administrator_by_role(&self, user: &Resource) -> bool {
        self.administrator_role.as_deref().is_some_and(|role| has_role(user, role))
    }
}

/// What becomes of the passwords that are sent for the users of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PasswordHandling {
    /// They are taken and forgotten, since identity providers send ones that mean nothing.
    #[default]
    Discard,
    /// Their hashes are kept.
    Store,
}

impl PasswordHandling {
    /// The name as it is written in settings and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Discard => "discard",
            Self::Store => "store",
        }
    }

    /// The handling of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Discard, Self::Store].into_iter().find(|handling| handling.as_str() == name)
    }
}

/// A schema that a directory has registered beside the built-in ones.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredSchema {
    /// The type that it extends.
    pub resource_type: ResourceType,
    /// Whether resources must have values of it.
    pub required: bool,
    /// When it was first registered, in µs.
    pub created: i64,
    /// The schema.
    pub schema: Schema,
}

/// How a user is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKey<'a> {
    /// By the SCIM id.
    Id(Uuid),
    /// By the userName, whatever its case.
    Name(&'a str),
}

/// A user as the check of a password needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHolder {
    /// The user.
    pub user: Uuid,
    /// Whether the user is active.
    pub active: bool,
    /// The hash of the password, in PHC's string form; `None`, there is no password.
    pub hash: Option<String>,
}

impl std::fmt::Debug for PasswordHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordHolder")
            .field("user", &self.user)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// A secret that somebody presents; only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The key of the row.
    pub id: Uuid,
    /// What kind of secret it is.
    pub kind: CredentialKind,
    /// The directory that it is bound to; `None`, all.
    pub directory: Option<Uuid>,
    /// A description for people.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// The SHA-256 hash of the secret.
    pub hash: [u8; 32],
    /// The names of the scopes of a service key, such as `directory.read`.
    pub scopes: Vec<String>,
    /// When it was made, in µs.
    pub created: i64,
    /// When it stops being valid, in µs.
    pub expires: Option<i64>,
    /// When it was revoked, in µs.
    pub revoked: Option<i64>,
    /// The user of the directory that it stands for.
    pub user: Option<Uuid>,
    /// The OAuth client that a client secret or an access token is of.
    pub client: Option<Uuid>,
    /// Of an access token, the client secret that it was issued for.
    pub secret: Option<Uuid>,
    /// When it was last used, as far as that has been written; not written with the rest.
    pub last_use: Option<LastUse>,
}

/// A use of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// When, in µs.
    pub time: i64,
    /// From which address, where that is known.
    pub address: Option<String>,
}

/// What stands for a credential while somebody is signed in with it; only the hash of its secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key of the row.
    pub id: Uuid,
    /// The credential that it acts as.
    pub credential: Uuid,
    /// The SHA-256 hash of the secret.
    pub hash: [u8; 32],
    /// Who it is, for people.
    pub name: String,
    /// When it began, in µs.
    pub created: i64,
    /// When it was last used, in µs, give or take a minute.
    pub used: i64,
    /// When it ends, used or not, in µs.
    pub expires: i64,
    /// Who signed in, where an OpenID provider says so; `None`, whoever has the credential.
    pub person: Option<Person>,
}

/// The kinds of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// What an identity provider presents at the SCIM endpoint.
    ScimToken,
    /// What an internal service presents to the core.
    ServiceKey,
    /// What an administrator presents.
    AdminKey,
    /// What an OAuth 2.0 client presents to be issued an access token, and nowhere else.
    ClientSecret,
    /// What was issued for a client secret, and is presented at the SCIM endpoint.
    AccessToken,
}

impl CredentialKind {
    /// Whether identity providers present it at the SCIM endpoint.
    pub fn is_of_identity_provider(self) -> bool {
        matches!(self, Self::ScimToken | Self::AccessToken)
    }
}

/// An OAuth 2.0 client; its secrets are credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// The `client_id`.
    pub id: Uuid,
    /// Whose identity provider it is.
    pub directory: Uuid,
    /// A description for people.
    pub name: String,
    /// When it was made, in µs.
    pub created: i64,
}

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
    /// [`set_administrator`](crate::Transaction::set_administrator) alone once the user is there.
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

/// An active administrator of the application, among the users of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The user.
    pub id: Uuid,
    /// The userName.
    pub user_name: String,
    /// What people call them: the displayName.
    pub display_name: Option<String>,
    /// The primary e-mail address, else the first.
    pub email: Option<String>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member.
    pub id: Uuid,
    /// What it is.
    pub resource_type: ResourceType,
    /// What people call it.
    pub label: Option<String>,
}

/// A member of a group as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMember {
    /// The member.
    pub member: Member,
    /// The userName, of a user.
    pub user_name: Option<String>,
    /// Whether a user is active; of a group, `true`.
    pub active: bool,
}

/// Which members of a group.
#[derive(Debug, Clone, Copy)]
pub struct MemberQuery<'a> {
    /// Only those of whom a name begins so, whatever its case; empty, all. Of users it is the userName, the displayName, the
    /// family name or an e-mail address, of groups the displayName.
    pub name_prefix: &'a str,
    /// Only those behind this one, in order of their ids.
    pub after: Option<Uuid>,
    /// How many at most.
    pub limit: u32,
}

/// A group that somebody is in themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectGroup {
    /// The group.
    pub id: Uuid,
    /// What people call it.
    pub label: Option<String>,
    /// Whether it is in a group itself.
    pub is_nested: bool,
}

/// A group that somebody is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Who is in it.
    pub member: Uuid,
    /// The group.
    pub group: Uuid,
    /// What people call the group.
    pub label: Option<String>,
    /// Whether they are in it themselves, and not only in a group that is.
    pub is_direct: bool,
}

/// What became of members that were to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddedMembers {
    /// Those that were not members before.
    pub added: Vec<Uuid>,
    /// Those that are no resources of the directory.
    pub unknown: Vec<Uuid>,
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

/// One change, as the followers of events will see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The key of the row.
    pub id: Uuid,
    /// The directory in which it happened; `None` for what belongs to no directory.
    pub directory: Option<Uuid>,
    /// What happened.
    pub kind: EventKind,
    /// The id of the user, directory or credential that changed.
    pub subject: Uuid,
    /// The version that the change made, where the subject has versions.
    pub version: Option<i64>,
    /// When it happened, in µs.
    pub time: i64,
    /// Who did it.
    pub actor: Actor,
    /// The person who did it with that credential, where an OpenID provider says who it is.
    pub person: Option<Person>,
    /// The id of the request that asked for it.
    pub request_id: String,
    /// The changed top-level attributes: `{"userName": {"before": …, "after": …}}`. Never a secret.
    pub changes: Value,
}

impl Event {
    /// The event of a change that made this version.
    #[must_use]
    pub fn of(self, version: i64) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The event with the changes that it tells.
    #[must_use]
    pub fn telling(self, changes: Value) -> Self {
        Self { changes, ..self }
    }
}

/// Who made a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Whoever presented this credential.
    Credential(Uuid),
    /// Rollcall itself: at its first start, or a command on the database.
    System,
}

/// Makes the enum of what happens, with the name of each kind as it is stored and shown.
macro_rules! event_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name, such as `user.created`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

event_kinds! {
    /// A user was created.
    UserCreated = "user.created",
    /// A user changed.
    UserUpdated = "user.updated",
    /// The identity provider wrote to a user whom it had not made, and manages it from then on.
    UserAdopted = "user.adopted",
    /// A user was deleted.
    UserDeleted = "user.deleted",
    /// A deleted or inactive user returned, with the same id.
    UserRestored = "user.restored",
    /// A deleted user was forgotten after the time for which it is kept.
    UserPurged = "user.purged",
    /// A guard rail held changes of the identity provider.
    HoldCreated = "hold.created",
    /// An administrator approved what is held.
    HoldApproved = "hold.approved",
    /// An administrator rejected what is held.
    HoldRejected = "hold.rejected",
    /// A user was made an administrator of the application, or is none any more.
    UserAdministratorChanged = "user.administrator_changed",
    /// A group was created.
    GroupCreated = "group.created",
    /// A group changed, or its members.
    GroupUpdated = "group.updated",
    /// A group was deleted.
    GroupDeleted = "group.deleted",
    /// A subject was linked to a user, as whom it signs in from then on.
    SignInLinked = "sign_in.linked",
    /// The link of a user was deleted.
    SignInUnlinked = "sign_in.unlinked",
    /// A rule on first sign-ins was made.
    ProvisioningRuleCreated = "provisioning_rule.created",
    /// A rule on first sign-ins was moved.
    ProvisioningRuleMoved = "provisioning_rule.moved",
    /// A rule on first sign-ins was deleted.
    ProvisioningRuleDeleted = "provisioning_rule.deleted",
    /// A directory was made.
    DirectoryCreated = "directory.created",
    /// The settings of a directory changed.
    DirectoryUpdated = "directory.updated",
    /// A directory was deleted, with everything in it.
    DirectoryDeleted = "directory.deleted",
    /// A schema was registered, or replaced.
    SchemaRegistered = "schema.registered",
    /// A schema was deleted.
    SchemaDeleted = "schema.deleted",
    /// A token or key was made.
    CredentialCreated = "credential.created",
    /// An OAuth 2.0 client was made.
    OAuthClientCreated = "oauth_client.created",
    /// An OAuth 2.0 client was deleted, with its secrets and access tokens.
    OAuthClientDeleted = "oauth_client.deleted",
    /// A token or key was given an end.
    CredentialEnded = "credential.ended",
    /// A parked notice was given another try.
    NoticeRetried = "notice.retried",
    /// Somebody tried whether notices arrive.
    NoticeTested = "notice.tested",
    /// Somebody signed in to the console.
    SessionCreated = "session.created",
    /// A session of the console was ended.
    SessionEnded = "session.ended",
}

/// Which resources, in which order, and which part of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Query<'a> {
    /// The types, each with what is asked of it. At least one.
    pub selections: &'a [Selection<'a>],
    /// Whether greater values come first, where there is a sort. Resources without a value come last when ascending,
    /// first when descending (RFC 7644 §3.4.2.3); the id breaks ties, ascending.
    pub descending: bool,
    /// Which part.
    pub paging: Paging,
    /// How many resources at most; 0 asks for the total alone.
    pub limit: u32,
}

/// What is asked of the resources of one type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection<'a> {
    /// The type.
    pub resource_type: ResourceType,
    /// The filter; `None`, every resource.
    pub condition: Option<&'a Condition<'a>>,
    /// What to sort by; `None`, by id, which is the order of creation. Of a multi-valued attribute the primary value
    /// counts, else the first.
    pub sort: Option<AttributeRef<'a>>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Paging {
    /// After so many resources.
    Offset(u64),
    /// After this resource; `None`, at the first one.
    After(Option<Key>),
}

/// Where a resource stands in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The value that was sorted by; `None` where there is no sort, or the resource has no value.
    pub value: Option<SortValue>,
    /// Its id.
    pub id: Uuid,
}

/// A value that was sorted by, in the form in which the database compares it.
#[derive(Debug, Clone, PartialEq)]
pub enum SortValue {
    /// Text, folded unless the attribute is `caseExact`.
    Text(String),
    /// An integer, a boolean as 0 or 1, or a time in µs.
    Integer(i64),
    /// A decimal.
    Decimal(f64),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The resources.
    pub resources: Vec<StoredDocument>,
    /// Where the last of them stands, if more follow it.
    pub next: Option<Key>,
}

/// A page of a list, and how many resources there are on all pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The page.
    pub page: Page,
    /// How many match.
    pub total: u64,
}
