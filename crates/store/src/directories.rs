//! Directories and their settings.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_scim::{Profile, Resource, Rule, Rules};
use uuid::Uuid;

use crate::{
    ActivitySettings, NoticeSettings, PasswordHandling, ProvisioningChoices, Result, Safeguards, has_role,
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
    /// Whether it is being imported, and so nobody else may write into it.
    pub importing: bool,
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
    "imports",
];

/// The tables whose rows tell of a directory, and outlive it.
pub const KEPT_TABLES: &[&str] = &["events", "pending_events", "event_streams", "audit_records"];

/// What is read of directories outside of transactions.
#[async_trait]
pub trait DirectoryReading {
    /// The directory of that name.
    async fn directory(&self, name: &str) -> Result<Option<Directory>>;

    /// The directories in order of their names, from the first after `after` on, at most `limit`.
    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<Directory>>;

    /// The directories that were deleted a short while ago, each with when, in µs.
    async fn deleted_directories(&self) -> Result<Vec<(Uuid, i64)>>;
}

/// What is read and written of directories in a transaction.
#[async_trait]
pub trait DirectoryWriting {
    /// The directory of that name, locked against other writers until the transaction ends.
    async fn directory(&mut self, name: &str) -> Result<Option<Directory>>;

    /// Whether there is any directory.
    async fn has_directories(&mut self) -> Result<bool>;

    /// Adds a directory. Errors: [`Error::DirectoryNameTaken`](crate::Error::DirectoryNameTaken).
    async fn insert_directory(&mut self, directory: &Directory) -> Result<()>;

    /// Overwrites the settings of a directory.
    async fn update_directory(&mut self, directory: &Directory) -> Result<()>;

    /// Deletes a directory that this transaction has read, with everything that belongs to it, and notes at which time.
    async fn delete_directory(&mut self, directory: Uuid, now: i64) -> Result<()>;

    /// Deletes what belongs to a deleted directory all the same, written by whoever had begun before, and returns how many
    /// rows that was.
    async fn delete_leftovers(&mut self, directory: Uuid) -> Result<u64>;

    /// Forgets that a directory was deleted.
    async fn forget_deleted_directory(&mut self, directory: Uuid) -> Result<()>;
}
