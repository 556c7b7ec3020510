//! The audit log: what administrators changed, beside the event of each change.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::{CredentialKind, Event, EventKind, Person, Result};

impl EventKind {
    /// Whether the event is written into the audit log too: a change that an administrator makes, as against one that
    /// identity providers and sign-ins make.
    pub fn is_administrative(self) -> bool {
        match self {
            Self::UserAdministratorChanged
            | Self::SignInUnlinked
            | Self::ProvisioningRuleCreated
            | Self::ProvisioningRuleMoved
            | Self::ProvisioningRuleDeleted
            | Self::HoldApproved
            | Self::HoldRejected
            | Self::DirectoryCreated
            | Self::DirectoryUpdated
            | Self::DirectoryDeleted
            | Self::SchemaRegistered
            | Self::SchemaDeleted
            | Self::CredentialCreated
            | Self::CredentialEnded
            | Self::OAuthClientCreated
            | Self::OAuthClientDeleted
            | Self::NoticeRetried
            | Self::NoticeTested
            | Self::SessionCreated
            | Self::SessionEnded => true,
            Self::UserCreated
            | Self::UserUpdated
            | Self::UserDeleted
            | Self::UserRestored
            | Self::UserPurged
            | Self::UserAdopted
            | Self::HoldCreated
            | Self::GroupCreated
            | Self::GroupUpdated
            | Self::GroupDeleted
            | Self::SignInLinked => false,
        }
    }
}

/// One change that an administrator made.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// That of the event.
    pub id: Uuid,
    /// When it happened, in µs.
    pub time: i64,
    /// The directory in which it happened; `None` for what concerns the whole installation.
    pub directory: Option<Uuid>,
    /// The name of that directory, which may be gone.
    pub directory_name: Option<String>,
    /// What happened, by the name of the event, such as `directory.updated`.
    pub kind: String,
    /// The id of the directory, credential or other thing that changed.
    pub subject: Uuid,
    /// Who made the change; `None`, Rollcall itself.
    pub actor: Option<AuditActor>,
    /// The id of the request that asked for it.
    pub request_id: String,
    /// What changed: `{"scim": {"before": …, "after": …}}`. Never a secret.
    pub changes: Value,
}

/// The credential that made a change, as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditActor {
    /// The id.
    pub credential: Uuid,
    /// The kind; `None` where the credential was gone before the change was recorded.
    pub kind: Option<CredentialKind>,
    /// The first characters of the secret.
    pub prefix: String,
    /// The description for people.
    pub name: String,
    /// The person who used it, where an OpenID provider says who it is.
    pub person: Option<Person>,
}

/// Which records of the audit log.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditQuery<'a> {
    /// Only those of this directory.
    pub directory: Option<Uuid>,
    /// Only those of directories that had this name.
    pub directory_name: Option<&'a str>,
    /// Only those by the credential with this id.
    pub actor: Option<Uuid>,
    /// Only those by credentials that begin so.
    pub actor_prefix: Option<&'a str>,
    /// Only those from this time on, in µs.
    pub from: Option<i64>,
    /// Only those before this time, in µs.
    pub until: Option<i64>,
    /// Only those that follow this record in the list.
    pub after: Option<Uuid>,
    /// How many at most.
    pub limit: u32,
}

/// Reading the audit log.
#[async_trait]
pub trait AuditReading {
    /// Records of the audit log, newest first.
    async fn audit_records(&self, query: &AuditQuery<'_>) -> Result<Vec<AuditRecord>>;
}

/// Writing the audit log.
#[async_trait]
pub trait AuditWriting {
    /// Writes an event into the audit log although its kind is not that of an administrator's change: this one was made by one.
    async fn insert_audit_record(&mut self, event: &Event) -> Result<()>;
}
